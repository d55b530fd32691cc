"""The pages of the HTTP API: its routes and its problem types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask

from components.http.access import EXTENSION
from components.http.html.reference import FieldRow, Operation, Reference
from components.http.pages import base_address
from components.system.pages import problem_types
from docs.reference_pages.markdown import code, paragraphs, prose, table

# The routes of the files of pages, which are not in the OpenAPI document.
ASSETS = "/assets/<path:filename>"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
FIELDS = ("Name", "Type", "Required", "Default", "Limits", "Description")
ACCESS = """\
`Access` is the credential that a route requires if `API_KEYS` is set; without keys every route is open.

| Access | Request |
| --- | --- |
| `open` | Needs no key. |
| `key` | Needs an API key. |
| `token` | Needs an API key, or a token for the job in the address. |
| `socket` | As `token`; a refused WebSocket is closed with the reason. |
| `admin` | Needs an API key with the scope `admin`, or `metrics` for `/metrics`. |
"""


def routes_page(app: Flask) -> Iterator[str]:
    """Yield the lines of the page of routes: a table of all, then each with its fields."""
    document: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    rows = sorted(_rows(app, document["paths"]), key=lambda row: row[0].strip("`").split(" ")[::-1])
    yield "# Routes\n"
    yield (
        "The running service has the same reference at `/docs`, and as OpenAPI 3.1 document at "
        "`/openapi.json`. Errors of all routes are [problem types](problems.md).\n"
    )
    yield ACCESS
    yield from table(("Route", "Access", "Description"), rows)
    for section in Reference(document, base_address()).sections():
        yield f"## {section.name.capitalize()}\n"
        yield from paragraphs(section.description)
        for operation in section.operations:
            yield from _operation(operation)


def problems_page() -> Iterator[str]:
    """Yield the lines of the page of problem types, by status."""
    found = sorted(problem_types().values(), key=lambda one: (one.status, one.slug))
    yield "# Problem types\n"
    yield (
        "Error responses are problem documents (RFC 9457). Their `type` is `/problems/` and one of "
        "these names; the service describes each at that address. A failed job has the name as its "
        "error code.\n"
    )
    for status in dict.fromkeys(one.status for one in found):
        same = [one for one in found if one.status == status]
        yield f"## {status} {same[0].title}\n"
        yield from table(
            ("Type", "Description"), [(code(one.slug), prose(one.text)) for one in same]
        )


def _rows(app: Flask, paths: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield route, access and summary of each route, once for each method."""
    seen = set()
    for rule in app.url_map.iter_rules():
        access = app.extensions[EXTENSION][rule.endpoint]
        for method in METHODS:
            # A WebSocket has two rules for one address: with the handshake and without.
            if method in (rule.methods or ()) and (name := f"{method} {rule.rule}") not in seen:
                seen.add(name)
                item = paths.get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
                summary = item.get(method.lower(), {}).get("summary") or _of_assets(rule.rule)
                yield code(name), code(access.value), prose(summary)


def _of_assets(rule: str) -> str:
    page = rule.removesuffix(ASSETS)
    return (
        f"Styles and scripts of the pages `{page}`." if page else "Styles and scripts of all pages."
    )


def _operation(operation: Operation) -> Iterator[str]:
    yield f"### `{operation.method} {operation.path}`\n"
    yield from paragraphs(operation.summary)
    for part in operation.description:
        yield from paragraphs(part)
    for title, rows in (("Parameters", operation.parameters), ("Body", operation.body)):
        if rows:
            yield f"{title}:\n"
            yield from table(FIELDS, [_field(row) for row in rows])
    yield from table(
        ("Status", "Media type", "Response"),
        [
            (code(one.status), code(one.media_type), prose(one.description))
            for one in operation.replies
            if not one.is_problem
        ],
    )
    statuses = [one.status for one in operation.replies if one.is_problem and one.status.isdigit()]
    if statuses:
        yield f"Problems: {', '.join(code(status) for status in statuses)}.\n"


def _field(row: FieldRow) -> tuple[str, ...]:
    required = "yes" if row.required else ""
    return (
        code(row.name),
        row.kind,
        required,
        code(row.default),
        prose(row.limits),
        prose(row.description),
    )
