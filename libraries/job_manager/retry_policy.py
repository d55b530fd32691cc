"""Number of retries of a task and the delays between them.

A task module may set `TRIES = 5`. The value is read from the source, like the tasks themselves,
because the process that queues a job does not import it.
"""

from __future__ import annotations

import random

from libraries.job_manager.tasks import max_attempts
from libraries.settings import JobSettings


def max_retries(task: str, settings: JobSettings, *, override: int | None = None) -> int:
    """Return the number of retries: `wanted`, or that of the task; 0 in immediate mode."""
    if settings.immediate:
        return 0
    return max_attempts(task) - 1 if override is None else override


def retry_delays(retries: int, *, first: float = 1.0) -> list[float]:
    """Return the delays in seconds: `first` times 1, 4, 16, up to an hour, with 20 % jitter."""
    return [
        round(
            min(first * 4.0**number, 3600.0) * random.uniform(0.8, 1.2),  # noqa: S311
            3,
        )
        for number in range(retries)
    ]
