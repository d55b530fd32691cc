"""Isolation and clean-up of a test run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cleanup import processes_with
from tests.conftest import REPOSITORY, path_without, until
from tests.faults.fleet import gone

# Without unnecessary plugins, some of which take a second to load.
PLUGINS = ["-p", "xdist.plugin", "-p", "pytest_timeout", "-p", "no:cacheprovider"]
ENDLESS = [*PLUGINS, "tests/endless.py"]


@pytest.mark.parametrize(
    ("options", "number", "victim"),
    [
        (["-n", "0"], signal.SIGTERM, "the only process"),
        (["-n", "1"], signal.SIGKILL, "the process that runs the test"),
        (["-n", "1"], signal.SIGKILL, "the process that was started"),
    ],
)
def test_a_killed_run_leaves_no_broker_worker_server_or_folder(
    environ: dict[str, str], home: Path, options: list[str], number: signal.Signals, victim: str
) -> None:
    noted, folder = home / "pids", home / "run"
    folder.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *ENDLESS],
        env=environ
        | {
            "TMPDIR": str(folder),
            "WRITE_PIDS_TO": str(noted),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: noted.exists() or run.poll() is not None, seconds=100, what="a running test")
        # Two brokers, a worker, a server and the watcher, in addition to the processes of pytest.
        assert len([*processes_with(str(folder))]) >= 6
        runner, server = map(int, noted.read_text().split())
        os.kill(runner if "runs the test" in victim else run.pid, number)
        run.wait(30)
        until(lambda: not [*processes_with(str(folder))], what="the end of all processes")
        assert gone(server)
        assert not list(folder.glob("va-*"))
    finally:
        run.kill()
        run.wait()


def test_optional_programs_of_the_machine_are_not_found(home: Path) -> None:
    for folder, name in (("a", "apertium"), ("a", "other"), ("b", "third")):
        (home / folder).mkdir(exist_ok=True)
        (home / folder / name).touch(mode=0o755)
    path = path_without(["apertium"], f"{home / 'a'}{os.pathsep}{home / 'b'}", home)
    assert shutil.which("apertium", path=path) is None
    assert Path(shutil.which("other", path=path) or "").resolve() == home / "a" / "other"
    assert shutil.which("third", path=path) == str(home / "b" / "third")
    assert shutil.which("apertium") is None
