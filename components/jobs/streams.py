"""Job events as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from flask import Response, g, request

from components.http.access import Caller
from components.http.long_connections import (
    DetachedResponse,
    JobSubscription,
    LiveConnections,
    live,
    supports_streaming,
)
from components.jobs.representation import expired_record, job_body, visible_job
from libraries.job_manager import JobEvent, JobRecord, as_owner
from libraries.job_manager.events import ENDS, EVENT_ID, START, JobSnapshot, order
from libraries.job_manager.ownership import is_guest
from libraries.json_types import JsonObject
from libraries.live import Connection

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx must not buffer events.
    "X-Accel-Buffering": "no",
    "Connection": "close",
}
RECONNECT = b"retry: 2000\n\n"
Write = Callable[[bytes, bool], None]


def stream_response(job_id: str) -> Response:
    """Stream a job of the caller: its state, the stored events after `Last-Event-ID`, and new events."""
    visible_job(job_id)
    here = live()
    if request.method == "HEAD":
        return Response(status=200, headers=HEADERS)
    if here.is_stopping:
        # An EventSource reconnects after the end of a stream, not after an error.
        return Response(RECONNECT, headers=HEADERS)
    here.check_room()
    stream = JobStream(here, job_id, last_event_id())
    followed = stream.follower.start(here.feed)
    if followed is None:
        raise expired_record()
    return stream.response(followed)


def last_event_id() -> str:
    """Return the last event id of the client, `0-0` if it has none."""
    given = request.headers.get("Last-Event-ID", "") or request.args.get("last_event_id", "")
    return given if EVENT_ID.fullmatch(given) else START


class JobStream:
    """The events of one job, streamed to one client that has all events up to `after`."""

    __slots__ = ("_caller", "_guest", "_here", "_write", "follower")

    heartbeat = b": still here\n\n"
    farewell = b""

    def __init__(self, here: LiveConnections, job_id: str, after: str) -> None:
        self._here = here
        self._guest = is_guest()
        self._caller: Caller = g.caller
        self._write: Write = lambda data, last: None
        self.follower = JobSubscription(job_id, after, self._deliver)

    def response(self, followed: JobSnapshot) -> Response:
        """Return a response that starts with the past events, or 204 if the client has the final event."""
        ended = followed.job.done
        if (
            ended
            and not followed.events
            and order(followed.last_id) <= self.follower.known != order(START)
        ):
            self._leave()
            return Response(status=204, headers={"Cache-Control": "no-store"})
        past = b"".join(self._encoded(event) for event in followed.events)
        first = RECONNECT + encode("", "status", shown(followed.opening, guest=self._guest)) + past
        return self._answer(
            first, followed.last_id, HEADERS, over=any(event.last for event in followed.events)
        )

    def _answer(
        self, first: bytes, last_id: str, headers: dict[str, str], *, over: bool
    ) -> Response:
        """Return a response that starts with `first` and, unless the job is `over`, streams the events after `last_id`."""
        if over:
            self._leave()
            return Response(first, headers=headers)
        if supports_streaming():
            begin = partial(self._begin, last_id=last_id)
            return DetachedResponse(200, headers, self, begin, first, on_full=self._leave)
        return Response(self._blocks(first, last_id), headers=headers)

    def _deliver(self, event: JobEvent) -> None:
        self._write(self._encoded(event), event.last)

    def _encoded(self, event: JobEvent) -> bytes:
        return encoded_event(self.follower.job_id, event, guest=self._guest)

    def _leave(self) -> None:
        self.follower.leave(self._here.feed)

    # Connection of the hub

    def receive(self, line: Connection, data: bytes) -> bool:
        """Ignore data from the client."""
        return True

    def ended(self, line: Connection) -> None:
        self._leave()

    def _begin(self, line: Connection, last_id: str) -> None:
        hub, lines = self._here.hub, (line,)
        self._write = lambda data, last: hub.send(lines, data, last=last)
        self.follower.open(last_id)

    # Fallback for servers that cannot detach a connection: a thread per stream

    def _blocks(self, first: bytes, last_id: str) -> Iterator[bytes]:
        blocks: queue.Queue[tuple[bytes, bool]] = queue.Queue()
        self._write = lambda data, last: blocks.put((data, last))
        self.follower.open(last_id)
        try:
            yield first
            last = False
            while not last and not self._here.stopping.is_set():
                try:
                    data, last = blocks.get(timeout=15.0)
                except queue.Empty:
                    data = self.heartbeat
                if self._caller.is_expired:
                    return
                yield data
        finally:
            self._leave()


def encoded_event(job_id: str, event: JobEvent, *, guest: bool = False) -> bytes:
    """Return an encoded event; cached, since many clients may follow the job."""
    return _encoded_event(job_id, event.id, event.name, _Unchanged(event), guest)


class _Unchanged:
    """An event that the cache key ignores: job, id and name identify it."""

    def __init__(self, event: JobEvent) -> None:
        self.event = event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unchanged)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _encoded_event(
    job_id: str,
    event_id: str,
    name: str,
    same: _Unchanged,
    guest: bool,
) -> bytes:
    event = same.event
    if event.job is not None:
        return encode(event_id, name, shown(event.job, guest=guest))
    done = {"done": True} if name in ENDS else {}
    return encode(event_id, name, {"id": job_id, **event.data, **done})


def shown(job: JobRecord, *, guest: bool) -> JsonObject:
    """Return the JSON representation of a job for its owner, or for a guest of the owner."""
    with as_owner(job.owner, guest=guest):
        return job_body(job)


def encode(event_id: str, name: str, data: JsonObject) -> bytes:
    """Return one event. JSON has no line breaks, so one `data` line is enough."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()
