"""gunicorn configuration: one process with many threads, request limits, logging."""

import json
import secrets
import socket
import struct
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import gunicorn.util

from components.http.long_connections import live
from components.http.problems import PROBLEM_TYPE, plain_problem, problem_document
from components.http.web_worker import WebWorker
from components.system.address import record_address
from libraries.settings import BadSettings, get_settings
from libraries.supervision import send_heartbeats

try:
    settings = get_settings()
except BadSettings as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(1)

wsgi_app = "app:create_app()"
bind = (
    f"[{settings.web.host}]:{settings.web.port}"
    if ":" in settings.web.host
    else f"{settings.web.host}:{settings.web.port}"
)

# Threads instead of processes, because most of them wait for a slow client or the broker.
workers = 1
worker_class = WebWorker
threads = settings.web.web_threads
timeout = 60
graceful_timeout = 4
keepalive = 5
# In memory, so that a busy disk does not delay the heartbeat file of the worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Timeout for reading from and writing to a client.
CLIENT_TIMEOUT_S = 10

accesslog = None
loglevel = settings.web.log_level.lower()
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "components.http.access_log.OneLineFormatter",
            "format": "%(asctime)s %(levelname)s %(message)s",
        }
    },
    "filters": {"stalled": {"()": "components.http.access_log.StalledClients"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["stalled"],
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"level": settings.web.log_level, "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {"level": settings.web.log_level, "handlers": [], "propagate": True}
    },
}


def when_ready(server: Any) -> None:
    """Record the address, and set the client timeouts; connections inherit the options of the listening socket."""
    record_address(settings)
    for listener in server.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", CLIENT_TIMEOUT_S, 0))


def post_worker_init(worker: Any) -> None:
    """Report to the supervisor, and close long-lived connections when the process stops."""
    # gunicorn would wait for the connections.
    live(worker.wsgi).hub.stop_when = lambda: not worker.alive
    send_heartbeats()


def worker_exit(_server: Any, worker: Any) -> None:
    """Close open event streams and WebSockets."""
    if getattr(worker, "wsgi", None) is not None:
        live(worker.wsgi).close()


def write_problem(connection: socket.socket, status: int, reason: str, _message: str) -> None:
    """Send a problem document for a malformed request, instead of an HTML page of gunicorn."""
    document = json.dumps(
        problem_document(status, *plain_problem(status), "/", secrets.token_hex(16))
    )
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: {PROBLEM_TYPE}\r\nContent-Length: {len(document)}\r\n\r\n"
    )
    gunicorn.util.write_nonblock(connection, f"{head}{document}".encode())


# gunicorn has no setting for the error page.
gunicorn.util.write_error = write_problem
