"""How often a task is tried, and how long the retry_delays between the attempts are.

A task module may say `TRIES = 5`; it is read from its source, as the tasks themselves are, because the process that queues a job
does not import it.
"""

from __future__ import annotations

import random

from libraries.job_manager.tasks import max_attempts
from libraries.settings import JobSettings

# Pauses of 1, 4, 16, 64 ... seconds, each a fifth longer or shorter by chance, none above an hour.
FIRST_PAUSE = 1.0
GROWTH = 4.0
MAX_DELAY_S = 3600.0
JITTER = 0.2


def max_retries(task: str, settings: JobSettings, *, wanted: int | None = None) -> int:
    """Return how often a failed job of a task is tried again: `wanted` times, or as the task's policy says.

    Never in immediate mode: nobody is there to do it.
    """
    if settings.immediate:
        return 0
    return max_attempts(task) - 1 if wanted is None else wanted


def retry_delays(retries: int, *, first: float = FIRST_PAUSE) -> list[float]:
    """Return the retry_delays in seconds before each of `retries` further attempts."""
    return [
        round(
            min(first * GROWTH**number, MAX_DELAY_S) * random.uniform(1 - JITTER, 1 + JITTER),  # noqa: S311
            3,
        )
        for number in range(retries)
    ]
