"""Batches over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libraries.broker.connections import web_client
from libraries.job_manager.backends import background_queue
from libraries.settings import Settings, get_settings
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
BOARD = {"width": 100, "height": 60}
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
MAIL = {"recipient": "ann@example.com", "subject": "Your order is ready"}


def submitted(
    client: FlaskClient, operation: str, items: list[dict[str, Any]], **fields: Any
) -> dict[str, Any]:
    response = client.post("/batches", json={"operation": operation, "items": items, **fields})
    assert response.status_code == 202, response.get_json()
    reply: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == reply["links"]["self"] == f"/batches/{reply['batch_id']}"
    assert response.headers["Retry-After"] == "1"
    return reply


def shown(client: FlaskClient, batch_id: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/batches/{batch_id}").get_json()
    return body


def bad_pointers(response: TestResponse) -> list[str]:
    assert response.status_code == 422, response.get_json()
    return sorted(error["pointer"] for error in response.get_json()["errors"])


def waiting() -> list[str]:
    return list(background_queue(web_client(get_settings())).get_job_ids())


def test_each_artboard_of_a_batch_has_its_own_file(client: FlaskClient, run_jobs: RunJobs) -> None:
    items = [
        {**BOARD, "id": "same", "width": 100},
        {**BOARD, "id": "same", "width": 80, "pattern": "grid"},
    ]
    reply = submitted(client, "artboard", items)
    assert (reply["status"], reply["message"], len(reply["job_ids"])) == (
        "queued",
        "2 jobs queued",
        2,
    )
    run_jobs()
    for job_id, width in zip(reply["job_ids"], ("100mm", "80mm"), strict=True):
        job = client.get(f"/jobs/{job_id}").get_json()
        assert job["batch_id"] == reply["batch_id"]
        assert job["links"]["batch"] == f"/batches/{reply['batch_id']}"
        assert job["result"].endswith("/artboard_same.svg")
        svg = ElementTree.fromstring(client.get(f"/jobs/{job_id}/result").get_data(as_text=True))
        assert svg.get("width") == width


@pytest.mark.usefixtures("probe_tasks")
def test_a_failed_job_does_not_affect_the_rest_of_its_batch(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    items = [{"name": f"sheets/{number}.svg", "text": "<svg/>"} for number in range(4)]
    items[2] = {"name": "../evil.svg", "text": "<svg/>"}
    reply = submitted(client, "workers.probe_tasks.write", items)
    before = shown(client, reply["batch_id"])
    assert (before["total"], before["counts"], before["percent"], before["done"]) == (
        4,
        {"queued": 4},
        0,
        False,
    )
    assert set(before["links"]) == {"self", "cancel"}
    run_jobs()
    response = client.get(f"/batches/{reply['batch_id']}")
    after = response.get_json()
    assert "Retry-After" not in response.headers
    assert (after["counts"], after["percent"], after["done"]) == (
        {"finished": 3, "failed": 1},
        100,
        True,
    )
    assert set(after["links"]) == {"self"}
    assert [job["id"] for job in after["jobs"]] == reply["job_ids"]
    assert [job["status"] for job in after["jobs"]] == [
        "finished",
        "finished",
        "failed",
        "finished",
    ]
    assert "safe file name" in after["jobs"][2]["error"]
    assert after["jobs"][2]["links"]["retry"] == f"/jobs/{reply['job_ids'][2]}/retry"


@pytest.mark.usefixtures("broker")
def test_an_unchanged_batch_is_answered_with_304(client: FlaskClient) -> None:
    address = f"/batches/{submitted(client, 'postcard', [CARD])['batch_id']}"
    known = client.get(address)
    assert known.headers["Retry-After"] == "1"
    again = client.get(address, headers={"If-None-Match": known.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


@pytest.mark.usefixtures("broker")
def test_waiting_jobs_of_a_batch_can_be_canceled_together(
    client: FlaskClient,
) -> None:
    reply = submitted(client, "postcard", [CARD] * 3)
    client.post(f"/jobs/{reply['job_ids'][0]}/cancel")
    for _ in range(2):
        canceled = client.post(f"/batches/{reply['batch_id']}/cancel")
        assert canceled.status_code == 200
        assert (canceled.get_json()["counts"], canceled.get_json()["percent"]) == (
            {"canceled": 3},
            100,
        )
    assert waiting() == []


@pytest.mark.usefixtures("broker")
def test_a_job_whose_record_has_expired_stays_in_the_batch(client: FlaskClient) -> None:
    reply = submitted(client, "postcard", [CARD] * 2)
    client.delete(f"/jobs/{reply['job_ids'][0]}")
    batch = shown(client, reply["batch_id"])
    assert batch["jobs"][0] == {
        "id": reply["job_ids"][0],
        "status": "gone",
        "error": None,
        "tags": [],
        "links": {},
    }
    assert batch["counts"] == {"gone": 1, "queued": 1}


@pytest.mark.usefixtures("broker")
def test_the_jobs_of_a_batch_can_be_listed(client: FlaskClient) -> None:
    client.post("/postcards", json=CARD)
    reply = submitted(client, "postcard", [CARD] * 3)
    found = client.get(
        "/jobs", query_string={"batch_id": reply["batch_id"], "order": "oldest"}
    ).get_json()["items"]
    assert sorted(job["id"] for job in found) == sorted(reply["job_ids"])


@pytest.mark.usefixtures("broker")
def test_a_batch_with_high_priority_is_queued_first(client: FlaskClient) -> None:
    first = client.post("/postcards", json=CARD).get_json()["job_id"]
    urgent = submitted(client, "postcard", [CARD] * 2, priority="high")["job_ids"]
    assert waiting()[-1] == first
    assert set(waiting()[:2]) == set(urgent)


@pytest.mark.usefixtures("broker")
def test_a_mail_to_many_recipients_becomes_one_job_for_each(client: FlaskClient) -> None:
    items: list[dict[str, Any]] = [
        MAIL,
        {**MAIL, "recipient": ["bob@example.com", "cem@example.com"]},
    ]
    assert len(submitted(client, "email", items)["job_ids"]) == 3


@pytest.mark.usefixtures("broker")
def test_jobs_of_a_batch_have_the_same_timeout_as_single_ones(
    client: FlaskClient,
) -> None:
    job_id = submitted(client, "postcard", [CARD])["job_ids"][0]
    assert client.get(f"/jobs/{job_id}").get_json()["timeout"] == 120


@pytest.mark.parametrize(
    ("operation", "items", "pointers"),
    [
        ("artboard", [BOARD, {"width": 0}, BOARD, {**BOARD, "width": "x"}],
         ["#/items/1/height", "#/items/1/width", "#/items/3/width"]),
        ("artboard", [{**BOARD, "params": {"pitch": 0}}], ["#/items/0/params/pitch"]),
        ("artboard", [{**BOARD, "margin": 30}], ["#/items/0/margin"]),
        ("artboard", [BOARD, {"width": 2000, "height": 2000, "margin": 0, "pattern": "spiral",
                              "params": {"pitch": 0.3, "tolerance": 0.005}}], ["#/items/1/params"]),
        ("postcard", [CARD, {**CARD, "message": "x" * 501}, {}],
         ["#/items/1/message", "#/items/2/message", "#/items/2/recipient", "#/items/2/template_name"]),
        ("postcard", [{**CARD, "mesage": "x"}], ["#/items/0/mesage"]),
        ("email", [{**MAIL, "recipient": ["x", "ann@example.com"]}], ["#/items/0/recipient/0"]),
        ("email", [{**MAIL, "subject": "a\nBcc: b@example.com"}], ["#/items/0/subject"]),
        ("email", [{**MAIL, "recipient": [f"a{n}@example.com" for n in range(100)]}] * 6, ["#/items"]),
        ("postcard", [], ["#/items"]),
        ("postcard", [CARD] * 501, ["#/items"]),
        ("postcard", ["x", 5], ["#/items/0", "#/items/1"]),
        ("postcards", [CARD], ["#/operation"]),
        ("os.system", [{"command": "id"}], ["#/operation"]),
        ("", [CARD], ["#/operation"]),
    ],
)  # fmt: skip
def test_every_invalid_item_is_reported_before_anything_is_queued(
    client: FlaskClient, operation: str, items: list[Any], pointers: list[str]
) -> None:
    """They need no broker."""
    assert (
        bad_pointers(client.post("/batches", json={"operation": operation, "items": items}))
        == pointers
    )


def test_invalid_items_are_reported_with_values_and_hints(client: FlaskClient) -> None:
    items = [{**BOARD, "pattern": "spirall", "width": -1}, {**CARD, **BOARD, "pattern": "grid"}]
    response = client.post("/batches", json={"operation": "artboard", "items": items})
    errors = {error["field"]: error for error in response.get_json()["errors"]}
    assert errors["items.0.width"]["value"] == -1
    assert errors["items.0.pattern"]["hint"] == "did you mean 'spiral'?"
    (unknown,) = client.post(
        "/batches", json={"operation": "artbord", "items": [BOARD]}
    ).get_json()["errors"]
    assert unknown["hint"] == "did you mean 'artboard'?"
    (misspelt,) = client.post(
        "/batches", json={"operation": "postcard", "items": [{**CARD, "mesage": "x"}]}
    ).get_json()["errors"]
    assert misspelt["hint"] == "did you mean 'message'?"


@pytest.mark.usefixtures("broker")
def test_a_batch_that_does_not_fit_into_the_queue_is_rejected_completely(
    settings: Settings,
) -> None:
    client = watchful_client(settings.with_values(max_queue=3))
    submitted(client, "postcard", [CARD])
    response = client.post("/batches", json={"operation": "postcard", "items": [CARD] * 3})
    assert (response.status_code, response.get_json()["type"]) == (429, "/problems/queue-full")
    assert len(waiting()) == 1
    submitted(client, "postcard", [CARD] * 2)


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("odd", ["unknown", "a b", "..", "%00", "x" * 129, "*", "'"])
def test_an_unknown_batch_is_not_found(client: FlaskClient, odd: str) -> None:
    for method, address in (("GET", f"/batches/{odd}"), ("POST", f"/batches/{odd}/cancel")):
        response = client.open(address, method=method)
        assert response.status_code == 404
        assert response.get_json()["type"] == "/problems/batch-not-found"


def test_without_a_broker_a_batch_gets_retry_after(client: FlaskClient) -> None:
    response = client.post("/batches", json={"operation": "postcard", "items": [CARD]})
    assert (response.status_code, response.get_json()["type"]) == (
        503,
        "/problems/queue-unavailable",
    )
