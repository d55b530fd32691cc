# mypy: disable-error-code="import-not-found, untyped-decorator"
# Flask-SSE is only installed in the environment of this module.
"""Application with a Flask-SSE stream."""

from __future__ import annotations

import os

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from flask_sse import sse


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["REDIS_URL"] = os.environ["BENCH_BROKER"]
    app.register_blueprint(sse, url_prefix="/stream")

    @app.get("/plain")
    def plain() -> ResponseReturnValue:
        return jsonify(status="alive")

    return app


publisher = create_app()


def publish(text: str) -> None:
    with publisher.app_context():
        sse.publish({"message": text}, type="progress")
