"""A minimal Flask application, the baseline for `GET /jobs/<id>`."""

from __future__ import annotations

from flask import Flask

from components.http.long_connections import install_live
from libraries.settings import get_settings

app = Flask(__name__, static_folder=None)
# Required by gunicorn.conf.py; idle until a client follows a job.
install_live(app, get_settings())


@app.get("/")
def hello() -> str:
    return "hello"
