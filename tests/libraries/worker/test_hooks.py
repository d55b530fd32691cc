"""Hooks that run when a worker starts or stops."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from libraries.broker.connections import broker_url
from libraries.job_manager import get_job_status
from libraries.settings import Settings
from tests.conftest import REPOSITORY, until
from tests.forked import ForkedProcess, start_python

pytestmark = pytest.mark.usefixtures("broker")
NOTING = """
import os
from libraries.worker import on_shutdown, on_startup

def note(word):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{word} {os.getpid()}\\n")
"""
HOOKS = """
@on_startup
def _open(): note("open")

@on_startup
def _warm_up(): note("warm-up")

@on_shutdown
def _close(): note("close")

@on_shutdown
def _cool_down(): note("cool-down")
"""
QUEUING = """
@on_startup
def _queue():
    from libraries.job_manager import enqueue_background_job
    enqueue_background_job("workers.noting_tasks.work")
"""
TASKS = """
from workers.resources import note

def work(): note("work")
"""
RUN_WORKER = """
import sys, workers
workers.__path__[:] = [sys.argv.pop(1)]
from workers.__main__ import main
sys.exit(main())
"""
Single = Callable[..., ForkedProcess]


@pytest.fixture
def folder(home: Path) -> Path:
    """A project folder with a copy of the product's workers."""
    task_folder = home / "workers"
    task_folder.mkdir()
    for path in (REPOSITORY / "workers").glob("*.py"):
        (task_folder / path.name).symlink_to(path)
    (task_folder / "noting_tasks.py").write_text(TASKS)
    return task_folder


@pytest.fixture
def start(folder: Path, environ: dict[str, str], home: Path) -> Iterator[Single]:
    """A function that starts one worker with the hooks that it is given."""
    started: list[ForkedProcess] = []

    def begin(hooks: str, *options: str) -> ForkedProcess:
        (folder / "resources.py").write_text(NOTING + hooks)
        with (home / "log").open("wb") as log:
            worker = start_python(
                "-c",
                RUN_WORKER,
                str(folder),
                *(options or ("--single",)),
                environ=environ | {"NOTES": str(home / "notes")},
                output=log,
                folder=home,
            )
        assert isinstance(worker, ForkedProcess)
        started.append(worker)
        return worker

    yield begin
    for process in started:
        process.kill()
        process.wait()


def notes(home: Path) -> list[tuple[str, int]]:
    lines = (home / "notes").read_text().splitlines() if (home / "notes").exists() else []
    return [(word, int(pid)) for word, pid in map(str.split, lines)]


def log(home: Path) -> str:
    return (home / "log").read_text()


def listening(home: Path) -> Callable[[], bool]:
    return lambda: "Listening on the background queue" in log(home)


def test_hooks_run_once_in_the_worker_itself_however_many_jobs_it_runs(
    start: Single, home: Path, environ: dict[str, str]
) -> None:
    worker = start(HOOKS)
    until(listening(home), what="a listening worker")
    code = (
        "from libraries.job_manager import enqueue_background_job as e\n"
        "print(*(e('workers.noting_tasks.work').id for _ in range(3)))"
    )
    queued = subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd=home,
        text=True,
        capture_output=True,
        check=True,
    )
    until(
        lambda: all(get_job_status(one)["status"] == "finished" for one in queued.stdout.split()),
        what="the jobs",
    )
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    output = notes(home)
    assert [word for word, _ in output] == [
        "open",
        "warm-up",
        "work",
        "work",
        "work",
        "cool-down",
        "close",
    ]
    assert {pid for word, pid in output if word != "work"} == {worker.pid}
    assert worker.pid not in {pid for word, pid in output if word == "work"}


CONTEXT = """
@on_startup
def _pick(ctx): ctx["pen"] = "blue"
"""
CONTEXT_TASKS = """
async def ask(ctx, question): return f"{question} {ctx['pen']}"
"""


@pytest.mark.parametrize(
    "command",
    [("-m", "workers", "--burst"), ("-m", "rq.cli", "worker", "--burst", "background")],
    ids=["our worker", "RQ's worker"],
)
def test_a_task_reads_what_a_hook_stored_in_its_context(
    folder: Path, home: Path, environ: dict[str, str], settings: Settings, command: tuple[str, ...]
) -> None:
    (folder / "resources.py").write_text(NOTING + CONTEXT)
    (folder / "asking_tasks.py").write_text(CONTEXT_TASKS)
    variables = environ | {
        "PYTHONPATH": str(REPOSITORY),
        "RQ_REDIS_URL": broker_url(settings),
    }
    code = (
        "from libraries.job_manager import enqueue_background_job as e\n"
        "print(e('workers.asking_tasks.ask', 'Which pen?').id)"
    )
    job_id, *_ = (
        subprocess.run(
            [sys.executable, *arguments],
            env=variables,
            cwd=home,
            text=True,
            capture_output=True,
            check=True,
        ).stdout.strip()
        for arguments in (("-c", code), command)
    )
    status = get_job_status(job_id)
    assert status["status"] == "finished", status
    assert status["result"] == "Which pen? blue"


def test_hooks_run_also_for_a_worker_that_ends_when_the_queue_is_empty(
    start: Single, home: Path
) -> None:
    assert start(HOOKS, "--burst").wait(20) == 0
    assert [word for word, _ in notes(home)] == ["open", "warm-up", "cool-down", "close"]


def test_a_start_up_hook_that_raises_stops_the_worker_with_one_clear_line(
    start: Single, home: Path
) -> None:
    worker = start(
        '@on_startup\ndef _open(): raise OSError("no such\\n plotter")\n'
        + HOOKS.replace("def _open", "def _later")
    )
    assert worker.wait(20) == 1
    output = [line for line in log(home).splitlines() if "ERROR" in line]
    assert len(output) == 1
    assert (
        "Worker not started: the start-up hook workers.resources._open failed: OSError: no such plotter"
        in output[0]
    )
    assert "Traceback" not in log(home)
    assert notes(home) == []


def test_a_shutdown_hook_that_raises_is_logged_and_the_others_run(
    start: Single, home: Path
) -> None:
    worker = start(HOOKS + '@on_shutdown\ndef _fail(): raise ValueError("stuck")\n')
    until(listening(home), what="a listening worker")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert "The shutdown hook workers.resources._fail failed" in log(home)
    assert "ValueError: stuck" in log(home)
    assert [word for word, _ in notes(home)][-2:] == ["cool-down", "close"]


def test_a_shutdown_hook_that_hangs_can_be_ended_by_another_signal(
    start: Single, home: Path
) -> None:
    worker = start('import time\n@on_shutdown\ndef _hang(): note("hang"); time.sleep(60)\n')
    until(listening(home), what="a listening worker")
    worker.send_signal(signal.SIGTERM)
    until(lambda: notes(home) != [], what="the beginning of the hook")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(5) == -signal.SIGTERM


def test_a_module_of_hooks_that_cannot_be_imported_is_reported_and_ignored(
    start: Single, home: Path
) -> None:
    worker = start("import nonesuch\n")
    until(listening(home), what="a listening worker")
    assert "workers.resources cannot be loaded and is left out" in log(home)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0


def test_the_start_is_logged_with_the_configuration(start: Single, home: Path) -> None:
    worker = start(HOOKS)
    until(listening(home), what="a listening worker")
    messages = [line.split(" INFO ", 1)[1] for line in log(home).splitlines() if " INFO " in line]
    hooks = [one for one in messages if one.startswith("Start-up hook done: ")]
    messages = messages[len(hooks) :]
    assert [one for one in hooks if "workers.resources" in one] == [
        "Start-up hook done: workers.resources._open",
        "Start-up hook done: workers.resources._warm_up",
    ]
    assert re.match(
        rf"Worker started: pid {worker.pid}, queue background, broker unix://", messages[0]
    )
    assert re.match(
        r"Runs 1 job at a time in 1 process with 1 thread; scheduler and reaper run every 1 s; periodic tasks: ",
        messages[1],
    )
    assert messages[2] == "The following commands are available:"
    assert "+ workers.noting_tasks.work" in messages
    assert messages[-1] == "Listening on the background queue"


@pytest.mark.parametrize(
    ("immediate", "words"), [("0", []), ("1", ["open", "warm-up", "work", "work", "work"])]
)
def test_start_up_hooks_run_in_a_process_that_queues_jobs_only_if_it_runs_them(
    folder: Path, home: Path, environ: dict[str, str], immediate: str, words: list[str]
) -> None:
    (folder / "resources.py").write_text(NOTING + QUEUING + HOOKS)
    code = "from libraries.job_manager import enqueue_background_job as e\nfor _ in range(2): e('workers.noting_tasks.work')"
    variables = environ | {"IMMEDIATE": immediate, "NOTES": str(home / "notes")}
    subprocess.run([sys.executable, "-c", code], env=variables, cwd=home, text=True, check=True)
    assert [word for word, _ in notes(home)] == words
