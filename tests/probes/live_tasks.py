"""Tasks that the tests of event streams and sockets follow. A gate is a file; its folder is the test's, and gone with it."""

from __future__ import annotations

import time
from pathlib import Path

from libraries.job_manager import log_message, report_progress

TRIES = 1


def _pass(gate: str) -> None:
    while not Path(gate).exists():
        if not Path(gate).parent.exists():
            raise TimeoutError("nobody opens this gate any more")
        time.sleep(0.005)


def hold(gate: str, answer: str = "done") -> str:
    """Wait for the gate."""
    _pass(gate)
    return answer


def talk(gate: str, lines: int, pause: float = 0.0) -> int:
    """Wait for the gate, then say so many lines, and how far it is."""
    _pass(gate)
    for number in range(1, lines + 1):
        log_message(f"line {number}")
        time.sleep(pause)
    report_progress(lines, lines, "all said")
    return lines


def shout(gate: str, lines: int) -> None:
    """Wait for the gate, then say so many lines, each as long as a line may be."""
    _pass(gate)
    for _ in range(lines):
        log_message("x" * 2000)


def step(steps: int, gates: str) -> None:
    """Do so many steps; each ends when its gate opens."""
    for number in range(1, steps + 1):
        _pass(f"{gates}{number}")
        report_progress(number, steps, f"step {number}")
        time.sleep(0.11)


def report_again(gate: str, again: str) -> None:
    """Say one thing, wait, say another: by then somebody else may have the job."""
    report_progress(1, 2, "first")
    _pass(gate)
    time.sleep(0.11)
    report_progress(1, 2, "late")
    log_message("late")
    Path(again).touch()


def fall(gate: str) -> None:
    """Wait for the gate, and fail."""
    _pass(gate)
    raise ValueError("boom at /secret/place")
