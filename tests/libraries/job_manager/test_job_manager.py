"""Submission, status and cancellation of jobs, with a real broker and worker."""

from __future__ import annotations

import inspect
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus

from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager import (
    JobOptions,
    UnknownTask,
    as_owner,
    cancel_job,
    enqueue_background_job,
    fetch_job,
    get_job_status,
    known_tasks,
    submit,
)
from libraries.job_manager.control import queue_health
from libraries.job_manager.logs import read_log
from libraries.job_manager.records import error_of_trace
from libraries.job_manager.representation import job_body
from libraries.job_manager.states import STATES
from libraries.settings import Settings, get_settings
from libraries.storage import output_folder
from tests.conftest import Stopwatch
from tests.errors import raises_code

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
SEED_KEYS = ["id", "status", "result", "error", "created_at", "started_at", "ended_at"]


def broker_client() -> Redis:
    return web_client(get_settings())


def test_a_queued_task_runs_and_its_result_is_found_by_id(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.echo", 1, "two", three=[3])
    assert get_job_status(job.id)["status"] == "queued"
    run_jobs()
    status = get_job_status(job.id)
    assert status["status"] == "finished"
    assert status["result"] == {"args": [1, "two"], "kwargs": {"three": [3]}}
    assert status["error"] is None


def test_the_status_has_the_seven_keys_with_datetimes_in_utc(run_jobs: Callable[[], None]) -> None:
    before = datetime.now(UTC)
    job = enqueue_background_job("workers.probe_tasks.nothing")
    queued = get_job_status(job.id)
    assert list(queued) == SEED_KEYS
    assert queued["started_at"] is None
    assert queued["ended_at"] is None
    run_jobs()
    status = get_job_status(job.id)
    times = [status["created_at"], status["started_at"], status["ended_at"]]
    assert all(
        isinstance(moment, datetime) and moment.utcoffset() == timedelta(0) for moment in times
    )
    assert before <= times[0] <= times[1] <= times[2] <= datetime.now(UTC)


def test_a_status_is_a_plain_text(run_jobs: Callable[[], None]) -> None:
    """An enum member would print as JobStatus.QUEUED."""
    job = enqueue_background_job("workers.probe_tasks.nothing")
    assert type(get_job_status(job.id)["status"]) is str
    assert f"{get_job_status(job.id)['status']}" == "queued"


def test_a_failed_task_gives_its_error_as_text(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.boom")
    run_jobs()
    status = get_job_status(job.id)
    assert status["status"] == "failed"
    assert status["result"] is None
    assert status["error"] == "ValueError: boom at /secret/place"


def test_the_text_of_an_unexpected_error_is_for_the_owner_and_not_for_guests(
    run_jobs: Callable[[], None],
) -> None:
    job = enqueue_background_job("workers.probe_tasks.boom")
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert record.error_code == "internal-error"
    assert record.public_error == "ValueError: boom at /secret/place"
    assert record.attempts[-1]["error"] == record.public_error
    with as_owner("anonymous", guest=True):
        shown = job_body(record)
        log = "".join(entry.text + entry.trace for entry in read_log(job.id) or [])
    assert shown["error"] == "internal error; the owner of the job sees more"
    assert shown["attempts"][-1]["error"] == "internal error"
    assert "secret" not in str(shown) + log


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("line 1\nline 2\x1b[31m", "ValueError: line 1"),
        ("\n\x1b[31mred\u202e\x00\ud800", r"ValueError: \x1b[31mred\u202e\x00\ud800"),
        ("", "ValueError"),
        ("x" * 10**6, f"ValueError: {'x' * 4096}"),
    ],
)
def test_the_error_of_a_task_is_one_printable_line(
    run_jobs: Callable[[], None], text: str, error: str
) -> None:
    job = enqueue_background_job("workers.form_tasks.fail_with", ascii(text))
    run_jobs()
    assert get_job_status(job.id)["error"] == error


@pytest.mark.parametrize(
    ("trace", "error"),
    [
        ('Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x()\nKeyError: 1\nmore', "KeyError: 1"),
        ("Work-horse terminated unexpectedly; waitpid returned 9", "Work-horse terminated unexpectedly; waitpid returned 9"),
        ("rq.timeouts.JobTimeoutException: too long", "JobTimeoutException: too long"),
        ("", "no details recorded"),
    ],
)  # fmt: skip
def test_the_error_is_found_in_a_traceback_that_a_stock_worker_stored(
    trace: str, error: str
) -> None:
    assert error_of_trace(trace) == error


def test_an_error_meant_for_users_keeps_its_code_and_text(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.refuse")
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.error_code, record.public_error) == ("bad-file-name", "invalid name")
    assert record.error == "InvalidInput: invalid name"


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("5m", 300),
        ("2m", 120),
        ("15m", 900),
        ("20m", 1200),
        (90, 90),
        ("1h", 3600),
        (timedelta(minutes=2), 120),
        (timedelta(milliseconds=1500), 2),
    ],
)
def test_the_job_timeout_is_the_queues_and_never_reaches_the_task(
    run_jobs: Callable[[], None], timeout: str | int | timedelta, seconds: int
) -> None:
    job = enqueue_background_job("workers.probe_tasks.echo", job_timeout=timeout)
    assert job.timeout == seconds
    run_jobs()
    assert get_job_status(job.id)["result"] == {"args": [], "kwargs": {}}


def test_the_default_timeout_is_five_minutes() -> None:
    assert enqueue_background_job("workers.probe_tasks.echo").timeout == 300


@pytest.mark.parametrize("timeout", ["0", 0, -1, "-1", "2d", "soon", 10**9, True, ""])
def test_a_timeout_that_is_not_a_duration_up_to_a_day_is_refused(timeout: Any) -> None:
    with raises_code("bad-timeout"):
        enqueue_background_job("workers.probe_tasks.echo", job_timeout=timeout)


def test_keyword_arguments_that_rq_would_swallow_reach_the_task(
    run_jobs: Callable[[], None],
) -> None:
    options = set(inspect.signature(Queue.enqueue_call).parameters) - {"self"}
    names = sorted(
        options
        | {
            "job_timeout_",
            "result_ttl",
            "description",
            "meta",
            "job_id",
            "timeout",
            "on_success",
            "at_front",
        }
    )
    sent = {name: f"value of {name}" for name in names}
    job = enqueue_background_job("workers.probe_tasks.echo", **sent)
    run_jobs()
    assert get_job_status(job.id)["result"] == {"args": [], "kwargs": sent}
    assert job.id != sent["job_id"]


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "subprocess.check_output", "builtins.eval", "workers.probe_tasks.os.system", "workers..probe_tasks.echo",
        "workers.probe_tasks._hidden", "workers.probe_tasks.Path", "workers.probe_tasks", "workers.probe_tasks.echo ",
        "workers\u2024probe_tasks.echo", "", "workers.probe_tasks.nonesuch", "workers.__main__.main", None,
        7, ["workers.probe_tasks.echo"],
    ],
)  # fmt: skip
def test_an_unknown_task_is_rejected_with_the_list_of_tasks(name: Any) -> None:
    with pytest.raises(UnknownTask, match=r"^unknown task ['\"].*['\"]: ") as refusal:
        enqueue_background_job(name)
    assert refusal.value.choices == known_tasks()
    assert broker_client().keys("rq:job:*") == []


def test_a_misspelled_task_gets_a_hint() -> None:
    with pytest.raises(UnknownTask) as refusal:
        enqueue_background_job("workers.probe_tasks.eccho")
    assert refusal.value.hint == "did you mean 'workers.probe_tasks.echo'?"


def test_a_job_put_straight_into_the_broker_with_an_unknown_function_is_not_run(
    run_jobs: Callable[[], None], tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    queue = Queue("background", connection=broker_client())
    job = queue.enqueue_call("os.mkdir", args=(str(canary),))
    run_jobs()
    assert not canary.exists()
    assert get_job_status(job.id)["status"] == "failed"
    assert "UnknownTask" in get_job_status(job.id)["error"]


def test_callbacks_found_in_the_broker_are_not_called(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.echo")
    broker_client().hset(
        Job.key_for(job.id),
        mapping={"success_callback_name": "builtins.exit", "failure_callback_name": "os.abort"},
    )
    run_jobs()
    assert get_job_status(job.id)["status"] == "finished"


@pytest.mark.parametrize(
    ("args", "kwargs", "field"),
    [
        ((), {"name": "a", "text": "b", "on_success": "os.system"}, "kwargs.on_success"),
        ((), {"name": "a"}, "kwargs.text"),
        (("a",), {"name": "a", "text": "b"}, "kwargs.name"),
        (("a", "b", "c"), {}, "args"),
    ],
)
def test_arguments_that_the_task_does_not_take_are_refused_before_anything_is_queued(
    args: tuple[Any, ...], kwargs: dict[str, Any], field: str
) -> None:
    with raises_code("bad-arguments") as refusal:
        enqueue_background_job("workers.probe_tasks.write", *args, **kwargs)
    assert refusal.value.field == field
    assert broker_client().llen("rq:queue:background") == 0


def test_arguments_that_are_not_json_values_are_rejected() -> None:
    with raises_code("bad-arguments"):
        enqueue_background_job("workers.probe_tasks.echo", {1, 2})
    assert broker_client().llen("rq:queue:background") == 0


@pytest.mark.parametrize("task", ["hand_out_a_set", "hand_out_nan"])
def test_a_result_that_is_not_json_fails_the_job(run_jobs: Callable[[], None], task: str) -> None:
    job = enqueue_background_job(f"workers.probe_tasks.{task}")
    run_jobs()
    assert get_job_status(job.id)["status"] == "failed"
    assert "which is not JSON serializable" in get_job_status(job.id)["error"]


def test_a_result_over_64_kb_fails_the_job_and_one_just_below_does_not(
    run_jobs: Callable[[], None],
) -> None:
    fits = enqueue_background_job("workers.probe_tasks.hand_out", 63_998)
    over = enqueue_background_job("workers.probe_tasks.hand_out", 63_999)
    run_jobs()
    assert get_job_status(fits.id)["status"] == "finished"
    assert get_job_status(over.id)["status"] == "failed"
    assert "write a file instead" in get_job_status(over.id)["error"]


def test_job_ids_are_random_and_cannot_be_chosen() -> None:
    ids = {
        enqueue_background_job("workers.probe_tasks.echo", job_id="victim").id for _ in range(50)
    }
    assert len(ids) == 50
    assert "victim" not in ids


@pytest.mark.parametrize("job_id", ["nonesuch", "", "../x", "a" * 129, "a:b", "é", "a\nb", None, 7])
def test_an_unknown_or_odd_id_is_not_found_rather_than_an_error(job_id: Any) -> None:
    status = get_job_status(job_id)
    assert list(status) == SEED_KEYS
    assert status["status"] == "not_found"
    assert "job not found" in status["error"]
    assert fetch_job(job_id) is None
    assert cancel_job(job_id) is False


def test_a_canceled_job_is_off_the_queue_and_never_runs(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "canceled.txt", "x")
    assert cancel_job(job.id) is True
    assert cancel_job(job.id) is True
    run_jobs()
    assert get_job_status(job.id)["status"] == "canceled"
    assert not (get_settings().storage.output_dir / "canceled.txt").exists()
    assert 0 < broker_client().ttl(Job.key_for(job.id)) <= get_settings().jobs.failure_ttl + 120


def test_a_finished_job_cannot_be_canceled(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.nothing")
    run_jobs()
    assert cancel_job(job.id) is False
    assert get_job_status(job.id)["status"] == "finished"


def test_every_record_expires(run_jobs: Callable[[], None], settings: Settings) -> None:
    """RQ keeps the results of failed jobs without a limit unless both lifetimes are set."""
    good = enqueue_background_job("workers.probe_tasks.nothing")
    bad = enqueue_background_job("workers.probe_tasks.boom")
    run_jobs()
    client = broker_client()
    for job, lifetime in ((good, settings.jobs.result_ttl), (bad, settings.jobs.failure_ttl)):
        for key in (f"rq:job:{job.id}", f"rq:results:{job.id}"):
            assert lifetime - 60 < client.ttl(key) <= lifetime + 120
        record = fetch_job(job.id)
        assert record is not None
        assert record.ended_at is not None
        assert record.expires_at == record.ended_at + timedelta(seconds=lifetime)


def test_the_position_counts_from_the_front_of_the_queue(run_jobs: Callable[[], None]) -> None:
    first, second = (enqueue_background_job("workers.probe_tasks.nothing") for _ in range(2))
    urgent = submit("workers.probe_tasks.nothing", options=JobOptions(high_priority=True))
    positions = [getattr(fetch_job(job.id), "position", None) for job in (urgent, first, second)]
    assert positions == [0, 1, 2]
    run_jobs()
    assert getattr(fetch_job(first.id), "position", 0) is None


def test_a_file_that_a_task_attached_is_listed_with_the_job(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "notes/a.txt", "hello")
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    name = f"jobs/{job.id}/notes/a.txt"
    assert record.result == str(get_settings().storage.output_dir / name)
    (artifact,) = record.artifacts
    assert (artifact["name"], artifact["size"], artifact["media_type"]) == (
        name,
        5,
        "text/plain; charset=utf-8",
    )
    with output_folder().open_checked("notes/a.txt") as file:
        assert file.read() == b"hello"


def test_progress_that_a_task_reports_is_seen(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "b.txt", "x")
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert record.progress == {"step": 2, "total": 2, "percent": 100, "message": "there"}


def test_every_state_of_rq_is_mapped() -> None:
    """An upgrade of RQ with a new state must fail this test."""
    assert set(STATES) == {state.value for state in JobStatus}


def test_one_read_is_one_round_trip(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job("workers.probe_tasks.nothing")
    run_jobs()
    client = broker_client()

    def reads() -> int:
        return int(client.info("stats")["total_reads_processed"])

    fetch_job(job.id)
    before = reads()
    alone = reads() - before
    fetch_job(job.id)
    assert reads() - before - 2 * alone == 1


def test_a_submission_fails_in_under_a_second_without_a_broker(
    private_broker: EmbeddedBroker,
) -> None:
    job = enqueue_background_job("workers.probe_tasks.nothing")
    private_broker.stop()
    for call in (
        lambda: enqueue_background_job("workers.probe_tasks.nothing"),
        lambda: fetch_job(job.id),
    ):
        started = Stopwatch()
        with pytest.raises(QueueUnavailable):
            call()
        assert started.seconds() < 1.0
    assert queue_health() == {"broker": False, "workers": 0, "silent_workers": 0}


def test_a_job_survives_a_kill_and_restart_of_the_broker(
    private_broker: EmbeddedBroker, run_jobs: Callable[[], None]
) -> None:
    job = enqueue_background_job("workers.probe_tasks.nothing")
    assert private_broker.pid is not None
    subprocess.run(["kill", "-9", str(private_broker.pid)], check=True)
    while private_broker.alive():
        time.sleep(0.01)
    private_broker.start()
    run_jobs()
    assert get_job_status(job.id)["status"] == "finished"


def test_only_the_background_queue_is_used(run_jobs: Callable[[], None]) -> None:
    for task in ("workers.probe_tasks.nothing", "workers.probe_tasks.echo"):
        enqueue_background_job(task)
    run_jobs()
    assert Queue.all(connection=broker_client()) == [
        Queue("background", connection=broker_client())
    ]
