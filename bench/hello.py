"""The least that Flask can do; what `GET /jobs/<id>` is measured against."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__, static_folder=None)


@app.get("/")
def hello() -> str:
    """Answer."""
    return "hello"
