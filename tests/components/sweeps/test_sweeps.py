"""Sweeps: contact sheets of many drawings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from defusedxml import ElementTree
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.broker.connections import web_client
from libraries.job_manager.backends import background_queue
from libraries.settings import Settings, get_settings
from libraries.storage import own_name
from libraries.svg_reader import read_svg

RunJobs = Callable[[], None]
SPIRAL = {"width": 80, "height": 60, "pattern": "spiral", "params": {"pitch": 6}}
GRID = {"paper": "a6", "pattern": "grid"}


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "#", "one of seeds, count, vary"),
    ({"count": 3, "seeds": [1, 2]}, "#", "one of seeds, count, vary"),
    ({"seeds": [1, 1]}, "#/seeds", "duplicates"),
    ({"seeds": [1]}, "#/seeds", "between 2 and 100"),
    ({"count": 101}, "#/count", "less than or equal to 100"),
    ({"seeds": [1, -1]}, "#/seeds/1", "greater than or equal to 0"),
    ({"count": 2, "seed": 2**32 - 1}, "#/seed", "room for 2 seeds"),
    ({"vary": {"pich": [1, 2]}}, "#/vary/pich", "known: arms, direction"),
    ({"vary": {"pitch": [4, "wide", 8]}}, "#/vary/pitch/1", "number"),
    ({"vary": {"pitch": [4, 1e9]}}, "#/vary/pitch/1", "less than or equal"),
    ({"vary": {"pitch": [4, [4]]}}, "#/vary/pitch", "numbers, strings"),
    ({"vary": {"pitch": [4, 4]}}, "#/vary/pitch", "duplicates"),
    ({"vary": {"pitch": {"from": 1, "to": 2}}}, "#/vary/pitch", "`steps`"),
    ({"vary": {"pitch": {"from": 1, "to": 1e9, "steps": 3}}}, "#/vary/pitch", "less than or equal"),
    ({"vary": {"pitch": 5}}, "#/vary/pitch", "list"),
    ({"vary": {"seed": [1, 2.5]}}, "#/vary/seed/1", "whole number"),
    ({"vary": {"pitch": [4]}}, "#/vary", "makes 1"),
    ({"vary": {"pitch": list(range(3, 20)), "seed": list(range(9))}}, "#/vary", "makes 153"),
    ({"vary": {"pitch": [3, 4], "arms": [1, 2], "seed": [1, 2]}}, "#/vary", "between 1 and 2"),
    ({"vary": {"pitch": [3, 4], "arms": [1, 2]}, "columns": 3}, "#/columns", "second one"),
    (
        {"count": 2, "sheet": {"paper": "a3", "width": 100}},
        "#/sheet/width",
        "combined with `paper`",
    ),
    ({"count": 100, "sheet": {"width": 20, "height": 20}}, "#/sheet", "too small"),
    ({"count": 2, "sheets": 1}, "#/sheets", "Unknown"),
    ({"count": 2, "sheet": 1.5}, "#/sheet", "Invalid"),
    ({"vary": 7}, "#/vary", "mapping"),
    ({"vary": {"pitch": {"from": [], "to": {}, "steps": None}}}, "#/vary/pitch", "`steps`"),
    ({"count": 2, "params": {"pitch": "x"}}, "#/params/pitch", "number"),
]


def submitted(client: FlaskClient, **body: Any) -> dict[str, Any]:
    response = client.post("/sweeps", json=body)
    assert response.status_code == 202, response.get_json()
    reply: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == reply["links"]["self"] == f"/batches/{reply['batch_id']}"
    return reply


def field_errors(client: FlaskClient, **body: Any) -> dict[str, str]:
    response = client.post("/sweeps", json=body)
    assert response.status_code == 422, response.get_json()
    return {one["pointer"]: one["detail"] for one in response.get_json()["errors"]}


def arguments_of(job_id: str) -> dict[str, Any]:
    """Return the arguments of a waiting job."""
    job = background_queue(web_client(get_settings())).fetch_job(job_id)
    assert job is not None
    kwargs: dict[str, Any] = job.kwargs
    return kwargs


def sheet_of(client: FlaskClient, reply: dict[str, Any]) -> TestResponse:
    job = client.get(f"/jobs/{reply['sheet_job_id']}").get_json()
    assert job["status"] == "finished", job
    return client.get(job["links"]["result"])


def test_a_sheet_has_the_drawing_of_every_seed(client: FlaskClient, run_jobs: RunJobs) -> None:
    reply = submitted(
        client, **GRID, seeds=[3, 7, 12, 4], sheet={"paper": "a5", "orientation": "landscape"}
    )
    assert reply["captions"] == ["seed 3", "seed 7", "seed 12", "seed 4"]
    assert len(reply["job_ids"]) == 4
    before = client.get(reply["links"]["self"]).get_json()
    assert [job["id"] for job in before["jobs"]] == [*reply["job_ids"], reply["sheet_job_id"]]
    assert before["counts"] == {"queued": 4, "deferred": 1}
    run_jobs()
    after = client.get(reply["links"]["self"]).get_json()
    assert after["counts"] == {"finished": 5}
    svg = sheet_of(client, reply).data
    root = ElementTree.fromstring(svg)
    assert (root.get("width"), root.get("height")) == ("210mm", "148mm")
    drawn = read_svg(svg).document
    assert {layer.name for layer in drawn.layers} == {"drawings", "frames", "lettering"}
    frames = next(number for number, layer in enumerate(drawn.layers) if layer.name == "frames")
    assert len(drawn.on_layer(frames)) == 4
    made = client.get(f"/jobs/{reply['sheet_job_id']}").get_json()["artifacts"][0]
    assert made["name"] == "sheet.svg"
    assert made["plot"]["out_of_bounds_mm"] == 0


def test_a_count_of_seeds_starts_at_the_seed(client: FlaskClient, broker: object) -> None:
    assert submitted(client, **SPIRAL, count=3)["captions"] == ["seed 0", "seed 1", "seed 2"]
    assert submitted(client, **SPIRAL, count=2, seed=41)["captions"] == ["seed 41", "seed 42"]


def test_two_parameters_make_rows_and_columns(client: FlaskClient, broker: object) -> None:
    reply = submitted(
        client, **SPIRAL, vary={"pitch": [4, 8], "seed": {"from": 1, "to": 2, "steps": 3}}
    )
    assert reply["columns"] == 2
    assert reply["captions"] == [
        "pitch 4, seed 1",
        "pitch 4, seed 2",
        "pitch 8, seed 1",
        "pitch 8, seed 2",
    ]
    drawn = [(call["params"], call["seed"]) for call in map(arguments_of, reply["job_ids"])]
    assert drawn == [({"pitch": 4}, 1), ({"pitch": 4}, 2), ({"pitch": 8}, 1), ({"pitch": 8}, 2)]


def test_the_steps_of_a_range_are_rounded(client: FlaskClient, broker: object) -> None:
    reply = submitted(client, **SPIRAL, vary={"pitch": {"from": 2, "to": 3, "steps": 4}})
    assert reply["captions"] == ["pitch 2", "pitch 2.33333", "pitch 2.66667", "pitch 3"]
    assert [arguments_of(job_id)["params"]["pitch"] for job_id in reply["job_ids"]] == [
        2,
        2.33333,
        2.66667,
        3,
    ]


def test_a_failed_drawing_is_crossed_out_with_its_error(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    reply = submitted(client, **SPIRAL, count=4, optimize=False)
    # The path of the second drawing is a folder; the third job is canceled.
    second = reply["job_ids"][1]
    name = own_name(arguments_of(second)["output_filename"], second)
    (settings.storage.output_dir / name).mkdir(parents=True)
    assert client.post(f"/jobs/{reply['job_ids'][2]}/cancel").status_code == 200
    run_jobs()
    after = client.get(reply["links"]["self"]).get_json()
    assert [job["status"] for job in after["jobs"]] == [
        "finished",
        "failed",
        "canceled",
        "finished",
        "finished",
    ]
    drawn = read_svg(sheet_of(client, reply).data).document
    frames = next(number for number, layer in enumerate(drawn.layers) if layer.name == "frames")
    # Four frames and two crosses of four arms.
    assert len(drawn.on_layer(frames)) == 4 + 2 * 4


def test_canceling_a_sweep_cancels_its_sheet(client: FlaskClient, run_jobs: RunJobs) -> None:
    reply = submitted(client, **SPIRAL, count=3)
    assert client.post(reply["links"]["cancel"]).get_json()["counts"] == {"canceled": 4}
    run_jobs()
    assert client.get(reply["links"]["self"]).get_json()["counts"] == {"canceled": 4}


def test_a_repeated_idempotency_key_returns_the_same_sweep(
    client: FlaskClient, broker: object
) -> None:
    again = [
        client.post("/sweeps", json={**SPIRAL, "count": 3}, headers={"Idempotency-Key": "sheet 1"})
        for _ in range(2)
    ]
    assert again[0].get_json() == again[1].get_json()
    assert again[1].headers["Idempotency-Replayed"] == "true"
    assert background_queue(web_client(get_settings())).count == 3


def test_errors_of_a_sweep_are_reported_by_field(client: FlaskClient) -> None:
    for more, pointer, detail in MISTAKES:
        found = field_errors(client, **{**SPIRAL, **more})
        assert detail in found.get(pointer, ""), (more, found)


def test_a_sweep_that_is_too_large_is_rejected_with_its_cost(
    client: FlaskClient,
) -> None:
    body = {"paper": "a2", "pattern": "flow_field", "params": {"separation": 1.2}, "count": 100}
    problem = client.post("/sweeps", json=body).get_json()
    assert problem["status"] == 422
    assert problem["estimate"] > 30_000_000
    one = client.post(
        "/sweeps",
        json={**SPIRAL, "pattern": "grid", "params": {}, "vary": {"spacing_x": [5, 0.001]}},
    )
    assert one.status_code == 422


def test_without_a_broker_a_sweep_gets_retry_after(client: FlaskClient) -> None:
    assert client.post("/sweeps", json={**SPIRAL, "count": 2}).status_code == 503
