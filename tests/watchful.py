"""A test client that checks every response for private data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from components.http.long_connections import install_live
from components.http.problems import PROBLEM_TYPE
from components.system.exposition import install_metrics
from components.system.pages import problem_types
from libraries.settings import Settings, use_settings

INSIDE = re.compile(r'Traceback|File "|/usr/|/home/|/root/|site-packages')
ARGUMENTS = re.compile(r'"arguments": \{.*?"truncated"')
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


class WatchfulClient(FlaskClient):
    """Checks every response: no private data, common headers, errors as problem documents."""

    private = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        # Read to the end and closed, as by a server.
        response = super().open(*args, buffered=True, **kwargs)
        check_response(response, self.private)
        return response


def check_response(response: TestResponse, private: str) -> None:
    """Check a response; `private` is a path that must not be in it."""
    body_text = f"{response.headers}{response.get_data().decode(errors='replace')}"
    # Only the log of a job may show tracebacks.
    if not (response.request.path.endswith("/logs") and response.status_code == 200):
        assert not INSIDE.search(body_text), body_text[:2000]
        # The arguments of a job may be paths: its owner has sent them.
        assert not private or private not in ARGUMENTS.sub("", body_text), body_text[:2000]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", response.headers["X-Request-ID"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers.get("Access-Control-Allow-Origin") in (
        None,
        response.request.headers.get("Origin"),
    )
    assert response.headers["Cross-Origin-Resource-Policy"] in ("same-origin", "cross-origin")
    assert "Origin" in response.vary
    assert "Access-Control-Allow-Credentials" not in response.headers
    is_page = response.mimetype == "text/html" and "text/html" in response.request.headers.get(
        "Accept", ""
    )
    if response.status_code >= 400 and response.request.method != "HEAD" and not is_page:
        check_problem(response)


def check_problem(response: TestResponse) -> None:
    """Check that the response is a problem document whose type has a page."""
    assert response.content_type == PROBLEM_TYPE, response.get_data(as_text=True)[:500]
    problem = response.get_json()
    assert set(problem) >= MEMBERS
    assert problem["status"] == response.status_code
    assert problem["type"].removeprefix("/problems/") in problem_types()
    assert problem["request_id"] == response.headers["X-Request-ID"]


def application(settings: Settings, *, probe: Callable[[], Any] | None = None) -> Flask:
    """Return an application with `settings` in its initial state.

    Applications that differ only in their folders are shared, because creating one takes as long as fifty
    requests; each test has separate counts, connections and folders. `GET /probe` answers what `probe` returns, if it is given.
    """
    blank = Path()
    folders = {"data_dir": blank, "output_dir": blank, "upload_dir": blank}
    key = (settings.with_values(**folders), probe is None)
    if key in _applications:
        app = _applications[key]
        use_settings(settings)
        install_live(app, settings)
        install_metrics(app)
    else:
        app = _applications[key] = create_app(settings)
        if probe is not None:
            app.add_url_rule("/probe", "probe", _probe)
    app.extensions["probe"] = probe
    return app


def _probe() -> Any:
    return current_app.extensions["probe"]()


_applications: dict[tuple[Settings, bool], Flask] = {}


def watchful_client(settings: Settings, app: Flask | None = None) -> FlaskClient:
    """Return a checking client of `app`, or of an application with `settings`."""
    app = app or application(settings)
    client = WatchfulClient(app, app.response_class, use_cookies=True)
    client.private = str(settings.storage.output_dir.parent)
    return client
