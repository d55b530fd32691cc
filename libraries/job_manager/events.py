"""What becomes of a job, as it happens: the record of its events, and the one subscription of a process that brings new ones.

Each job that somebody follows, or that reports progress, has a stream in the broker: its entries are the events, their ids are
the ids by which a client says what it knows already. The scripts that move a job write into it and tell it on a channel of the
same name, in the step in which they move the job.
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
from typing import NamedTuple

from libraries.broker import PubSub, Redis, exceptions, keys
from libraries.broker.connections import subscription_client, web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import BROKER_ERRORS, retry
from libraries.broker.scripts import run_script
from libraries.job_manager.records import JOB_ID, JobRecord, fetch_job
from libraries.job_manager.states import FINAL_STATES
from libraries.json_types import JsonObject
from libraries.settings import Settings

ENDS = frozenset({"finished", "failed", "canceled"})
GONE = "gone"
GROUPS = keys.group_channel("", "")[:-1]
START = "0-0"
EVENT_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,15})", re.ASCII)
# Seconds.
SUBSCRIBE_TIMEOUT_S, LOOKS = 1.0, 4
POLL_S = 5.0
RECONNECT_DELAY_S = 0.2
log = logging.getLogger(__name__)


class JobEvent(NamedTuple):
    """One event: its id, its name (`status`, `progress`, `log`, `finished`, `failed`, `canceled`), what it says.

    `job` is the job as it is just behind the event, for those that change its state; None for the others, and for a job whose
    record is gone.
    """

    id: str
    name: str
    data: JsonObject
    job: JobRecord | None = None

    @property
    def last(self) -> bool:
        """Tell whether nothing comes behind it."""
        return self.name in ENDS


class JobSnapshot(NamedTuple):
    """A job as it is when somebody begins to follow it, and its events behind the one that they know."""

    job: JobRecord
    events: list[JobEvent]
    last_id: str


def order(event_id: str) -> tuple[int, int]:
    """Return what to compare ids by; (0, 0) for what is no id."""
    found = EVENT_ID.fullmatch(event_id)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def event_id(place: tuple[int, int]) -> str:
    """Return the id with that order."""
    return f"{place[0]}-{place[1]}"


def end_name(status: str) -> str:
    """Return the name of the event with which a job in a final state ended."""
    return "canceled" if status == "stopped" else status


def read_events(job_id: str, after: str = START) -> JobSnapshot | None:
    """Return a job and its events behind `after`, and have what comes kept from now on; None when there is no such job.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    if not JOB_ID.fullmatch(job_id):
        return None
    known = after if EVENT_ID.fullmatch(after) else START
    return retry(lambda: _read_events(web_client(), job_id, known))


def _read_events(client: Redis, job_id: str, after: str) -> JobSnapshot | None:
    found = run_script(
        client, "job_manager/open_events", (keys.job_key(job_id), keys.events_key(job_id)), (after,)
    )
    job = fetch_job(job_id)
    if found is None or job is None:
        return None
    state, entries, last_id, told = found
    if job.done != (state.decode() in FINAL_STATES):
        # It ended, or began anew, between the two looks at it.
        return _read_events(client, job_id, after)
    events = [
        _event(entry_id.decode(), dict(zip(parts[::2], parts[1::2], strict=True)))
        for entry_id, parts in entries
    ]
    last = last_id.decode()
    if job.done and told.decode() not in ENDS:
        # Nobody followed it, or a worker of another make ran it: its end was told to nobody. It is told now.
        last = end_id(job, last)
        if order(last) > order(after):
            events.append(JobEvent(last, end_name(job.status), {"status": job.status}))
    return JobSnapshot(job, [_with_job(event, job) for event in events], last)


def end_id(job: JobRecord, last_id: str) -> str:
    """Return an id behind `last_id` for the end of a job that nobody told: the time at which it came, if that is later."""
    ended = job.ended_at or job.created_at
    at = f"{int(ended.timestamp() * 1000) if ended else 1}-0"
    last = order(last_id)
    return at if order(at) > last else event_id((last[0], last[1] + 1))


def _event(entry_id: str, fields: dict[bytes, bytes]) -> JobEvent:
    return JobEvent(entry_id, fields[b"event"].decode(), json.loads(fields[b"data"]))


def _with_job(event: JobEvent, job: JobRecord | None) -> JobEvent:
    return event._replace(job=job) if event.last or event.name == "status" else event


class Message(NamedTuple):
    """What somebody sent to a group: its name, and what it says as JSON text, the same object for every listener."""

    group: str
    text: str

    @property
    def body(self) -> JsonObject:
        """What it says."""
        said: JsonObject = json.loads(self.text)
        return said


def send_to_group(owner: str, group: str, body: JsonObject) -> int:
    """Send to all sockets of the owner that have joined a group, whichever process holds them; return how many processes got it.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    client = web_client()
    return retry(lambda: int(client.publish(keys.group_channel(owner, group), json.dumps(body))))


JobListener = Callable[[JobEvent], None]
GroupListener = Callable[[Message], None]


class EventSubscriptions:
    """The one subscription of a process. It tells listeners what becomes of the jobs that they follow, in order and once.

    Listeners are called in the feed's thread and must not block. While the broker is away nothing is told; what was missed
    is told when it is back.
    """

    def __init__(self, settings: Settings) -> None:
        """Make a feed; its thread starts with the first listener."""
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
        """Have `listener` called with each event of a job for as long as the block lasts."""
        self.follow(job_id, listener)
        try:
            yield
        finally:
            self.leave(job_id, listener)

    def follow(self, job_id: str, listener: JobListener) -> None:
        """Have `listener` called with each event of a job from now on.

        Raises:
            QueueUnavailable: the broker does not confirm the subscription in time.
        """
        with self._lock:
            self._jobs[job_id].append(listener)
        try:
            self._subscribed(keys.events_key(job_id))
        except QueueUnavailable:
            self.leave(job_id, listener)
            raise

    def leave(self, job_id: str, listener: JobListener) -> None:
        """Call `listener` no more; nothing happens when it does not follow the job."""
        with self._lock, contextlib.suppress(ValueError):
            listeners = self._jobs.get(job_id, [])
            listeners.remove(listener)
            if not listeners:
                del self._jobs[job_id]

    def join(self, owner: str, group: str, listener: GroupListener) -> None:
        """Have `listener` called with each message to a group of the owner's.

        Raises:
            QueueUnavailable: the broker does not confirm the subscription in time.
        """
        channel = keys.group_channel(owner, group)
        with self._lock:
            self._groups[channel].append((group, listener))
        try:
            self._subscribed(channel)
        except QueueUnavailable:
            self.part(owner, group, listener)
            raise

    def part(self, owner: str, group: str, listener: GroupListener) -> None:
        """Call `listener` no more for that group."""
        channel = keys.group_channel(owner, group)
        with self._lock, contextlib.suppress(ValueError):
            members = self._groups.get(channel, [])
            members.remove((group, listener))
            if not members:
                del self._groups[channel]

    def close(self) -> None:
        """End the subscription and its thread."""
        self._stop.set()
        if self._thread is not None:
            with contextlib.suppress(*BROKER_ERRORS):
                web_client(self._settings).publish(self._own, "stop")
            self._thread.join(timeout=2)

    # -- asked for in any thread, done in the feed's

    def _subscribed(self, channel: str) -> None:
        """Wait until the broker has confirmed that it tells us what comes on a channel."""
        with self._lock:
            confirmed = self._confirmed.setdefault(channel, threading.Event())
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="event-feed", daemon=True)
                self._thread.start()
        if confirmed.is_set():
            return
        # The thread waits for messages, so it is told by one; again, if it was not there yet to hear it.
        for _ in range(LOOKS):
            retry(lambda: web_client(self._settings).publish(self._own, "look"))
            if confirmed.wait(SUBSCRIBE_TIMEOUT_S / LOOKS):
                return
        raise QueueUnavailable("events cannot be followed right now; try again in a moment")

    def _run(self) -> None:
        client, away = subscription_client(self._settings), False
        while not self._stop.is_set():
            pubsub = client.pubsub()  # type: ignore[no-untyped-call]
            try:
                pubsub.subscribe(self._own)
                self._subscribe(pubsub, anew=True)
                away = False
                self._listen(pubsub)
            except (QueueUnavailable, exceptions.RedisError) as error:
                if not away:
                    log.warning(
                        "Events: the broker is away (%s); trying again until it is back",
                        type(error).__name__,
                    )
                away = True
                self._stop.wait(RECONNECT_DELAY_S)
            except Exception:
                # Whatever it is, the others that listen must be served on.
                log.exception("Events: a message could not be dealt with")
                self._stop.wait(RECONNECT_DELAY_S)
            finally:
                with self._lock:
                    for confirmed in self._confirmed.values():
                        confirmed.clear()
                with contextlib.suppress(*BROKER_ERRORS):
                    pubsub.close()
        client.close()

    def _listen(self, pubsub: PubSub) -> None:
        look_at = time.monotonic() + POLL_S
        while not self._stop.is_set():
            message = pubsub.get_message(timeout=max(0.0, look_at - time.monotonic()))
            if message is not None:
                self._take(pubsub, message)
            if time.monotonic() >= look_at:
                self._poll_jobs()
                self._unsubscribe(pubsub)
                look_at = time.monotonic() + POLL_S

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
            # The broker was away. Listeners pass over what they know.
            self._publish_missed(job_id)
        if confirmed is not None:
            confirmed.set()

    def _subscribe(self, pubsub: PubSub, *, anew: bool = False) -> None:
        with self._lock:
            wanted = [*map(keys.events_key, self._jobs), *self._groups]
            missing = [channel for channel in wanted if anew or not self._is_confirmed(channel)]
            if anew:
                self._renewed.update(missing)
        if missing:
            pubsub.subscribe(*missing)

    def _is_confirmed(self, channel: str) -> bool:
        confirmed = self._confirmed.get(channel)
        return confirmed is not None and confirmed.is_set()

    def _unsubscribe(self, pubsub: PubSub) -> None:
        with self._lock:
            wanted = {*map(keys.events_key, self._jobs), *self._groups}
            unwanted = [channel for channel in self._confirmed if channel not in wanted]
            for channel in unwanted:
                del self._confirmed[channel]
                self._last_ids.pop(channel.removeprefix(keys.events_key("")), None)
        if unwanted:
            pubsub.unsubscribe(*unwanted)  # type: ignore[no-untyped-call]

    # -- telling

    def _publish_group(self, channel: str, text: bytes) -> None:
        with self._lock:
            members = list(self._groups.get(channel, ()))
        said = text.decode()
        for group, listener in members:
            listener(Message(group, said))

    def _publish_text(self, job_id: str, text: str) -> None:
        if text == GONE:
            self._publish(job_id, JobEvent(START, "canceled", {"status": "not_found"}))
            return
        event_id, name, data = text.split(" ", 2)
        event = JobEvent(event_id, name, json.loads(data))
        changes = event.last or name == "status"
        self._publish(job_id, event._replace(job=fetch_job(job_id)) if changes else event)

    def _publish_missed(self, job_id: str) -> None:
        followed = _read_events(
            web_client(self._settings), job_id, self._last_ids.get(job_id, START)
        )
        if followed is None:
            self._publish_text(job_id, GONE)
            return
        for event in followed.events:
            self._publish(job_id, event)

    def _publish(self, job_id: str, event: JobEvent) -> None:
        with self._lock:
            listeners = list(self._jobs.get(job_id, ()))
            if listeners:
                self._last_ids[job_id] = event.id
        for listener in listeners:
            listener(event)

    def _poll_jobs(self) -> None:
        """See to jobs whose end nobody told: a worker of another make writes no events."""
        with self._lock:
            job_ids = list(self._jobs)
        if not job_ids:
            return
        client = web_client(self._settings)
        with client.pipeline(transaction=False) as pipeline:
            for job_id in job_ids:
                pipeline.hget(keys.job_key(job_id), "status")
            states = pipeline.execute()
        for job_id, state in zip(job_ids, states, strict=True):
            if state is None or state.decode() in FINAL_STATES:
                self._publish_missed(job_id)
