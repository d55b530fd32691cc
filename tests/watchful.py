"""A test client that looks at every response for what no client may ever see."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from components.http.problems import PROBLEM_TYPE
from components.system.pages import problem_types
from libraries.settings import Settings

INSIDE = re.compile(r'Traceback|File "|/usr/|/home/|/root/|site-packages')
MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


class WatchfulClient(FlaskClient):
    """Asserts of every response: nothing from inside, the headers that all have, errors as problem documents."""

    private = ""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        # Read to the end and closed, as a server does it.
        response = super().open(*args, buffered=True, **kwargs)
        check_response(response, self.private)
        return response


def check_response(response: TestResponse, private: str) -> None:
    """Assert what holds for every response; `private` is a path of this machine that none may show."""
    said = f"{response.headers}{response.get_data().decode(errors='replace')}"
    # The log of a job is the one place where its owner sees the traces of its errors.
    if not (response.request.path.endswith("/logs") and response.status_code == 200):
        assert not INSIDE.search(said), said[:2000]
        assert not private or private not in said, said[:2000]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", response.headers["X-Request-ID"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    if response.status_code >= 400 and response.request.method != "HEAD":
        check_problem(response)


def check_problem(response: TestResponse) -> None:
    """Assert that the response is a problem document of a type that has a page."""
    assert response.content_type == PROBLEM_TYPE, response.get_data(as_text=True)[:500]
    problem = response.get_json()
    assert set(problem) >= MEMBERS
    assert problem["status"] == response.status_code
    assert problem["type"].removeprefix("/problems/") in problem_types()
    assert problem["request_id"] == response.headers["X-Request-ID"]


def watchful_client(settings: Settings) -> FlaskClient:
    """Return a client of a fresh application."""
    app = create_app(settings)
    app.test_client_class = WatchfulClient
    client = app.test_client()
    client.private = str(settings.storage.output_dir.parent)  # type: ignore[attr-defined]
    return client
