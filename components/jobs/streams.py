"""What becomes of a job as an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from flask import Response, request

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
from libraries.json_types import JsonObject
from libraries.live import Connection

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx passes each event on at once.
    "X-Accel-Buffering": "no",
    "Connection": "close",
}
RECONNECT_AFTER = b"retry: 2000\n\n"
COMMENT = b": still here\n\n"
Write = Callable[[bytes, bool], None]


def stream_response(job_id: str) -> Response:
    """Return the events of a job of the caller: what it is, what was kept behind `Last-Event-ID`, and what comes, to its end.

    Raises:
        JobUnknown, EdgeError: as `visible_job`.
        HubFull: too many streams are open.
        QueueUnavailable: the broker cannot be reached.
    """
    visible_job(job_id)
    here = live()
    if request.method == "HEAD":
        return Response(status=200, headers=HEADERS)
    here.hub.check_room()
    stream = JobStream(here, job_id, known_id())
    followed = stream.follower.start(here.feed)
    if followed is None:
        raise expired_record()
    return stream.response(followed)


def known_id() -> str:
    """Return the id of the last event that the client has, `0-0` for none."""
    given = request.headers.get("Last-Event-ID", "") or request.args.get("last_event_id", "")
    return given if EVENT_ID.fullmatch(given) else START


class JobStream:
    """The events of one job on their way to one client."""

    __slots__ = ("_here", "_write", "follower")

    heartbeat = COMMENT
    farewell = b""

    def __init__(self, here: LiveConnections, job_id: str, after: str) -> None:
        """Make a stream for a client that knows the events up to `after`."""
        self._here = here
        self._write: Write = lambda data, last: None
        self.follower = JobSubscription(job_id, after, self._deliver)

    def response(self, followed: JobSnapshot) -> Response:
        """Return the response that begins with what is known; 204 for a client that knows the end."""
        ended = followed.job.done
        if (
            ended
            and not followed.events
            and order(followed.last_id) <= self.follower.known != order(START)
        ):
            self._leave()
            return Response(status=204, headers={"Cache-Control": "no-store"})
        told = b"".join(encoded_event(followed.job.id, event) for event in followed.events)
        first = RECONNECT_AFTER + encode("", "status", shown(followed.job)) + told
        return self._answer(
            first, followed.last_id, HEADERS, over=any(event.last for event in followed.events)
        )

    def _answer(
        self, first: bytes, last_id: str, headers: dict[str, str], *, over: bool
    ) -> Response:
        """Return the response that begins with `first`, and unless all is `over`, goes on with what comes behind `last_id`."""
        if over:
            self._leave()
            return Response(first, headers=headers)
        if supports_streaming():
            return DetachedResponse(
                200,
                headers,
                self,
                partial(self._begin, last_id=last_id),
                first,
                on_full=self._leave,
            )
        return Response(self._pieces(first, last_id), headers=headers)

    def _deliver(self, event: JobEvent) -> None:
        self._write(encoded_event(self.follower.job_id, event), event.last)

    def _leave(self) -> None:
        self.follower.leave(self._here.feed)

    # -- a connection that the hub holds

    def receive(self, line: Connection, data: bytes) -> bool:
        """Pass over what a client sends that has nothing to say."""
        return True

    def ended(self, line: Connection) -> None:
        """Learn that the client is gone."""
        self._leave()

    def _begin(self, line: Connection, last_id: str) -> None:
        hub, lines = self._here.hub, (line,)
        self._write = lambda data, last: hub.send(lines, data, last=last)
        self.follower.open(last_id)

    # -- a connection that a thread holds, under a server that hands none over

    def _pieces(self, first: bytes, last_id: str) -> Iterator[bytes]:
        pieces: queue.Queue[tuple[bytes, bool]] = queue.Queue()
        self._write = lambda data, last: pieces.put((data, last))
        self.follower.open(last_id)
        try:
            yield first
            last = False
            while not last and not self._here.stopping.is_set():
                try:
                    data, last = pieces.get(timeout=15.0)
                except queue.Empty:
                    data = self.heartbeat
                yield data
        finally:
            self._leave()


def encoded_event(job_id: str, event: JobEvent) -> bytes:
    """Return an event as it is written; made once, however many clients follow the job."""
    return _encoded_event(job_id, event.id, event.name, _Unchanged(event))


class _Unchanged:
    """An event as an argument that makes no difference: job, id and name say which it is."""

    def __init__(self, event: JobEvent) -> None:
        self.event = event

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unchanged)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _encoded_event(job_id: str, event_id: str, name: str, same: _Unchanged) -> bytes:
    event = same.event
    return encode(
        event_id,
        name,
        shown(event.job) if event.job is not None else {"id": job_id, **event.data, **_over(event)},
    )


def _over(event: JobEvent) -> JsonObject:
    return {"done": True} if event.name in ENDS else {}


def shown(job: JobRecord) -> JsonObject:
    """Return a job as its owner sees it."""
    with as_owner(job.owner):
        return job_body(job)


def encode(event_id: str, name: str, data: JsonObject) -> bytes:
    """Return one event of the stream. JSON holds no line breaks, so one line of data is enough."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()
