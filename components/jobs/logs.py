"""The log of a job as lines of text, at once or as they come."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from flask import Response, request

from components.http.access_log import escape
from components.http.long_connections import LiveConnections, live
from components.jobs.representation import expired_record, visible_job
from components.jobs.streams import JobStream
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager import JobEvent
from libraries.job_manager.events import START, JobSnapshot
from libraries.job_manager.logs import LogBuilder, LogEntry, read_log
from libraries.job_manager.representation import utc

HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
FOLLOWED_HEADERS = HEADERS | {"X-Accel-Buffering": "no", "Connection": "close"}
# Wide enough for the longest kind of line.
KIND_WIDTH = 8
INDENT = "    | "


def log_response(job_id: str, *, follow: bool) -> Response:
    """Return the log of a job of the caller; with `follow` it goes on to the job's end.

    Raises:
        JobUnknown, EdgeError: as `visible_job`.
        HubFull: too many answers are held open.
        QueueUnavailable: the broker cannot be reached.
    """
    visible_job(job_id)
    if follow:
        return followed_log(job_id)
    return Response(written(known_log(job_id)), headers=HEADERS)


def followed_log(job_id: str) -> Response:
    """Return the log of a job up to now, and further lines as they come."""
    here = live()
    if request.method == "HEAD":
        return Response(status=200, headers=FOLLOWED_HEADERS)
    here.hub.check_room()
    stream = LogStream(here, job_id)
    followed = stream.follower.start(here.feed)
    if followed is None:
        raise expired_record()
    return stream.response(followed)


def known_log(job_id: str, narrator: LogBuilder | None = None) -> list[LogEntry]:
    """Return the log of a job up to now.

    Raises:
        EdgeError: its record has gone since it was seen.
        QueueUnavailable: the broker cannot be reached.
    """
    entries = read_log(job_id, narrator)
    if entries is None:
        raise expired_record()
    return entries


class LogStream(JobStream):
    """The log of one job on its way to one client. Each entry is sent once, whichever way it is heard of."""

    __slots__ = ("_narrator", "_sent")

    heartbeat = b"\n"

    def __init__(self, here: LiveConnections, job_id: str) -> None:
        """Make a stream for a client that knows nothing yet."""
        super().__init__(here, job_id, START)
        self._narrator = LogBuilder()
        self._sent: set[str] = set()

    def response(self, followed: JobSnapshot) -> Response:
        """Return the response that begins with the log up to now."""
        try:
            first = self._fresh(known_log(self.follower.job_id, self._narrator))
        except BaseException:
            self._leave()
            raise
        return self._answer(first, followed.last_id, FOLLOWED_HEADERS, over=followed.job.done)

    def _deliver(self, event: JobEvent) -> None:
        data = self._fresh(self._entries(event))
        # Nothing is no sign of life.
        if data or event.last:
            self._write(data, event.last)

    def _entries(self, event: JobEvent) -> Iterable[LogEntry]:
        said = self._narrator.entry(event.id, event.name, event.data)
        if said is not None:
            return [said]
        if not (event.last or event.name == "status"):
            return []
        # What an attempt came to stands in the record. If the broker goes away now, the next look at it tells the same.
        with suppress(QueueUnavailable):
            found = read_log(self.follower.job_id)
            return (
                found
                if found is not None
                else [LogEntry("deleted", datetime.now(UTC), "ended", "deleted")]
            )
        return []

    def _fresh(self, entries: Iterable[LogEntry]) -> bytes:
        fresh = [entry for entry in entries if entry.key not in self._sent]
        self._sent.update(entry.key for entry in fresh)
        return written(fresh)


def written(entries: Iterable[LogEntry]) -> bytes:
    """Return entries as lines. Only the beginning of an entry stands at the left edge, whatever a client's text holds."""
    return "".join(line for entry in entries for line in _lines(entry)).encode(
        errors="backslashreplace"
    )


def _lines(entry: LogEntry) -> Iterable[str]:
    yield f"{utc(entry.at)} {entry.kind:{KIND_WIDTH}} {escape(entry.text)}".rstrip(" ") + "\n"
    if entry.trace:
        for line in entry.trace.rstrip("\n").split("\n"):
            yield f"{INDENT}{escape(line)}\n"
