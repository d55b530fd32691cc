"""The journal: one entry per change of a job's state, in order, and the subscribers that handle them.

The scripts that move a job append to one stream in the broker. Each subscriber is a consumer group of it, so its cursor is in the
broker and all processes share it. Entries are delivered at least once: a handler may get one again, and later than another change
of the same job, so it reads the job's record and is idempotent.
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
MAX_ENTRIES = 50
MAX_DELIVERIES = 5
# A process that holds entries renews its hold between two of them; one that is silent for this long is taken for dead.
HOLD_S, RENEW_AFTER_S = 3.0, 1.0
MAX_PAUSE_S = 30.0
BUSY_PAUSE_S = 0.005
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """A change of a job.

    Attributes:
        id: its place in the total order.
        job_id: the job.
        event: `queued` (submitted), `started`, `progress`, `retry` (an attempt failed, another will follow), `requeued` (waits again
            for another reason, or its time has come), `finished`, `failed`, `stopped`, `canceled` or `deleted`.
        owner: whose job it is.
        task: dotted path of the job's task.
        seconds: how long the attempt took that ended, None if none did or nobody knows.
        data: what belongs to the change: the `progress`, the `status` after a `retry`, and of a job that was `deleted` the record of
            its files.
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
        """When it happened, in Unix seconds."""
        return int(self.id.partition("-")[0]) / 1000


@dataclass(frozen=True, kw_only=True)
class InBroker:
    """A script that handles entries in the step that reads them, so that each has its effect exactly once.

    Attributes:
        script: the name of the script; `metrics/count` is an example.
        keys: its keys behind that of the journal.
        arguments: its arguments behind those of the subscription.
    """

    script: str
    keys: tuple[str, ...] = ()
    arguments: tuple[str | int, ...] = ()


Handler = Callable[[Sequence[JournalEntry]], None]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscriber of the journal.

    Attributes:
        name: names its cursor in the broker.
        handler: gets entries in their order. When it raises `Unavailable` or an error of the broker's, all of them are tried again
            until it succeeds; after any other error one by one, each at most five times. Or a script that does all of it.
        events: the events that it wants.
        having: a field that a job's record must have for its entries to be handled. A deleted job has no record; its entry is
            handled when it has data.
        between_jobs: handled by work-horses that have no job, not by a thread of the worker: for handlers that use a database or
            the store of files.
        backlog: whether a new subscriber begins with the oldest entry there is, instead of with the next one.
        resync: called when entries were dropped before the subscriber saw them.
        retry_delay_s: seconds before the second try of an entry; each further pause is four times as long.
    """

    name: str
    handler: Handler | InBroker
    events: frozenset[str] = ENDS
    having: str = ""
    between_jobs: bool = False
    backlog: bool = False
    resync: Callable[[], object] | None = None
    retry_delay_s: float = 1.0

    @property
    def begin(self) -> str:
        """Return the id behind which a new subscriber begins, in the broker's words."""
        return "0" if self.backlog else "$"


class Step(Enum):
    """What one step of a reader did: handled entries, found others at work, or found nothing."""

    HANDLED = auto()
    BUSY = auto()
    NOTHING = auto()


_subscriptions: dict[str, Subscription] = {}


def subscribe(subscription: Subscription) -> None:
    """Have the worker processes that start from now on, and this one in immediate mode, handle what a subscriber wants."""
    _subscriptions[subscription.name] = subscription


def subscriptions() -> tuple[Subscription, ...]:
    """Return all subscriptions of this process, in the order in which they were made."""
    return tuple(_subscriptions.values())


class Reader:
    """Takes entries for one subscriber and has them handled; `trouble` is why the last step could not be done."""

    def __init__(self, client: Redis, subscription: Subscription) -> None:
        """Read over `client`."""
        self._client = client
        self._subscription = subscription
        self.trouble: Exception | None = None
        self._paused_until = 0.0
        self._pause_s = 0.0

    def begin(self) -> None:
        """Make the cursor of a new subscriber.

        Raises:
            redis errors: the broker is away.
        """
        one = self._subscription
        with suppress(exceptions.ResponseError):  # it is there
            self._client.xgroup_create(keys.JOURNAL_KEY, one.name, one.begin, mkstream=True)

    def step(self) -> Step:
        """Handle the next entries.

        Raises:
            redis errors: the broker is away.
        """
        if time.monotonic() < self._paused_until:
            return Step.BUSY
        try:
            state, taken, dead, *gap = self._take()
        except exceptions.OutOfMemoryError:
            raise
        except exceptions.ResponseError as error:
            # A script that fails must not take a work-horse with it.
            self._put_off((), error)
            return Step.BUSY
        for entry_id, job_id in dead:
            log.error(
                "Journal: %s gives up entry %s of job %s after %d deliveries",
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
            MAX_ENTRIES,
            one.begin,
            one.having,
            f",{','.join(sorted(one.events))},",
        )
        if isinstance(one.handler, InBroker):
            script, script_keys, more = one.handler.script, one.handler.keys, one.handler.arguments
        else:
            script, script_keys = "job_manager/journal_take", (keys.JOURNAL_DEAD_KEY,)
            more = (int(HOLD_S * 1000), int(one.retry_delay_s * 1000), MAX_DELIVERIES)
        return run_script(
            self._client, script, (keys.JOURNAL_KEY, *script_keys), (*arguments, *more)
        )

    def _handle(self, handler: Handler, taken: list[tuple[JournalEntry, int]]) -> bool:
        """Have entries handled; return False when they were put off."""
        entries = [entry for entry, _ in taken]
        try:
            handler(entries)
        except (Unavailable, *REFUSALS) as error:
            self._put_off(entries, error)
            return False
        except Exception as error:
            if len(taken) == 1:
                self._note_failure(*taken[0], error)
                return True
            # The error is one entry's. Those that were handled before it are handled again.
            return self._handle_each(handler, taken)
        else:
            self._client.xack(
                keys.JOURNAL_KEY, self._subscription.name, *[one.id for one in entries]
            )
            self.trouble, self._pause_s = None, 0.0
            return True

    def _handle_each(self, handler: Handler, taken: list[tuple[JournalEntry, int]]) -> bool:
        renewed = time.monotonic()
        for place, one in enumerate(taken):
            if time.monotonic() - renewed > RENEW_AFTER_S:
                self._move("active", [entry for entry, _ in taken[place:]])
                renewed = time.monotonic()
            if not self._handle(handler, [one]):
                self._move("failed", [entry for entry, _ in taken[place:]], retrycount=0)
                return False
        return True

    def _put_off(self, entries: Sequence[JournalEntry], error: Exception) -> None:
        """Leave entries for later, at no cost to them: what their handler needs is out of reach."""
        if self.trouble is None:
            foreseen = isinstance(error, (Unavailable, *REFUSALS))
            detail = str(error) if isinstance(error, Unavailable) else type(error).__name__
            log.warning(
                "Journal: entries wait for %s: %s",
                self._subscription.name, detail,
                exc_info=None if foreseen else error,
            )  # fmt: skip
        self.trouble = error
        self._pause_s = min(max(2 * self._pause_s, self._subscription.retry_delay_s), MAX_PAUSE_S)
        self._paused_until = time.monotonic() + self._pause_s
        self._move("failed", entries, retrycount=0)

    def _note_failure(self, entry: JournalEntry, deliveries: int, error: Exception) -> None:
        if deliveries == 1:
            log.error(
                "Journal: %s failed on entry %s (%s of job %s); it is tried again",
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
        log.error("Journal: entries were dropped before %s saw them; it goes on behind them", name)
        if self._subscription.resync is not None:
            try:
                self._subscription.resync()
            except (Unavailable, *REFUSALS) as error:
                self._put_off((), error)
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
    """Handle what a subscriber has not seen yet, here and now, and wait for other processes that are at it, within some seconds.

    Raises:
        Unavailable: what the handler needs, or the broker, is out of reach.
    """
    reader, until = Reader(web_client(), subscription), time.monotonic() + seconds
    while time.monotonic() < until:
        step = retry(reader.step)
        if isinstance(reader.trouble, Unavailable):
            raise reader.trouble
        if step is Step.NOTHING or reader.trouble is not None:
            return
        if step is Step.BUSY:
            time.sleep(BUSY_PAUSE_S)


def read_to_end(readers: Sequence[Reader], *, seconds: float) -> bool:
    """Have readers handle all there is, what follows from it too, and return whether there was anything.

    What other processes hold is waited for, up to some seconds. What cannot be handled now is left.
    """
    anything, until = False, time.monotonic() + seconds
    for reader in readers:
        step = Step.HANDLED
        while step is not Step.NOTHING and time.monotonic() < until:
            step = reader.step()
            anything = anything or step is Step.HANDLED
            if reader.trouble is not None:
                break
            if step is Step.BUSY:
                time.sleep(BUSY_PAUSE_S)
    return anything
