# mypy: disable-error-code="import-not-found, import-untyped, untyped-decorator"
# Flask-SocketIO is only installed in the environment of this module.
"""Application with Flask-SocketIO."""

from __future__ import annotations

import os
from functools import cache

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_socketio import SocketIO
from socketio import RedisManager

BROKER = os.environ["BENCH_BROKER"]


def create_app() -> Flask:
    app = Flask(__name__)
    # `message_queue=` does the same, but does not support unix sockets.
    SocketIO(app, client_manager=RedisManager(BROKER), async_mode="gevent")

    @app.get("/plain")
    def plain() -> ResponseReturnValue:
        return jsonify(status="alive")

    return app


@cache
def queue() -> SocketIO:
    """Return a write-only instance for the publishing process."""
    outside = SocketIO()
    outside.init_app(None, client_manager=RedisManager(BROKER, write_only=True))
    return outside


def publish(text: str) -> None:
    queue().emit("progress", {"message": text})
