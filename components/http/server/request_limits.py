"""The limit of requests a minute, and the `RateLimit` headers of all limits of an owner.

The broker counts the requests of all web processes. A process asks it for a block of requests at a
time, so that most requests cost no command. While the broker is unreachable, each process counts for
itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from components.http.access import EXTENSION, Access, Caller, client_name
from components.http.server.peers import peer_of
from libraries.accounts import Quota, begin_quotas, note_quota, noted_quotas
from libraries.accounts.request_counts import count_requests
from libraries.broker.retry import REFUSALS
from libraries.errors import Exhausted
from libraries.job_manager.ownership import is_guest
from libraries.settings import LimitSettings


@dataclass
class Block:
    """Requests of a subject that the broker has counted in advance; `left` of them are not used."""

    total: int
    left: int
    ends_at: float
    """The end of the window, in Unix seconds."""

    @property
    def used(self) -> int:
        return self.total - self.left

    @property
    def is_usable(self) -> bool:
        return self.left > 0 and time.time() < self.ends_at


class BrokerCounts(Storage):
    """Numbers of requests in the broker, taken in blocks of `size`.

    What other processes have taken and not used counts as used.
    """

    STORAGE_SCHEME = ["vector-broker"]  # noqa: RUF012 - the type of the base class

    MAX_SUBJECTS = 10_000
    MAX_WAIT_S = 0.2

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._blocks: dict[str, Block] = {}
        self._lock, self._asking = threading.Lock(), threading.Lock()

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return REFUSALS

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count requests; return their number in the window."""
        used = self._use(key, amount)
        if used is None:
            # One thread at a time asks the broker, and the others use its block.
            is_alone = self._asking.acquire(timeout=self.MAX_WAIT_S)
            try:
                used = self._use(key, amount) or self._take(key, expiry, amount)
            finally:
                if is_alone:
                    self._asking.release()
        return used

    def _use(self, key: str, amount: int) -> int | None:
        """Use requests of the present block; return the number in the window, None without a block."""
        with self._lock:
            block = self._blocks.get(key)
            if block is None or not block.is_usable:
                return None
            block.left -= amount
            return block.used

    def _take(self, key: str, expiry: int, amount: int) -> int:
        size = max(self._size, amount)
        total, left_s = count_requests(key, size, expiry)
        block = Block(total, size - amount, time.time() + left_s)
        with self._lock:
            # Another thread may have taken a block meanwhile.
            other = self._blocks.get(key)
            if other is not None and other.is_usable:
                block.total, block.left = max(total, other.total), block.left + other.left
            if len(self._blocks) >= self.MAX_SUBJECTS:
                self._blocks = {name: one for name, one in self._blocks.items() if one.is_usable}
            self._blocks[key] = block
            return block.used

    def get(self, key: str) -> int:
        block = self._blocks.get(key)
        return block.used if block and time.time() < block.ends_at else 0

    def get_expiry(self, key: str) -> float:
        block = self._blocks.get(key)
        return block.ends_at if block else time.time()

    def check(self) -> bool:
        return True

    def reset(self) -> None:
        self._blocks.clear()

    def clear(self, key: str) -> None:
        self._blocks.pop(key, None)


class RequestLimiter:
    """Counts requests by subject in the broker, or in this process while the broker is unreachable."""

    # After this time without the broker it is tried again; the time doubles.
    MIN_OUTAGE_S, MAX_OUTAGE_S = 1.0, 16.0

    def __init__(self, limit: int) -> None:
        self.item: RateLimitItem = RateLimitItemPerMinute(limit)
        # One command for each request if the limit is small, and exact.
        self._shared = FixedWindowRateLimiter(BrokerCounts(max(1, limit // 100)))
        self._own: FixedWindowRateLimiter | None = None
        self._outage_s = self.MIN_OUTAGE_S
        self._retry_at = 0.0

    def count(self, subject: str) -> Quota:
        """Count a request; return what is left, -1 if the limit is exceeded."""
        if time.monotonic() >= self._retry_at:
            # Other threads do not wait for the broker meanwhile.
            if self._own is not None:
                self._retry_at = time.monotonic() + self._outage_s
            try:
                quota = self._hit(self._shared, subject)
            except REFUSALS:
                self._own = self._own or FixedWindowRateLimiter(MemoryStorage())
                self._retry_at = time.monotonic() + self._outage_s
                self._outage_s = min(2 * self._outage_s, self.MAX_OUTAGE_S)
            else:
                self._retry_at, self._own, self._outage_s = 0.0, None, self.MIN_OUTAGE_S
                return quota
        own = self._own
        return self._hit(own if own is not None else self._shared, subject)

    def _hit(self, limiter: FixedWindowRateLimiter, subject: str) -> Quota:
        is_within = limiter.hit(self.item, subject)
        resets_at, remaining = limiter.get_window_stats(self.item, subject)
        return Quota(
            name="requests",
            limit=self.item.amount,
            remaining=remaining if is_within else -1,
            window_s=self.item.get_expiry(),
            reset_s=max(1, round(resets_at - time.time())),
        )


def install_request_limits(app: Flask) -> None:
    """Refuse requests beyond the limit of their owner, and add the `RateLimit` headers."""
    limit = LimitSettings.current().limit("owner_requests")
    limiter = RequestLimiter(limit) if limit else None

    def count() -> None:
        begin_quotas()
        g.has_quotas = True
        access = current_app.extensions[EXTENSION].get(request.endpoint, Access.KEY)
        is_exempt = access in (Access.OPEN, Access.ADMIN) or request.method == "OPTIONS"
        # A link may be given to many.
        subject = peer_of(request.remote_addr or "") if is_guest() else client_name()
        counted = None if limiter is None or is_exempt else partial(limiter.count, subject)
        g.admit_again = partial(_admit_again, g.caller, counted)
        if counted is not None:
            _check(counted())

    app.before_request(count)
    app.after_request(add_limit_headers)


def _admit_again(caller: Caller, counted: Callable[[], Quota] | None) -> Mapping[str, str] | None:
    """Count another request of a caller; return its headers, None if it must be refused."""
    if caller.is_expired:
        return None
    quota = counted() if counted is not None else None
    if quota is None:
        return {}
    return limit_headers([quota]) if quota.remaining >= 0 else None


def _check(quota: Quota) -> None:
    note_quota(quota)
    if quota.remaining < 0:
        raise Exhausted(
            f"the limit is {quota.limit} requests a minute; send the next one after "
            f"{quota.reset_s} seconds. To wait for a job, use its event stream or Prefer: wait=N",
            code="request-limit",
            retry_after=quota.reset_s or 1,
        )


def add_limit_headers(response: Response) -> Response:
    """Add the limits that the request has used, as structured fields (RateLimit header fields for HTTP)."""
    # A request that was refused before has those of an earlier request of its thread.
    quotas = noted_quotas() if "has_quotas" in g else ()
    if quotas:
        response.headers.update(limit_headers(quotas))
    return response


def limit_headers(quotas: Collection[Quota]) -> dict[str, str]:
    return {
        "RateLimit-Policy": ", ".join(map(_policy, quotas)),
        "RateLimit": ", ".join(map(_state, quotas)),
    }


def _policy(quota: Quota) -> str:
    unit = f';qu="{quota.unit}"' if quota.unit else ""
    window = f";w={quota.window_s}" if quota.window_s else ""
    return f'"{quota.name}";q={quota.limit}{unit}{window}'


def _state(quota: Quota) -> str:
    reset = f";t={quota.reset_s}" if quota.reset_s else ""
    return f'"{quota.name}";r={max(0, quota.remaining)}{reset}'
