"""Other servers, each in a separate virtual environment, connected to the broker of the run over its unix socket.

The code that runs in these environments is in `adapters/`: for each server a module with the application and `publish(text)`, and
one script that publishes.
"""

from __future__ import annotations

import os
from typing import ClassVar

from bench.machinery import ProcessGroup, start_server
from bench.peers.foreign import Installed
from bench.servers.server import ADAPTERS, Publish, Server

# The default of gunicorn is 1,000, and the plain GET needs one more.
MAX_CONNECTIONS = 2000
SHUTDOWN_S = 1


class ForeignServer(Installed, Server):
    """A server in its own environment."""

    def start(self, group: ProcessGroup) -> int:
        """Start the server as its documentation recommends."""
        return start_server(group, self.command, self.name, **self.environ())

    def command(self, port: int) -> list[str]:
        """Return the command that starts the server; by default gunicorn with one gevent worker."""
        options = (
            f"--config={os.devnull} --worker-class=gevent --workers=1 --worker-connections={MAX_CONNECTIONS} "
            f"--graceful-timeout={SHUTDOWN_S} --no-control-socket --bind=127.0.0.1:{port}"
        )
        return [self.program("gunicorn"), *options.split(), f"{self.adapter}:create_app()"]

    def publisher(self, helpers: ProcessGroup) -> Publish:
        """Start a publishing process in the same environment."""
        command = [self.program("python"), str(ADAPTERS / "publish.py"), self.adapter]
        process = helpers.interact(command, **self.environ())
        return lambda text: float(process.request(text))

    def environ(self) -> dict[str, str]:
        """Return the environment variables of the adapter."""
        return {
            "PYTHONPATH": str(ADAPTERS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_BROKER": self.bench.url,
        }


class FlaskSse(ForeignServer):
    """Flask-SSE, with one broker subscription per client."""

    name = "Flask-SSE"
    note = "1.0.0 on gunicorn's gevent worker, as documented; each client is a separate subscription in the broker"
    kind = "stream"
    path = "/stream"
    # Sends no response before the first event.
    until = ""
    adapter = "flask_sse_adapter"
    requirements: ClassVar[list[str]] = [
        "flask-sse==1.0.0",
        "flask==3.1.3",
        "gunicorn==27.0.1",
        "gevent==26.9.0",
        # Undeclared dependency of gunicorn's gevent worker.
        "packaging==26.3",
        "redis==8.1.0",
        "hiredis==3.5.0",
    ]

    def has_clients(self, clients: int) -> bool:
        """Compare with the number of subscriptions in the broker."""
        return bool(self.bench.client.pubsub_numsub("sse")[0][1] >= clients)


class FlaskSocketIo(ForeignServer):
    """Flask-SocketIO with the broker as its message queue."""

    name = "Flask-SocketIO"
    note = (
        "5.7.0 on gunicorn's gevent worker, as documented, with simple-websocket and the broker as message queue; "
        "the event goes to all clients, over WebSockets without initial polling"
    )
    kind = "socket"
    path = "/socket.io/?EIO=4&transport=websocket"
    greeting = "40"
    until = '40{"sid"'
    adapter = "socketio_adapter"
    requirements: ClassVar[list[str]] = [
        "flask-socketio==5.7.0",
        "python-socketio==5.18.1",
        "python-engineio==4.15.1",
        "simple-websocket==1.1.0",
        "flask==3.1.3",
        "gunicorn==27.0.1",
        "gevent==26.9.0",
        # Undeclared dependency of gunicorn's gevent worker.
        "packaging==26.3",
        "redis==8.1.0",
        "hiredis==3.5.0",
    ]


class FastChannels(ForeignServer):
    """fast-channels with its publish/subscribe layer."""

    name = "fast-channels"
    note = (
        "1.1.0 with FastAPI on uvicorn (uvloop, httptools, websockets), its publish/subscribe layer on the broker; "
        "the event goes to a group of all clients"
    )
    kind = "socket"
    path = "/ws"
    adapter = "fast_channels_adapter"
    requirements: ClassVar[list[str]] = [
        "fast-channels[redis]==1.1.0",
        "fastapi==0.165.0",
        "uvicorn[standard]==0.54.0",
        "websockets==17.4",
        "redis==8.1.0",
        "hiredis==3.5.0",
    ]

    def command(self, port: int) -> list[str]:
        """Return the command of uvicorn."""
        options = (
            f"--factory --host=127.0.0.1 --port={port} --log-level=warning "
            f"--timeout-graceful-shutdown={SHUTDOWN_S}"
        )
        return [self.program("uvicorn"), *options.split(), f"{self.adapter}:create_app"]


SERVERS = (FlaskSse, FlaskSocketIo, FastChannels)
