"""The documents and pages of the service: plain HTML and one style sheet, no script, nothing from elsewhere."""

from __future__ import annotations

import http
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Response, json, render_template
from markupsafe import Markup, escape

from components.http.api import api_document
from components.http.conditional import conditional, document_response
from components.http.pages import VERSION, base_address, first_curl
from components.http.problems import (
    EDGE_CODES,
    FAMILY_STATUS,
    PLAIN_PROBLEMS,
    plain_problem,
    title_of,
)
from components.http.replies import prefers
from components.system.reference import Reference
from libraries.errors import CODES, NotFound

# What the page for browsers says of each address.
WORDS = {
    "docs": "every route, with commands to copy",
    "openapi": "the same for machines, OpenAPI 3.1",
    "asyncapi": "what is said on WebSockets and event streams, AsyncAPI 3.0",
    "live": "a page to ask for drawings and watch them being made",
    "dashboard": "what the service does: its jobs, its queue, its schedules",
    "patterns": "what can be drawn",
    "health": "is the web process alive",
    "ready": "would a job be done now",
    "version": "which version this is",
}
LINKS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "asyncapi": "/asyncapi.json",
    "live": "/live",
    "dashboard": "/dashboard",
    "patterns": "/patterns",
    "health": "/healthz",
    "ready": "/readyz",
    "version": "/version",
}
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class ProblemType:
    """A type of problem: its name, its HTTP status, and when it is the answer."""

    slug: str
    status: int
    title: str
    text: str


def index_page() -> Response:
    """Return where things are: JSON, or a page for a browser."""
    if prefers("text/html", rather_than="application/json"):
        response = _page("index.html", curl=first_curl(), words=WORDS)
    else:
        response = _json({"name": "Vector API", "version": VERSION, "links": LINKS})
    response.headers["Vary"] = "Accept"
    return response


def docs_page() -> Response:
    """Return the reference of every route."""
    document = api_document()
    sections = Reference(document, base_address()).sections()
    response = _page("docs.html", info=document["info"], sections=sections, curl=first_curl())
    return conditional(response)


def problem_page(slug: str) -> Response:
    """Return the page that explains a type of problem.

    Raises:
        NotFound: there is no such type.
    """
    found = problem_types().get(slug)
    if found is None:
        raise NotFound("there is no problem type of this name")
    return _page("problem.html", problem=found)


def openapi_document() -> Response:
    """Return the OpenAPI document."""
    return document_response(api_document())


def problem_types() -> dict[str, ProblemType]:
    """Return every type of problem by name: those of HTTP itself and one for each error code."""
    plain = [
        _of_status(status) for status in http.HTTPStatus if status >= http.HTTPStatus.BAD_REQUEST
    ]
    library = [
        ProblemType(code, FAMILY_STATUS[one.family], title_of(FAMILY_STATUS[one.family]), one.text)
        for code, one in CODES.items()
    ]
    edge = [
        ProblemType(code, one.status, title_of(one.status), one.text)
        for code, one in EDGE_CODES.items()
    ]
    return {one.slug: one for one in [*plain, *library, *edge]} | {
        one.slug: one for one in plain if one.status in PLAIN_PROBLEMS
    }


def _of_status(status: int) -> ProblemType:
    slug, text = plain_problem(status)
    return ProblemType(slug, status, title_of(status), text)


def _json(value: object) -> Response:
    return Response(json.dumps(value), content_type="application/json")


def _page(template: str, **values: Any) -> Response:
    page = render_template(template, version=VERSION, links=LINKS, code=code, **values)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@lru_cache(maxsize=1024)
def code(text: str) -> Markup:
    """Return `text` as HTML, with what stands between backticks as code."""
    parts = str(escape(text)).split("`")
    marked = "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )
    return Markup(marked)  # noqa: S704 - every part was escaped above
