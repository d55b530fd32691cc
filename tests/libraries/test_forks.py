"""Processes that run a module in a fork."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not fork")

# Forks once; prints the output of the module as a JSON string, and its exit code.
FORK = """
import json, os, signal, socket, sys
import counted
from libraries.forks import fork_module

signal.signal(signal.SIGTERM, lambda *_: None)
connection, kept = socket.socketpair()
os.environ["ONLY_IN_THE_PARENT"] = "1"
process = fork_module(
    ["probe", *sys.argv[2:]],
    environ={"GIVEN": "1"},
    cwd=sys.argv[1],
    kept=kept.fileno(),
    prepare=lambda: print("prepared"),
)
text = process.stdout.read().decode()
print(json.dumps([text, process.wait(), process.poll(), kept.fileno()]))
"""
PROBE = """
import json, os, signal, sys
import counted
if sys.argv[1:] == ["fails"]:
    raise ValueError("a mistake")
if sys.argv[1:] == ["exits"]:
    sys.exit("the reason")
print(json.dumps({
    "name": __name__, "arguments": sys.argv[1:], "environ": dict(os.environ), "folder": os.getcwd(),
    "leads a session": os.getsid(0) == os.getpid(),
    "SIGTERM": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
    "blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "open": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "command": open("/proc/self/cmdline").read().rstrip("\\0").split("\\0"),
}))
sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "probe.py").write_text(PROBE)
    (tmp_path / "counted.py").write_text("print('imported')\n")
    return tmp_path


def forked(folder: Path, *arguments: str) -> tuple[str, int, int]:
    """Return the output of the module, its exit code, and the descriptor that was kept."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, str(folder), *arguments],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{folder}"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported, result = done.stdout.splitlines()
    assert (imported, done.stderr) == ("imported", "")
    text, code, again, kept = json.loads(result)
    assert again == code
    return text, code, kept


def test_a_module_in_a_fork_has_its_own_arguments_environment_and_files(folder: Path) -> None:
    text, code, kept = forked(folder, "one", "two words")
    prepared, printed = text.splitlines()
    seen: dict[str, Any] = json.loads(printed)
    assert (prepared, code) == ("prepared", 7)
    # The listing of the folder is an open file itself.
    assert {0, 1, 2, kept} <= set(seen["open"])
    assert len(seen.pop("open")) == 5
    assert seen == {
        "name": "__main__", "arguments": ["one", "two words"], "environ": {"GIVEN": "1"}, "folder": str(folder),
        "leads a session": True, "SIGTERM": True, "blocked": [],
        "command": ["python", "-m", "probe", "one", "two words"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "last_line"), [("fails", "ValueError: a mistake"), ("exits", "the reason")]
)
def test_an_error_in_a_fork_is_printed_and_none_of_the_parent_runs_on(
    folder: Path, argument: str, last_line: str
) -> None:
    text, code, _ = forked(folder, argument)
    assert text.splitlines()[-1] == last_line
    assert code == 1
