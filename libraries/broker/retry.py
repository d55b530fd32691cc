"""Retries of calls that the broker does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar

from redis import exceptions

from libraries.broker.errors import QueueUnavailable

Answer = TypeVar("Answer")

BROKER_ERRORS = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.BusyLoadingError)
# A broker whose memory is full refuses what would take more of it.
REFUSALS = (*BROKER_ERRORS, exceptions.OutOfMemoryError)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How a call is retried.

    Attributes:
        delays_s: the pauses before the second try, the third and so on.
        limit_s: no try begins later than this after the first.
        is_endless: whether the last pause is repeated until the limit.
        on: the errors that are retried.
        raises: the error that the last one becomes; None for itself.
    """

    delays_s: tuple[float, ...]
    limit_s: float
    is_endless: bool = True
    on: tuple[type[Exception], ...] = REFUSALS
    raises: Callable[[], Exception] | None = None

    def delays(self) -> Iterator[float | None]:
        """Yield the pauses, and None behind the last one."""
        return chain(self.delays_s, repeat(self.delays_s[-1]) if self.is_endless else (None,))


def _unavailable() -> Exception:
    return QueueUnavailable("the job queue cannot be reached right now; try again in a moment")


# A request gives the broker three chances within little more than half a second.
WEB = RetryPolicy(delays_s=(0.05, 0.15), limit_s=0.6, is_endless=False, raises=_unavailable)
# A running task rides out a restart of the broker.
TASK = RetryPolicy(delays_s=(0.1,), limit_s=30.0, on=BROKER_ERRORS)
# What was done and cannot be written down would be done again.
COMMIT = RetryPolicy(delays_s=(0.2,), limit_s=600.0)


def retry(call: Callable[[], Answer], policy: RetryPolicy = WEB) -> Answer:
    """Return `call()`, retried as the policy says; only for calls that are safe to repeat.

    Raises:
        QueueUnavailable: with the policy `WEB`, the broker did not answer in time.
    """
    started = time.monotonic()
    for delay_s in policy.delays():
        try:
            return call()
        except policy.on as error:
            if delay_s is None or time.monotonic() - started > policy.limit_s:
                raise (policy.raises() if policy.raises else error) from None
        time.sleep(delay_s)
    raise AssertionError("a policy yields pauses until a try fails for good")
