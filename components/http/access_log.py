"""Access log with one line per request, and a formatter that prevents log injection."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from flask import Flask, Response, g, request

from components.http.problems import request_id
from components.http.server.sockets import ClientStalled

log = logging.getLogger(__name__)

MAX_PATH_CHARS = 256
# Characters that end a line, control a terminal or change the text direction.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
UNPRINTABLE_IN_TRACE = re.compile(UNPRINTABLE.pattern.replace(r"\x00-\x1f", r"\x00-\x08\x0b-\x1f"))


class OneLineFormatter(logging.Formatter):
    """Writes a message on one line with unprintable characters escaped.

    The lines of a traceback are indented below it.
    """

    def format(self, record: logging.LogRecord) -> str:
        # Another formatter may have cached its traceback here.
        record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is that of logging
        return escape(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return _below(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return _below(super().formatStack(stack_info))


def _below(trace: str) -> str:
    lines = UNPRINTABLE_IN_TRACE.sub(_escaped, trace).split("\n")
    return "\n".join(f"  | {line}" for line in lines)


class StalledClients(logging.Filter):
    """Logs a stalled client without a traceback: clients could flood the log with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback of a stalled client; keep all records."""
        if record.exc_info and isinstance(record.exc_info[1], BlockingIOError | ClientStalled):
            record.exc_info = None
            record.msg, record.args = "Client stalled in the middle of a request.", ()
        return True


def escape(text: str) -> str:
    return UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def install_access_log(app: Flask) -> None:
    """Log each response: method, path, status, duration and request id."""
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    taken_s = time.perf_counter() - g.get("started", time.perf_counter())
    log_request(request.method, request.path, response.status_code, taken_s, request_id())
    return response


def log_request(method: str, path: str, status: int, seconds: float, identity: str) -> None:
    """Log a response; `identity` is the request id."""
    shown = path[:MAX_PATH_CHARS]
    log.info("%s %s %d %.1f ms %s", method, shown, status, 1000 * seconds, identity)
