"""What all routes share: the blueprint with strict parsing, the "accepted" reply, the headers of every response."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

from flask import Flask, Response, json, request
from flask_smorest import Api, Blueprint
from marshmallow import INCLUDE, Schema, fields

from components.problems import PROBLEM_TYPE, ProblemSchema, install_problems, request_id
from components.strict_json import StrictParser

View = TypeVar("View", bound=Callable[..., Any])

VERSION = "0.1.0"
POLL_SECONDS = "1"
EXPOSED_HEADERS = (
    "Location, Retry-After, ETag, X-Request-ID, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Link, Content-Disposition, Preference-Applied"
)
ALLOWED_HEADERS = "Accept, Content-Type, If-None-Match, Prefer, Range, X-Request-ID"
# An SVG is active content. Opened by itself it may not run, load or send anything; a page of another origin has to ask for it
# with CORS (`fetch`, `<img crossorigin>`), which is open to all, and cannot embed it unasked.
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
BODY_PROBLEMS = (400, 413, 415, 422)


class Job(Protocol):
    """All that a reply needs to know of a queued job."""

    @property
    def id(self) -> str:
        """The id that clients follow it by."""


class ReplySchema(Schema):
    """A JSON object in a reply. Later versions may add members, so its documentation allows more than it names."""

    class Meta:
        """Say so to whoever makes the documentation."""

        unknown = INCLUDE


class JobLinksSchema(ReplySchema):
    """Where a job can be followed."""

    self_ = fields.String(data_key="self", metadata={"description": "State of the job.", "example": "/jobs/4f1c9a"})
    result = fields.String(metadata={"description": "What it made.", "example": "/jobs/4f1c9a/result"})


class AcceptedSchema(ReplySchema):
    """The reply to a request that was queued."""

    status = fields.String(required=True, metadata={"description": "`queued`.", "example": "queued"})
    job_id = fields.String(required=True, metadata={"description": "The id to follow the job by.", "example": "4f1c9a"})
    message = fields.String(required=True, metadata={"description": "What was queued, in words."})
    links = fields.Nested(JobLinksSchema, metadata={"description": "Where to follow it."})


class ApiBlueprint(Blueprint):  # type: ignore[misc]
    """A blueprint that parses strictly and documents its problems.

    Every operation gets its view's name as its operation id and problem documents for whatever goes wrong; one that takes a
    body gets those of the body as well.
    """

    ARGUMENTS_PARSER = StrictParser()

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Mount a view at `rule`."""
        decorate: Callable[[View], View] = super().route(rule, **options)
        return decorate

    def response(self, status_code: int, schema: Any = None, **documentation: Any) -> Callable[[View], View]:
        """Document what a view answers when all is well."""
        decorate: Callable[[View], View] = super().response(status_code, schema, **documentation)
        return decorate

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document that a view can answer with problem documents of these statuses."""

        def decorate(view: View) -> View:
            for status in statuses:
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            return view

        return decorate

    def arguments(self, schema: Any, *, location: str = "json", **kwargs: Any) -> Callable[[View], View]:
        """Parse the body (or the query) with `schema`, and document the problems that this can have."""
        parse: Callable[[View], View] = super().arguments(schema, location=location, **kwargs)
        return lambda view: self.problems(*(BODY_PROBLEMS if location == "json" else (422,)))(parse(view))

    def _store_endpoint_docs(self, endpoint: str, obj: Any, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, *args, **options)
        for method, doc in self._docs[endpoint].items():
            if method != "parameters":
                manual = doc.setdefault("manual_doc", {})
                manual.setdefault("operationId", endpoint)
                manual.setdefault("responses", {}).setdefault("default", "DEFAULT_ERROR")


def count_members(_converter: object, field: fields.Field[Any], ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Document limits on the length of an object as limits on its members; `maxLength` is a word for texts."""
    if not isinstance(field, fields.Dict):
        return {}
    moved = {"minLength": "minProperties", "maxLength": "maxProperties"}
    return {word: ret.pop(name) for name, word in moved.items() if name in ret}


class VectorApi(Api):  # type: ignore[misc]
    """The API whose OpenAPI document names errors by their own schema and media type."""

    ERROR_SCHEMA = ProblemSchema

    def _init_spec(self, **options: Any) -> None:
        super()._init_spec(**options)
        self.ma_plugin.converter.add_attribute_function(count_members)

    def _register_error_handlers(self) -> None:
        install_problems(self._app)

    def _register_responses(self) -> None:
        # The only schemas registered from here are those of errors, and errors have a media type of their own.
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def _register_pagination_header(self) -> None:
        # No list is paged here, and an unused schema would only puzzle the reader of the document.
        pass


def api_blueprint(name: str, import_name: str, url_prefix: str | None = None, description: str = "") -> ApiBlueprint:
    """Return the blueprint of one resource.

    Args:
        name: its name, which is also the tag of its routes in the OpenAPI document.
        import_name: `__name__` of the module that declares it.
        url_prefix: the path that its routes begin with; None for none.
        description: one sentence about the resource, for the OpenAPI document.
    """
    return ApiBlueprint(name, import_name, url_prefix=url_prefix, description=description)


def job_links(job_id: str) -> dict[str, str]:
    """Return the addresses of a job, relative to this server."""
    return {"self": f"/jobs/{job_id}", "result": f"/jobs/{job_id}/result"}


def accepted(job: Job, message: str, *, status_code: int = 202, **extra: Any) -> Response:
    """Return the reply to a request that was queued as `job`.

    The body has `status` ("queued"), `job_id`, `message`, `links` and whatever `extra` adds or replaces; `Location` and
    `Retry-After` tell where and when to ask for the job.
    """
    links = job_links(job.id)
    body = {"status": "queued", "job_id": job.id, "message": message, "links": links, **extra}
    headers = {"Location": links["self"], "Retry-After": POLL_SECONDS, "Cache-Control": "no-store"}
    return Response(json.dumps(body), status_code, headers, content_type="application/json")


def prefers_async() -> bool:
    """Tell whether the client sent `Prefer: respond-async` (RFC 7240)."""
    wishes = re.split(r"[,;]", request.headers.get("Prefer", ""))
    return any(wish.strip().lower() == "respond-async" for wish in wishes)


def wants(media_type: str, *, rather_than: str) -> bool:
    """Tell whether the client asks for `media_type` more than for `rather_than`, which is what others get."""
    accept = request.accept_mimetypes
    return bool(accept[media_type] > accept[rather_than])


def finish_response(response: Response) -> Response:
    """Add the headers that every response has: request id, security, and CORS for pages of any origin without credentials."""
    headers = response.headers
    headers["X-Request-ID"] = request_id()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if request.method == "OPTIONS" and "Allow" in headers:
        headers["Access-Control-Allow-Methods"] = headers["Allow"]
        headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        headers["Access-Control-Max-Age"] = "86400"
    return response


def install_http(app: Flask) -> VectorApi:
    """Give `app` what all routes share, and return the API that blueprints are registered on."""
    app.after_request(finish_response)
    return VectorApi(app)
