"""Immediate mode: a job runs in the process that queues it, without other processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from libraries.broker import keys
from libraries.broker.connections import broker_url, web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.in_memory import close_in_memory
from libraries.job_manager import (
    JobOptions,
    enqueue_background_job,
    fetch_batch,
    fetch_job,
    get_job_status,
    repeatable_ids,
    retry_job,
    submit,
    submit_batch,
    transitions,
)
from libraries.job_manager.backends import ImmediateBackend
from libraries.job_manager.control import capacity, pause_queue, resume_queue
from libraries.settings import Settings, use_settings
from libraries.worker import inline
from tests.conftest import PROBES, REPOSITORY, until
from tests.forked import run_python

pytestmark = pytest.mark.usefixtures("probe_tasks")
NOTHING, BOOM, ECHO, NAP = (
    f"workers.probe_tasks.{name}" for name in ("nothing", "boom", "echo", "nap")
)


@pytest.fixture
def immediate(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings with immediate mode; no broker runs unless the test starts one."""
    changed = settings.with_values(immediate=True)
    use_settings(changed)
    yield changed
    close_in_memory(changed.broker.data_dir)


def status(job_id: str) -> str:
    return str(get_job_status(job_id)["status"])


@pytest.mark.usefixtures("immediate")
def test_a_job_is_finished_when_the_call_that_queues_it_returns() -> None:
    job = enqueue_background_job(ECHO, 1, two=2)
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.result) == ("finished", {"args": [1], "kwargs": {"two": 2}})
    assert record.started_at is not None
    assert capacity()["queue_depth"] == capacity()["active_jobs"] == 0


@pytest.mark.usefixtures("immediate")
def test_a_failed_job_has_the_same_error_as_with_a_worker_and_is_not_retried() -> None:
    job = submit(BOOM, options=JobOptions(retries=3, retry_pause=0.01))
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.error, record.error_code) == (
        "failed",
        "ValueError: boom at /secret/place",
        "internal-error",
    )
    assert (record.attempt, record.retries_left) == (1, 0)


@pytest.mark.usefixtures("immediate")
def test_a_retry_on_request_runs_at_once() -> None:
    job = enqueue_background_job(BOOM)
    assert retry_job(job.id).status == "failed"
    record = fetch_job(job.id)
    assert record is not None
    assert len(record.attempts) == 2


def test_progress_and_artifacts_are_on_the_record(immediate: Settings) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "note.txt", "hello")
    record = fetch_job(job.id)
    assert record is not None
    assert record.progress is not None
    assert (record.progress["percent"], record.progress["message"]) == (100, "there")
    assert [one["name"] for one in record.artifacts] == [f"jobs/{job.id}/note.txt"]
    assert (immediate.storage.output_dir / "note.txt").read_text() == "hello"


def test_the_timeout_and_the_lifetime_of_the_settings_apply(
    immediate: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = immediate.with_values(job_timeout=300, result_ttl=3600)
    use_settings(changed)
    job = fetch_job(enqueue_background_job(NOTHING).id)
    assert job is not None
    assert job.expires_at is not None
    assert job.ended_at is not None
    assert job.timeout == 300
    assert (job.expires_at - job.ended_at).total_seconds() == 3600


@pytest.mark.usefixtures("immediate")
def test_a_delayed_job_stays_scheduled() -> None:
    job = submit(NOTHING, options=JobOptions(run_at=time.time() + 3600))
    enqueue_background_job(NOTHING)
    assert status(job.id) == "scheduled"


@pytest.mark.usefixtures("immediate")
def test_dependent_jobs_run_after_their_dependencies() -> None:
    pause_queue()
    first = submit(NOTHING)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    both = submit(ECHO, options=JobOptions(depends_on=(first.id, second.id)))
    assert [status(job.id) for job in (first, second, both)] == ["queued", "deferred", "deferred"]
    resume_queue()
    assert [status(job.id) for job in (first, second, both)] == ["finished"] * 3
    late = submit(NOTHING, options=JobOptions(depends_on=(both.id,)))
    assert status(late.id) == "finished"


@pytest.mark.usefixtures("immediate")
def test_all_jobs_that_depend_on_a_failed_one_fail() -> None:
    pause_queue()
    first = submit(BOOM)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    third = submit(NOTHING, options=JobOptions(depends_on=(second.id,)))
    resume_queue()
    assert [status(job.id) for job in (first, second, third)] == ["failed"] * 3
    late = submit(NOTHING, options=JobOptions(depends_on=(third.id,)))
    assert status(late.id) == "failed"


@pytest.mark.usefixtures("immediate")
def test_a_batch_is_done_when_it_is_submitted() -> None:
    batch = fetch_batch(submit_batch(ECHO, [{"number": number} for number in range(30)]).id)
    assert batch.counts == {"finished": 30}
    assert [job.result["kwargs"]["number"] for job in batch.jobs if job] == list(range(30))


@pytest.mark.usefixtures("immediate")
def test_a_job_queued_from_a_job_runs_before_the_call_returns() -> None:
    outer = fetch_job(enqueue_background_job("workers.probe_tasks.queue_another").id)
    assert outer is not None
    assert outer.status == "finished"
    assert status(outer.result) == "finished"


@pytest.mark.usefixtures("immediate")
def test_a_job_can_wait_for_a_job_that_it_queued() -> None:
    job = fetch_job(enqueue_background_job("workers.sugar_tasks.wait_for_another", 4).id)
    assert job is not None
    assert job.result == 5


@pytest.mark.usefixtures("immediate")
def test_jobs_that_queue_jobs_end() -> None:
    job_id, finished = enqueue_background_job("workers.sugar_tasks.count_down", 100).id, 0
    while (job := fetch_job(job_id)) is not None and job.status == "finished":
        job_id, finished = job.result[0], finished + 1
    assert finished == inline.MAX_DEPTH
    assert status(job_id) == "queued"


@pytest.mark.usefixtures("immediate")
def test_one_call_runs_a_limited_number_of_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImmediateBackend, "MAX_JOBS", 7)
    assert fetch_batch(submit_batch(NOTHING, [{}] * 10).id).counts == {"finished": 7, "queued": 3}


@pytest.mark.usefixtures("immediate")
def test_jobs_of_concurrent_threads_are_finished_when_the_calls_return() -> None:
    wrong: list[str] = []

    def queue_some(number: int) -> None:
        for turn in range(5):
            job = fetch_job(enqueue_background_job(ECHO, number, turn).id)
            if job is None or job.status != "finished" or job.result["args"] != [number, turn]:
                wrong.append(str(job))

    threads = [threading.Thread(target=queue_some, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.usefixtures("immediate")
def test_a_job_waits_while_the_queue_is_paused() -> None:
    pause_queue()
    job = enqueue_background_job(NOTHING)
    assert status(job.id) == "queued"
    resume_queue()
    assert status(job.id) == "finished"


@pytest.mark.usefixtures("immediate")
def test_a_repeated_request_does_not_run_its_job_again(home: Path) -> None:
    for _ in range(2):
        with repeatable_ids("one request"):
            job = enqueue_background_job(
                "workers.fault_tasks.leave_a_trail", str(home / "trail"), "key", 0
            )
    assert status(job.id) == "finished"
    assert [line.split()[0] for line in (home / "trail").read_text().splitlines()] == [
        "begin",
        "end",
    ]


@pytest.mark.usefixtures("immediate")
def test_a_timeout_in_the_main_thread_restores_the_alarm_of_the_program(
    home: Path,
) -> None:
    rung = signal.getsignal(signal.SIGALRM)
    left, _ = signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        job = enqueue_background_job(
            NAP, 30, str(home / "begun"), str(home / "ended"), job_timeout=1
        )
        assert (
            get_job_status(job.id)["error"]
            == "JobTimeout: the job ran longer than its timeout of 1 s"
        )
        assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] < 60
        assert signal.getsignal(signal.SIGALRM) is rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)


@pytest.mark.usefixtures("immediate")
def test_outside_the_main_thread_a_job_runs_to_its_end(home: Path) -> None:
    jobs: list[str] = []
    arguments = (1.1, str(home / "begun"), str(home / "ended"))
    thread = threading.Thread(
        target=lambda: jobs.append(enqueue_background_job(NAP, *arguments, job_timeout=1).id)
    )
    thread.start()
    thread.join()
    assert status(jobs[0]) == "finished"


@pytest.mark.usefixtures("immediate")
def test_a_keyboard_interrupt_fails_the_job_and_reaches_the_program() -> None:
    with repeatable_ids("interrupted"), pytest.raises(KeyboardInterrupt):
        enqueue_background_job("workers.sugar_tasks.interrupt")
    with repeatable_ids("interrupted"):
        assert status(enqueue_background_job("workers.sugar_tasks.interrupt").id) == "failed"


def test_a_running_broker_is_used(immediate: Settings, private_broker: EmbeddedBroker) -> None:
    assert private_broker.pid
    job = enqueue_background_job(NOTHING)
    elsewhere = web_client(immediate.with_values(immediate=False))
    assert elsewhere.hget(keys.job_key(job.id), "status") == b"finished"


@pytest.mark.usefixtures("broker")
def test_a_long_job_sends_heartbeats_for_the_reapers_of_others(
    immediate: Settings, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(inline, "FIRST_HEARTBEAT_S", 0.05)
    client = web_client(immediate)
    thread = threading.Thread(
        target=enqueue_background_job, args=(NAP, 1.0, str(home / "begun"), str(home / "ended"))
    )
    thread.start()

    def beaten() -> bool:
        return any(
            missed_at > time.time() + transitions.LEASE_S + 2
            for _, missed_at in client.zscan_iter(keys.STARTED_KEY)
        )

    try:
        until(beaten, seconds=1, what="a heartbeat")
    finally:
        thread.join()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_broker_of_a_process_ends_with_it_and_leaves_no_files(
    environ: dict[str, str], ending: int | None
) -> None:
    code = (
        "import sys, workers; workers.__path__.append(sys.argv[1])\n"
        "from libraries.job_manager import enqueue_background_job, get_job_status\n"
        "from libraries.broker.connections import broker_url\n"
        "from libraries.settings import get_settings\n"
        f"print(get_job_status(enqueue_background_job('{NOTHING}').id)['status'])\n"
        "print(broker_url(get_settings()), flush=True)\n"
        "sys.stdin.read()\n"
    )
    environ |= {"IMMEDIATE": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(PROBES)], env=environ, cwd=REPOSITORY, text=True, **pipes
    ) as process:  # type: ignore[call-overload]
        assert process.stdout.readline().strip() == "finished"
        folder = Path(process.stdout.readline().strip().removeprefix("unix://")).parent
        (server,) = [int(pid) for pid in running_in(folder)]
        assert sorted(path.name for path in folder.iterdir()) == ["broker.sock"], (
            "it stores nothing on disk"
        )
        assert folder.stat().st_mode & 0o777 == 0o700
        if ending is None:
            process.stdin.close()
        else:
            process.send_signal(ending)
        process.wait(10)
    until(
        lambda: not folder.exists() and not Path(f"/proc/{server}").exists(),
        what="the end of the broker",
    )
    assert not (Path(environ["DATA_DIR"]) / "broker").exists()


def running_in(folder: Path) -> list[str]:
    """Return the ids of the processes with a folder in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            here = (entry / "cwd").readlink() == folder or str(folder).encode() in (
                entry / "cmdline"
            ).read_bytes()
            server = (entry / "comm").read_text().startswith("valkey")
        except OSError:
            continue
        if here and server:
            found.append(entry.name)
    return found


def test_two_processes_have_two_brokers(immediate: Settings, environ: dict[str, str]) -> None:
    code = (
        "from libraries.broker.connections import broker_url\n"
        "from libraries.settings import get_settings\n"
        "print(broker_url(get_settings()))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env=environ | {"IMMEDIATE": "1"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() != broker_url(immediate)


@pytest.mark.parametrize("options", [[], ["--single"], ["--burst"]])
def test_a_worker_refuses_to_start(environ: dict[str, str], options: list[str]) -> None:
    ended = run_python("-m", "workers", *options, environ=environ | {"IMMEDIATE": "1"})
    assert ended.returncode == 1
    assert re.search(r"Consumer cannot be run with .* where immediate is enabled", ended.stderr)
    assert "Traceback" not in ended.stderr
    assert os.listdir(Path(environ["DATA_DIR"]).parent) == []  # noqa: PTH208 - it may not exist
