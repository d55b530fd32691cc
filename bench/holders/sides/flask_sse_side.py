# mypy: disable-error-code="import-not-found, untyped-decorator"
# Flask-SSE is only installed in the environment that this module runs in.
"""An application with Flask-SSE's stream."""

from __future__ import annotations

import os

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_sse import sse


def create_app() -> Flask:
    """Return the application."""
    app = Flask(__name__)
    app.config["REDIS_URL"] = os.environ["BENCH_BROKER"]
    app.register_blueprint(sse, url_prefix="/stream")

    @app.get("/plain")
    def plain() -> ResponseReturnValue:
        return jsonify(status="alive")

    return app


publisher = create_app()


def publish(text: str) -> None:
    """Tell all clients."""
    with publisher.app_context():
        sse.publish({"message": text}, type="progress")
