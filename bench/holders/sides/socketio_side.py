# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator"
# Flask-SocketIO is only installed in the environment that this module runs in.
"""An application with Flask-SocketIO."""

from __future__ import annotations

import os
from functools import cache

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_socketio import SocketIO
from socketio import RedisManager

BROKER = os.environ["BENCH_BROKER"]


def create_app() -> Flask:
    """Return the application."""
    app = Flask(__name__)
    # `message_queue=` does the same, but takes no address of a unix socket.
    SocketIO(app, client_manager=RedisManager(BROKER), async_mode="gevent")

    @app.get("/plain")
    def plain() -> ResponseReturnValue:
        return jsonify(status="alive")

    return app


@cache
def queue() -> SocketIO:
    """Return what publishes from a process that serves nobody."""
    outside = SocketIO()
    outside.init_app(None, client_manager=RedisManager(BROKER, write_only=True))
    return outside


def publish(text: str) -> None:
    """Tell all clients."""
    queue().emit("progress", {"message": text})
