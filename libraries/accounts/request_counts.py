"""Numbers of requests in the broker, by owner or address."""

from __future__ import annotations

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.scripts import run_script


def count_requests(subject: str, amount: int, window_s: int) -> tuple[int, float]:
    """Count requests; return their number in the window, and the seconds until it ends.

    Errors of the broker are raised at once: a request does not wait for its count.
    """
    script_keys, arguments = (keys.request_count_key(subject),), (amount, window_s)
    total, left_ms = run_script(web_client(), "accounts/count_requests", script_keys, arguments)
    return int(total), int(left_ms) / 1000
