"""Job event streams and the process-wide subscription that delivers new events.

A job that is followed or reports progress has a stream in the broker. The ids of its entries are
the event ids that clients pass to resume. The scripts that change a job write to the stream and
publish on a channel of the same name, in the same step.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from libraries.broker import PubSub, Redis, exceptions, keys
from libraries.broker.connections import subscription_client, web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import BROKER_ERRORS, retry
from libraries.broker.scripts import run_script
from libraries.job_manager.backends import fetch_job
from libraries.job_manager.record_fields import replies_with_damage
from libraries.job_manager.records import JOB_ID, JobRecord
from libraries.job_manager.states import FINAL_STATES, UNREADABLE
from libraries.json_types import JsonObject
from libraries.settings import Settings

ENDS = frozenset({"finished", "failed", "canceled"})
GONE = "gone"
GROUPS = keys.group_channel("", "")[:-1]
START = "0-0"
EVENT_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,15})", re.ASCII)
SUBSCRIBE_TIMEOUT_S, SUBSCRIBE_ATTEMPTS = 1.0, 4
POLL_S = 5.0
log = logging.getLogger(__name__)


class JobEvent(NamedTuple):
    """An event: `status`, `progress`, `log`, `finished`, `failed` or `canceled`.

    `job` is the record right after a change of state, even if it has changed since; None for other events and for a deleted job.
    """

    id: str
    name: str
    data: JsonObject
    job: JobRecord | None = None

    @property
    def last(self) -> bool:
        return self.name in ENDS


class JobSnapshot(NamedTuple):
    """A job, its events after the last known one, and the id of its newest event."""

    job: JobRecord
    events: list[JobEvent]
    last_id: str

    @property
    def opening(self) -> JobRecord:
        """The job before its end, if that is one of the events; otherwise the job as it is."""
        return self.job.before_end() if any(event.last for event in self.events) else self.job


def order(event_id: str) -> tuple[int, int]:
    """Return the sort key of an event id; (0, 0) if it is malformed."""
    found = EVENT_ID.fullmatch(event_id)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def event_id(key: tuple[int, int]) -> str:
    return f"{key[0]}-{key[1]}"


def end_name(status: str) -> str:
    """Return the name of the final event of a job in a final state."""
    return {"stopped": "canceled", UNREADABLE: "failed"}.get(status, status)


def read_events(job_id: str, after: str = START) -> JobSnapshot | None:
    """Return a job with its events after `after`, and start recording; None if not found."""
    if not JOB_ID.fullmatch(job_id):
        return None
    known = after if EVENT_ID.fullmatch(after) else START
    return retry(lambda: _read_events(web_client(), job_id, known))


def _read_events(client: Redis, job_id: str, after: str) -> JobSnapshot | None:
    script_keys = (keys.job_key(job_id), keys.events_key(job_id))
    found = run_script(client, "job_manager/open_events", script_keys, (after,))
    job = fetch_job(job_id)
    if found is None or job is None:
        return None
    state, entries, last_id, last_name = found
    if job.status != UNREADABLE and job.done != (state.decode() in FINAL_STATES):
        # The state changed between the two reads.
        return _read_events(client, job_id, after)
    events = [_event(entry_id.decode(), parts) for entry_id, parts in entries]
    last = last_id.decode()
    if job.done and last_name.decode() not in ENDS:
        # The job was not followed, or a stock worker ran it: no final event was published.
        last = end_id(job, last)
        if order(last) > order(after):
            events.append(JobEvent(last, end_name(job.status), {"status": job.status}))
    return JobSnapshot(job, [_with_job(event, job) for event in events], last)


def end_id(job: JobRecord, last_id: str) -> str:
    """Return an event id greater than `last_id` for an unpublished final event."""
    ended = job.ended_at or job.created_at
    at = f"{int(ended.timestamp() * 1000) if ended else 1}-0"
    last = order(last_id)
    return at if order(at) > last else event_id((last[0], last[1] + 1))


def _event(entry_id: str, parts: list[bytes]) -> JobEvent:
    fields = dict(zip(parts[::2], parts[1::2], strict=True))
    return JobEvent(entry_id, fields[b"event"].decode(), json.loads(fields[b"data"]))


def _with_job(event: JobEvent, job: JobRecord | None) -> JobEvent:
    """Add the record of that moment to a change of state."""
    if job is None or not (event.last or event.name == "status"):
        return event
    is_end = event.last and job.done
    return event._replace(job=job if is_end else job.as_of(event.data))


class Message(NamedTuple):
    """A message to a group; `text` is JSON, shared by all listeners."""

    group: str
    text: str

    @property
    def body(self) -> JsonObject:
        body: JsonObject = json.loads(self.text)
        return body


def send_to_group(owner: str, group: str, body: JsonObject) -> int:
    """Send `body` to the WebSockets in a group; return the number of receiving processes."""
    client = web_client()
    return retry(lambda: int(client.publish(keys.group_channel(owner, group), json.dumps(body))))


JobListener = Callable[[JobEvent], None]
GroupListener = Callable[[Message], None]
Listener = TypeVar("Listener")


class EventSubscriptions:
    """The subscription of a process, which delivers job events in order and once.

    Listeners are called in the thread of the subscription and must not block. After an outage of
    the broker the missed job events are delivered.
    """

    RECONNECT_DELAY_S = 0.2

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._jobs: defaultdict[str, list[JobListener]] = defaultdict(list)
        self._groups: defaultdict[str, list[tuple[str, GroupListener]]] = defaultdict(list)
        self._last_ids: dict[str, str] = {}
        self._confirmed: dict[str, threading.Event] = {}
        self._renewed: set[str] = set()
        self._own = f"vector:feed:{id(self):x}:{time.time_ns():x}"
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @contextlib.contextmanager
    def following(self, job_id: str, listener: JobListener) -> Iterator[None]:
        """Call `listener` with each event of a job while the block runs."""
        self.follow(job_id, listener)
        try:
            yield
        finally:
            self.leave(job_id, listener)

    def follow(self, job_id: str, listener: JobListener) -> None:
        """Call `listener` with each further event of a job. Raises QueueUnavailable."""
        self._add(self._jobs, job_id, listener, keys.events_key(job_id))

    def leave(self, job_id: str, listener: JobListener) -> None:
        """Stop calling `listener`; no error if it does not follow the job."""
        self._remove(self._jobs, job_id, listener)

    def join(self, owner: str, group: str, listener: GroupListener) -> None:
        """Call `listener` with each message to a group of the owner. Raises QueueUnavailable."""
        channel = keys.group_channel(owner, group)
        self._add(self._groups, channel, (group, listener), channel)

    def part(self, owner: str, group: str, listener: GroupListener) -> None:
        """Stop calling `listener` for that group."""
        self._remove(self._groups, keys.group_channel(owner, group), (group, listener))

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                web_client(self._settings).publish(self._own, "stop")
            self._thread.join(timeout=2)

    # -- called in any thread

    def _add(
        self, listeners: dict[str, list[Listener]], key: str, listener: Listener, channel: str
    ) -> None:
        with self._lock:
            listeners[key].append(listener)
        try:
            self._await_subscription(channel)
        except QueueUnavailable:
            self._remove(listeners, key, listener)
            raise

    def _remove(self, listeners: dict[str, list[Listener]], key: str, listener: Listener) -> None:
        with self._lock, contextlib.suppress(ValueError):
            remaining = listeners.get(key, [])
            remaining.remove(listener)
            if not remaining:
                del listeners[key]

    def _await_subscription(self, channel: str) -> None:
        with self._lock:
            confirmed = self._confirmed.setdefault(channel, threading.Event())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event-feed", daemon=True)
                self._thread.start()
        if confirmed.is_set():
            return
        # A message wakes the thread; repeated, in case that it was not subscribed yet.
        for _ in range(SUBSCRIBE_ATTEMPTS):
            retry(lambda: web_client(self._settings).publish(self._own, "subscribe"))
            if confirmed.wait(SUBSCRIBE_TIMEOUT_S / SUBSCRIBE_ATTEMPTS):
                return
        raise QueueUnavailable("events are unavailable; try again in a moment")

    # -- called in the thread of the subscription

    def _run(self) -> None:
        client, lost = subscription_client(self._settings), False
        while not self._stop.is_set():
            pubsub = client.pubsub()  # type: ignore[no-untyped-call]
            try:
                pubsub.subscribe(self._own)
                self._subscribe(pubsub, renew=True)
                lost = False
                self._listen(pubsub)
            except (QueueUnavailable, exceptions.RedisError) as error:
                if not lost:
                    log.warning("Events: broker unreachable (%s); retrying", type(error).__name__)
                lost = True
            except Exception:
                # The thread must survive any error, because it serves other listeners.
                log.exception("Events: a message could not be processed")
            finally:
                self._close(pubsub)
            self._stop.wait(self.RECONNECT_DELAY_S)
        client.close()

    def _close(self, pubsub: PubSub) -> None:
        with self._lock:
            for confirmed in self._confirmed.values():
                confirmed.clear()
        with contextlib.suppress(*BROKER_ERRORS):
            pubsub.close()

    def _listen(self, pubsub: PubSub) -> None:
        poll_at = time.monotonic() + POLL_S
        while not self._stop.is_set():
            message = pubsub.get_message(timeout=max(0.0, poll_at - time.monotonic()))
            if message is not None:
                self._take(pubsub, message)
            if time.monotonic() >= poll_at:
                self._poll_jobs()
                self._unsubscribe(pubsub)
                poll_at = time.monotonic() + POLL_S

    def _take(self, pubsub: PubSub, message: JsonObject) -> None:
        channel = message["channel"].decode()
        if message["type"] == "subscribe":
            self._confirm(channel)
        elif message["type"] != "message":
            return
        elif channel == self._own:
            self._subscribe(pubsub)
        elif channel.startswith(GROUPS):
            self._publish_group(channel, message["data"])
        else:
            job_id = channel.removeprefix(keys.events_key(""))
            self._publish_text(job_id, message["data"].decode())

    def _confirm(self, channel: str) -> None:
        job_id = channel.removeprefix(keys.events_key(""))
        with self._lock:
            confirmed = self._confirmed.get(channel)
            missed = channel in self._renewed and job_id in self._jobs
            self._renewed.discard(channel)
        if missed:
            # After an outage. Listeners ignore events that they know.
            self._publish_missed(job_id)
        if confirmed is not None:
            confirmed.set()

    def _subscribe(self, pubsub: PubSub, *, renew: bool = False) -> None:
        with self._lock:
            channels = [*map(keys.events_key, self._jobs), *self._groups]
            missing = [channel for channel in channels if renew or not self._is_confirmed(channel)]
            if renew:
                self._renewed.update(missing)
        if missing:
            pubsub.subscribe(*missing)

    def _is_confirmed(self, channel: str) -> bool:
        confirmed = self._confirmed.get(channel)
        return confirmed is not None and confirmed.is_set()

    def _unsubscribe(self, pubsub: PubSub) -> None:
        with self._lock:
            channels = {*map(keys.events_key, self._jobs), *self._groups}
            unwanted = [channel for channel in self._confirmed if channel not in channels]
            for channel in unwanted:
                del self._confirmed[channel]
                self._last_ids.pop(channel.removeprefix(keys.events_key("")), None)
        if unwanted:
            pubsub.unsubscribe(*unwanted)  # type: ignore[no-untyped-call]

    def _publish_group(self, channel: str, text: bytes) -> None:
        with self._lock:
            members = list(self._groups.get(channel, ()))
        decoded = text.decode()
        for group, listener in members:
            listener(Message(group, decoded))

    def _publish_text(self, job_id: str, text: str) -> None:
        if text == GONE:
            self._publish(job_id, JobEvent(START, "canceled", {"status": "not_found"}))
            return
        event_id, name, data = text.split(" ", 2)
        event = JobEvent(event_id, name, json.loads(data))
        changes = event.last or name == "status"
        self._publish(job_id, _with_job(event, fetch_job(job_id) if changes else None))

    def _publish_missed(self, job_id: str) -> None:
        snapshot = _read_events(
            web_client(self._settings), job_id, self._last_ids.get(job_id, START)
        )
        if snapshot is None:
            self._publish_text(job_id, GONE)
            return
        for event in snapshot.events:
            self._publish(job_id, event)

    def _publish(self, job_id: str, event: JobEvent) -> None:
        with self._lock:
            listeners = list(self._jobs.get(job_id, ()))
            if listeners:
                self._last_ids[job_id] = event.id
        for listener in listeners:
            listener(event)

    def _poll_jobs(self) -> None:
        """Publish final events of jobs that a stock worker ran, which writes no events."""
        with self._lock:
            job_ids = list(self._jobs)
        if not job_ids:
            return
        client = web_client(self._settings)
        with client.pipeline(transaction=False) as pipeline:
            for job_id in job_ids:
                pipeline.hget(keys.job_key(job_id), "status")
            states = pipeline.execute(raise_on_error=False)
        for job_id, state in zip(job_ids, replies_with_damage(states), strict=True):
            if not isinstance(state, bytes) or state.decode(errors="replace") in FINAL_STATES:
                self._publish_missed(job_id)
