"""Health, documents and pages of the service itself."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import VERSION
from components.system.commands import doctor, jobs
from components.system.health import readiness
from components.system.pages import docs_page, index_page, openapi_document, problem_page
from components.system.schemas import AliveSchema, IndexSchema, ReadySchema, VersionSchema
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "system",
    __name__,
    None,
    "Is the service well, and what can it do.",
    access=Access.OPEN,
    assets="",
)
# Commands of `flask --app app`, not of a group below it.
blueprint.cli_group = None
for command in (doctor, jobs):
    blueprint.cli.add_command(command)


# Not strict: an address without any path is this one, and needs no redirect to a host that the request named.
@blueprint.route("/", strict_slashes=False)
@blueprint.response(200, IndexSchema)
def index() -> Response:
    """Say where things are; a browser gets a page."""
    return index_page()


@blueprint.route("/healthz")
@blueprint.response(200, AliveSchema)
def healthz() -> dict[str, str]:
    """Say that the web process is alive. Nothing else is looked at."""
    return {"status": "alive"}


@blueprint.route("/readyz")
@blueprint.response(200, ReadySchema)
@blueprint.problems(503)
def readyz() -> JsonObject:
    """Say whether a job that is queued now would be done; if not, which part is missing and what to do about it."""
    return readiness()


@blueprint.route("/version")
@blueprint.response(200, VersionSchema)
def version() -> dict[str, str]:
    """Say which version of the service this is."""
    return {"name": "Vector API", "version": VERSION}


@blueprint.route("/openapi.json")
@blueprint.response(
    200,
    description="This description (OpenAPI 3.1)",
    content_type="application/json",
    schema={"type": "object"},
)
def openapi() -> Response:
    """Describe every route for machines."""
    return openapi_document()


@blueprint.route("/docs")
@blueprint.response(200, description="A page", content_type="text/html", schema={"type": "string"})
def docs() -> Response:
    """Describe every route for people."""
    return docs_page()


@blueprint.route("/problems/<slug>")
@blueprint.response(200, description="A page", content_type="text/html", schema={"type": "string"})
@blueprint.problems(404)
def problem_type(slug: str) -> Response:
    """Explain a type of problem."""
    return problem_page(slug)
