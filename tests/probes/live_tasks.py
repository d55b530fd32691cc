"""Tasks for the tests of event streams and sockets. A gate is a file that a test creates to release a task."""

from __future__ import annotations

import time
from pathlib import Path

from libraries.job_manager import log_message, report_progress

TRIES = 1


def _pass(gate: str) -> None:
    while not Path(gate).exists():
        if not Path(gate).parent.exists():
            raise TimeoutError("the folder of the gate was deleted")
        time.sleep(0.005)


def hold(gate: str, answer: str = "done") -> str:
    """Wait for the gate."""
    _pass(gate)
    return answer


def log_lines(gate: str, lines: int, pause: float = 0.0) -> int:
    """Wait for the gate, log `lines` lines, and report progress."""
    _pass(gate)
    for number in range(1, lines + 1):
        log_message(f"line {number}")
        time.sleep(pause)
    report_progress(lines, lines, "all lines logged")
    return lines


def log_long_lines(gate: str, lines: int) -> None:
    """Wait for the gate, then log `lines` lines of the maximum length."""
    _pass(gate)
    for _ in range(lines):
        log_message("x" * 2000)


def report_steps(steps: int, gates: str) -> None:
    """Report `steps` steps; each ends when its gate opens."""
    for number in range(1, steps + 1):
        _pass(f"{gates}{number}")
        report_progress(number, steps, f"step {number}")
        time.sleep(0.11)


def report_again(gate: str, again: str) -> None:
    """Report progress before and after the gate; meanwhile the job may be given to another worker."""
    report_progress(1, 2, "first")
    _pass(gate)
    time.sleep(0.11)
    report_progress(1, 2, "late")
    log_message("late")
    Path(again).touch()


def fail_after(gate: str) -> None:
    """Wait for the gate, then fail."""
    _pass(gate)
    raise ValueError("boom at /secret/place")
