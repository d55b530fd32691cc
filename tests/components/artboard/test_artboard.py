from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient

from components.artboard.main import artboard_bp
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import fetch_job
from libraries.settings import Settings
from tests.conftest import Stopwatch

SVG = "{http://www.w3.org/2000/svg}"
RunJobs = Callable[[], None]


def create(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    response = client.post("/artboard/create", json={"width": 100, "height": 60, **fields})
    assert response.status_code == 200, response.get_json()
    reply: dict[str, Any] = response.get_json()
    return reply


def rectangle(svg: str) -> tuple[float, ...]:
    (found,) = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    return tuple(float(found.get(name) or "nan") for name in ("x", "y", "width", "height"))


def bad_fields(client: FlaskClient, **fields: Any) -> dict[str, dict[str, Any]]:
    response = client.post("/artboard/create", json={"width": 100, "height": 60, **fields})
    assert response.status_code == 422, response.get_json()
    assert response.get_json()["type"] == "/problems/validation-error"
    return {error["field"]: error for error in response.get_json()["errors"]}


def test_the_blueprint_has_the_name_that_integrations_import() -> None:
    assert artboard_bp.name == "artboard"


def test_a_simple_artboard_is_drawn_at_once_without_a_broker(client: FlaskClient) -> None:
    reply = create(client, width=200, height=100, complexity="simple")
    assert set(reply) == {"svg"}
    assert rectangle(reply["svg"]) == (10, 10, 50, 50)
    assert ElementTree.fromstring(reply["svg"]).get("width") == "200mm"


def test_a_client_that_asks_for_svg_gets_the_simple_artboard_raw_and_sandboxed(
    client: FlaskClient,
) -> None:
    response = client.post(
        "/artboard/create",
        json={"width": 200, "height": 100, "complexity": "simple"},
        headers={"Accept": "image/svg+xml"},
    )
    assert response.content_type == "image/svg+xml"
    assert rectangle(response.get_data(as_text=True)) == (10, 10, 50, 50)
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert set(response.vary) == {"Accept", "Origin"}


@pytest.mark.parametrize(
    ("width", "height"), [(60, 60), (59, 60), (20, 2000), (2000, 12), (1, 1), (1.5, 1)]
)
def test_the_rectangle_of_a_simple_artboard_never_leaves_the_page(
    client: FlaskClient, width: float, height: float
) -> None:
    x, y, wide, tall = rectangle(
        create(client, width=width, height=height, complexity="simple")["svg"]
    )
    assert 0 < x < x + wide <= width + 1e-3
    assert 0 < y < y + tall <= height + 1e-3
    assert wide == pytest.approx(tall, abs=2e-3)


@pytest.mark.parametrize(
    "complexity",
    [
        {},
        {"complexity": "complex"},
        {"complexity": "Simple"},
        {"complexity": ""},
        {"complexity": None},
        {"complexity": 5},
        {"complexity": ["simple"]},
        {"complexity": {"level": 1}},
        {"complexity": "x" * 40},
    ],
)
@pytest.mark.usefixtures("broker")
def test_any_complexity_but_simple_queues_the_pattern(
    client: FlaskClient, complexity: dict[str, object]
) -> None:
    response = client.post(
        "/artboard/create", json={"width": 100, "height": 60, "id": "a1", **complexity}
    )
    reply = response.get_json()
    assert response.status_code == 200
    assert reply["status"] == "generating"
    assert reply["message"] == "Complex pattern queued for generation"
    assert response.headers["Location"] == f"/jobs/{reply['job_id']}"
    assert response.headers["Retry-After"] == "1"
    assert set(reply) == {"status", "job_id", "message", "seed", "links"}
    here = f"/jobs/{reply['job_id']}"
    assert reply["links"] == {
        "self": here, "events": f"{here}/events", "logs": f"{here}/logs", "result": f"{here}/result",
        "cancel": f"{here}/cancel",
    }  # fmt: skip


@pytest.mark.usefixtures("broker")
def test_a_client_that_prefers_an_asynchronous_response_gets_202(client: FlaskClient) -> None:
    response = client.post(
        "/artboard/create",
        json={"width": 100, "height": 60},
        headers={"Prefer": "handling=strict, respond-async"},
    )
    assert response.status_code == 202
    assert response.headers["Preference-Applied"] == "respond-async"


def test_the_default_pattern_is_a_spiral_in_a_file_named_after_the_id(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    reply = create(client, id="first_one")
    run_jobs()
    record = fetch_job(reply["job_id"])
    assert record is not None
    assert record.task == "workers.svg_tasks.generate_complex_svg"
    job = client.get(f"/jobs/{reply['job_id']}").get_json()
    assert job["status"] == "finished"
    assert job["result"].startswith("output/")
    assert job["result"].endswith("/artboard_first_one.svg")
    svg = client.get(f"/jobs/{reply['job_id']}/result").get_data(as_text=True)
    assert ElementTree.fromstring(svg).get("width") == "100mm"
    spiral = create(client, id="second", pattern="spiral", seed=reply["seed"])
    run_jobs()
    assert client.get(f"/jobs/{spiral['job_id']}/result").get_data(as_text=True) == svg


def test_two_artboards_with_one_id_keep_their_own_files(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    wide, tall = create(client, id="same", width=120), create(client, id="same", width=80)
    run_jobs()
    for reply, width in ((wide, "120mm"), (tall, "80mm")):
        svg = client.get(f"/jobs/{reply['job_id']}/result").get_data(as_text=True)
        assert ElementTree.fromstring(svg).get("width") == width


def test_the_fields_of_the_request_reach_the_drawing(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    reply = create(
        client, pattern="grid", params={"spacing_x": 20}, margin=5, pen_width=0.8, seed=4294967295
    )
    run_jobs()
    svg = client.get(f"/jobs/{reply['job_id']}/result").get_data(as_text=True)
    assert reply["seed"] == 4294967295
    assert 'stroke-width="0.8"' in svg
    assert "grid" in svg


@pytest.mark.usefixtures("broker")
def test_a_seed_is_chosen_and_echoed_when_none_is_given(client: FlaskClient) -> None:
    seeds = {create(client)["seed"] for _ in range(8)}
    assert len(seeds) > 1
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize(
    "odd", ["", "a/b", "../x", "a" * 65, "ä", "a b", "a\n", "a\x00", 1.5, True, [], {}]
)
def test_an_invalid_artboard_id_is_rejected(client: FlaskClient, odd: object) -> None:
    assert set(bad_fields(client, id=odd)) == {"id"}


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("fine", ["a" * 64, "-_-", 7, 10**20, None])
def test_strings_and_integers_are_artboard_ids(client: FlaskClient, fine: object) -> None:
    assert create(client, id=fine)["status"] == "generating"


@pytest.mark.usefixtures("broker")
def test_unknown_fields_are_ignored(client: FlaskClient) -> None:
    assert (
        create(client, colour="red", callback={"url": "http://127.0.0.1"})["status"] == "generating"
    )


def test_all_invalid_fields_are_reported_with_pointer_value_and_hint(client: FlaskClient) -> None:
    errors = bad_fields(
        client, width=-1, height="tall", pattern="spirall", pen_width=True, seed=-1, id="?"
    )
    assert set(errors) == {"width", "height", "pattern", "pen_width", "seed", "id"}
    assert errors["width"]["pointer"] == "#/width"
    assert errors["width"]["value"] == -1
    assert errors["pattern"]["hint"] == "did you mean 'spiral'?"
    assert all(error["detail"] for error in errors.values())


def test_the_params_of_a_pattern_are_checked_before_anything_is_queued(client: FlaskClient) -> None:
    errors = bad_fields(client, height=0, params={"pitch": 0, "dirction": "clockwise"})
    assert set(errors) == {"height", "params.pitch", "params.dirction"}
    assert errors["params.pitch"]["pointer"] == "#/params/pitch"
    assert errors["params.dirction"]["hint"] == "did you mean 'direction'?"


@pytest.mark.parametrize(
    "number",
    [0, -5, 2000.1, 10**9, 10**300, True, False, None, "NaN", "Infinity", "", [], {}, "1e400"],
)
def test_an_invalid_length_is_rejected(client: FlaskClient, number: object) -> None:
    assert set(bad_fields(client, width=number)) == {"width"}


@pytest.mark.usefixtures("broker")
def test_a_number_in_a_string_is_accepted(client: FlaskClient) -> None:
    assert create(client, width="200")["status"] == "generating"


@pytest.mark.parametrize("margin", [30, 1000, -1])
def test_a_margin_that_leaves_no_area_is_rejected(client: FlaskClient, margin: float) -> None:
    assert set(bad_fields(client, margin=margin)) == {"margin"}


@pytest.mark.parametrize(
    "fields",
    [
        {"pattern": "grid", "params": {"spacing_x": 0.3, "spacing_y": 0.3, "serpentine": True}},
        {"pattern": "spiral", "params": {"pitch": 0.3, "tolerance": 0.005, "inner_radius": 0.1}},
    ],
)
def test_a_drawing_with_too_many_points_is_rejected_before_it_is_queued(
    client: FlaskClient, fields: dict[str, Any]
) -> None:
    """On the largest page, the drawing is within the limit or the response has the estimate."""
    response = client.post(
        "/artboard/create", json={"width": 2000, "height": 2000, "margin": 0, **fields}
    )
    # Without a broker, requests that are small enough fail when they are queued.
    assert response.status_code in (422, 503)
    if response.status_code == 422:
        assert response.get_json()["type"] == "/problems/too-complex"
        assert "points" in response.get_json()["detail"]
        assert response.get_json()["estimate"] > 2_000_000


def test_without_a_broker_a_queued_request_gets_retry_after(
    client: FlaskClient,
) -> None:
    started = Stopwatch()
    response = client.post("/artboard/create", json={"width": 100, "height": 60})
    assert started.seconds() < 1
    assert response.status_code == 503
    assert response.get_json()["type"] == "/problems/queue-unavailable"
    assert int(response.headers["Retry-After"]) >= 1


def test_jobs_are_accepted_again_when_the_broker_is_back(
    client: FlaskClient, private_broker: EmbeddedBroker, settings: Settings
) -> None:
    private_broker.stop()
    assert client.post("/artboard/create", json={"width": 100, "height": 60}).status_code == 503
    again = EmbeddedBroker(settings)
    assert again.keep()
    again.start()
    try:
        assert create(client)["status"] == "generating"
    finally:
        again.stop()
