"""Tasks whose logs the tests read."""

from __future__ import annotations

import time

from libraries.job_manager import log_message, report_progress

TRIES = 1


def stumble(text: str, entry: str) -> None:
    """Log a line, report progress with two messages, and fail with a unique text."""
    log_message(entry)
    for step, message in ((1, "drawing"), (2, "drawing"), (3, "writing")):
        report_progress(step, 4, message)
        time.sleep(0.11)
    raise ValueError(f"{text} {time.monotonic_ns()}")


def stumble_at_length(size: int) -> None:
    """Fail with a text of that many characters."""
    raise ValueError("x" * size)
