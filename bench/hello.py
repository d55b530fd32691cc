"""The least that Flask can do; what `GET /jobs/<id>` is measured against."""

from __future__ import annotations

from flask import Flask

from components.http.long_connections import install_live
from libraries.settings import get_settings

app = Flask(__name__, static_folder=None)
# The server's configuration expects it. Nothing of it runs before somebody follows a job.
install_live(app, get_settings())


@app.get("/")
def hello() -> str:
    """Answer."""
    return "hello"
