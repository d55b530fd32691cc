"""Queues no-ops for a peer, inside that peer's own environment: `produce.py SIDE enqueue|latency JOBS`.

A side is a module with `enqueue(jobs)` and `run_one(look)`, which queues one job and calls `look()` until its result is there.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

LOOK_EVERY = 0.0002
PAUSE = 0.02
PATIENCE = 30.0


class Watch:
    """Waits a little between two looks, and not for ever."""

    def __init__(self) -> None:
        """Begin to measure."""
        self._started = time.perf_counter()

    def __call__(self) -> None:
        """Wait until the next look."""
        if time.perf_counter() - self._started > PATIENCE:
            raise SystemExit(f"a no-op had no result after {PATIENCE:.0f} s")
        time.sleep(LOOK_EVERY)

    def milliseconds(self) -> float:
        """Return the time since the beginning."""
        return 1000 * (time.perf_counter() - self._started)


def main() -> None:
    """Do what the command line says."""
    name, act, jobs = sys.argv[1:]
    side = importlib.import_module(name)
    if act == "enqueue":
        side.enqueue(int(jobs))
        return
    waits = []
    for _ in range(int(jobs)):
        time.sleep(PAUSE)
        watch = Watch()
        side.run_one(watch)
        waits.append(watch.milliseconds())
    sys.stdout.write(json.dumps(waits))


if __name__ == "__main__":
    main()
