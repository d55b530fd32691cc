"""Other servers of held connections, each in a virtual environment of its own, on the run's broker over its socket.

What has to run inside such an environment lies in `sides/`: the module with the application and with `publish(text)`, and one
script that publishes.
"""

from __future__ import annotations

import os
from typing import ClassVar

from bench.holders.holder import SIDES, Holder, Publish
from bench.machinery import Bench, Crew, start_server
from bench.peers.foreign import Environment

# gunicorn holds 1,000 connections in its default configuration, and a plain GET is one more.
MOST_CONNECTIONS = 2000
# Seconds that a server takes leave of clients when the round is over.
LEAVE = 1


class ForeignHolder(Holder):
    """A server that is installed for the benchmark only.

    Attributes:
        side: the module in `sides/` with its application.
        requirements: what to install.
    """

    side: ClassVar[str]
    requirements: ClassVar[list[str]]

    def __init__(self, bench: Bench) -> None:
        """Use the environment of the side."""
        super().__init__(bench)
        self._environment = Environment(self.side, self.requirements)

    def prepare(self) -> None:
        """Make the environment, unless an earlier run did.

        Raises:
            BenchTrouble: the packages cannot be installed.
        """
        self._environment.prepare(self.bench.say)

    def start(self, server: Crew) -> int:
        """Start the server by the command that its own guide gives."""
        return start_server(server, self.command, self.name, **self.environ())

    def command(self, port: int) -> list[str]:
        """Return the command that starts the server; by default one gunicorn process of greenlets."""
        return [
            *(self.program("gunicorn"), "--config", os.devnull),
            *(
                "--worker-class",
                "gevent",
                "--workers",
                "1",
                "--worker-connections",
                str(MOST_CONNECTIONS),
            ),
            *(
                "--graceful-timeout",
                str(LEAVE),
                "--no-control-socket",
                "--bind",
                f"127.0.0.1:{port}",
                f"{self.side}:create_app()",
            ),
        ]

    def publisher(self, helpers: Crew) -> Publish:
        """Start a process of the same environment that publishes."""
        command = [self.program("python"), str(SIDES / "publish.py"), self.side]
        process = helpers.partner(command, **self.environ())
        return lambda text: float(process.ask(text))

    def environ(self) -> dict[str, str]:
        """Return what the side has to know: where it lies and where the broker is."""
        return {
            "PYTHONPATH": str(SIDES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCH_BROKER": self.bench.url,
        }

    def program(self, name: str) -> str:
        """Return the path of a program in the environment."""
        return self._environment.program(name)


class FlaskSse(ForeignHolder):
    """Flask-SSE, which subscribes to the broker once a client."""

    name = "Flask-SSE"
    note = "1.0.0 on gunicorn's gevent worker, as its guide has it; each client is a subscription of its own in the broker"
    kind = "stream"
    path = "/stream"
    # It answers a client when there is an event, not before.
    until = ""
    side = "flask_sse_side"
    requirements: ClassVar[list[str]] = [
        "flask-sse==1.0.0",
        "flask==3.1.3",
        "gunicorn==27.0.1",
        "gevent==26.9.0",
        # gunicorn's gevent worker needs it and does not ask for it.
        "packaging==26.3",
        "redis==8.1.0",
        "hiredis==3.5.0",
    ]

    def all_in(self, clients: int) -> bool:
        """Ask the broker for the number of subscriptions."""
        return bool(self.bench.client.pubsub_numsub("sse")[0][1] >= clients)


class FlaskSocketIo(ForeignHolder):
    """Flask-SocketIO with the broker as its message queue."""

    name = "Flask-SocketIO"
    note = (
        "5.7.0 on gunicorn's gevent worker, as its guide has it, with simple-websocket and the broker as message queue; "
        "the event goes to all clients, over WebSockets without polling before"
    )
    kind = "socket"
    path = "/socket.io/?EIO=4&transport=websocket"
    say = "40"
    until = '40{"sid"'
    side = "socketio_side"
    requirements: ClassVar[list[str]] = [
        "flask-socketio==5.7.0",
        "python-socketio==5.18.1",
        "python-engineio==4.15.1",
        "simple-websocket==1.1.0",
        "flask==3.1.3",
        "gunicorn==27.0.1",
        "gevent==26.9.0",
        # gunicorn's gevent worker needs it and does not ask for it.
        "packaging==26.3",
        "redis==8.1.0",
        "hiredis==3.5.0",
    ]


class FastChannels(ForeignHolder):
    """fast-channels with its publish/subscribe layer."""

    name = "fast-channels"
    note = (
        "1.1.0 with FastAPI on uvicorn (uvloop, httptools, websockets), its publish/subscribe layer on the broker; "
        "the event goes to a group that all clients are in"
    )
    kind = "socket"
    path = "/ws"
    side = "fast_channels_side"
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
        options = [
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--log-level",
            "warning",
            "--timeout-graceful-shutdown",
            str(LEAVE),
        ]
        return [self.program("uvicorn"), "--factory", f"{self.side}:create_app", *options]


HOLDERS = (FlaskSse, FlaskSocketIo, FastChannels)
