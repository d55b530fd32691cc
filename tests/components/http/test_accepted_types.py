"""`Accept` on routes that queue jobs, and on the state of a job."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from components.http.formats import drawing_types
from libraries.broker.in_memory import close_in_memory
from libraries.settings import Settings, use_settings
from tests.watchful import watchful_client

BOARD = {"width": 100, "height": 50, "pattern": "grid", "seed": 3}
CARD = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
SVG_TYPE, PNG_TYPE = "image/svg+xml", "image/png"
WAIT = {"Prefer": "wait=5"}
IMAGES = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture
def drawer(settings: Settings, probe_tasks: None) -> Iterator[FlaskClient]:
    """A client of a service in immediate mode."""
    changed = settings.with_values(immediate=True)
    use_settings(changed)
    yield watchful_client(changed)
    close_in_memory(changed.broker.data_dir)


def task(called: str, **kwargs: Any) -> dict[str, Any]:
    return {"task": f"workers.probe_tasks.{called}", "kwargs": kwargs}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/artboard/create", BOARD),
        ("/postcards", CARD),
        ("/jobs", {"task": "artboard", "kwargs": BOARD}),
    ],
)
def test_a_drawing_is_the_response_if_the_client_waits_for_it(
    drawer: FlaskClient, path: str, body: dict[str, Any]
) -> None:
    response = drawer.post(path, json=body, headers=WAIT | {"Accept": SVG_TYPE})
    assert (response.status_code, response.content_type) == (200, SVG_TYPE)
    assert response.headers["Preference-Applied"] == "wait=5"
    assert {"Accept", "Origin"} <= set(response.vary)
    assert "sandbox" in response.headers["Content-Security-Policy"]
    job = response.headers["Location"]
    result = drawer.get(f"{job}/result")
    assert response.get_data() == result.get_data()
    assert response.headers["ETag"] == result.headers["ETag"]
    assert not response.headers["ETag"].startswith("W/")
    shown = drawer.get(job, headers={"Accept": IMAGES})
    assert (shown.get_data(), shown.headers["ETag"]) == (
        response.get_data(),
        response.headers["ETag"],
    )
    known = {"Accept": SVG_TYPE, "If-None-Match": response.headers["ETag"]}
    assert drawer.get(job, headers=known).status_code == 304
    picture = drawer.post(path, json=body, headers=WAIT | {"Accept": PNG_TYPE})
    assert picture.content_type == PNG_TYPE
    assert Image.open(io.BytesIO(picture.get_data())).width == 640
    assert picture.headers["ETag"] != response.headers["ETag"]


def test_a_simple_artboard_is_drawn_in_the_preferred_type(client: FlaskClient) -> None:
    body = BOARD | {"complexity": "simple"}
    for accept, media_type in (
        (f"{SVG_TYPE};q=0.5, {PNG_TYPE}", PNG_TYPE),
        (f"{SVG_TYPE}, {PNG_TYPE};q=0.5", SVG_TYPE),
        (f"application/json, {SVG_TYPE}", "application/json"),
        (f"application/json;q=0.1, {SVG_TYPE};q=0.2", SVG_TYPE),
    ):
        response = client.post("/artboard/create", json=body, headers={"Accept": accept})
        assert (response.status_code, response.content_type) == (200, media_type)
        assert "Accept" in response.vary


@pytest.mark.usefixtures("broker")
def test_a_drawing_that_is_not_done_in_time_is_reported_as_usual(client: FlaskClient) -> None:
    headers = {"Accept": SVG_TYPE, "Prefer": "respond-async, wait=1"}
    response = client.post("/artboard/create", json=BOARD, headers=headers)
    assert (response.status_code, response.is_json) == (202, True)
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Preference-Applied"] == "wait=1"
    job = response.headers["Location"]
    for address in (job, f"{job}?wait=1"):
        state = client.get(address, headers={"Accept": SVG_TYPE})
        assert (state.status_code, state.get_json()["status"]) == (200, "queued")
        assert "Accept" in state.vary
    unhurried = client.post("/artboard/create", json=BOARD, headers={"Accept": SVG_TYPE})
    assert unhurried.get_json()["status"] == "generating"


def test_a_job_that_fails_is_a_problem_with_its_id(drawer: FlaskClient) -> None:
    headers = WAIT | {"Accept": SVG_TYPE}
    response = drawer.post("/jobs", json=task("refuse"), headers=headers)
    problem = response.get_json()
    assert (response.status_code, problem["type"]) == (409, "/problems/job-failed")
    assert problem["job_status"] == "failed"
    state = drawer.get(f"/jobs/{problem['job_id']}", headers={"Accept": SVG_TYPE})
    assert (state.status_code, state.get_json()["detail"]) == (409, problem["detail"])
    assert drawer.get(f"/jobs/{problem['job_id']}").get_json()["status"] == "failed"


def test_a_job_without_a_drawing_has_json(drawer: FlaskClient) -> None:
    headers = WAIT | {"Accept": f"{SVG_TYPE}, */*;q=0.1"}
    response = drawer.post("/jobs", json=task("nothing"), headers=headers)
    assert (response.status_code, response.get_json()["status"]) == (200, "finished")
    job = response.headers["Location"]
    assert drawer.get(job, headers=headers).get_json()["done"] is True
    refused = drawer.get(job, headers={"Accept": SVG_TYPE})
    assert (refused.status_code, refused.get_json()["available"]) == (406, ["application/json"])


def test_a_repeated_request_gets_the_drawing_of_the_same_job(drawer: FlaskClient) -> None:
    headers = WAIT | {"Idempotency-Key": "one"}
    first, again = (
        drawer.post("/artboard/create", json=BOARD, headers=headers | {"Accept": accept})
        for accept in (SVG_TYPE, PNG_TYPE)
    )
    assert (first.content_type, again.content_type) == (SVG_TYPE, PNG_TYPE)
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    state = drawer.post("/artboard/create", json=BOARD, headers=headers)
    assert state.get_json()["job_id"] in first.headers["Location"]


def test_a_request_that_accepts_nothing_available_is_refused(client: FlaskClient) -> None:
    """Before anything else, so without a broker."""
    for path in ("/artboard/create", "/postcards", "/photos/plot", "/data/chart", "/jobs"):
        refused = client.post(path, json={}, headers={"Accept": "video/mp4"})
        problem = refused.get_json()
        assert (refused.status_code, problem["type"]) == (406, "/problems/not-acceptable")
        assert problem["available"] == ["application/json", *drawing_types()]
        assert PNG_TYPE in problem["detail"]
    for path in ("/texts", "/emails", "/sweeps", "/batches", "/data/process"):
        for accept in (SVG_TYPE, "text/*", "application/json;q=0", "*/*, application/json;q=0"):
            refused = client.post(path, json={}, headers={"Accept": accept})
            assert (refused.status_code, refused.get_json()["available"]) == (
                406,
                ["application/json"],
            )
    form = client.post("/uploads", headers={"Accept": SVG_TYPE})
    assert (form.status_code, form.get_json()["available"]) == (
        406,
        ["application/json", "text/html"],
    )
    accepted = client.post(
        "/artboard/create",
        json=BOARD | {"complexity": "simple"},
        headers={"Accept": "video/mp4, application/*;q=0.1"},
    )
    assert accepted.get_json()["svg"].startswith("<svg")


def test_files_and_states_of_jobs_are_refused_in_other_types(drawer: FlaskClient) -> None:
    body = task("write", name="table.csv", text="a,b\n1,2\n")
    job = drawer.post("/jobs", json=body).get_json()["links"]["self"]
    available = ["application/json", *drawing_types()]
    for address, offered in (
        (job, available),
        (f"{job}/result", ["text/csv; charset=utf-8"]),
        (f"{job}/artifacts/table.csv", ["text/csv; charset=utf-8"]),
    ):
        refused = drawer.get(address, headers={"Accept": "video/mp4"})
        assert (refused.status_code, refused.get_json()["available"]) == (406, offered)
    for accept in ("text/*;q=0.1", "*/*", "TEXT/CSV"):
        reply = drawer.get(f"{job}/artifacts/table.csv", headers={"Accept": accept})
        assert reply.status_code == 200


def test_the_document_lists_drawings_as_responses(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    for path in ("/artboard/create", "/postcards", "/photos/plot", "/data/chart", "/jobs"):
        responses = paths[path]["post"]["responses"]
        assert list(responses["200"]["content"]) == ["application/json", *drawing_types()]
        assert "406" in responses
    assert SVG_TYPE in paths["/jobs/{job_id}"]["get"]["responses"]["200"]["content"]
    texts = paths["/texts"]["post"]["responses"]
    assert list(texts["200"]["content"]) == ["application/json"]
    assert "406" in texts
