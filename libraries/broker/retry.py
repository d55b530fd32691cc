"""Retries of calls to the broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar

from redis import exceptions

from libraries.broker.errors import NotWritable, queue_unavailable

Result = TypeVar("Result")

BROKER_ERRORS = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
    exceptions.ReadOnlyError,
    NotWritable,
)
# With full memory the broker rejects commands that need more.
REFUSALS = (*BROKER_ERRORS, exceptions.OutOfMemoryError)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Delays, time limit and errors of a retried call.

    No attempt begins later than `limit_s` after the first. With `is_endless` the last delay
    repeats. The errors `on` are retried; `raises` makes the exception that replaces the last one.
    """

    delays_s: tuple[float, ...]
    limit_s: float
    is_endless: bool = True
    on: tuple[type[Exception], ...] = REFUSALS
    raises: Callable[[Exception], Exception] | None = None

    def delays(self) -> Iterator[float | None]:
        """Yield the delays; None follows the last one."""
        return chain(self.delays_s, repeat(self.delays_s[-1]) if self.is_endless else (None,))


# A request makes three attempts within little more than half a second.
WEB = RetryPolicy(delays_s=(0.05, 0.15), limit_s=0.6, is_endless=False, raises=queue_unavailable)
# A running task survives a restart of the broker.
TASK = RetryPolicy(delays_s=(0.1,), limit_s=30.0, on=BROKER_ERRORS)
# Work whose result is not committed would be repeated.
COMMIT = RetryPolicy(delays_s=(0.2,), limit_s=600.0)


def retry(call: Callable[[], Result], policy: RetryPolicy = WEB) -> Result:
    """Return `call()`, retried according to `policy`. `call` must be idempotent.

    With the policy `WEB` the last error becomes QueueUnavailable.
    """
    started = time.monotonic()
    for delay_s in policy.delays():
        try:
            return call()
        except policy.on as error:
            if delay_s is None or time.monotonic() - started > policy.limit_s:
                raise (policy.raises(error) if policy.raises else error) from None
        time.sleep(delay_s)
    raise AssertionError("the delays end with None or never")
