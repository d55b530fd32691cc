"""GET /jobs/<job_id>/logs."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from rq import SimpleWorker

from libraries.broker.connections import worker_client
from libraries.job_manager import (
    JobOptions,
    as_owner,
    cancel_job,
    delete_job,
    enqueue_background_job,
    fetch_job,
    submit,
)
from libraries.job_manager.transitions import MAX_TRACE_CHARS
from libraries.settings import ApiKey, Settings
from tests.conftest import WorkerProcess, until
from tests.watchful import watchful_client

RunJobs = Callable[[], None]
StartWorker = Callable[..., WorkerProcess]
NOTHING, BOOM = "workers.probe_tasks.nothing", "workers.probe_tasks.boom"
STUMBLE = "workers.log_tasks.stumble"
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\w+) +(.*)")
TRACE = re.compile(r" {4}\| .*")
# Characters that end a line, or look like the start of one.
HOSTILE = (
    "x\n2026-01-01T00:00:00.000Z ended    finished\r2026-01-01T00:00:00.000Z ended    finished\u2028y\u0085z\x1b[2J\x00"
    "\x0b\x0c\u202e    | Traceback"
)

pytestmark = pytest.mark.usefixtures("probe_tasks")


def log_of(client: FlaskClient, job_id: str) -> str:
    response = client.get(f"/jobs/{job_id}/logs")
    assert response.status_code == 200
    assert (response.content_type, response.headers["Cache-Control"]) == (
        "text/plain; charset=utf-8",
        "no-store",
    )
    return response.get_data(as_text=True)


def lines_of(text: str) -> list[tuple[str, str]]:
    """Return kinds and texts of the lines (`|` for tracebacks), and check that times increase."""
    found, times = [], []
    assert text.endswith("\n")
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        assert match or TRACE.fullmatch(line), line
        if match:
            times.append(match[1])
        found.append((match[2], match[3]) if match else ("|", line[6:]))
    assert times == sorted(times)
    return found


def kinds(text: str) -> list[str]:
    return [kind for kind, _ in lines_of(text) if kind != "|"]


def done(job_id: str) -> bool:
    record = fetch_job(job_id)
    return record is not None and record.done


def test_the_log_of_a_finished_job_lists_its_events(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = enqueue_background_job("workers.probe_tasks.write", "a.txt", "text").id
    assert lines_of(log_of(client, job_id)) == [("queued", "workers.probe_tasks.write")]
    run_jobs()
    queued, begun, first, second, finished, ended = lines_of(log_of(client, job_id))
    assert queued == ("queued", "workers.probe_tasks.write")
    assert begun[0] == "begun"
    assert re.fullmatch(r"attempt 1, worker [0-9a-f]{12}", begun[1])
    assert (first, second) == (("progress", "50 % half way"), ("progress", "100 % there"))
    assert finished[0] == "done"
    assert re.fullmatch(r"attempt 1 after \d\.\d{3} s", finished[1])
    assert ended == ("ended", "finished")
    assert client.get(f"/jobs/{job_id}").get_json()["links"]["logs"] == f"/jobs/{job_id}/logs"


def test_each_failed_attempt_is_in_the_log_with_its_traceback(
    client: FlaskClient, start_worker: StartWorker
) -> None:
    job_id = submit(
        STUMBLE, ("boom at", "here I am"), {}, JobOptions(retries=1, retry_pause=0.01)
    ).id
    start_worker()
    until(lambda: done(job_id), seconds=20, what="the end of the job")
    text = log_of(client, job_id)
    found = lines_of(text)
    attempt = ["begun", "log", "progress", "progress", "failed"]
    assert kinds(text) == ["queued", *attempt, *attempt, "ended"]
    assert [text for kind, text in found if kind == "log"] == ["here I am"] * 2
    assert [text for kind, text in found if kind == "progress"] == [
        "25 % drawing",
        "75 % writing",
    ] * 2
    errors = [text for kind, text in found if kind == "failed"]
    for number, error in enumerate(errors, 1):
        assert re.fullmatch(
            rf"attempt {number} after 0\.\d{{3}} s: ValueError: boom at \d+", error
        ), error
    traces = re.findall(r"    \| Traceback \(most recent call last\):\n(?:    \| .*\n)+", text)
    assert len(traces) == 2
    for trace, error in zip(traces, errors, strict=True):
        assert "log_tasks.py" in trace
        assert trace.splitlines()[-1] == "    | " + error.partition(" s: ")[2]
        assert text.index(error) < text.index(trace), "a traceback follows its attempt"
    assert found[-1][1].startswith("failed: ValueError: boom at ")


def test_tracebacks_are_in_the_log_only(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submit(BOOM, options=JobOptions(retries=0)).id
    run_jobs()
    assert "boom at /secret/place" in log_of(client, job_id)
    for address in (f"/jobs/{job_id}", "/jobs", "/jobs?status=failed", f"/jobs/{job_id}/result"):
        assert "Traceback" not in client.get(address).get_data(as_text=True)


def test_a_retried_job_keeps_its_earlier_tracebacks(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submit("workers.http_tasks.once_bad", ("marker",), {}, JobOptions(retries=0)).id
    run_jobs()
    client.post(f"/jobs/{job_id}/retry")
    run_jobs()
    text = log_of(client, job_id)
    assert kinds(text) == ["queued", "begun", "failed", "begun", "done", "ended"]
    assert text.count("Traceback") == 1
    assert "attempt 2 after" in text


def test_the_log_keeps_the_last_attempts_and_five_tracebacks(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = submit(BOOM, options=JobOptions(retries=0)).id
    run_jobs()
    for _ in range(11):
        client.post(f"/jobs/{job_id}/retry")
        run_jobs()
    text = log_of(client, job_id)
    numbers = [int(entry.split()[1]) for kind, entry in lines_of(text) if kind == "failed"]
    assert numbers == list(range(3, 13))
    assert text.count("    | Traceback") == 5
    assert text.rindex("    | Traceback") > text.index("attempt 12 after")


def test_a_long_traceback_is_truncated_in_the_middle(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = submit("workers.log_tasks.stumble_at_length", (100_000,), {}, JobOptions(retries=0)).id
    run_jobs()
    trace = "\n".join(text for kind, text in lines_of(log_of(client, job_id)) if kind == "|")
    assert len(trace) < MAX_TRACE_CHARS + 100
    assert "Traceback" in trace[:100]
    assert "characters omitted]" in trace


@pytest.mark.parametrize(
    "task", [STUMBLE, "workers.probe_tasks.refuse_for", "workers.probe_tasks.forge"]
)
def test_client_input_cannot_forge_log_lines(
    client: FlaskClient, run_jobs: RunJobs, task: str
) -> None:
    """Client input in log messages and errors stays within its line."""
    arguments = (HOSTILE, HOSTILE) if task == STUMBLE else (HOSTILE,)
    job_id = submit(task, arguments, {}, JobOptions(retries=0)).id
    run_jobs()
    text = log_of(client, job_id)
    assert [line for line in text.splitlines() if line.startswith("2026-01-01")] == []
    expected = [
        "queued",
        "begun",
        *(["log", "progress", "progress"] if task == STUMBLE else []),
        "failed",
        "ended",
    ]
    assert kinds(text) == expected
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]", text)


def test_text_in_any_script_is_logged_unchanged(client: FlaskClient, run_jobs: RunJobs) -> None:
    job_id = submit(STUMBLE, ("Größe", "größer 大きい 🌍"), {}, JobOptions(retries=0)).id
    run_jobs()
    assert ("log", "größer 大きい 🌍") in lines_of(log_of(client, job_id))


@pytest.mark.usefixtures("broker")
def test_a_job_that_a_stock_worker_ran_has_a_log_too(
    client: FlaskClient, settings: Settings
) -> None:
    failed, finished = (
        submit("workers.log_tasks.stumble_at_length", (3,), {}, JobOptions(retries=0)).id,
        enqueue_background_job(NOTHING).id,
    )
    connection = worker_client(settings)
    worker = SimpleWorker(["background"], connection=connection)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        worker.work(burst=True, logging_level="ERROR")
    finally:
        connection.close()
        for number, handler in before:
            signal.signal(number, handler)
    text = log_of(client, failed)
    assert kinds(text) == ["queued", "begun", "failed", "ended"]
    assert text.count("Traceback") == 1
    assert f"worker {worker.name}" in text
    assert "s: ValueError: xxx" in text
    assert kinds(log_of(client, finished)) == ["queued", "begun", "done", "ended"]


@pytest.mark.usefixtures("broker")
def test_the_log_of_a_canceled_job_has_its_cancellation(client: FlaskClient) -> None:
    job_id = enqueue_background_job(NOTHING).id
    assert cancel_job(job_id)
    assert lines_of(log_of(client, job_id))[-1] == ("ended", "canceled")


def test_the_log_of_a_stopped_job_has_its_stop(
    client: FlaskClient,
    start_worker: StartWorker,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The arguments of the job are paths.
    monkeypatch.setattr(client, "private", "")
    begun = settings.storage.output_dir.parent / "begun"
    job_id = enqueue_background_job("workers.probe_tasks.nap", 60, str(begun), str(begun)).id
    start_worker()
    until(begun.exists, what="a running job")
    assert kinds(log_of(client, job_id)) == ["queued", "begun"]
    assert client.post(f"/jobs/{job_id}/cancel").status_code == 200
    found = lines_of(log_of(client, job_id))
    assert [kind for kind, _ in found] == ["queued", "begun", "stopped", "ended"]
    assert found[-1] == ("ended", "stopped: the job was stopped on request")


@pytest.mark.usefixtures("broker")
def test_jobs_of_others_and_deleted_jobs_have_no_log(settings: Settings) -> None:
    """404 for jobs of others, 410 for deleted ones, as `GET /jobs/<job_id>`."""
    owners = {"ann": "key-of-ann", "bob": "key-of-bob"}
    api_keys = tuple(ApiKey(name, sha256(key.encode()).digest()) for name, key in owners.items())
    client = watchful_client(settings.with_values(api_keys=api_keys))
    with as_owner("ann"):
        job_id = enqueue_background_job(NOTHING).id

    def status(name: str, job: str, query: str = "") -> int:
        return client.get(
            f"/jobs/{job}/logs{query}", headers={"X-API-Key": owners.get(name, "")}
        ).status_code

    assert status("ann", job_id) == 200
    for query in ("", "?follow=1"):
        assert [status(name, job_id, query) for name in ("bob", "")] == [404, 401]
        assert [status("ann", other, query) for other in ("nope", "..%2f", "a:b")] == [404] * 3
    with as_owner("ann"):
        delete_job(job_id)
    assert [status("ann", job_id, query) for query in ("", "?follow=1")] == [410, 410]
    assert status("bob", job_id) == 404


def test_following_an_ended_job_returns_its_complete_log(
    client: FlaskClient, run_jobs: RunJobs
) -> None:
    job_id = submit(BOOM, options=JobOptions(retries=0)).id
    run_jobs()
    response = client.get(f"/jobs/{job_id}/logs?follow=1")
    assert response.get_data(as_text=True) == log_of(client, job_id)
    assert response.headers["X-Accel-Buffering"] == "no"
    head = client.head(f"/jobs/{job_id}/logs?follow=1")
    assert (head.status_code, head.content_type) == (200, "text/plain; charset=utf-8")
    assert client.get(f"/jobs/{job_id}/logs?follow=perhaps").status_code == 422


def test_without_a_broker_the_log_is_unavailable(client: FlaskClient) -> None:
    started = time.monotonic()
    response = client.get("/jobs/x/logs")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "2")
    assert time.monotonic() - started < 20
