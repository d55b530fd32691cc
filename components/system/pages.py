"""API documents and HTML pages of the service; the pages have one style sheet and no scripts."""

from __future__ import annotations

import http
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Response, json, render_template
from markupsafe import Markup, escape

from components.http.api import api_document, document_text
from components.http.conditional import conditional
from components.http.pages import base_address, first_curl
from components.http.problems import (
    EDGE_CODES,
    FAMILY_STATUS,
    PLAIN_PROBLEMS,
    plain_problem,
    title_of,
)
from components.http.replies import prefers
from components.system.reference import Reference
from libraries import VERSION
from libraries.errors import CODES, NotFound

# Address and description of each link on the index page.
ADDRESSES = {
    "docs": ("/docs", "API reference with curl commands"),
    "openapi": ("/openapi.json", "the same as an OpenAPI 3.1 document"),
    "asyncapi": ("/asyncapi.json", "WebSockets and event streams as an AsyncAPI 3.0 document"),
    "live": ("/live", "a page that submits jobs and follows them"),
    "gallery": ("/gallery/page", "drawings with search and filters"),
    "forms": ("/forms", "forms for photos and for messages to the operator"),
    "dashboard": ("/dashboard", "state of the service: jobs, queue and schedules"),
    "patterns": ("/patterns", "available patterns"),
    "health": ("/healthz", "liveness of the web process"),
    "ready": ("/readyz", "readiness to run jobs"),
    "version": ("/version", "version of the service"),
}
PAGE_POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class ProblemType:
    """A problem type: code, HTTP status and explanation."""

    slug: str
    status: int
    title: str
    text: str


def index_page() -> Response:
    """Return the addresses as JSON, or as a page for browsers."""
    if prefers("text/html", rather_than="application/json"):
        response = _page("index.html", curl=first_curl(), addresses=ADDRESSES.values())
    else:
        response = _json(
            {
                "name": "Vector API",
                "version": VERSION,
                "links": {name: address for name, (address, _) in ADDRESSES.items()},
            }
        )
    response.headers["Vary"] = "Accept"
    return response


def docs_page() -> Response:
    address, curl = base_address(), first_curl()

    def made() -> str:
        document = api_document()
        sections = Reference(document, address).sections()
        return _html("docs.html", info=document["info"], sections=sections, curl=curl)

    return conditional(_html_response(document_text("docs", made, address, curl)))


def problem_page(slug: str) -> Response:
    """Return the page of a problem type; raise NotFound if it does not exist."""
    found = problem_types().get(slug)
    if found is None:
        raise NotFound("problem type not found")
    return _page("problem.html", problem=found)


def problem_types() -> dict[str, ProblemType]:
    """Return all problem types by code: those of HTTP statuses and of error codes."""
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
    return _html_response(_html(template, **values))


def _html(template: str, **values: Any) -> str:
    return render_template(template, version=VERSION, code=code, **values)


def _html_response(page: str) -> Response:
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@lru_cache(maxsize=1024)
def code(text: str) -> Markup:
    """Convert text to HTML; text in backticks becomes code."""
    parts = str(escape(text)).split("`")
    marked = (f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
    return Markup("".join(marked))  # noqa: S704 - every part was escaped above
