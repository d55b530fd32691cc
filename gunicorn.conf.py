"""How gunicorn serves the application: one process of many threads, limits on what a request may be, settings as read."""

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
from libraries.settings import BadSettings, get_settings

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

# Threads, not processes: most of them wait for a slow client or for the broker, and a stalled one
# costs little.
workers = 1
worker_class = WebWorker
threads = settings.web.web_threads
timeout = 60
graceful_timeout = 4
keepalive = 5
# The file that shows the worker alive belongs in memory: a busy disk must not look like a dead
# worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# Seconds that a client may be silent in the middle of a request, or take nothing of a response,
# before it loses its thread.
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
    """Bound the silence of clients; the kernel hands the limits of a listening socket on to every connection."""
    for listener in server.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", CLIENT_TIMEOUT_S, 0))


def post_worker_init(worker: Any) -> None:
    """Let held connections end as soon as the process is told to stop: nothing else would end them in time."""
    live(worker.wsgi).hub.stop_when = lambda: not worker.alive


def worker_exit(_server: Any, worker: Any) -> None:
    """Take leave of whoever still follows a job."""
    if getattr(worker, "wsgi", None) is not None:
        live(worker.wsgi).close()


def write_problem(connection: socket.socket, status: int, reason: str, _message: str) -> None:
    """Answer what is no request at all; gunicorn does so before the application is asked, and would send a page of HTML."""
    document = json.dumps(
        problem_document(status, *plain_problem(status), "/", secrets.token_hex(16))
    )
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: {PROBLEM_TYPE}\r\nContent-Length: {len(document)}"
    gunicorn.util.write_nonblock(connection, f"{head}\r\n\r\n{document}".encode())


# gunicorn has no setting for this.
gunicorn.util.write_error = write_problem
