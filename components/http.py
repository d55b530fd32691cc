"""What all routes share: the blueprint with strict parsing, the "accepted" reply, the headers of every response."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

from flask import Flask, Response, current_app, json, render_template, request
from flask_smorest import Api, Blueprint
from marshmallow import INCLUDE, Schema, fields

from components.held import wait_asked, wait_for
from components.idempotency import HEADER, answer_once
from components.problems import PROBLEM_TYPE, ProblemSchema, install_problems, request_id
from components.strict_json import StrictParser
from libraries.errors import InvalidInput, NotFound, Unavailable
from libraries.job_manager import JobRecord, JobUnknown, QueueUnavailable, drawing_in
from libraries.job_manager.views import job_links, shown_result
from libraries.settings import get_settings
from libraries.storage import output_folder

View = TypeVar("View", bound=Callable[..., Any])

VERSION = "0.1.0"
POLL_SECONDS = "1"
SVG_TYPE = "image/svg+xml"
LARGEST_SVG, LARGEST_KEPT_SVG = 5_000_000, 64_000
EXPOSED_HEADERS = (
    "Location, Retry-After, ETag, X-Request-ID, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Link, Content-Disposition, Preference-Applied"
)
ALLOWED_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, If-None-Match, Prefer, Range, X-API-Key, X-Request-ID"
# An SVG is active content. Opened by itself it may not run, load or send anything; a page of another origin has to ask for it
# with CORS (`fetch`, `<img crossorigin>`), which is open to all, and cannot embed it unasked.
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Scripts and connections of this server alone; a picture that needed a key to be fetched is shown from memory (`blob:`).
SCRIPT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
BODY_PROBLEMS = (400, 413, 415, 422)
# What answers without an API key also where keys are set: signs of life and the documentation.
OPEN_ENDPOINTS = frozenset(
    f"system.{name}"
    for name in (
        "index",
        "healthz",
        "readyz",
        "version",
        "openapi",
        "docs",
        "problem_type",
        "static",
    )
) | {
    "gallery.show_gallery",
    "gallery.static",
    "dashboard.show_dashboard",
    "dashboard.static",
    "live.show_live",
    "live.static",
    "sockets.asyncapi",
}
EVERY_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104 - recognised here, not listened on
KEY_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "description": "Your own name for this request. Sent again within 24 hours, the same request is not done twice: the first "
    "answer is given again, with `Idempotency-Replayed: true`.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[ -~]{1,255}$",
        "example": "order-17",
    },
}


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
    """Where a job can be followed, and what can be done with it in its present state."""

    self_ = fields.String(
        data_key="self", metadata={"description": "State of the job.", "example": "/jobs/4f1c9a"}
    )
    events = fields.String(
        metadata={
            "description": "What becomes of it, as an event stream.",
            "example": "/jobs/4f1c9a/events",
        }
    )
    logs = fields.String(
        metadata={"description": "How it went, for people to read.", "example": "/jobs/4f1c9a/logs"}
    )
    result = fields.String(
        metadata={"description": "What it made.", "example": "/jobs/4f1c9a/result"}
    )
    preview = fields.String(
        metadata={
            "description": "A picture of what it drew, if it drew.",
            "example": "/jobs/4f1c9a/preview.png",
        }
    )
    cancel = fields.String(
        metadata={"description": "POST here to cancel or stop it, while it waits or runs."}
    )
    retry = fields.String(
        metadata={"description": "POST here to try it again, if it ended without a result."}
    )
    batch = fields.String(metadata={"description": "The batch that it belongs to, if any."})


class AcceptedSchema(ReplySchema):
    """The reply to a request that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    job_id = fields.String(
        required=True, metadata={"description": "The id to follow the job by.", "example": "4f1c9a"}
    )
    message = fields.String(required=True, metadata={"description": "What was queued, in words."})
    result = fields.Raw(
        metadata={
            "description": "What the task returned, after `Prefer: wait=N` and a job done in time."
        }
    )
    error = fields.String(metadata={"description": "Why it failed, in the same case."})
    svg = fields.String(metadata={"description": "What it drew, in the same case, up to 5 MB."})
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

    def response(
        self, status_code: int, schema: Any = None, **documentation: Any
    ) -> Callable[[View], View]:
        """Document what a view answers when all is well."""
        decorate: Callable[[View], View] = super().response(status_code, schema, **documentation)
        return decorate

    def doc(self, **documentation: Any) -> Callable[[Any], Any]:
        """Add to the documentation of a view, in the words of OpenAPI."""
        decorate: Callable[[Any], Any] = super().doc(**documentation)
        return decorate

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document that a view can answer with problem documents of these statuses."""

        def decorate(view: View) -> View:
            for status in statuses:
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            return view

        return decorate

    def arguments(
        self, schema: Any, *, location: str = "json", **kwargs: Any
    ) -> Callable[[View], View]:
        """Parse the body (or the query) with `schema`, and document the problems that this can have."""
        parse: Callable[[View], View] = super().arguments(schema, location=location, **kwargs)
        return lambda view: self.problems(*(BODY_PROBLEMS if location == "json" else (422,)))(
            parse(view)
        )

    def queues(self, *, unless: Callable[..., bool] | None = None) -> Callable[[View], View]:
        """Let a view that queues or changes jobs obey the header `Idempotency-Key`, and document that and its problems.

        Args:
            unless: asked with the view's arguments; where it says True, nothing is queued and the header is ignored.
        """

        def decorate(view: View) -> View:
            documented: View = self.doc(parameters=[KEY_PARAMETER])(
                answer_once(view, unless=unless)
            )
            return self.problems(409, 422, 429, 503)(documented)

        return decorate

    def _store_endpoint_docs(self, endpoint: str, obj: Any, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, *args, **options)
        for method, doc in self._docs[endpoint].items():
            if method != "parameters":
                manual = doc.setdefault("manual_doc", {})
                manual.setdefault("operationId", endpoint)
                manual.setdefault("responses", {}).setdefault("default", "DEFAULT_ERROR")
                if f"{self.name}.{endpoint}" in OPEN_ENDPOINTS:
                    manual["security"] = []


def count_members(
    _converter: object, field: fields.Field[Any], ret: dict[str, Any], **_: Any
) -> dict[str, Any]:
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


def api_blueprint(
    name: str, import_name: str, url_prefix: str | None = None, description: str = ""
) -> ApiBlueprint:
    """Return the blueprint of one resource.

    Args:
        name: its name, which is also the tag of its routes in the OpenAPI document.
        import_name: `__name__` of the module that declares it.
        url_prefix: the path that its routes begin with; None for none.
        description: one sentence about the resource, for the OpenAPI document.
    """
    return ApiBlueprint(name, import_name, url_prefix=url_prefix, description=description)


def accepted(job: Job, message: str, *, status_code: int = 202, **extra: Any) -> Response:
    """Return the reply to a request that was queued as `job`.

    The body has `status` ("queued"), `job_id`, `message`, `links` and whatever `extra` adds or replaces; `Location` and
    `Retry-After` tell where and when to ask for the job.

    A client that sent `Prefer: wait=N` gets this after that many seconds, or before, with status 200, what became of the job:
    `status` is the job's then, and `result`, `error` and the `svg` that it drew stand beside it.
    """
    body = {
        "status": "queued",
        "job_id": job.id,
        "message": message,
        "links": job_links(job.id),
        **extra,
    }
    seconds = wait_asked()
    record = waited_for(job.id, seconds) if seconds else None
    if record is not None and record.done:
        response = json_response(
            {**body, **outcome(record)}, headers={"Location": body["links"]["self"]}
        )
    else:
        response = queued_response(body, status_code=status_code)
    if seconds:
        response.headers.add("Preference-Applied", f"wait={seconds}")
    return response


def waited_for(job_id: str, seconds: float) -> JobRecord | None:
    """Return a job that has just been queued as soon as it is done, or as it is after some seconds; None if nobody can tell."""
    try:
        return wait_for(job_id, seconds, until=lambda job: job.done)
    except (QueueUnavailable, JobUnknown):
        # It is queued, and the client is to know that.
        return None


def outcome(record: JobRecord) -> dict[str, Any]:
    """Return what a reply says of a job that is done."""
    links = job_links(
        record.id, record.status, record.batch_id, drawn=drawing_in(record) is not None
    )
    told: dict[str, Any] = {
        "status": record.status,
        "result": shown_result(record.result),
        "links": links,
    }
    if record.public_error is not None:
        told["error"] = record.public_error
    drawing = drawing_of(record)
    return told if drawing is None else {**told, "svg": drawing}


def drawing_of(record: JobRecord) -> str | None:
    """Return the SVG that a job drew, None if it drew none, or one that is better fetched by itself."""
    made = drawing_in(record)
    # A reply to a request with a key is kept, so it should be small.
    if made is None or made["size"] > (
        LARGEST_KEPT_SVG if HEADER in request.headers else LARGEST_SVG
    ):
        return None
    try:
        with output_folder().take(made["name"]) as file:
            return file.read(LARGEST_SVG).decode()
    except (NotFound, InvalidInput, Unavailable):
        return None


def queued_response(body: Mapping[str, Any], *, status_code: int = 202) -> Response:
    """Return the reply to a request that was queued; `body` has in `links.self` where to follow it."""
    headers = {"Location": body["links"]["self"], "Retry-After": POLL_SECONDS}
    return json_response(body, status_code=status_code, headers=headers)


def json_response(
    body: Mapping[str, Any], *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON object that is true only now."""
    response = Response(
        json.dumps(body), status_code, dict(headers or {}), content_type="application/json"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def state_response(body: Mapping[str, Any], *, done: bool) -> Response:
    """Return the state of something that changes until it is `done`, or 304 if the client knows this state already."""
    data = json.dumps(body).encode()
    response = Response(data, content_type="application/json")
    response.headers["Cache-Control"] = "private, no-cache"
    if not done:
        response.headers["Retry-After"] = POLL_SECONDS
    response.set_etag(hashlib.sha256(data).hexdigest()[:32], weak=True)
    response.make_conditional(request)
    return response


def document_response(document: Mapping[str, Any]) -> Response:
    """Return a document that changes only with the service, or 304 if the client has it already."""
    return conditional(Response(json.dumps(document), content_type="application/json"))


def conditional(response: Response) -> Response:
    """Return a response that is to be asked for anew each time, or 304 if the client has it already."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def script_page(template: str, **values: Any) -> Response:
    """Return a page that works by scripts; it is open to all, and what its scripts ask for needs a key where keys are set."""
    page = render_template(
        template, version=VERSION, keys=bool(get_settings().access.api_keys), **values
    )
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = SCRIPT_POLICY
    return conditional(response)


def api_document() -> dict[str, Any]:
    """Return the OpenAPI document of the running application."""
    document: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""][
        "ext_obj"
    ].spec.to_dict()
    return document


def base_address() -> str:
    """Return the address that this service listens on, as one would type it on the same machine.

    It comes from the settings: what a request says about the host is the request's own claim.
    """
    settings = get_settings()
    host = "127.0.0.1" if settings.web.host in EVERY_ADDRESS else settings.web.host
    return (
        f"http://[{host}]:{settings.web.port}"
        if ":" in host
        else f"http://{host}:{settings.web.port}"
    )


def first_curl() -> str:
    """Return a command that asks for a first drawing, to be copied."""
    body = '{"width": 210, "height": 297, "pattern": "spiral"}'
    key = "-H 'X-API-Key: KEY' \\\n  " if get_settings().access.api_keys else ""
    return f"curl {base_address()}/artboard/create \\\n  {key}-H 'Content-Type: application/json' \\\n  -d '{body}'"


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
