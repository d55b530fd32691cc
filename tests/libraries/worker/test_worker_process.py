"""The worker process: log, start, stop, recovery."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from libraries.broker.connections import broker_url
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import enqueue_background_job, get_job_status, known_tasks
from libraries.settings import Settings
from libraries.storage import own_name
from tests.conftest import REPOSITORY, WorkerProcess, until
from tests.faults.fleet import horse_of
from tests.forked import run_python

pytestmark = pytest.mark.usefixtures("probe_tasks")
StartWorker = Callable[[], WorkerProcess]


def finished(job_id: str) -> bool:
    return bool(get_job_status(job_id)["status"] == "finished")


def test_without_a_broker_it_reports_the_error_and_exits_1(environ: dict[str, str]) -> None:
    ended = run_python("-m", "workers", environ=environ)
    assert ended.returncode == 1
    assert "cannot reach the broker at unix://" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_with_invalid_settings_it_lists_them_and_exits_2(environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "workers"]
    environ |= {"PORT": "zero", "WORKERS": "-1"}
    ended = subprocess.run(
        command,
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert re.findall(r"^  (\w+):", ended.stderr, re.MULTILINE) == ["PORT", "WORKERS"]
    assert "Traceback" not in ended.stderr


def test_it_logs_its_pid_queue_broker_and_tasks_at_the_start(
    start_worker: StartWorker, settings: Settings
) -> None:
    worker = start_worker()
    output = worker.output()
    assert (
        f"Worker started: pid {worker.process.pid}, queue background, broker {broker_url(settings)}"
        in output
    )
    for task in known_tasks():
        assert f"+ {task}" in output


def test_it_logs_the_beginning_and_the_end_of_each_job(start_worker: StartWorker) -> None:
    worker = start_worker()
    good, bad = (
        enqueue_background_job(f"workers.probe_tasks.{name}") for name in ("nothing", "boom")
    )
    until(lambda: get_job_status(bad.id)["status"] == "failed", what="the failed job")
    output = worker.output()
    assert f"Executing workers.probe_tasks.nothing: {good.id}" in output
    assert re.search(rf"workers\.probe_tasks\.nothing: {good.id} executed in \d+\.\d{{3}}s", output)
    assert re.search(
        rf"workers\.probe_tasks\.boom: {bad.id} failed after \d+\.\d{{3}}s: ValueError", output
    )
    assert "ValueError: boom" in output, "the traceback is in the log of the worker"


def test_an_expected_error_is_one_line_and_no_error_can_forge_a_line(
    start_worker: StartWorker,
) -> None:
    worker = start_worker()
    forged = "no\n2026-01-01 00:00:00 WARNING Worker started: forged"
    jobs = [
        enqueue_background_job(f"workers.probe_tasks.{name}", forged)
        for name in ("refuse_for", "forge")
    ]
    until(
        lambda: {get_job_status(job.id)["status"] for job in jobs} == {"failed"},
        what="two failed jobs",
    )
    lines = worker.output().splitlines()
    (foreseen,) = [line for line in lines if jobs[0].id in line and "failed after" in line]
    assert foreseen.endswith(
        r"InvalidInput: no\n2026-01-01 00:00:00 WARNING Worker started: forged"
    )
    traces = [line for line in lines if "raise " in line]
    assert traces, "the traceback of the other error is logged"
    assert all("raise InvalidInput" not in line for line in traces)
    assert not [line for line in lines if line.startswith("2026-01-01 00:00:00")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_lets_the_running_job_finish_and_exits_0(
    start_worker: StartWorker, home: Path, number: int
) -> None:
    worker = start_worker()
    begun, ended = home / "begun", home / "ended"
    job = enqueue_background_job("workers.probe_tasks.nap", 1.0, str(begun), str(ended))
    waiting = enqueue_background_job("workers.probe_tasks.nothing")
    until(begun.exists, what="the beginning of the job")
    assert worker.stop(number) == 0
    assert ended.exists()
    assert finished(job.id)
    assert get_job_status(waiting.id)["status"] == "queued"


def test_a_signal_to_the_whole_process_group_does_not_fail_the_job(
    start_worker: StartWorker, home: Path
) -> None:
    worker = start_worker()
    begun, ended = home / "begun", home / "ended"
    job = enqueue_background_job("workers.probe_tasks.nap", 1.0, str(begun), str(ended))
    until(begun.exists, what="the beginning of the job")
    children = (
        Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children").read_text().split()
    )
    for pid in [*map(int, children), worker.process.pid]:
        os.kill(pid, signal.SIGTERM)
    assert worker.process.wait(10) == 0
    assert finished(job.id)


def test_an_idle_worker_stops_at_once(start_worker: StartWorker) -> None:
    assert start_worker().stop(seconds=2.0) == 0


def test_repeated_stops_under_load_lose_no_job(
    start_worker: StartWorker,
) -> None:
    jobs = [enqueue_background_job("workers.probe_tasks.nothing") for _ in range(60)]
    while not all(finished(job.id) for job in jobs):
        worker = start_worker()
        until(
            lambda: worker.output().count("executed in") >= 8 or finished(jobs[-1].id),  # noqa: B023
            what="some jobs",
        )
        assert worker.stop() == 0
    assert sorted(get_job_status(job.id)["status"] for job in jobs) == ["finished"] * 60


def test_the_work_horse_dies_with_its_worker(start_worker: StartWorker, home: Path) -> None:
    worker = start_worker()
    begun, ended = home / "begun", home / "ended"
    enqueue_background_job("workers.probe_tasks.nap", 3.0, str(begun), str(ended))
    until(begun.exists, what="the beginning of the job")
    horse = horse_of(worker)
    worker.process.kill()
    worker.process.wait()
    until(lambda: not Path(f"/proc/{horse}").exists(), seconds=2, what="the end of the work-horse")
    assert not ended.exists()


def test_the_tasks_are_imported_before_the_fork(start_worker: StartWorker) -> None:
    worker = start_worker()
    job = enqueue_background_job("workers.probe_tasks.who")
    until(lambda: finished(job.id), what="the job")
    who = get_job_status(job.id)["result"]
    assert who["parent"] == worker.process.pid
    assert who["numpy"] is True


def test_a_job_over_its_timeout_fails_with_the_reason(
    start_worker: StartWorker, home: Path
) -> None:
    start_worker()
    job = enqueue_background_job(
        "workers.probe_tasks.nap", 30, str(home / "b"), str(home / "e"), job_timeout=1
    )
    until(lambda: get_job_status(job.id)["status"] == "failed", what="the timeout")
    assert (
        get_job_status(job.id)["error"] == "JobTimeout: the job ran longer than its timeout of 1 s"
    )


def test_a_task_that_catches_every_exception_ends_at_its_timeout(
    start_worker: StartWorker,
) -> None:
    start_worker()
    job = enqueue_background_job("workers.probe_tasks.swallow", 60, job_timeout=1)
    until(lambda: get_job_status(job.id)["status"] == "failed", seconds=4, what="the timeout")
    assert get_job_status(job.id)["error"].startswith("JobTimeout")


def test_a_job_that_cannot_be_interrupted_is_killed_five_seconds_after_its_timeout(
    start_worker: StartWorker,
) -> None:
    start_worker()
    job = enqueue_background_job("workers.probe_tasks.deaf", 60, job_timeout=1)
    until(lambda: get_job_status(job.id)["status"] == "failed", seconds=15, what="the hard kill")
    assert get_job_status(job.id)["error"] == (
        "JobTimeout: the job ran longer than its timeout of 1 s and was killed"
    )


def test_an_idle_worker_takes_jobs_again_after_an_outage_of_the_broker(
    start_worker: StartWorker, private_broker: EmbeddedBroker
) -> None:
    start_worker()
    assert private_broker.pid
    os.kill(private_broker.pid, signal.SIGKILL)
    until(lambda: not private_broker.alive(), what="the end of the broker")
    private_broker.start()
    job = enqueue_background_job("workers.probe_tasks.nothing")
    until(lambda: finished(job.id), what="the job")


def test_a_file_in_workers_is_a_task_without_registration(
    broker: EmbeddedBroker, environ: dict[str, str], home: Path
) -> None:
    """A copy of the product's folder with one more file and two broken ones."""
    folder = home / "workers"
    folder.mkdir()
    for path in (REPOSITORY / "workers").glob("*.py"):
        (folder / path.name).symlink_to(path)
    (folder / "broken_tasks.py").write_text("def greet(name:\n")
    (folder / "missing_tasks.py").write_text("import nonesuch\ndef lost():\n    pass\n")
    (folder / "greeting_tasks.py").write_text("def greet(name):\n    return f'Hello {name}'\n")
    queue = (
        "from libraries.job_manager import enqueue_background_job\n"
        "print(enqueue_background_job('workers.greeting_tasks.greet', name='Ada').id)"
    )
    queued = subprocess.run(
        [sys.executable, "-c", queue],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    worked = subprocess.run(
        [sys.executable, "-m", "workers", "--burst"],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "+ workers.greeting_tasks.greet" in worked.stdout
    assert get_job_status(queued.stdout.strip())["result"] == "Hello Ada"


def test_stock_rq_runs_our_tasks_and_shows_our_queue(
    broker: EmbeddedBroker, environ: dict[str, str], settings: Settings
) -> None:
    """With `rq worker background` and `rq info`."""
    job = enqueue_background_job(
        "workers.svg_tasks.generate_complex_svg",
        width=50,
        height=50,
        pattern_type="grid",
        output_filename="stock.svg",
    )
    url = broker_url(settings)
    rq = str(Path(sys.executable).parent / "rq")
    subprocess.run(
        [rq, "worker", "-u", url, "--burst", "background"],
        env=environ, cwd=REPOSITORY, check=True, timeout=60, capture_output=True,
    )  # fmt: skip
    status = get_job_status(job.id)
    assert status["status"] == "finished"
    drawing = Path(status["result"]).read_text()
    assert drawing.startswith("<svg")
    assert status["result"].endswith(own_name("stock.svg", job.id))
    assert (settings.storage.output_dir / "stock.svg").read_text() == drawing
    info = subprocess.run(
        [rq, "info", "-u", url, "--raw"],
        env=environ,
        cwd=REPOSITORY,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert re.findall(r"^queue (\S+)", info.stdout, re.MULTILINE) == ["background"]
