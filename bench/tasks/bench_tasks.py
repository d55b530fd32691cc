"""The tasks that the benchmarks queue."""

from __future__ import annotations

import time

from libraries.broker.connections import subscription_client
from libraries.job_manager import report_progress
from libraries.settings import get_settings


def nothing() -> bool:
    """Return True at once, so that all time spent is the queue's."""
    return True


def report_on_request(texts: str, moments: str) -> int:
    """Report each text that comes on one list of the broker as progress, and put on another when; return how many came.

    An empty text is the last.
    """
    client, step = subscription_client(get_settings()), 0
    while text := client.execute_command("BLPOP", texts, 0)[1].decode():  # type: ignore[no-untyped-call]
        step += 1
        moment = time.monotonic()
        report_progress(step, step + 1, text)
        client.rpush(moments, moment)
    return step
