"""Routes for health, version, API documents and pages of the service."""

from __future__ import annotations

from flask import Response, json

from components.http.access import Access
from components.http.api import api_blueprint, api_document, document_text
from components.http.conditional import json_text_response
from components.http.parameters import documented
from components.http.server.repeated import repeatable
from components.system.api_keys import create_key
from components.system.commands import doctor, jobs
from components.system.health import readiness
from components.system.pages import docs_page, index_page, problem_page
from components.system.schemas import AliveSchema, IndexSchema, ReadySchema, VersionSchema
from libraries import VERSION
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "system",
    __name__,
    None,
    "Health, version and documentation of the service.",
    access=Access.OPEN,
    assets="",
)
# Registers the commands on `flask` itself, not in a group.
blueprint.cli_group = None
for command in (doctor, jobs, create_key):
    blueprint.cli.add_command(command)


# Not strict: an empty path must not cause a redirect, whose host would come from the request.
@blueprint.route("/", strict_slashes=False)
@blueprint.response(200, IndexSchema, headers=documented("ETag"))
@blueprint.doc(
    responses={
        "200": {
            "description": "The addresses, or a page for browsers",
            "headers": documented("ETag"),
            "content": {
                "application/json": {"schema": IndexSchema},
                "text/html": {"schema": {"type": "string"}},
            },
        }
    }
)
def index() -> Response:
    """Return the addresses of the service; a browser gets a page."""
    return index_page()


@blueprint.route("/healthz")
@blueprint.response(200, AliveSchema)
def healthz() -> dict[str, str]:
    """Report that the web process is alive. No other component is checked."""
    repeatable(lambda: "alive")
    return {"status": "alive"}


@blueprint.route("/readyz")
@blueprint.response(200, ReadySchema)
@blueprint.problems(503)
def readyz() -> JsonObject:
    """Report whether jobs can run; if not, which component is unavailable and the remedy."""
    return readiness()


@blueprint.route("/version")
@blueprint.response(200, VersionSchema)
def version() -> dict[str, str]:
    """Return the version of the service."""
    return {"name": "Vector API", "version": VERSION}


@blueprint.route("/openapi.json")
@blueprint.response(
    200,
    description="This description (OpenAPI 3.1)",
    content_type="application/json",
    schema={"type": "object"},
    headers=documented("ETag"),
)
def openapi() -> Response:
    """Return the OpenAPI document."""
    return json_text_response(document_text("openapi", lambda: json.dumps(api_document())))


@blueprint.route("/docs")
@blueprint.response(
    200,
    description="A page",
    content_type="text/html",
    schema={"type": "string"},
    headers=documented("ETag"),
)
def docs() -> Response:
    """Return the API reference as a page."""
    return docs_page()


@blueprint.route("/problems/<slug>")
@blueprint.response(200, description="A page", content_type="text/html", schema={"type": "string"})
@blueprint.problems(404)
def problem_type(slug: str) -> Response:
    """Return the documentation of a problem type."""
    return problem_page(slug)
