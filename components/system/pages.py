"""API documents and HTML pages of the service."""

from __future__ import annotations

import http
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, json, render_template

from components.http.access import prefers_page
from components.http.api import api_document, document_text
from components.http.conditional import conditional
from components.http.html.reference import Node, Reference, curl
from components.http.json_schemas import json_schema
from components.http.pages import (
    PAGE_POLICY,
    base_address,
    code,
    first_curl,
    script_page,
    with_script_policy,
)
from components.http.problems import (
    EDGE_CODES,
    FAMILY_STATUS,
    PLAIN_PROBLEMS,
    plain_problem,
    title_of,
)
from libraries import VERSION
from libraries.errors import CODES, NotFound
from libraries.patterns import PATTERNS
from libraries.settings import AccessSettings

ADDRESSES = {
    "studio": "/studio",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "asyncapi": "/asyncapi.json",
    "live": "/live",
    "gallery": "/gallery/page",
    "forms": "/forms",
    "dashboard": "/dashboard",
    "patterns": "/patterns",
    "health": "/healthz",
    "ready": "/readyz",
    "version": "/version",
}


@dataclass(frozen=True)
class ProblemType:
    """A problem type: code, HTTP status and explanation."""

    slug: str
    status: int
    title: str
    text: str


def index_page() -> Response:
    """Return the addresses as JSON, or as a page for browsers."""
    if prefers_page():
        response = script_page("index.html", curl=first_curl())
    else:
        response = _json(
            {
                "name": "Vector API",
                "version": VERSION,
                "links": ADDRESSES,
            }
        )
    response.headers["Vary"] = "Accept"
    return response


def docs_page() -> Response:
    """Return the API reference."""
    address, first = base_address(), first_curl()

    def made() -> str:
        document = api_document()
        reference = Reference(document, address)
        return render_template(
            "docs.html",
            version=VERSION,
            code=code,
            keys=bool(AccessSettings.current().api_keys),
            info=document["info"],
            sections=reference.sections(),
            patterns=list(_patterns(reference)),
            curl=first,
        )

    return conditional(with_script_policy(document_text("docs", made, address, first)))


def _patterns(reference: Reference) -> Iterator[Node]:
    """Yield the patterns with their parameters, and the request that draws each."""
    key = bool(AccessSettings.current().api_keys)
    for name, pattern in PATTERNS.items():
        body = {"width": 210, "height": 297, "pattern": name, "seed": 7}
        request = {"method": "POST", "path": "/artboard/create", "key": key, "body": body}
        yield {
            "name": name,
            "summary": pattern.summary,
            "rows": reference.rows(json_schema(pattern.schema)),
            "request": request,
            "curl": curl(reference.base, request),
        }


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
