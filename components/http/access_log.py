"""One line in the log for each request, and a formatter that lets no request write lines of its own."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from flask import Flask, Response, g, request

from components.http.problems import request_id

log = logging.getLogger(__name__)

MAX_PATH_CHARS = 256
# Everything that could end a line, move a terminal's cursor or turn the direction of writing
# around.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
UNPRINTABLE_IN_TRACE = re.compile(UNPRINTABLE.pattern.replace(r"\x00-\x1f", r"\x00-\x08\x0b-\x1f"))


class OneLineFormatter(logging.Formatter):
    """Writes a message on one line with unprintable characters escaped, and indents the lines of a trace below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of `record`."""
        # Another formatter may have left its own text of the trace there.
        record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is that of logging
        """Return the first line."""
        return escape(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """Return the trace of an exception."""
        return _below(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Return a trace of calls."""
        return _below(super().formatStack(stack_info))


def _below(trace: str) -> str:
    return "\n".join(
        "  | " + UNPRINTABLE_IN_TRACE.sub(_escaped, line) for line in trace.split("\n")
    )


class StalledClients(logging.Filter):
    """Tells of a client that fell silent in one line: that is the client's doing, and a trace for each would flood the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: every record is kept, that of a silent client without its trace."""
        if record.exc_info and isinstance(record.exc_info[1], BlockingIOError):
            record.exc_info, record.msg, record.args = (
                None,
                "A client fell silent in the middle of a request.",
                (),
            )
        return True


def escape(text: str) -> str:
    """Return `text` with every unprintable character written as an escape."""
    return UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def install_access_log(app: Flask) -> None:
    """Make `app` log each request when its response is ready: method, path, status, time taken and request id."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    taken = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    path = request.path[:MAX_PATH_CHARS]
    log.info("%s %s %d %.1f ms %s", request.method, path, response.status_code, taken, request_id())
    return response
