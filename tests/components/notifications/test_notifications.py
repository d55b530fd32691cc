"""Notifications and the example task."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient

from libraries.broker import keys as broker_keys
from libraries.broker.connections import web_client
from libraries.job_manager import JobOptions, as_owner, cancel_job, fetch_job, list_jobs, submit
from libraries.job_manager.listing import JobFilter
from libraries.notifications import read_notifications
from libraries.settings import ApiKey, Settings
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
TASK = "workers.example_tasks.example_long_task"
NOTIFY = JobOptions(notify=True)


def notifications(client: FlaskClient, since: float | None = None) -> list[dict[str, Any]]:
    response = client.get(
        "/notifications", query_string={} if since is None else {"since": repr(since)}
    )
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.get_json()
    return found


def queued_jobs() -> list[str]:
    return [record.id for record in list_jobs(JobFilter(), limit=50).items]


@pytest.mark.usefixtures("broker")
def test_a_task_with_notifications_reports_each_step_and_its_end(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    """M4, M5."""
    assert notifications(client) == []
    before = time.time()
    # Longer than the minimum interval between two reports.
    job = submit(TASK, kwargs={"seconds": 0.11}, options=NOTIFY)
    run_jobs()
    found = notifications(client)
    assert [one["name"] for one in found] == [
        "task_status",
        *["task_progress"] * 10,
        "task_finished",
    ]
    assert [one["data"] for one in found if one["name"] == "task_progress"] == [
        {"job_id": job.id, "step": step, "total": 10, "percent": 10 * step, "message": ""}
        for step in range(1, 11)
    ]
    assert found[0]["data"] == {"job_id": job.id, "status": "started"}
    assert found[-1]["data"] == {"job_id": job.id, "status": "finished"}
    times = [one["timestamp"] for one in found]
    assert times == sorted(set(times))
    assert before - 1 < times[0] < times[-1] < time.time() + 1


@pytest.mark.usefixtures("broker")
def test_since_returns_only_later_notifications(client: FlaskClient, run_jobs: RunJobs) -> None:
    submit(TASK, kwargs={"seconds": 0}, options=NOTIFY)
    run_jobs()
    found = notifications(client)
    assert len(found) >= 3
    for index, one in enumerate(found):
        assert notifications(client, one["timestamp"]) == found[index + 1 :]


@pytest.mark.usefixtures("broker")
def test_each_final_state_has_its_notification(client: FlaskClient, run_jobs: RunJobs) -> None:
    canceled = submit(TASK, options=NOTIFY)
    cancel_job(canceled.id)
    failed = submit(TASK, kwargs={"seconds": -1}, options=NOTIFY)
    run_jobs()
    ends = {one["data"]["job_id"]: one["name"] for one in notifications(client)}
    assert ends == {canceled.id: "task_canceled", failed.id: "task_failed"}


@pytest.mark.usefixtures("broker")
def test_only_own_jobs_queued_with_notifications_send_them(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    submit(TASK, kwargs={"seconds": 0})
    submit(TASK, kwargs={"seconds": -1}, options=JobOptions(retries=1, retry_pause=60))
    with as_owner("bob"):
        submit(TASK, kwargs={"seconds": 0}, options=NOTIFY)
    run_jobs()
    assert notifications(client) == []
    with as_owner("bob"):
        assert read_notifications()[-1].name == "task_finished"


@pytest.mark.usefixtures("broker", "probe_tasks")
def test_a_failed_attempt_of_a_job_without_notifications_sends_none(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job = submit("workers.probe_tasks.boom", options=JobOptions(retries=1))
    run_jobs()
    waiting = fetch_job(job.id)
    assert waiting is not None
    assert waiting.status == "scheduled"
    assert notifications(client) == []


def write(settings: Settings, *ids: str) -> None:
    """Store notifications with these ids."""
    with web_client(settings).pipeline() as pipeline:
        for one in ids:
            pipeline.xadd(
                broker_keys.notifications_key("anonymous"),
                {"event": "status", "job_id": one, "data": "{}"},
                id=one,
            )
        pipeline.execute()


@pytest.mark.usefixtures("broker")
def test_notifications_of_the_same_millisecond_have_different_timestamps(
    settings: Settings,
) -> None:
    ids = [f"{ms}-{number}" for ms in (1795297432322, 1795297432323) for number in range(500)]
    write(settings, *ids)
    found = read_notifications()
    assert [one.data["job_id"] for one in found] == ids
    for index in (0, 1, 498, 499, 500, 998, 999):
        assert read_notifications(found[index].timestamp) == found[index + 1 :]


@pytest.mark.usefixtures("broker")
def test_a_reply_has_at_most_a_thousand_notifications(
    client: FlaskClient, settings: Settings
) -> None:
    ids = [f"{ms}-0" for ms in range(1, 1201)]
    write(settings, *ids)
    first = notifications(client)
    rest = notifications(client, first[-1]["timestamp"])
    assert (len(first), len(rest)) == (1000, 200)
    assert [one["data"]["job_id"] for one in first + rest] == ids


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("since", [-1e300, -1.0, 0.0, 1e10, 1e300])
def test_since_can_be_any_finite_number_in_python(since: float) -> None:
    assert read_notifications(since) == []


@pytest.mark.parametrize("since", ["", "x", "nan", "inf", "-1", "1e99", "0,5", "1" * 5000])
def test_an_invalid_time_is_rejected(client: FlaskClient, since: str) -> None:
    response = client.get("/notifications", query_string={"since": since})
    assert response.status_code == 422
    assert response.get_json()["errors"][0]["field"] == "since"


def test_without_a_broker_notifications_and_tasks_are_unavailable(client: FlaskClient) -> None:
    assert client.get("/notifications").status_code == 503
    assert client.get("/start-task").status_code == 503
    assert client.post("/start-task").status_code == 503


@pytest.mark.usefixtures("broker")
def test_get_start_task_redirects_to_the_page(client: FlaskClient) -> None:
    """M6."""
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        response = client.get("/start-task")
        seconds.append(time.monotonic() - started)
    assert min(seconds) < 0.2
    assert (response.status_code, response.headers["Location"]) == (302, "/live")
    assert response.headers["Cache-Control"] == "no-store"
    assert len(queued_jobs()) == len(seconds)
    assert client.get(response.headers["Location"]).status_code == 200


@pytest.mark.usefixtures("broker")
def test_a_head_request_starts_no_task(client: FlaskClient) -> None:
    assert client.head("/start-task").status_code == 302
    assert queued_jobs() == []


@pytest.mark.usefixtures("broker")
def test_post_start_task_returns_the_job_id(client: FlaskClient) -> None:
    response = client.post("/start-task", headers={"Idempotency-Key": "once"})
    reply = response.get_json()
    assert (response.status_code, reply["status"]) == (202, "queued")
    assert response.headers["Location"] == f"/jobs/{reply['job_id']}"
    job = client.get(response.headers["Location"]).get_json()
    assert (job["task"], job["status"]) == (TASK, "queued")
    assert client.post("/start-task", headers={"Idempotency-Key": "once"}).get_json() == reply
    assert queued_jobs() == [reply["job_id"]]


@pytest.mark.usefixtures("broker")
def test_with_api_keys_notifications_are_visible_to_their_owner(
    settings: Settings, run_jobs: RunJobs
) -> None:
    """M6."""
    names = ("ann", "bob")
    guarded = watchful_client(
        settings.with_values(
            api_keys=tuple(ApiKey(one, sha256(one.encode()).digest()) for one in names)
        )
    )
    for method, address in (
        ("GET", "/start-task"),
        ("POST", "/start-task"),
        ("GET", "/notifications"),
    ):
        assert guarded.open(address, method=method).status_code == 401
    with as_owner("ann"):
        submit(TASK, kwargs={"seconds": 0}, options=NOTIFY)
    run_jobs()
    assert (
        guarded.get("/notifications", headers={"X-API-Key": "ann"}).get_json()[-1]["name"]
        == "task_finished"
    )
    assert guarded.get("/notifications", headers={"X-API-Key": "bob"}).get_json() == []
    assert guarded.get("/start-task", headers={"X-API-Key": "bob"}).status_code == 302
    with as_owner("bob"):
        assert len(queued_jobs()) == 1
