"""An example task for progress, notifications and cancellation."""

from __future__ import annotations

import time

from libraries.errors import InvalidInput
from libraries.job_manager import report_progress

STEPS = 10
MAX_PAUSE_S = 60


def example_long_task(seconds: float = 1.0) -> str:
    """Take ten steps of `seconds` each, 0 to 60, report each step, and return "done"."""
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds <= MAX_PAUSE_S
    ):
        raise InvalidInput(f"seconds must be a number from 0 to {MAX_PAUSE_S}", field="seconds")
    for step in range(1, STEPS + 1):
        time.sleep(seconds)
        report_progress(step, STEPS)
    return "done"
