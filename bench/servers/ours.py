"""Event streams and WebSockets of the product."""

from __future__ import annotations

import os
import sys
from typing import ClassVar

from bench.machinery import REPOSITORY, BenchError, ProcessGroup, our_worker, start_web
from bench.servers.server import ADAPTERS, Publish, Server
from libraries.broker.connections import subscription_client
from libraries.job_manager import submit

REPORT = "workers.bench_tasks.report_on_request"
TEXTS, MOMENTS = "bench:texts", "bench:moments"
GROUP = "bench"
TIMEOUT_S = 10


class EventStreams(Server):
    """Event streams of one job that reports progress in a worker."""

    name = "Vector API, event stream"
    note = "gunicorn as in `gunicorn.conf.py` with one process; the event is the progress that a job reports in a worker"
    standard = True
    kind = "stream"
    plain = "/healthz"

    def start(self, group: ProcessGroup) -> int:
        """Start gunicorn and queue the job."""
        job = submit(REPORT, (TEXTS, MOMENTS))
        self.path = f"/jobs/{job.id}/events"
        return start_web(group, "app:create_app()", WEB_PROCESSES="1")

    def publisher(self, helpers: ProcessGroup) -> Publish:
        """Start a worker; its job reports the texts of a Redis list."""
        helpers.start(our_worker())
        client = subscription_client(self.bench.settings)

        def publish(text: str) -> float:
            client.rpush(TEXTS, text)
            reply = client.blpop([MOMENTS], timeout=TIMEOUT_S)
            if reply is None:
                helpers.check()
                raise BenchError(f"the job did not report its progress in {TIMEOUT_S} s")
            return float(reply[1])

        return publish

    def finish(self) -> None:
        """Send the empty text that ends the job."""
        subscription_client(self.bench.settings).rpush(TEXTS, "")


class Sockets(Server):
    """WebSockets in a group."""

    name = "Vector API, WebSocket"
    note = "gunicorn as in `gunicorn.conf.py` with one process; the event is a message to a group that all clients have joined"
    standard = True
    kind = "socket"
    path = "/ws/background_jobs"
    greeting: ClassVar[str] = f'{{"action":"join","payload":{{"group":"{GROUP}"}}}}'
    until = '"joined"'
    plain = "/healthz"

    def start(self, group: ProcessGroup) -> int:
        return start_web(group, "app:create_app()", WEB_PROCESSES="1")

    def publisher(self, helpers: ProcessGroup) -> Publish:
        """Start a process that sends to the group."""
        path = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(ADAPTERS)])}
        process = helpers.interact(
            [sys.executable, str(ADAPTERS / "publish.py"), "group_adapter"], **path
        )
        return lambda text: float(process.request(text))


SERVERS = (EventStreams, Sockets)
