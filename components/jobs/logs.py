"""Job logs as text, complete or streamed."""

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
from libraries.job_manager import JobEvent, as_owner
from libraries.job_manager.events import START, JobSnapshot
from libraries.job_manager.logs import LogBuilder, LogEntry, read_log
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.representation import utc

HEADERS = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
FOLLOWED_HEADERS = HEADERS | {"X-Accel-Buffering": "no", "Connection": "close"}


def log_response(job_id: str, *, follow: bool) -> Response:
    """Return the log of a job of the caller; with `follow`, stream it until the job ends."""
    visible_job(job_id)
    if follow:
        return followed_log(job_id)
    return Response(written(known_log(job_id)), headers=HEADERS)


def followed_log(job_id: str) -> Response:
    here = live()
    if request.method == "HEAD":
        return Response(status=200, headers=FOLLOWED_HEADERS)
    here.check_room()
    stream = LogStream(here, job_id)
    followed = stream.follower.start(here.feed)
    if followed is None:
        raise expired_record()
    return stream.response(followed)


def known_log(job_id: str, builder: LogBuilder | None = None) -> list[LogEntry]:
    """Return the log of a job so far; raise EdgeError if its record was deleted or has expired."""
    entries = read_log(job_id, builder)
    if entries is None:
        raise expired_record()
    return entries


class LogStream(JobStream):
    """The log of one job, streamed to one client. Each entry is sent once."""

    __slots__ = ("_builder", "_sent")

    heartbeat = b"\n"

    def __init__(self, here: LiveConnections, job_id: str) -> None:
        super().__init__(here, job_id, START)
        self._builder = LogBuilder()
        self._sent: set[str] = set()

    def response(self, followed: JobSnapshot) -> Response:
        """Return a response that starts with the log so far."""
        try:
            first = self._fresh(known_log(self.follower.job_id, self._builder))
        except BaseException:
            self._leave()
            raise
        return self._answer(first, followed.last_id, FOLLOWED_HEADERS, over=followed.job.done)

    def _deliver(self, event: JobEvent) -> None:
        data = self._fresh(self._entries(event))
        # Empty data is no heartbeat.
        if data or event.last:
            self._write(data, event.last)

    def _entries(self, event: JobEvent) -> Iterable[LogEntry]:
        entry = self._builder.entry(event.id, event.name, event.data)
        if entry is not None:
            return [entry]
        if not (event.last or event.name == "status"):
            return []
        # The results of attempts are only in the record. If the broker fails now, a later event reads them.
        with suppress(QueueUnavailable):
            with as_owner(ANONYMOUS, guest=self._guest):
                found = read_log(self.follower.job_id)
            deleted = LogEntry("deleted", datetime.now(UTC), "ended", "deleted")
            return [deleted] if found is None else found
        return []

    def _fresh(self, entries: Iterable[LogEntry]) -> bytes:
        fresh = [entry for entry in entries if entry.key not in self._sent]
        self._sent.update(entry.key for entry in fresh)
        return written(fresh)


def written(entries: Iterable[LogEntry]) -> bytes:
    """Encode entries as lines. Text of clients is escaped, so each entry starts at column 0."""
    return "".join(line for entry in entries for line in _lines(entry)).encode(
        errors="backslashreplace"
    )


def _lines(entry: LogEntry) -> Iterable[str]:
    yield f"{utc(entry.at)} {entry.kind:8} {escape(entry.text)}".rstrip(" ") + "\n"
    if entry.trace:
        for line in entry.trace.rstrip("\n").split("\n"):
            yield f"    | {escape(line)}\n"
