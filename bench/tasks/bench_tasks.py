"""Tasks of the benchmarks."""

from __future__ import annotations

import time

from libraries.broker.connections import subscription_client
from libraries.job_manager import report_progress
from libraries.settings import get_settings


def report_on_request(texts: str, moments: str) -> int:
    """Report each text from the Redis list `texts` as progress, and push the time to the list `moments`.

    Stops at an empty text and returns the number of reports.
    """
    client, step = subscription_client(get_settings()), 0
    while text := client.execute_command("BLPOP", texts, 0)[1].decode():  # type: ignore[no-untyped-call]
        step += 1
        moment = time.monotonic()
        report_progress(step, step + 1, text)
        client.rpush(moments, moment)
    return step
