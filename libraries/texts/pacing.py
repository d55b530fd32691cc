"""Artificial delays of text jobs for demonstrations of progress."""

from __future__ import annotations

import time
from collections.abc import Iterator

from libraries.settings import TextSettings

SECONDS = {"default": 1.0, "translate": 2.0, "analyze": 3.0, "generate": 4.0}
STEPS = 10


def demonstration_steps(kind: str) -> Iterator[tuple[int, int]]:
    """Yield `(step, total)` over 1 to 4 seconds, depending on the job type; nothing without `DEMO_DELAYS`."""
    if not TextSettings.current().demo_delays:
        return
    pause = SECONDS.get(kind, SECONDS["default"]) / STEPS
    for step in range(1, STEPS + 1):
        time.sleep(pause)
        yield step, STEPS
