"""Queues no-ops in the environment of a queue system: `produce.py ADAPTER enqueue|latency JOBS`.

An adapter is a module with `enqueue(jobs)` and `run_one(wait)`, which queues one job and calls `wait()` between polls for its result.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

POLL_S = 0.0002
PAUSE_S = 0.02
TIMEOUT_S = 30.0


class Watch:
    """A stopwatch that sleeps between polls and enforces a timeout."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    def __call__(self) -> None:
        """Sleep until the next poll."""
        if time.perf_counter() - self._started > TIMEOUT_S:
            raise SystemExit(f"a no-op had no result after {TIMEOUT_S:.0f} s")
        time.sleep(POLL_S)

    def milliseconds(self) -> float:
        """Return the elapsed time in ms."""
        return 1000 * (time.perf_counter() - self._started)


def main() -> None:
    """Queue jobs, or print their latencies as JSON."""
    name, action, jobs = sys.argv[1:]
    adapter = importlib.import_module(name)
    if action == "enqueue":
        adapter.enqueue(int(jobs))
        return
    waits = []
    for _ in range(int(jobs)):
        time.sleep(PAUSE_S)
        watch = Watch()
        adapter.run_one(watch)
        waits.append(watch.milliseconds())
    sys.stdout.write(json.dumps(waits))


if __name__ == "__main__":
    main()
