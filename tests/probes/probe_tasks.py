"""Tasks that the tests queue to see how the job manager treats them."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from libraries.errors import InvalidInput
from libraries.job_manager import attach, enqueue_background_job, report_progress
from libraries.storage import output_folder

TRIES = 1


def echo(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return what arrived."""
    return {"args": list(args), "kwargs": kwargs}


def nothing() -> None:
    """Do nothing."""


def boom() -> None:
    """Fail with an internal error."""
    raise ValueError("boom at /secret/place")


def refuse() -> None:
    """Fail with an error that is meant for users."""
    raise InvalidInput("invalid name", code="bad-file-name")


def forge(text: str) -> None:
    """Fail with an error that holds what a client sent."""
    raise ValueError(text)


def refuse_for(text: str) -> None:
    """Fail with an error that is meant for users and holds what a client sent."""
    raise InvalidInput(text, code="bad-file-name")


def hand_out_a_set() -> set[int]:
    """Return what JSON cannot write."""
    return {1, 2}


def hand_out(size: int) -> str:
    """Return a text of that many characters."""
    return "x" * size


def hand_out_nan() -> float:
    """Return a number that JSON does not have."""
    return float("nan")


def nap(seconds: float, begun: str, ended: str) -> str:
    """Mark the beginning, sleep, mark the end."""
    Path(begun).touch()
    time.sleep(seconds)
    Path(ended).touch()
    return "slept"


def swallow(seconds: float) -> None:
    """Sleep, and ignore every exception, including the timeout."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            time.sleep(until - time.monotonic())
        except Exception:  # noqa: S112 - swallowing is the point
            continue


def deaf(seconds: float) -> None:
    """Sleep where no signal handler gets a chance to run, as code stuck in C would."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(seconds)


def who() -> dict[str, Any]:
    """Tell which process runs this, and whether the imports were done before it began."""
    return {"pid": os.getpid(), "parent": os.getppid(), "numpy": "numpy" in sys.modules}


def queue_another() -> str:
    """Queue a job from inside a job."""
    return enqueue_background_job("workers.probe_tasks.nothing").id


def write(name: str, text: str) -> str:
    """Store a text and attach it."""
    report_progress(1, 2, "half way")
    path = attach(output_folder().publish(name, text))
    report_progress(2, 2, "there")
    return path


def _hidden() -> None:
    """Not a task: its name begins with an underscore."""
