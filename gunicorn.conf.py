"""gunicorn configuration: a few processes with many threads, request limits, logging."""

import contextlib
import gc
import os
import resource
import signal
import socket
import struct
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))
# During the imports: it would find nothing to free.
gc.disable()

import gunicorn.arbiter
import gunicorn.util

from components.http.compression import install_compression
from components.http.long_connections import install_live, live
from components.http.server.memory import MemoryWatch, prefer_small_heap
from components.http.server.problems import write_problem
from components.http.server.processes import (
    Place,
    Processes,
    report_to_supervisor,
    request_replacement,
)
from components.http.server.repeated import RepeatedRequests
from components.http.server.worker import ServerLog, WebWorker
from components.system.address import record_address
from components.system.request_counts import share_counts
from libraries.settings import BadSettings, get_settings
from libraries.shared_state import NotShared, registered
from libraries.worker.reaper import WEB_PACE_S, Reaper

try:
    settings = get_settings()
except BadSettings as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(1)

wsgi_app = "app:create_app()"
# The processes share the memory of the application. In immediate mode it starts threads at once.
preload_app = not settings.jobs.immediate
bind = (
    f"[{settings.web.host}]:{settings.web.port}"
    if ":" in settings.web.host
    else f"{settings.web.host}:{settings.web.port}"
)

# In immediate mode the process may contain the broker.
processes = Processes(1 if settings.jobs.immediate else settings.web.web_processes)
workers = processes.number
worker_class = WebWorker
logger_class = ServerLog
# Most of them wait for a slow client or an event.
threads = settings.web.web_threads
# A process whose main loop does not run is replaced within 15 s; this is checked once a second.
timeout = 13
graceful_timeout = 4
keepalive = 5
worker_connections = 1000
# In memory, so that a busy disk does not delay the heartbeat file of the worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# The path, the scheme and the user of a request are not those that a client names in headers.
forwarder_headers = ""
secure_scheme_headers = {}

# Timeout of a single read or write where gunicorn terminates TLS; `server/sockets.py` has the others.
CLIENT_TIMEOUT_S = 10
# For files, the broker and the log.
SPARE_DESCRIPTORS = 256

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


def on_starting(server: Any) -> None:
    """Allow a file descriptor for each connection, as far as the system permits."""
    wanted = worker_connections + settings.web.max_streams + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if preload_app:
        live(server.app.wsgi()).close()
        # The garbage collector of a process would copy pages that it shares with the others.
        gc.freeze()


def when_ready(server: Any) -> None:
    """Record the address, send heartbeats, and set the client timeouts, which connections inherit."""
    record_address(settings)
    report_to_supervisor(server)
    for listener in server.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", CLIENT_TIMEOUT_S, 0))


pre_fork = processes.pre_fork
child_exit = processes.child_exit


def post_fork(server: Any, _worker: Any) -> None:
    """Give the process separate connections."""
    if preload_app:
        install_live(server.app.wsgi(), settings)


def post_worker_init(worker: Any) -> None:
    """Compress, start a reaper, and close long connections at the end."""
    prefer_small_heap()
    install_compression(worker.wsgi)
    hub, region = live(worker.wsgi).hub, processes.regions[worker.region]
    # gunicorn would wait for the connections.
    hub.stop_when = lambda: not worker.alive
    hub.on_change = partial(region.__setitem__, Place.HELD_CONNECTIONS)
    share_counts(worker.wsgi, processes.regions, worker.region)
    repeated = worker.wsgi.extensions.get(RepeatedRequests.NAME)
    if repeated is not None:
        worker.repeat(repeated)
    worker.request_replacement = partial(request_replacement, region, worker.ppid)
    worker.presence = registered("web")
    try:
        worker.presence.__enter__()
    except NotShared as error:
        refuse(error)
    if not settings.jobs.immediate:
        # Jobs of dead workers end even if no worker is running.
        Reaper(settings, pace_s=WEB_PACE_S).start()
        worker.memory = MemoryWatch(settings.web.web_recycle_memory)
    if worker.is_replacement:
        # gunicorn stops the process that this one replaces; its clients reconnect.
        os.kill(worker.ppid, signal.SIGTTOU)


def worker_exit(_server: Any, worker: Any) -> None:
    """Close open event streams and WebSockets."""
    if getattr(worker, "wsgi", None) is not None:
        live(worker.wsgi).close()
    if getattr(worker, "presence", None) is not None:
        try:
            worker.presence.__exit__(None, None, None)
        except NotShared as error:
            refuse(error)


def refuse(error: NotShared) -> NoReturn:
    """Say why this process must not run, and end gunicorn."""
    sys.stderr.write(f"Web process not started: {error}\n")
    sys.exit(gunicorn.arbiter.Arbiter.APP_LOAD_ERROR)


# gunicorn has no setting for the error page.
gunicorn.util.write_error = write_problem
gc.enable()
