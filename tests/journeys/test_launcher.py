"""`start_dev.py`, which `make run` calls."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Stopwatch, copy_folder, until
from tests.faults.fleet import children
from tests.journeys.conftest import Service, command_of, free_port

StartService = Callable[..., Service]


@pytest.fixture
def start_service(start_service: StartService) -> StartService:
    """Return a function that starts the service in a new interpreter."""
    return partial(start_service, forked=False)


def test_one_command_serves_and_draws_a_first_artboard_within_ten_seconds(
    shared_service: Service,
) -> None:
    assert shared_service.seconds_to_draw < 10
    output = shared_service.output()
    assert "First artboard: finished" in output
    drawn = re.search(r"Drew output/(\S+\.svg)", output)
    assert drawn is not None
    drawing = Path(shared_service.environ["OUTPUT_DIR"]) / drawn[1]
    assert drawing.read_text().rstrip().endswith("</svg>")
    assert f"{shared_service.url}/docs" in output
    assert shared_service.request("GET", "/readyz")[0] == 200


def test_the_printed_curl_command_works(shared_service: Service) -> None:
    command = next(
        line.split("|", 1)[1].strip()
        for line in shared_service.output().splitlines()
        if "| " in line and " curl " in line
    )
    reply = subprocess.run(
        ["sh", "-c", f"{command} -sS"], capture_output=True, text=True, check=True
    ).stdout
    assert '"job_id"' in reply


def is_fork(pid: int) -> bool:
    """Return whether a process is a fork of the launcher: its command has no path of an interpreter."""
    return command_of(pid).startswith(b"python\0-m\0")


def test_the_parts_are_forks_of_the_launcher_and_the_guard_is_a_shell(
    shared_service: Service,
) -> None:
    assert shared_service.pids().keys() == {"embedded", "workers", "gunicorn"}
    assert all(map(is_fork, shared_service.pids().values()))
    (guard,) = (pid for pid in shared_service.family() if command_of(pid).startswith(b"/bin/sh"))
    assert b"python" not in Path(f"/proc/{guard}/maps").read_bytes()
    assert "Warning" not in shared_service.output()


# Prints the modules of a worker and those of a web process that both import after the fork.
UNSHARED = """
import os, sys, threading
import start_dev
assert start_dev.SharedModules().load(False), "a thread has been started"
files = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")[:-1]]
assert not [file for file in files if file.startswith("socket:")], files

def load_worker():
    from libraries.worker.loading import Catalogue
    Catalogue()

def load_web():
    import app
    app.component_blueprints()

found = []
for load in (load_worker, load_web):
    reader, writer = os.pipe()
    if os.fork() == 0:
        before = set(sys.modules)
        load()
        os.write(writer, " ".join(sys.modules.keys() - before).encode())
        os._exit(0)
    os.close(writer)
    found.append(set(open(reader).read().split()))
worker, web = found
assert "workers.svg_tasks" in worker and "components.artboard" in web
print(*(name for name in worker & web if name.partition(".")[0] not in sys.stdlib_module_names))
"""


def test_the_launcher_imports_all_packages_that_web_processes_and_workers_share(
    environ: dict[str, str],
) -> None:
    """It has no connection and no thread, which a fork would copy or lose."""
    done = subprocess.run(
        [sys.executable, "-c", UNSHARED],
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_within_five_seconds_and_leaves_no_process(
    start_service: StartService, number: int
) -> None:
    service = start_service()
    family = service.family()
    assert len(family) >= 8, "launcher, keeper, server, worker, guard, gunicorn, two web processes"
    assert len(children(service.pids()["gunicorn"])) == 2
    started = Stopwatch()
    assert service.stop(number) == 0
    assert started.seconds() < 5
    left = [pid for pid in family if Path(f"/proc/{pid}").exists()]
    assert left == []


def test_a_killed_worker_is_replaced_and_the_new_one_takes_jobs_within_five_seconds(
    start_service: StartService,
) -> None:
    """The fault tests cover a job that the dying worker has taken."""
    service = start_service()
    killed = service.workers()
    os.kill(killed[0], signal.SIGKILL)
    started = Stopwatch()
    until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in killed),
        what="the end of the worker and its work-horse",
    )
    assert "<svg" in service.draw(pattern="grid")
    assert started.seconds() < 5


def test_a_killed_web_process_and_a_killed_broker_are_replaced(start_service: StartService) -> None:
    service = start_service()
    for part in ("gunicorn", "embedded"):
        first = service.pids()[part]
        os.kill(first, signal.SIGKILL)
        until(lambda: service.pids().get(part, first) != first, what=f"a new {part}")  # noqa: B023

    def ready() -> bool:
        try:
            return service.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    until(ready, seconds=15, what="a ready service")
    assert "<svg" in service.draw()
    assert all(map(is_fork, service.pids().values()))


def test_a_killed_launcher_leaves_no_process(start_service: StartService) -> None:
    service = start_service()
    family = service.family()
    service.process.kill()
    service.process.wait()
    until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in family),
        what="the end of all parts",
    )


def test_a_change_of_a_source_file_reloads_the_server(
    start_service: StartService, home: Path
) -> None:
    """In a copy of the sources."""
    copy = home / "copy"
    for name in (
        "app.py",
        "start_dev.py",
        "gunicorn.conf.py",
        "components",
        "libraries",
        "workers",
    ):
        source = REPOSITORY / name
        if source.is_dir():
            copy_folder(source, copy / name)
        else:
            shutil.copy(source, _made(copy))
    service = start_service("--reload", cwd=copy, PYTHONPATH=str(copy))
    before = service.pids()
    time_of_change = time.time_ns() + 10**9
    os.utime(copy / "components" / "http" / "api.py", ns=(time_of_change, time_of_change))
    until(lambda: "api.py changed: reloading" in service.output(), what="the reload")

    def replaced() -> bool:
        now = service.pids()
        return now.keys() == before.keys() and all(
            now[name] != before[name] for name in ("gunicorn", "workers")
        )

    until(replaced, what="new processes")
    # A fork would run the earlier code.
    assert not any(is_fork(service.pids()[name]) for name in ("gunicorn", "workers"))
    assert service.pids()["embedded"] == before["embedded"]


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def test_the_parts_run_separately_with_the_commands_of_the_procfile(
    environ: dict[str, str], home: Path
) -> None:
    """A client draws through a web process and a worker that were started separately."""
    environ |= {
        "PORT": str(free_port()),
        "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}",
    }
    lines = dict(line.split(": ", 1) for line in (REPOSITORY / "Procfile").read_text().splitlines())
    assert set(lines) >= {"web", "worker"}
    started = []
    for name in ("broker", "worker", "web"):
        with (home / f"{name}.log").open("wb") as sink:
            command = ["sh", "-c", f"exec {lines[name]}"]
            started.append(
                subprocess.Popen(command, env=environ, cwd=REPOSITORY, stdout=sink, stderr=sink)
            )
        if name == "broker":
            until(lambda: "started" in (home / "broker.log").read_text(), what="the broker")
    try:
        service = Service.__new__(Service)
        service.url = f"http://127.0.0.1:{environ['PORT']}"

        def ready() -> bool:
            try:
                return service.request("GET", "/readyz")[0] == 200
            except OSError:
                return False

        until(ready, what="a ready service")
        assert "<svg" in service.draw()
    finally:
        for process in reversed(started):
            process.terminate()
            assert process.wait(10) == 0


def test_invalid_settings_stop_the_start_with_one_message_that_lists_them(
    environ: dict[str, str],
) -> None:
    environ |= {"PORT": "http", "JOB_TIMEOUT": "soon", "WORKERS": "0"}
    ended = subprocess.run(
        [sys.executable, "start_dev.py"],
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in ("PORT", "JOB_TIMEOUT", "WORKERS"))
    assert "Traceback" not in ended.stderr


def test_an_occupied_port_stops_the_start_and_says_what_to_do(environ: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environ |= {"PORT": str(port)}
        ended = subprocess.run(
            [sys.executable, "start_dev.py"],
            env=environ,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Cannot serve at 127.0.0.1 port {port}: ")
    assert f"PORT={port + 1} make run" in ended.stderr
    assert not Path(environ["DATA_DIR"]).exists(), "nothing was started"


def test_two_workers_share_the_work(start_service: StartService) -> None:
    service = start_service(WORKERS="2")
    until(
        lambda: all(f"worker{number} | " in service.output() for number in (1, 2)),
        what="two workers that speak",
    )
    assert "<svg" in service.draw()


@pytest.mark.parametrize("kind", ["a file", "below a file", "of the kernel"])
def test_a_data_folder_that_cannot_be_used_stops_the_start_with_one_message(
    environ: dict[str, str], home: Path, kind: str
) -> None:
    (home / "file").touch()
    folders = {"a file": home / "file", "below a file": home / "file/x", "of the kernel": "/proc/x"}
    done = start_in_vain(environ | {"DATA_DIR": str(folders[kind])})
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"DATA_DIR {folders[kind]} cannot be used: ")


@pytest.mark.parametrize("text", [None, "[[schedule", "[[schedule]]\nname = 'x'\n"])
def test_a_schedules_file_that_cannot_be_used_stops_the_start_and_is_named_last(
    environ: dict[str, str], home: Path, text: str | None
) -> None:
    path = home / "mine.toml"
    if text is not None:
        path.write_text(text)
    done = start_in_vain(environ | {"SCHEDULES": str(path)})
    assert done.returncode == 2
    *before, last = done.stdout.splitlines()
    assert last.startswith("dev    | worker cannot start: mine.toml")
    assert "restarting" not in "".join(before)


def start_in_vain(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the launcher until it gives up."""
    return subprocess.run(
        [sys.executable, "start_dev.py"],
        env=environ | {"PORT": str(free_port())},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
