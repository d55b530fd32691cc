"""Submitting routes take the same options, and all operations can be submitted in all ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import create_app
from components.http.api import ApiBlueprint
from components.http.multipart import MAX_TEXT_BYTES
from components.http.startup import StartupError
from components.http.submissions import OPERATIONS
from libraries.settings import Settings
from libraries.storage import upload_folder
from tests.submissions import BODIES, DATA, DATA_FILE, ROUTES, SEVERAL, request_of
from tests.watchful import watchful_client
from tests.webhook_sink import Sink

BLOCKER = {"task": "workers.example_tasks.example_long_task"}
every_route = pytest.mark.parametrize("name", ROUTES)
every_operation = pytest.mark.parametrize("operation", BODIES)


@pytest.fixture
def client(settings: Settings, broker: object) -> FlaskClient:
    """A client of a service on a real broker, with the files that the requests name. No worker runs."""
    chosen = settings.with_values(webhook_private=True, admin_email="admin@example.com")
    client = watchful_client(chosen)
    upload_folder().publish(DATA_FILE, DATA)
    return client


def send(
    client: FlaskClient, name: str, headers: dict[str, str] | None = None, **options: Any
) -> list[str]:
    """The ids of the jobs that a route has queued."""
    response = client.post(ROUTES[name][0], headers=headers, **request_of(name, **options))
    assert response.status_code == (200 if name == "create_artboard" else 202), response.text
    reply = response.get_json()
    assert response.headers["Location"] == reply["links"]["self"]
    return reply["job_ids"] if name in SEVERAL else [reply["job_id"]]


def block(client: FlaskClient) -> str:
    """The id of a job that waits."""
    job_id: str = client.post("/jobs", json=BLOCKER).get_json()["job_id"]
    return job_id


def state(client: FlaskClient, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/jobs/{job_id}").get_json()
    return found


def test_every_submitting_route_and_every_operation_has_a_request_here(client: FlaskClient) -> None:
    blueprints = client.application.blueprints.values()
    found = [
        one for each in blueprints if isinstance(each, ApiBlueprint) for one in each.operations
    ]
    names = {one.call.__name__ for one in found}
    assert names == set(ROUTES)
    assert set(OPERATIONS) == set(BODIES)


@every_route
def test_high_priority_goes_in_front(client: FlaskClient, name: str) -> None:
    first = block(client)
    for job_id in send(client, name, priority="high"):
        assert state(client, job_id)["position"] < state(client, first)["position"]
    for job_id in send(client, name, priority="normal"):
        assert state(client, job_id)["position"] > state(client, first)["position"]


@every_route
def test_a_job_runs_later(client: FlaskClient, name: str) -> None:
    then = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for later in ({"delay": 3600}, {"run_at": then}):
        assert {state(client, job_id)["status"] for job_id in send(client, name, **later)} == {
            "scheduled"
        }


@every_route
def test_a_job_has_the_timeout_and_the_attempts_that_were_chosen(
    client: FlaskClient, name: str
) -> None:
    retry = {"max": 4, "interval": 9}
    for job_id in send(client, name, timeout="77s", retry=retry):
        job = state(client, job_id)
        assert (job["timeout"], job["retries_left"]) == (77, 4)


@every_route
def test_a_job_has_its_tags(client: FlaskClient, name: str) -> None:
    tags = ["order-17", "für Ännchen", "order-17"]
    job_ids = send(client, name, tags=tags)
    assert {tuple(state(client, job_id)["tags"]) for job_id in job_ids} == {tuple(tags[:2])}
    found = client.get("/jobs", query_string={"tag": tags[1]}).get_json()["items"]
    # The contact sheet of a sweep has them, too.
    assert {job["id"] for job in found} >= set(job_ids)
    assert client.get("/jobs?tag=order").get_json()["items"] == []


@every_route
def test_jobs_with_a_concurrency_key_wait_for_each_other(client: FlaskClient, name: str) -> None:
    first = client.post("/jobs", json=BLOCKER | {"concurrency_key": "plotter"}).get_json()["job_id"]
    for job_id in send(client, name, concurrency_key="plotter"):
        assert (state(client, job_id)["status"], state(client, job_id)["position"]) == (
            "queued",
            None,
        )
    assert client.post(f"/jobs/{first}/cancel").status_code == 200
    assert state(client, send(client, name, concurrency_key="other")[0])["position"] is not None


@every_route
def test_a_second_request_with_a_unique_key_is_answered_with_the_first_job(
    client: FlaskClient, name: str
) -> None:
    if name in SEVERAL:
        refused = client.post(ROUTES[name][0], **request_of(name, unique_key="report"))
        assert refused.status_code == 422
        assert "unique_key" in refused.text
        return
    (first,) = send(client, name, unique_key="report")
    again = client.post(ROUTES[name][0], **request_of(name, unique_key="report"))
    reply = again.get_json()
    assert (again.status_code, reply["job_id"], reply["existing"]) == (200, first, True)
    assert again.headers["Location"] == f"/jobs/{first}"
    assert reply["status"] == "queued"
    assert client.post(f"/jobs/{first}/cancel").status_code == 200
    assert send(client, name, unique_key="report") != [first]


@every_route
def test_a_job_waits_for_another(client: FlaskClient, name: str) -> None:
    first = block(client)
    for job_id in send(client, name, depends_on=[first]):
        assert state(client, job_id)["status"] == "deferred"


@every_route
def test_a_repeated_request_is_executed_once(client: FlaskClient, name: str) -> None:
    headers = {"Idempotency-Key": "one"}
    first = send(client, name, headers, priority="high")
    assert send(client, name, headers, priority="high") == first
    other = client.post(ROUTES[name][0], headers=headers, **request_of(name, priority="normal"))
    assert other.get_json()["type"] == "/problems/idempotency-mismatch"


@every_route
def test_a_webhook_is_called(client: FlaskClient, run_jobs: Callable[[], None], name: str) -> None:
    with Sink() as sink:
        job_ids = send(client, name, webhook={"url": sink.url, "events": ["canceled"]})
        for job_id in job_ids:
            assert client.post(f"/jobs/{job_id}/cancel").status_code == 200
        # A job with a webhook that ends makes the worker process due deliveries.
        send(client, "create_postcard", webhook={"url": sink.url})
        run_jobs()
        ended = [one.json for one in sink.received if one.json["type"] == "job.canceled"]
        assert {one["data"]["id"] for one in ended} == set(job_ids)


@every_route
@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"priority": "urgent"}, "priority"),
        ({"delay": -1}, "delay"),
        ({"run_at": "tomorrow"}, "run_at"),
        ({"delay": 5, "run_at": "2026-12-01T00:00:00Z"}, "run_at"),
        ({"timeout": "2h"}, "timeout"),
        ({"retry": {"max": 9}}, "retry.max"),
        ({"depends_on": ["no-such-job"]}, "depends_on.0"),
        ({"webhook": {"url": "ftp://example.com/"}}, "webhook.url"),
        ({"tags": ["fine", "x" * 65]}, "tags.1"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_an_invalid_option_is_reported(
    client: FlaskClient, name: str, options: dict[str, Any], field: str
) -> None:
    response = client.post(ROUTES[name][0], **request_of(name, **options))
    assert response.status_code == 422, response.text
    assert field in [error["field"] for error in response.get_json()["errors"]]
    assert client.get("/jobs").get_json()["items"] == []


@every_operation
def test_an_operation_is_an_item_of_a_batch_with_separate_options(
    client: FlaskClient, operation: str
) -> None:
    first, body = block(client), BODIES[operation]
    items = [
        body | {"delay": 3600},
        body | {"depends_on": [first]},
        body | {"priority": "high", "timeout": 77, "retry": {"max": 4}},
        body,
    ]
    request = {"operation": operation, "items": items, "timeout": "5m"}
    response = client.post("/batches", json=request)
    assert response.status_code == 202, response.text
    jobs = [state(client, job_id) for job_id in response.get_json()["job_ids"]]
    assert [job["status"] for job in jobs] == ["scheduled", "deferred", "queued", "queued"]
    assert [job["timeout"] for job in jobs] == [300, 300, 77, 300]
    assert jobs[2]["retries_left"] == 4
    assert jobs[2]["position"] < state(client, first)["position"] < jobs[3]["position"]


@every_operation
def test_an_operation_can_be_named_in_a_job(client: FlaskClient, operation: str) -> None:
    request = {"task": operation, "kwargs": BODIES[operation], "delay": 3600, "timeout": 77}
    response = client.post("/jobs", json=request)
    assert response.status_code == 202, response.text
    job = state(client, response.get_json()["job_id"])
    assert (job["status"], job["timeout"]) == ("scheduled", 77)
    assert job["task"] in (OPERATIONS[operation].task, *OPERATIONS[operation].other_tasks)


def test_an_operation_that_is_named_in_a_job_checks_its_request(client: FlaskClient) -> None:
    request = {"task": "postcard", "kwargs": {"recipient": "", "colour": "red"}}
    errors = client.post("/jobs", json=request).get_json()["errors"]
    assert {error["field"] for error in errors} >= {"kwargs.recipient", "kwargs.colour"}
    response = client.post("/jobs", json={"task": "postcard", "args": ["Ann"]})
    assert [error["field"] for error in response.get_json()["errors"]] == ["args"]


def test_the_options_of_a_form_are_strings(client: FlaskClient) -> None:
    first, second = block(client), block(client)
    (job_id,) = send(client, "upload_file", depends_on=f"{first}, {second}", timeout="300")
    job = state(client, job_id)
    assert (job["status"], job["timeout"]) == ("deferred", 300)


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"prority": "high"}, "Unknown field."),
        ({"timeout": "9" * (MAX_TEXT_BYTES + 1)}, f"Longer than {MAX_TEXT_BYTES} bytes."),
    ],
)
def test_a_form_with_an_unknown_or_a_huge_field_is_rejected(
    client: FlaskClient, options: dict[str, Any], detail: str
) -> None:
    response = client.post("/uploads", **request_of("upload_file", **options))
    assert response.status_code == 422
    assert [error["detail"] for error in response.get_json()["errors"]] == [detail]


def test_a_typo_in_the_path_of_a_task_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(OPERATIONS["postcard"], task="workers.svg_tasks.generate_postcrd_svg")
    monkeypatch.setitem(OPERATIONS._items, "postcard", wrong)
    with pytest.raises(StartupError, match="does not exist; did you mean") as caught:
        create_app(settings)
    text = str(caught.value)
    assert text.startswith("components/postcards/main.py: the operation 'postcard' names the task")
