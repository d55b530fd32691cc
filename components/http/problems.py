"""Problem documents (RFC 9457), the format of all error responses.

The family of a library error determines the HTTP status, and its `code` the type of the problem.
All other exceptions become an "internal error": their traceback is logged with the request id, and
the client receives only that id.
"""

from __future__ import annotations

import http
import logging
import math
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from flask import Flask, Response, g, json, request
from marshmallow import INCLUDE, Schema, fields
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from libraries.errors import (
    Conflict,
    Exhausted,
    InvalidInput,
    NotFound,
    Unavailable,
    UnknownName,
    VectorError,
    did_you_mean,
)
from libraries.job_manager.errors import first_line
from libraries.job_manager.ownership import is_guest
from libraries.json_types import JsonObject
from libraries.patterns import mistake_of_pattern

log = logging.getLogger(__name__)
Error = TypeVar("Error", bound=VectorError)

PROBLEM_TYPE = "application/problem+json"
FAMILY_STATUS: dict[type[VectorError], int] = {
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    Exhausted: 429,
    Unavailable: 503,
}
# Field names that are request headers.
HEADER_FIELDS = frozenset({"Idempotency-Key"})
MAX_VALUE_CHARS = 100
MAX_ERRORS = 100
HINT = "did you mean "
# The message of marshmallow's OneOf.
CHOICES = re.compile(r"Must be one of: (.*)\.", re.DOTALL)

TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


class EdgeCode(NamedTuple):
    """The HTTP status of a code, and the sentence that `GET /problems/<code>` shows."""

    status: int
    text: str


# The problems of errors that Flask and werkzeug raise, by status: code and sentence.
PLAIN_PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("bad-request", "The request is malformed."),
    404: ("not-found", "Nothing exists at this address. `GET /docs` lists all routes."),
    405: ("method-not-allowed", "The method is not allowed. `Allow` lists those that are."),
    406: ("not-acceptable", "No available media type matches the `Accept` header."),
    408: ("request-timeout", "The request did not arrive in time, or too slowly."),
    413: ("payload-too-large", "The request body is too large."),
    414: ("uri-too-long", "The address is too long."),
    415: ("unsupported-media-type", "The media type or encoding of the body is not supported."),
    416: ("range-not-satisfiable", "The requested range is outside the file."),
    431: ("header-too-large", "The request headers are too large."),
    500: ("internal-error", "Internal error. The log has the details under the request id."),
}
# Codes that exist only in HTTP; those of the libraries are in `libraries.errors`.
EDGE_CODES: dict[str, EdgeCode] = {
    **{code: EdgeCode(status, text) for status, (code, text) in PLAIN_PROBLEMS.items()},
    "file-too-large": EdgeCode(413, "The file is larger than the setting `UPLOAD_LIMIT`."),
    "forbidden": EdgeCode(403, "The API key lacks the scope that the route requires."),
    "foreign-origin": EdgeCode(
        403, "Pages of this origin are not allowed. `ALLOWED_ORIGINS` lists the origins that are."
    ),
    "host-not-served": EdgeCode(
        421, "`Host` is not a name of this service. `ALLOWED_HOSTS` lists further names."
    ),
    "key-expired": EdgeCode(401, "The API key has expired. Ask the operator for a new one."),
    "job-expired": EdgeCode(410, "The job or its file was deleted. Submit the job again."),
    "malformed-form": EdgeCode(400, "The body is not a valid form (RFC 7578), or too large."),
    "malformed-json": EdgeCode(400, "The body is not valid JSON (RFC 8259), or nested too deeply."),
    "unauthorized": EdgeCode(401, "A valid API key is required; `detail` says where to send it."),
    "upgrade-required": EdgeCode(426, "This address accepts only WebSocket connections."),
}


class EdgeError(VectorError):
    """An error that exists only in HTTP; `code` is a key of `EDGE_CODES`, which has its status."""

    codes = EDGE_CODES
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, code=code)
        self.headers = headers or {}

    @property
    def status(self) -> int:
        return EDGE_CODES[self.code].status


class HintedMessage(str):
    """A validation message with a hint; marshmallow passes it on unchanged."""

    __slots__ = ("hint",)
    hint: str | None

    def __new__(cls, text: str, hint: str | None) -> HintedMessage:
        message = super().__new__(cls, text)
        message.hint = hint
        return message


@dataclass(frozen=True)
class FieldError:
    """An invalid field: its path from the top of the body or query, the message and a hint."""

    path: tuple[str, ...]
    detail: str
    hint: str | None = None


class BadFields(InvalidInput):
    """Raised when fields of a request are missing or invalid; lists all of them.

    `location` is `json` (the body), `form`, `query` or `headers`.
    """

    code: str = "validation-error"

    def __init__(self, found: list[FieldError], *, location: str = "json") -> None:
        super().__init__(count_of_fields(len(found)))
        self.found = found
        self.location = location


def count_of_fields(number: int) -> str:
    if number >= MAX_ERRORS:
        return f"{MAX_ERRORS} or more invalid fields"
    return f"{number} invalid field{'' if number == 1 else 's'}"


def flatten(messages: object, path: tuple[str, ...] = ()) -> Iterator[FieldError]:
    """Yield an error for each of the nested messages of a marshmallow ValidationError."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # The key of marshmallow for errors about a whole object or list.
            yield from flatten(inner, path if name == "_schema" else (*path, str(name)))
    else:
        yield from _of_one_field(
            messages if isinstance(messages, list | tuple) else [messages], path
        )


def _of_one_field(messages: Sequence[object], path: tuple[str, ...]) -> Iterator[FieldError]:
    """Yield an error for each message; a "did you mean" message is the hint of the others."""
    hint = next((text for text in map(str, messages) if text.startswith(HINT)), None)
    yield from (
        FieldError(path, str(one), getattr(one, "hint", None) or hint)
        for one in messages
        if str(one) != hint
    )


def with_members(error: Error, *, retry_after: int | None = None, **members: object) -> Error:
    """Add members to the problem document of `error`, and a `Retry-After` header; return it."""
    error.members = members
    if retry_after is not None:
        error.retry_after = retry_after
    return error


def status_of(error: VectorError) -> int:
    if isinstance(error, EdgeError):
        return error.status
    return next((FAMILY_STATUS[kind] for kind in type(error).__mro__ if kind in FAMILY_STATUS), 500)


def request_id() -> str:
    """Return the id of this request: a well-formed `X-Request-ID` header or a random id."""
    if "request_id" not in g:
        g.request_id = request_id_from(request.headers.get("X-Request-ID", ""))
    return str(g.request_id)


def request_id_from(given: str) -> str:
    """Return the id of a request with the header `X-Request-ID: given`, which may be empty."""
    well_formed = re.fullmatch(r"[A-Za-z0-9._-]{1,128}", given, re.ASCII)
    return given if well_formed else secrets.token_hex(16)


def problem(
    status: int, slug: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return a problem document; `GET /problems/<slug>` explains its type.

    `members` are further members of the document; None values are omitted.
    """
    document = problem_document(
        status, slug, detail, quote(request.path[:200], errors="replace"), request_id()
    )
    document.update({name: value for name, value in members.items() if value is not None})
    response = Response(json.dumps(document), status, content_type=PROBLEM_TYPE)
    response.headers.update(headers or {})
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def problem_document(
    status: int, slug: str, detail: str, instance: str, identity: str
) -> JsonObject:
    """Return the members of every problem document; `identity` is the request id."""
    return {
        "type": f"/problems/{slug}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": identity,
    }


def title_of(status: int) -> str:
    return TITLES.get(status) or http.HTTPStatus(status).phrase


def plain_problem(status: int) -> tuple[str, str]:
    """Return code and sentence for a bare status, such as `request-timeout` for 408."""
    title = title_of(status)
    return PLAIN_PROBLEMS.get(status) or (re.sub(r"[^a-z]+", "-", title.lower()), f"{title}.")


def answer_library_error(error: VectorError) -> Response:
    status = status_of(error)
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s %s: %s", request.method, request.path, error)
    errors, location = field_errors_of(error), location_of(error)
    shown = shown_fields(errors, location) or None
    detail = count_of_fields(len(errors)) if getattr(error, "errors", None) else str(error)
    headers = {**getattr(error, "headers", {}), **_retry_header(error)}
    return problem(status, slug_of(error), detail, headers, errors=shown, **_members(error))


def _members(error: VectorError) -> JsonObject:
    estimate = getattr(error, "estimate", None)
    if estimate is None or not math.isfinite(estimate):
        return dict(error.members)
    return {**error.members, "estimate": round(estimate)}


def slug_of(error: VectorError) -> str:
    """Return the problem type; generic errors about one field share `validation-error`."""
    is_generic = isinstance(error, UnknownName) or error.code == InvalidInput.code
    has_fields = isinstance(error, InvalidInput) and getattr(error, "errors", None)
    return BadFields.code if is_generic or has_fields else error.code


def _retry_header(error: VectorError) -> dict[str, str]:
    default = 2 if isinstance(error, Unavailable) else None
    seconds = getattr(error, "retry_after", default)
    return {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}


def field_errors_of(error: VectorError) -> list[FieldError]:
    if isinstance(error, BadFields):
        return error.found
    hint = getattr(error, "hint", None)
    several = getattr(error, "errors", None)
    if isinstance(several, Mapping):
        # Names are dotted, as in `params.pitch`.
        fields_of = ((tuple(str(name).split(".")), texts) for name, texts in several.items())
        return [one for path, texts in fields_of for one in _of_one_field(texts, path)]
    field = getattr(error, "field", None)
    return [FieldError(tuple(field.split(".")), str(error), hint)] if field else []


def location_of(error: VectorError) -> str:
    """Return the location of invalid fields: `json`, `form`, `query` or `headers`."""
    if isinstance(error, BadFields):
        return error.location
    if getattr(error, "field", None) in HEADER_FIELDS:
        return "headers"
    return "query" if request.method in {"GET", "HEAD", "DELETE"} else "json"


def shown_fields(errors: Sequence[FieldError], location: str = "json") -> list[JsonObject]:
    """Return the JSON of invalid or ignored fields, of MAX_ERRORS at most."""
    return [_shown_field(one, location) for one in errors[:MAX_ERRORS]]


def _shown_field(error: FieldError, location: str) -> JsonObject:
    name = {"field": ".".join(error.path)[:MAX_VALUE_CHARS]} if error.path else {}
    shown: JsonObject = {**name, "detail": error.detail}
    if location != "json":
        shown = {"header" if location == "headers" else "parameter": name.get("field", ""), **shown}
        return {**shown, "hint": error.hint} if error.hint else shown
    shown = {"pointer": "#" + "".join("/" + _pointer_part(part) for part in error.path), **shown}
    found, value = _value_at(g.get("json_body"), error.path)
    if found:
        shown["value"] = bounded(value)
    hint = error.hint or _nearest_choice(error.detail, value)
    return {**shown, "hint": hint} if hint else shown


def _nearest_choice(detail: str, value: object) -> str | None:
    choices = CHOICES.fullmatch(detail)
    if not choices or not isinstance(value, str):
        return None
    return did_you_mean(value[:MAX_VALUE_CHARS], choices[1].split(", "))


def _pointer_part(name: str) -> str:
    """Escape a name for a JSON pointer in a URI fragment (RFC 6901, section 6)."""
    return quote(name[:MAX_VALUE_CHARS].replace("~", "~0").replace("/", "~1"), errors="replace")


def _value_at(body: object, path: tuple[str, ...]) -> tuple[bool, object]:
    for name in path:
        if isinstance(body, Mapping) and name in body:
            body = body[name]
        elif isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        else:
            return False, None
    return bool(path), body


def bounded(value: object) -> object:
    """Return `value` for output in JSON: scalars unchanged, all else as truncated text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + "…"


def answer_http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    slug, detail = plain_problem(status)
    headers = Headers(error.get_headers())
    headers.remove("Content-Type")
    headers.remove("Content-Length")
    return problem(status, slug, detail, dict(headers))


def answer_crash(error: Exception) -> Response:
    """Log the traceback of an unexpected error and return only the request id.

    A mistake in a pattern is shown, except to guests: as for jobs, the caller may be its author.
    """
    log.error(
        "%s %s crashed, request id %s", request.method, request.path, request_id(), exc_info=error
    )
    mistake = None if is_guest() else mistake_of_pattern(error)
    code, text = PLAIN_PROBLEMS[500]
    return problem(500, code, first_line(mistake) if mistake else text)


def install_problems(app: Flask) -> None:
    """Return problem documents for all errors of `app`."""
    app.register_error_handler(VectorError, answer_library_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_crash)


class FieldErrorSchema(Schema):
    """One invalid field."""

    pointer = fields.String(metadata={"description": "JSON pointer to a field of the body."})
    parameter = fields.String(metadata={"description": "Name of a query parameter."})
    header = fields.String(metadata={"description": "Name of a header."})
    field = fields.String(metadata={"description": "Dotted name of the field."})
    detail = fields.String(metadata={"description": "Description of the error."})
    value = fields.Raw(metadata={"description": "Received value, cut at 100 characters."})
    hint = fields.String(metadata={"description": "Suggested correction."})


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    class Meta:
        """Allow further members: some problem types have their own."""

        unknown = INCLUDE

    type = fields.String(
        required=True,
        metadata={"description": "Type of the problem: address of its documentation."},
    )
    title = fields.String(required=True, metadata={"description": "Name of the HTTP status."})
    status = fields.Integer(required=True, metadata={"description": "HTTP status."})
    detail = fields.String(
        required=True, metadata={"description": "Description of this occurrence."}
    )
    instance = fields.String(required=True, metadata={"description": "Path of the request."})
    request_id = fields.String(
        required=True, metadata={"description": "Id of the request, also in the log."}
    )
    errors = fields.List(
        fields.Nested(FieldErrorSchema), metadata={"description": "Invalid fields, at most 100."}
    )
    job_status = fields.String(metadata={"description": "State of the job, if there is one."})
    tasks = fields.List(
        fields.String(), metadata={"description": "Available tasks, if the task is unknown."}
    )
    available = fields.List(
        fields.String(),
        metadata={"description": "Available media types, if `Accept` excludes all of them."},
    )
    job_id = fields.String(metadata={"description": "Id of the job that the request queued."})
    estimate = fields.Integer(
        metadata={"description": "Number of points of a drawing that has too many."}
    )
