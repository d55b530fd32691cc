"""Workers that meet a task that they do not know, or whose module they cannot import."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import workers
from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.job_manager import JobOptions, JobRecord, enqueue_background_job, fetch_job, submit
from libraries.job_manager.control import cancel_job, retry_job
from libraries.job_manager.logs import read_log
from libraries.settings import Settings, use_settings
from libraries.worker.horse import Horse
from libraries.worker.reaper import Reaper
from libraries.worker.worker import VectorWorker

pytestmark = pytest.mark.usefixtures("broker")
GREET = "def greet(name):\n    return f'Hello {name}'\n"
TASK = "workers.letters.greet"
OTHER = "workers.example_tasks.example_long_task"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A further folder of the package `workers`, whose modules are forgotten after the test."""
    workers.__path__.append(str(tmp_path))
    yield tmp_path
    workers.__path__.remove(str(tmp_path))
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"workers.{path.stem}", None)


@pytest.fixture
def client(settings: Settings, folder: Path) -> Redis:
    return web_client(settings)


StartedWorker = Callable[[], "Worker"]


class Worker:
    """A worker in this process, started before it runs."""

    def __init__(self, settings: Settings) -> None:
        self._worker = VectorWorker(settings)

    def run(self) -> None:
        """Run the jobs in the queue."""
        before = [(one, signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM)]
        try:
            self._worker.work(burst=True)
        finally:
            self._worker.connection.close()
            for number, handler in before:
                signal.signal(number, handler)


@pytest.fixture
def start(settings: Settings) -> StartedWorker:
    """Return a function that starts a worker, which then knows the present tasks."""
    return lambda: Worker(settings)


def record_of(job_id: str) -> JobRecord:
    record = fetch_job(job_id)
    assert record is not None
    return record


def queue_due_jobs(client: Redis, settings: Settings) -> None:
    """Queue the jobs that wait for a newer worker, without waiting for their time."""
    for job_id in cast("list[bytes]", client.zrange(keys.SCHEDULED_KEY, 0, -1)):
        client.zadd(keys.SCHEDULED_KEY, {job_id.decode(): 1})
    Reaper(settings).tick()


def log_of(job_id: str) -> str:
    return "\n".join(entry.text for entry in read_log(job_id) or [])


def test_a_running_worker_loads_a_task_that_was_added(start: StartedWorker, folder: Path) -> None:
    worker = start()
    (folder / "letters.py").write_text(GREET)
    jobs = [enqueue_background_job(TASK, name) for name in ("Ann", "Bob")]
    worker.run()
    assert [record_of(job.id).result for job in jobs] == ["Hello Ann", "Hello Bob"]
    assert TASK.rpartition(".")[0] not in sys.modules, "only work-horses load it"


def test_a_running_worker_loads_a_task_that_was_added_to_a_module(
    start: StartedWorker, folder: Path
) -> None:
    (folder / "letters.py").write_text(GREET)
    worker = start()
    part = "def part(name):\n    return greet(name)[::-1]\n"
    (folder / "letters.py").write_text(f"{GREET}\n\n{part}")
    jobs = [enqueue_background_job(f"workers.letters.{one}", "Ann") for one in ("part", "greet")]
    worker.run()
    assert [record_of(job.id).result for job in jobs] == ["nnA olleH", "Hello Ann"]


def test_a_worker_that_is_older_than_a_task_leaves_its_jobs_to_a_newer_one(
    start: StartedWorker, folder: Path, client: Redis, settings: Settings
) -> None:
    """A rolling deploy."""
    older = start()
    (folder / "letters.py").write_text(GREET)
    jobs = [enqueue_background_job(TASK, name).id for name in ("Ann", "Bob")]
    (folder / "letters.py").rename(folder / "later")
    for _ in range(2):
        older.run()
        for job_id in jobs:
            record = record_of(job_id)
            assert (record.status, record.attempts, record.started_at) == ("scheduled", [], None)
            now = int(client.time()[0])
            assert -1 <= (client.zscore(keys.SCHEDULED_KEY, job_id) or 0) - now <= 31
        queue_due_jobs(client, settings)
        older = start()
    (folder / "later").rename(folder / "letters.py")
    start().run()
    assert [record_of(job_id).result for job_id in jobs] == ["Hello Ann", "Hello Bob"]
    assert log_of(jobs[0]).count("so the job waits for another") == 1
    assert not client.hexists(keys.job_key(jobs[0]), "unknown_since")


def test_a_job_whose_code_is_gone_fails_after_a_time_and_the_others_run(
    start: StartedWorker,
    folder: Path,
    client: Redis,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "letters.py").write_text(f"{GREET}\n\ndef stay():\n    return 1\n")
    gone, stays = (
        enqueue_background_job(TASK, "Ann").id,
        enqueue_background_job("workers.letters.stay").id,
    )
    (folder / "letters.py").write_text("def stay():\n    return 1\n")
    start().run()
    assert record_of(gone).status == "scheduled"
    assert record_of(stays).result == 1
    monkeypatch.setattr(Horse, "MAX_UNKNOWN_S", 60.0)
    client.hset(keys.job_key(gone), "unknown_since", str(int(client.time()[0]) - 61))
    queue_due_jobs(client, settings)
    start().run()
    record = record_of(gone)
    assert (record.status, record.error_code) == ("failed", "unknown-task")
    assert record.public_error == (
        f"unknown task '{TASK}': workers/letters.py has no function greet; no worker had this task for 1 minutes"
    )
    assert len(record.attempts) == 1, "it is not retried"
    assert retry_job(gone).status == "queued"
    start().run()
    assert record_of(gone).status == "scheduled", "a retry waits again"
    assert cancel_job(gone)


BROKEN: list[tuple[str, str]] = [
    ("import nonesuch\n", "ModuleNotFoundError: No module named 'nonesuch'"),
    ("raise ValueError('secret')\n", "ValueError at its import"),
    ("import sys\nsys.exit(3)\n", "SystemExit at its import"),
]


@pytest.mark.parametrize(("line", "reason"), BROKEN)
def test_a_job_of_a_module_that_cannot_be_imported_fails_with_the_reason(
    start: StartedWorker, folder: Path, line: str, reason: str
) -> None:
    (folder / "letters.py").write_text(f"{line}{GREET}")
    job, other = enqueue_background_job(TASK, "Ann").id, enqueue_background_job(OTHER, 0).id
    start().run()
    record = record_of(job)
    assert (record.status, record.error_code) == ("failed", "task-not-loaded")
    assert record.public_error is not None
    assert record.public_error.startswith(f"{TASK} cannot be run: ")
    assert record.public_error.endswith(reason)
    assert "secret" not in record.public_error
    assert record_of(other).status == "finished"


def test_a_function_that_its_module_deletes_is_not_run(start: StartedWorker, folder: Path) -> None:
    (folder / "letters.py").write_text(f"{GREET}del greet\n")
    job = enqueue_background_job(TASK, "Ann").id
    start().run()
    assert str(record_of(job).public_error).endswith(
        "workers.letters does not have this function after its import"
    )


def test_a_new_module_that_an_older_worker_cannot_import_waits_for_a_newer_worker(
    start: StartedWorker, folder: Path
) -> None:
    worker = start()
    (folder / "letters.py").write_text(f"from libraries.json_types import nonesuch\n{GREET}")
    job, same, other = (
        enqueue_background_job(*call).id for call in ((TASK, "Ann"), (TASK, "Bob"), (OTHER, 0))
    )
    worker.run()
    assert record_of(job).status == record_of(same).status == "scheduled"
    assert "cannot import name 'nonesuch'" in log_of(job)
    assert record_of(other).status == "finished"


def test_an_import_that_hangs_ends_at_the_timeout_of_the_job(
    start: StartedWorker, folder: Path
) -> None:
    worker = start()
    (folder / "letters.py").write_text(f"import time\ntime.sleep(60)\n{GREET}")
    job = submit(TASK, ("Ann",), options=JobOptions(job_timeout=1, retries=0)).id
    worker.run()
    record = record_of(job)
    assert (record.status, record.error_code) == ("failed", "timeout")


def test_immediate_mode_fails_an_unknown_task_at_once(
    folder: Path, settings: Settings, client: Redis
) -> None:
    (folder / "letters.py").write_text(GREET)
    job: Any = enqueue_background_job(TASK, "Ann")
    (folder / "letters.py").unlink()
    use_settings(settings.with_values(immediate=True))
    enqueue_background_job(OTHER, 0)
    assert cancel_job(job.id)
    assert (
        retry_job(job.id).public_error
        == f"unknown task '{TASK}': there is no file workers/letters.py"
    )
