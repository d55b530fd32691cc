"""Submission of jobs by task name, and actions on jobs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from libraries.broker.connections import web_client
from libraries.job_manager import as_owner, enqueue_background_job, fetch_job, known_tasks
from libraries.job_manager.backends import background_queue
from libraries.pickled_json import PickledJson
from libraries.settings import Settings, get_settings
from tests.conftest import REPOSITORY, Stopwatch, WorkerProcess, until
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
StartWorker = Callable[..., WorkerProcess]
ECHO = "workers.probe_tasks.echo"
NOTHING = "workers.probe_tasks.nothing"
NOT_TASKS = [
    "os.system",
    "subprocess.check_output",
    "builtins.eval",
    "workers.svg_tasks.os.system",
    "workers..svg_tasks",
    "workers.svg_tasks.",
    "workers\N{ONE DOT LEADER}svg_tasks\N{ONE DOT LEADER}generate_postcard_svg",
    "workers.probe_tasks._hidden",
    "workers.svg_tasks.attach",
    "WORKERS.SVG_TASKS.GENERATE_POSTCARD_SVG",
    "libraries.job_manager.enqueue_background_job",
    "\x00",
]
# Keyword arguments that RQ's own `enqueue` would consume, and fields of a job record.
SMUGGLED: dict[str, Any] = {
    "on_success": "os.system",
    "on_failure": "os.system",
    "on_stopped": "os.system",
    "job_timeout": -1,
    "timeout": 10**9,
    "result_ttl": -1,
    "failure_ttl": -1,
    "ttl": -1,
    "job_id": "victim",
    "at_front": True,
    "meta": {"artifacts": [{"name": "x"}]},
    "depends_on": "victim",
    "retry": 5,
    "description": "os.system",
    "pipeline": None,
    "args": ["x"],
    "kwargs": {"x": 1},
    "owner": "somebody",
    "unique": True,
    "webhook": "http://127.0.0.1",
}

pytestmark = pytest.mark.usefixtures("probe_tasks")


def submitted(client: FlaskClient, task: str = NOTHING, **fields: Any) -> dict[str, Any]:
    response = client.post("/jobs", json={"task": task, **fields})
    assert response.status_code == 202, response.get_json()
    reply: dict[str, Any] = response.get_json()
    assert response.headers["Location"] == f"/jobs/{reply['job_id']}"
    return reply


def bad_pointers(response: TestResponse) -> list[str]:
    assert response.status_code == 422, response.get_json()
    return sorted(error["pointer"] for error in response.get_json()["errors"])


def waiting() -> list[str]:
    return list(background_queue(web_client(get_settings())).get_job_ids())


def shown(client: FlaskClient, job_id: str) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/jobs/{job_id}").get_json()
    return body


def kind_of(response: TestResponse) -> tuple[int, str]:
    return response.status_code, response.get_json()["type"].removeprefix("/problems/")


def failed_job(client: FlaskClient, run_jobs: RunJobs) -> str:
    job_id: str = submitted(client, "workers.probe_tasks.boom", retry={"max": 0})["job_id"]
    run_jobs()
    assert shown(client, job_id)["status"] == "failed"
    return job_id


def test_a_job_is_queued_by_the_name_of_its_task(client: FlaskClient, run_jobs: RunJobs) -> None:
    reply = submitted(client, ECHO, args=[1, None, "a"], kwargs={"b": {"c": [2.5]}})
    assert (reply["status"], reply["message"]) == ("queued", "Job queued")
    run_jobs()
    assert shown(client, reply["job_id"])["result"] == {
        "args": [1, None, "a"],
        "kwargs": {"b": {"c": [2.5]}},
    }


@pytest.mark.usefixtures("broker")
def test_queue_options_are_applied_to_the_job(client: FlaskClient) -> None:
    reply = submitted(client, timeout="90s", result_ttl=600, retry={"max": 3, "interval": 7})
    job = shown(client, reply["job_id"])
    assert (job["timeout"], job["retries_left"], job["attempt"]) == (90, 3, 0)
    record = background_queue(web_client(get_settings())).fetch_job(reply["job_id"])
    assert record is not None
    assert record.result_ttl == 600
    assert record.retry_intervals is not None
    assert 5.6 <= record.retry_intervals[0] <= 8.4


@pytest.mark.usefixtures("broker")
def test_a_job_with_high_priority_is_queued_first(client: FlaskClient) -> None:
    first, urgent = submitted(client)["job_id"], submitted(client, priority="high")["job_id"]
    assert waiting() == [urgent, first]


def test_a_delayed_job_runs_when_it_is_due(client: FlaskClient, start_worker: StartWorker) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    later, due = submitted(client, delay=3600)["job_id"], submitted(client, run_at=soon)["job_id"]
    assert shown(client, due)["status"] == "scheduled"
    start_worker()
    until(lambda: shown(client, due)["status"] == "finished", seconds=15, what="the due job")
    assert shown(client, later)["status"] == "scheduled"


def test_a_job_can_wait_for_others(client: FlaskClient, run_jobs: RunJobs) -> None:
    first = submitted(client)["job_id"]
    second = submitted(client, depends_on=[first])["job_id"]
    assert shown(client, second)["status"] == "deferred"
    run_jobs()
    assert shown(client, second)["status"] == "finished"


def test_an_unknown_or_failed_job_cannot_be_waited_for(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    failed = failed_job(client, run_jobs)
    with as_owner("somebody"):
        foreign = enqueue_background_job(NOTHING).id
    response = client.post(
        "/jobs", json={"task": NOTHING, "depends_on": ["unknown", failed, foreign]}
    )
    assert bad_pointers(response) == ["#/depends_on/0", "#/depends_on/1", "#/depends_on/2"]
    unknown, _, others = response.get_json()["errors"]
    assert unknown["detail"] == others["detail"]
    assert waiting() == [foreign]


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"task": 5}, ["#/task"]),
        ({"task": ""}, ["#/task"]),
        ({"args": {}}, ["#/args"]),
        ({"args": [0] * 65}, ["#/args"]),
        ({"kwargs": []}, ["#/kwargs"]),
        ({"timeout": 0}, ["#/timeout"]),
        ({"timeout": -1}, ["#/timeout"]),
        ({"timeout": 3601}, ["#/timeout"]),
        ({"timeout": "2h"}, ["#/timeout"]),
        ({"timeout": True}, ["#/timeout"]),
        ({"timeout": 1.5}, ["#/timeout"]),
        ({"result_ttl": 59}, ["#/result_ttl"]),
        ({"result_ttl": -1}, ["#/result_ttl"]),
        ({"priority": "urgent"}, ["#/priority"]),
        ({"concurrency_key": " "}, ["#/concurrency_key"]),
        ({"concurrency_key": "x" * 129}, ["#/concurrency_key"]),
        ({"concurrency_key": "a\nb"}, ["#/concurrency_key"]),
        ({"concurrency_key": "a", "concurrency": 0}, ["#/concurrency"]),
        ({"concurrency_key": "a", "concurrency": 101}, ["#/concurrency"]),
        ({"concurrency": 2}, ["#/concurrency"]),
        ({"unique_key": " "}, ["#/unique_key"]),
        ({"unique_key": 5}, ["#/unique_key"]),
        ({"unique_key": "a", "depends_on": ["x"]}, ["#/unique_key"]),
        ({"delay": -1}, ["#/delay"]),
        ({"delay": 604801}, ["#/delay"]),
        ({"run_at": "tomorrow"}, ["#/run_at"]),
        ({"run_at": "2999-01-01T00:00:00Z"}, ["#/run_at"]),
        ({"run_at": "2020-01-01T00:00:00Z", "delay": 5}, ["#/run_at"]),
        ({"retry": {"max": 6}}, ["#/retry/max"]),
        ({"retry": {"interval": 0}}, ["#/retry/interval", "#/retry/max"]),
        ({"depends_on": ["a b"]}, ["#/depends_on/0"]),
        ({"depends_on": ["x"], "delay": 5}, ["#/depends_on"]),
        (
            {"on_success": "os.system", "job_id": "victim", "meta": {}},
            ["#/job_id", "#/meta", "#/on_success"],
        ),
    ],
)
def test_invalid_requests_are_rejected_without_the_broker(
    client: FlaskClient, fields: dict[str, Any], pointers: list[str]
) -> None:
    assert bad_pointers(client.post("/jobs", json={"task": NOTHING, **fields})) == pointers


@pytest.mark.parametrize("name", NOT_TASKS)
def test_only_task_names_are_accepted_and_nothing_else_is_imported(
    client: FlaskClient, name: str, settings: Settings
) -> None:
    canary = settings.storage.output_dir.parent / "canary"
    response = client.post("/jobs", json={"task": name, "args": [f"touch {canary}"]})
    assert kind_of(response) == (404, "unknown-task")
    assert response.get_json()["tasks"] == known_tasks()
    assert not canary.exists()


@given(
    name=st.text(min_size=1, max_size=60)
    | st.builds("workers.{}".format, st.text(min_size=1, max_size=30))
)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_arbitrary_texts_are_not_task_names(client: FlaskClient, name: str) -> None:
    assert client.post("/jobs", json={"task": name}).status_code == (
        503 if name in known_tasks() else 404
    )


def test_an_unknown_task_is_reported_with_a_suggestion(client: FlaskClient) -> None:
    response = client.post("/jobs", json={"task": "workers.svg_tasks.generate_postcard_svgs"})
    assert (
        "did you mean 'workers.svg_tasks.generate_postcard_svg'?" in response.get_json()["detail"]
    )


def test_queue_options_in_kwargs_are_ordinary_arguments(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    first = submitted(client)["job_id"]
    reply = submitted(client, ECHO, kwargs=SMUGGLED)
    plain = submitted(client, ECHO)
    job, other = shown(client, reply["job_id"]), shown(client, plain["job_id"])
    assert reply["job_id"] != "victim"
    assert waiting() == [first, reply["job_id"], plain["job_id"]]
    for name in ("timeout", "retries_left", "task", "batch_id", "artifacts"):
        assert job[name] == other[name], name
    records = [
        background_queue(web_client(get_settings())).fetch_job(one["job_id"])
        for one in (reply, plain)
    ]
    kept = [
        {
            name: getattr(one, name)
            for name in ("result_ttl", "failure_ttl", "ttl", "meta", "origin")
        }
        for one in records
    ]
    assert kept[0] == kept[1]
    run_jobs()
    assert shown(client, reply["job_id"])["result"] == {"args": [], "kwargs": SMUGGLED}
    assert shown(client, reply["job_id"])["artifacts"] == []


@pytest.mark.usefixtures("broker")
def test_jobs_are_serialized_as_pickles_of_json_types(client: FlaskClient) -> None:
    record = background_queue(web_client(get_settings())).fetch_job(
        submitted(client, ECHO, args=["a"])["job_id"]
    )
    assert record is not None
    assert record.serializer is PickledJson


def test_one_module_of_the_product_imports_a_pickler() -> None:
    sources = [
        path
        for folder in ("components", "libraries", "workers")
        for path in (REPOSITORY / folder).rglob("*.py")
    ]
    assert len(sources) > 50
    sources.remove(REPOSITORY / "libraries" / "pickled_json.py")
    for path in [
        *sources,
        REPOSITORY / "app.py",
        REPOSITORY / "start_dev.py",
        REPOSITORY / "gunicorn.conf.py",
    ]:
        assert not imported(path.read_text()) & {
            "pickle",
            "cPickle",
            "_pickle",
            "dill",
            "cloudpickle",
            "shelve",
            "marshal",
        }, path


def test_an_import_of_a_pickler_is_detected() -> None:
    assert imported(
        "def f():\n    from pickle import loads\n    import os.path, marshal as m\n"
    ) == {"pickle", "os", "marshal"}


def imported(source: str) -> set[str]:
    """Return all packages that a source file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_a_canceled_job_stays_canceled(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submitted(client)["job_id"]
    for _ in range(2):
        response = client.post(f"/jobs/{job_id}/cancel")
        assert (response.status_code, response.get_json()["status"]) == (200, "canceled")
    run_jobs()
    assert shown(client, job_id)["status"] == "canceled"


@pytest.mark.usefixtures("broker")
def test_a_delayed_job_can_be_canceled(client: FlaskClient) -> None:
    job_id = submitted(client, delay=3600)["job_id"]
    assert client.post(f"/jobs/{job_id}/cancel").get_json()["status"] == "canceled"


def test_a_stopped_job_is_reported_after_it_has_stopped(
    client: FlaskClient,
    start_worker: StartWorker,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The arguments of the job are paths.
    monkeypatch.setattr(client, "private", "")
    begun, ended = (
        settings.storage.output_dir.parent / "begun",
        settings.storage.output_dir.parent / "ended",
    )
    job_id = submitted(client, "workers.probe_tasks.nap", args=[60, str(begun), str(ended)])[
        "job_id"
    ]
    start_worker()
    until(begun.exists, what="a running job")
    running = shown(client, job_id)
    assert set(running["links"]) == {"self", "events", "logs", "result", "cancel"}
    assert kind_of(client.delete(f"/jobs/{job_id}")) == (409, "job-runs")
    assert kind_of(client.post(f"/jobs/{job_id}/retry")) == (409, "not-retryable")
    started = Stopwatch()
    response = client.post(f"/jobs/{job_id}/cancel")
    assert started.seconds() < 4
    assert (response.status_code, response.get_json()["status"]) == (200, "stopped")
    assert shown(client, job_id)["status"] == "stopped"
    assert not ended.exists()


def test_a_job_that_has_ended_cannot_be_canceled(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submitted(client)["job_id"]
    run_jobs()
    response = client.post(f"/jobs/{job_id}/cancel")
    assert kind_of(response) == (409, "not-cancellable")
    assert response.get_json()["job_status"] == "finished"


def test_a_failed_job_can_be_retried(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submitted(client, "workers.http_tasks.once_bad", args=["marker"], retry={"max": 0})[
        "job_id"
    ]
    run_jobs()
    failed = shown(client, job_id)
    assert failed["status"] == "failed"
    response = client.post(failed["links"]["retry"])
    assert response.status_code == 202
    assert response.headers["Location"] == f"/jobs/{job_id}"
    assert response.get_json()["status"] == "queued"
    run_jobs()
    done = shown(client, job_id)
    assert (done["status"], done["result"]) == ("finished", "done")
    assert set(done["links"]) == {"self", "events", "logs", "result"}


def test_attempts_are_shown_with_their_errors(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = failed_job(client, run_jobs)
    response = client.get(f"/jobs/{job_id}")
    (attempt,) = response.get_json()["attempts"]
    assert attempt["worker"]
    assert attempt["started_at"] <= attempt["ended_at"]
    assert attempt["error"] == "ValueError: boom at /secret/place"


@pytest.mark.parametrize("end", ["queued", "finished"])
def test_a_waiting_or_finished_job_cannot_be_retried(
    client: FlaskClient, run_jobs: RunJobs, end: str
) -> None:
    job_id = submitted(client)["job_id"]
    if end == "finished":
        run_jobs()
    response = client.post(f"/jobs/{job_id}/retry")
    assert kind_of(response) == (409, "not-retryable")
    assert response.get_json()["job_status"] == end


def test_a_deleted_job_and_its_files_are_gone(
    client: FlaskClient, run_jobs: RunJobs, settings: Settings
) -> None:
    job_id = submitted(client, "workers.probe_tasks.write", args=["drawings/sheet.svg", "<svg/>"])[
        "job_id"
    ]
    run_jobs()
    assert (settings.storage.output_dir / "drawings" / "sheet.svg").exists()
    response = client.delete(f"/jobs/{job_id}")
    assert (response.status_code, response.get_data()) == (204, b"")
    assert not (settings.storage.output_dir / "drawings" / "sheet.svg").exists()
    for address in (
        f"/jobs/{job_id}",
        f"/jobs/{job_id}/result",
        f"/jobs/{job_id}/artifacts/sheet.svg",
    ):
        assert kind_of(client.get(address)) == (410, "job-expired")
    assert kind_of(client.delete(f"/jobs/{job_id}")) == (404, "job-not-found")
    assert client.get("/jobs").get_json()["items"] == []


def test_a_job_can_be_deleted_while_it_waits(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submitted(client)["job_id"]
    assert client.delete(f"/jobs/{job_id}").status_code == 204
    assert waiting() == []
    run_jobs()
    assert client.get(f"/jobs/{job_id}").status_code == 410


@pytest.mark.usefixtures("broker")
def test_an_unknown_job_is_not_found_by_any_route(client: FlaskClient) -> None:
    for method, address in [
        ("GET", "/jobs/unknown"),
        ("DELETE", "/jobs/unknown"),
        ("POST", "/jobs/unknown/cancel"),
        ("POST", "/jobs/unknown/retry"),
        ("GET", "/jobs/unknown/artifacts/a.svg"),
    ]:
        assert kind_of(client.open(address, method=method)) == (404, "job-not-found")


def test_every_file_of_a_job_can_be_downloaded_by_name(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    names = ["a.svg", "b two.txt", "a.svg"]
    job_id = submitted(client, "workers.http_tasks.write_several", args=["sheets", names])["job_id"]
    assert kind_of(client.get(f"/jobs/{job_id}/artifacts/a.svg")) == (409, "job-not-finished")
    run_jobs()
    artifacts = shown(client, job_id)["artifacts"]
    assert [one["name"] for one in artifacts] == ["a.svg", "b two.txt", "2-a.svg"]
    here = f"/jobs/{job_id}"
    assert [one["url"] for one in artifacts] == [
        f"{here}/result", f"{here}/artifacts/b%20two.txt", f"{here}/artifacts/2-a.svg"
    ]  # fmt: skip
    for artifact, name in zip(artifacts, names, strict=True):
        response = client.get(artifact["url"])
        assert (response.status_code, response.get_data(as_text=True)) == (200, name)
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["ETag"] == f'"{artifact["sha256"]}"'
    assert client.get(f"{here}/artifacts/a.svg").get_data() == b"a.svg"
    saved = client.get(f"{here}/artifacts/a.svg?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "odd", ["c.svg", "..", "%2e%2e%2fa.svg", "sheets%2f0%2fa.svg", "%00", "a.svg%0a"]
)
def test_an_unknown_file_name_is_not_found(
    client: FlaskClient, run_jobs: RunJobs, odd: str
) -> None:
    job_id = submitted(client, "workers.http_tasks.write_several", args=["sheets", ["a.svg"]])[
        "job_id"
    ]
    run_jobs()
    assert client.get(f"/jobs/{job_id}/artifacts/{odd}").status_code == 404


def test_a_bulk_action_reports_the_result_for_each_job(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    done = submitted(client)["job_id"]
    run_jobs()
    first, second = (submitted(client)["job_id"] for _ in range(2))
    request_body = {"action": "cancel", "ids": [first, done, "unknown", "../x", second, first]}
    reply = client.post("/jobs/bulk", json=request_body).get_json()
    assert (reply["action"], reply["done"], reply["failed"]) == ("cancel", 2, 3)
    found = {item["id"]: item.get("status") or item["code"] for item in reply["items"]}
    assert found == {
        first: "canceled", done: "not-cancellable", "unknown": "job-not-found", "../x": "job-not-found", second: "canceled",
    }  # fmt: skip
    again = client.post("/jobs/bulk", json={"action": "retry", "ids": [first, second]}).get_json()
    assert [item["status"] for item in again["items"]] == ["queued", "queued"]
    gone = client.post(
        "/jobs/bulk", json={"action": "delete", "ids": [first, second, done]}
    ).get_json()
    assert [item["status"] for item in gone["items"]] == ["deleted"] * 3
    assert client.get("/jobs").get_json()["items"] == []


@pytest.mark.parametrize(
    "request_body",
    [
        {"action": "explode", "ids": ["a"]},
        {"action": "cancel", "ids": []},
        {"action": "cancel", "ids": ["a"] * 501},
        {"action": "cancel", "ids": "a"},
        {"action": "cancel", "ids": [1]},
        {"ids": ["a"]},
    ],
)
def test_an_invalid_bulk_request_is_rejected(
    client: FlaskClient, request_body: dict[str, Any]
) -> None:
    assert client.post("/jobs/bulk", json=request_body).status_code == 422


@pytest.mark.usefixtures("broker")
def test_a_full_queue_is_reported_with_retry_after(settings: Settings) -> None:
    client = watchful_client(settings.with_values(max_queue=2))
    first, _ = submitted(client)["job_id"], submitted(client)
    card = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
    for address, body in [
        ("/jobs", {"task": NOTHING}),
        ("/artboard/create", {"width": 100, "height": 60}),
        ("/postcards", card),
        ("/batches", {"operation": "postcard", "items": [card]}),
    ]:
        response = client.post(address, json=body)
        assert kind_of(response) == (429, "queue-full")
        assert int(response.headers["Retry-After"]) >= 1
    assert len(waiting()) == 2
    assert client.post(f"/jobs/{first}/cancel").status_code == 200
    submitted(client)


def test_without_a_broker_actions_on_jobs_fail_quickly(
    client: FlaskClient,
) -> None:
    started = Stopwatch()
    for method, address, body in [
        ("POST", "/jobs", {"task": NOTHING}),
        ("GET", "/jobs", None),
        ("POST", "/jobs/x/cancel", None),
        ("POST", "/jobs/bulk", {"action": "cancel", "ids": ["x"]}),
        ("GET", "/capacity", None),
    ]:
        response = (
            client.open(address, method=method, json=body)
            if body
            else client.open(address, method=method)
        )
        assert kind_of(response) == (503, "queue-unavailable")
    assert started.seconds() < 5


@pytest.mark.usefixtures("broker")
def test_jobs_queued_in_python_belong_to_anonymous_api_clients(
    client: FlaskClient,
) -> None:
    job_id = enqueue_background_job(NOTHING).id
    assert shown(client, job_id)["status"] == "queued"
    record = fetch_job(job_id)
    assert record is not None
    assert record.owner == "anonymous"
