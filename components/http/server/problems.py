"""Problem documents for requests that do not reach the application."""

from __future__ import annotations

import json
import secrets
import socket

from gunicorn.util import write_nonblock
from werkzeug.http import http_date

from components.http.problems import PROBLEM_TYPE, plain_problem, problem_document, title_of

UNAVAILABLE = 503


def write_problem(connection: socket.socket, status: int, _: str = "", __: str = "") -> None:
    """Send a problem document, instead of an HTML page of gunicorn, to a client that is then disconnected."""
    identity = secrets.token_hex(16)
    document = json.dumps(problem_document(status, *plain_problem(status), "/", identity))
    lines = [
        f"HTTP/1.1 {status} {title_of(status)}",
        f"Date: {http_date()}",
        "Connection: close",
        f"Content-Type: {PROBLEM_TYPE}",
        f"Content-Length: {len(document)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"X-Request-ID: {identity}",
    ]
    if status == UNAVAILABLE:
        lines.append(f"Retry-After: {2}")
    write_nonblock(connection, "\r\n".join([*lines, "", document]).encode())
