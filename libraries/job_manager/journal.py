"""The journal: the ordered log of status changes of all jobs, and its subscribers.

The scripts that change a job append to a stream in the broker. Each subscriber is a consumer group
of the stream, so that all processes share its cursor. Entries are delivered at least once, possibly
after a later change of the same job: a handler reads the record of the job and is idempotent.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from libraries.broker import Redis, exceptions, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import REFUSALS, retry
from libraries.broker.scripts import run_script
from libraries.errors import Unavailable
from libraries.json_types import JsonObject

ENDS = frozenset({"finished", "failed", "stopped", "canceled"})
MAX_DELIVERIES = 5
# Entries belong to a process until its lease ends; it renews the lease between two entries.
LEASE_S, RENEW_AFTER_S = 3.0, 1.0
BUSY_POLL_S = 0.005
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """A status change of a job; `id` is its stream id, which is the total order.

    `event` is `queued`, `started`, `progress`, `retry` (a failed attempt with retries left),
    `requeued`, `finished`, `failed`, `stopped`, `canceled` or `deleted`. `seconds` is the duration
    of the ended attempt. `data` is the progress, the new `status` of a `retry`, or the files of a
    `deleted` job.
    """

    id: str
    job_id: str
    event: str
    owner: str
    task: str
    seconds: float | None = None
    data: JsonObject | None = None

    @property
    def at(self) -> float:
        """Time of the change in Unix seconds."""
        return int(self.id.partition("-")[0]) / 1000


@dataclass(frozen=True, kw_only=True)
class InBroker:
    """A script, such as `metrics/count`, that reads and handles each entry exactly once.

    `keys` and `arguments` follow those of the subscription.
    """

    script: str
    keys: tuple[str, ...] = ()
    arguments: tuple[str | int, ...] = ()


Handler = Callable[[Sequence[JournalEntry]], None]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscriber of the journal; `name` is its consumer group, `events` is what it gets.

    Attributes:
        handler: called with entries in order. If it raises `Unavailable` or an error of the broker,
            all entries are retried until it succeeds; after another error each at most five times.
        having: deliver only entries of jobs whose record has this field, and `deleted` ones with
            data.
        between_jobs: run in idle work-horses, not in a thread: for handlers that use a database or
            a store.
        backlog: start with the oldest entry; False starts with the next one.
        resync: called after entries were trimmed before the subscriber read them.
        is_wanted: called when a worker starts; False leaves the entries alone.
        retry_delay_s: first retry delay of an entry; each further delay is four times as long.
    """

    name: str
    handler: Handler | InBroker
    events: frozenset[str] = ENDS
    having: str = ""
    between_jobs: bool = False
    backlog: bool = True
    resync: Callable[[], object] | None = None
    is_wanted: Callable[[], bool] = lambda: True
    retry_delay_s: float = 1.0

    @property
    def begin(self) -> str:
        """Stream id after which a new subscriber starts."""
        return "0" if self.backlog else "$"


class Step(Enum):
    """Result of a step of a reader; BUSY means that another process holds the next entries."""

    HANDLED = auto()
    BUSY = auto()
    NOTHING = auto()


_subscriptions: dict[str, Subscription] = {}


def subscribe(subscription: Subscription) -> None:
    """Register a subscriber in this process; workers serve those registered before their start."""
    _subscriptions[subscription.name] = subscription


def subscriptions() -> tuple[Subscription, ...]:
    return tuple(one for one in _subscriptions.values() if one.is_wanted())


class Reader:
    """Reads and handles entries for one subscriber; `error` is the error that postponed them."""

    MAX_RETRY_DELAY_S = 30.0

    MAX_ENTRIES = 50

    def __init__(self, client: Redis, subscription: Subscription) -> None:
        self._client = client
        self._subscription = subscription
        self.error: Exception | None = None
        self._paused_until = 0.0
        self._pause_s = 0.0

    def begin(self) -> None:
        """Create the consumer group if it does not exist."""
        one = self._subscription
        with suppress(exceptions.ResponseError):  # it exists
            self._client.xgroup_create(keys.JOURNAL_KEY, one.name, one.begin, mkstream=True)

    def step(self) -> Step:
        """Handle the next entries. Errors of the broker are raised."""
        if time.monotonic() < self._paused_until:
            return Step.BUSY
        try:
            state, taken, dead, *gap = self._take()
        except exceptions.OutOfMemoryError:
            raise
        except exceptions.ResponseError as error:
            # A failing script must not end the work-horse.
            self._postpone((), error)
            return Step.BUSY
        for entry_id, job_id in dead:
            log.error(
                "Journal: %s dropped entry %s of job %s after %d deliveries",
                self._subscription.name, entry_id.decode(), job_id.decode(), MAX_DELIVERIES,
            )  # fmt: skip
        if state == b"gap":
            self._close_gap(gap[0].decode())
            return Step.HANDLED
        handler = self._subscription.handler
        if taken and not isinstance(handler, InBroker):
            self._handle(
                handler, [(_entry(entry_id, fields), count) for entry_id, count, fields in taken]
            )
        if state in (b"taken", b"more"):
            return Step.HANDLED
        return Step.BUSY if state == b"busy" else Step.NOTHING

    def _take(self) -> Any:
        one = self._subscription
        arguments = (
            one.name,
            self.MAX_ENTRIES,
            one.begin,
            one.having,
            f",{','.join(sorted(one.events))},",
        )
        if isinstance(one.handler, InBroker):
            script, script_keys, more = one.handler.script, one.handler.keys, one.handler.arguments
        else:
            script, script_keys = "job_manager/journal_take", (keys.JOURNAL_DEAD_KEY,)
            more = (int(LEASE_S * 1000), int(one.retry_delay_s * 1000), MAX_DELIVERIES)
        return run_script(
            self._client, script, (keys.JOURNAL_KEY, *script_keys), (*arguments, *more)
        )

    def _handle(self, handler: Handler, taken: list[tuple[JournalEntry, int]]) -> bool:
        """Handle entries; return False if they were postponed."""
        entries = [entry for entry, _ in taken]
        try:
            handler(entries)
        except (Unavailable, *REFUSALS) as error:
            self._postpone(entries, error)
            return False
        except Exception as error:
            if len(taken) == 1:
                self._record_failure(*taken[0], error)
                return True
            # One entry caused the error; the ones before it are handled twice.
            return self._handle_each(handler, taken)
        else:
            self._client.xack(
                keys.JOURNAL_KEY, self._subscription.name, *[one.id for one in entries]
            )
            self.error, self._pause_s = None, 0.0
            return True

    def _handle_each(self, handler: Handler, taken: list[tuple[JournalEntry, int]]) -> bool:
        renewed = time.monotonic()
        for index, one in enumerate(taken):
            if time.monotonic() - renewed > RENEW_AFTER_S:
                self._move("active", [entry for entry, _ in taken[index:]])
                renewed = time.monotonic()
            if not self._handle(handler, [one]):
                self._move("failed", [entry for entry, _ in taken[index:]], retrycount=0)
                return False
        return True

    def _postpone(self, entries: Sequence[JournalEntry], error: Exception) -> None:
        """Postpone entries without counting a delivery."""
        if self.error is None:
            expected = isinstance(error, (Unavailable, *REFUSALS))
            detail = str(error) if isinstance(error, Unavailable) else type(error).__name__
            log.warning(
                "Journal: %s postponed entries: %s",
                self._subscription.name, detail,
                exc_info=None if expected else error,
            )  # fmt: skip
        self.error = error
        self._pause_s = min(
            max(2 * self._pause_s, self._subscription.retry_delay_s), self.MAX_RETRY_DELAY_S
        )
        self._paused_until = time.monotonic() + self._pause_s
        self._move("failed", entries, retrycount=0)

    def _record_failure(self, entry: JournalEntry, deliveries: int, error: Exception) -> None:
        if deliveries == 1:
            log.error(
                "Journal: %s failed on entry %s (%s of job %s); retrying",
                self._subscription.name, entry.id, entry.event, entry.job_id,
                exc_info=error,
            )  # fmt: skip
        self._move("failed", [entry])

    def _move(self, consumer: str, entries: Sequence[JournalEntry], **more: Any) -> None:
        if not entries:
            return
        ids, group = [entry.id for entry in entries], self._subscription.name
        self._client.xclaim(keys.JOURNAL_KEY, group, consumer, 0, ids, justid=True, **more)  # type: ignore[arg-type]

    def _close_gap(self, before_first: str) -> None:
        name = self._subscription.name
        log.error("Journal: entries were dropped before %s read them", name)
        if self._subscription.resync is not None:
            try:
                self._subscription.resync()
            except (Unavailable, *REFUSALS) as error:
                self._postpone((), error)
                return
        self._client.xgroup_setid(keys.JOURNAL_KEY, name, before_first)


def _entry(entry_id: bytes, fields: list[bytes]) -> JournalEntry:
    known = {
        name.decode(): value.decode(errors="replace")
        for name, value in zip(fields[::2], fields[1::2], strict=True)
    }
    return JournalEntry(
        id=entry_id.decode(),
        job_id=known["job_id"],
        event=known["event"],
        owner=known["owner"],
        task=known["task"],
        seconds=float(known["seconds"]) if "seconds" in known else None,
        data=json.loads(known["data"]) if "data" in known else None,
    )


def catch_up(subscription: Subscription, *, seconds: float = 1.0) -> None:
    """Handle the new entries of a subscriber here; wait up to `seconds` for other processes.

    Raises Unavailable if the handler or the broker is unavailable.
    """
    reader, until = Reader(web_client(), subscription), time.monotonic() + seconds
    while time.monotonic() < until:
        step = retry(reader.step)
        if isinstance(reader.error, Unavailable):
            raise reader.error
        if step is Step.NOTHING or reader.error is not None:
            return
        if step is Step.BUSY:
            time.sleep(BUSY_POLL_S)


def read_to_end(readers: Sequence[Reader], *, seconds: float) -> bool:
    """Handle all entries, including those that follow from them; return whether there were any.

    Waits up to `seconds` for other processes that handle entries, and skips postponed ones.
    """
    found, until = False, time.monotonic() + seconds
    for reader in readers:
        step = Step.HANDLED
        while step is not Step.NOTHING and time.monotonic() < until:
            step = reader.step()
            found = found or step is Step.HANDLED
            if reader.error is not None:
                break
            if step is Step.BUSY:
                time.sleep(BUSY_POLL_S)
    return found
