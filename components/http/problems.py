"""Errors as HTTP tells them: problem documents (RFC 9457), one shape for every error that a client can see.

A library error becomes a status through one table, family -> status; its `code` names the type of
the problem. Everything else that goes wrong is an "internal error" whose trace stays in the log,
found by the request id that the client was given.
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
from libraries.json_types import JsonObject

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
RETRY_SECONDS = 2
# Fields of errors that stand in the headers of a request, not in its body.
HEADER_FIELDS = frozenset({"Idempotency-Key"})
MAX_VALUE_CHARS = 100
MAX_ERRORS = 100
HINT = "did you mean "
# The words of marshmallow's OneOf.
CHOICES = re.compile(r"Must be one of: (.*)\.", re.DOTALL)

# What werkzeug and Flask raise by themselves, by status: the type's name and a sentence for the
# client.
PLAIN_PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("bad-request", "The request could not be understood."),
    404: ("not-found", "There is nothing at this address. GET /docs lists what there is."),
    405: (
        "method-not-allowed",
        "This address does not take that method; the Allow header lists those it takes.",
    ),
    406: (
        "not-acceptable",
        "The answer cannot be given in any of the media types that were asked for.",
    ),
    413: ("payload-too-large", "The body of the request is too large."),
    414: ("uri-too-long", "The address is too long."),
    415: ("unsupported-media-type", "The body has a media type that this address does not take."),
    416: ("range-not-satisfiable", "The range that was asked for lies outside the file."),
    431: ("header-too-large", "The headers of the request are too large."),
    500: (
        "internal-error",
        "Something went wrong on our side. The log has it under the request id.",
    ),
}
TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


class EdgeCode(NamedTuple):
    """A code that only HTTP has: its status, and the sentence that `GET /problems/<code>` shows."""

    status: int
    text: str


EDGE_CODES: dict[str, EdgeCode] = {
    "file-too-large": EdgeCode(413, "Given when a file is larger than the setting `UPLOAD_LIMIT`."),
    "forbidden": EdgeCode(
        403, "Returned when the API key does not have the scope that the route requires."
    ),
    "foreign-origin": EdgeCode(
        403,
        "Returned to a page of another origin that requests a change or opens a WebSocket. The setting `ALLOWED_ORIGINS` lists the origins that may.",
    ),
    "host-not-served": EdgeCode(
        421,
        "Returned when the `Host` of the request is not a name of this service. The setting `ALLOWED_HOSTS` lists further names.",
    ),
    "job-expired": EdgeCode(
        410,
        "Given when a job was known here, but its record is gone, or the file that it made is, or another lies in its place.",
    ),
    "malformed-form": EdgeCode(
        400,
        "Given when the body of a request is not a form as RFC 7578 has it, or not within our limits.",
    ),
    "malformed-json": EdgeCode(
        400,
        "Given when the body of a request is not JSON as RFC 8259 has it, or not within our limits.",
    ),
    "not-acceptable": EdgeCode(
        406, "The answer cannot be given in any of the media types that were asked for."
    ),
    "unauthorized": EdgeCode(401, "Given when a request comes without a key that is known here."),
    "unsupported-media-type": EdgeCode(
        415, "The body has a media type that this address does not take."
    ),
    "upgrade-required": EdgeCode(
        426, "Given when the address of a WebSocket is asked for without the handshake."
    ),
}


class EdgeError(VectorError):
    """An error that only HTTP has; `code` is one of `EDGE_CODES`, which has its status."""

    codes = EDGE_CODES
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep the headers of the response beside the text."""
        super().__init__(detail, code=code)
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """The HTTP status."""
        return EDGE_CODES[self.code].status


class HintedMessage(str):
    """A message about a field with a hint beside it; a validator may raise it and marshmallow hands it on untouched."""

    __slots__ = ("hint",)
    hint: str | None

    def __new__(cls, text: str, hint: str | None) -> HintedMessage:
        """Return `text` with `hint` beside it."""
        message = super().__new__(cls, text)
        message.hint = hint
        return message


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its path from the top of the body or the query, the text, and a hint if there is one."""

    path: tuple[str, ...]
    detail: str
    hint: str | None = None


class BadFields(InvalidInput):
    """Raised when fields of a request are missing or wrong; every one of them is named."""

    code: str = "validation-error"

    def __init__(self, found: list[FieldError], *, location: str = "json") -> None:
        """Keep the errors and where the fields stand: `json` (the body), `query` or `headers`."""
        super().__init__(count_of_fields(len(found)))
        self.found = found
        self.location = location


def count_of_fields(number: int) -> str:
    """Return `1 invalid field`, `2 invalid fields`, ..."""
    return f"{number} invalid field{'' if number == 1 else 's'}"


def flatten(messages: object, path: tuple[str, ...] = ()) -> Iterator[FieldError]:
    """Yield one error for each message in the nested messages of a marshmallow ValidationError."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            # marshmallow files errors about a whole object, or a whole list, under this name.
            yield from flatten(inner, path if name == "_schema" else (*path, str(name)))
    else:
        yield from _of_one_field(
            messages if isinstance(messages, list | tuple) else [messages], path
        )


def _of_one_field(messages: Sequence[object], path: tuple[str, ...]) -> Iterator[FieldError]:
    """Yield an error for each message; one that asks "did you mean" is the hint of the others."""
    hint = next((text for text in map(str, messages) if text.startswith(HINT)), None)
    yield from (
        FieldError(path, str(one), getattr(one, "hint", None) or hint)
        for one in messages
        if str(one) != hint
    )


def with_members(error: Error, *, retry_after: int | None = None, **members: object) -> Error:
    """Return an error whose problem document has further members, and perhaps a header `Retry-After`."""
    error.members = members
    if retry_after is not None:
        error.retry_after = retry_after
    return error


def status_of(error: VectorError) -> int:
    """Return the HTTP status of a library error: that of its family."""
    if isinstance(error, EdgeError):
        return error.status
    return next((FAMILY_STATUS[kind] for kind in type(error).__mro__ if kind in FAMILY_STATUS), 500)


def request_id() -> str:
    """Return the id of this request: the caller's `X-Request-ID` if it is well-formed, else a fresh one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = (
            given
            if re.fullmatch(r"[A-Za-z0-9._-]{1,128}", given, re.ASCII)
            else secrets.token_hex(16)
        )
    return str(g.request_id)


def problem(
    status: int, slug: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return a problem document.

    Args:
        status: the HTTP status.
        slug: the name of the problem's type; `GET /problems/<slug>` explains it.
        detail: what happened this time, for the person who reads it.
        headers: more response headers.
        members: more members of the document; those that are None are left out.
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
    """Return the members that every problem document has; `identity` is the id of the request."""
    return {
        "type": f"/problems/{slug}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": identity,
    }


def title_of(status: int) -> str:
    """Return the name of an HTTP status as RFC 9110 has it."""
    return TITLES.get(status) or http.HTTPStatus(status).phrase


def plain_problem(status: int) -> tuple[str, str]:
    """Return the type and the sentence for a status by itself, such as `request-timeout` for 408."""
    title = title_of(status)
    return PLAIN_PROBLEMS.get(status) or (re.sub(r"[^a-z]+", "-", title.lower()), f"{title}.")


def answer_library_error(error: VectorError) -> Response:
    """Return the problem document of a library error, with every bad field that it knows of."""
    status = status_of(error)
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s %s: %s", request.method, request.path, error)
    errors, location = field_errors_of(error), location_of(error)
    shown = [_shown_field(one, location) for one in errors[:MAX_ERRORS]] or None
    detail = count_of_fields(len(errors)) if getattr(error, "errors", None) else str(error)
    headers = {**getattr(error, "headers", {}), **_retry_header(error)}
    return problem(status, slug_of(error), detail, headers, errors=shown, **_members(error))


def _members(error: VectorError) -> JsonObject:
    """Return the members of the document that only this kind of error has."""
    members = dict(error.members)
    estimate = getattr(error, "estimate", None)
    return members | (
        {"estimate": round(estimate)} if estimate is not None and math.isfinite(estimate) else {}
    )


def slug_of(error: VectorError) -> str:
    """Return the name of the problem's type; errors that say no more than "this field is wrong" share one."""
    plain = (
        isinstance(error, UnknownName)
        or error.code == InvalidInput.code
        or getattr(error, "errors", None)
    )
    return BadFields.code if isinstance(error, InvalidInput) and plain else error.code


def _retry_header(error: VectorError) -> dict[str, str]:
    seconds = getattr(
        error, "retry_after", RETRY_SECONDS if isinstance(error, Unavailable) else None
    )
    return {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}


def field_errors_of(error: VectorError) -> list[FieldError]:
    """Return every bad field that an error knows of."""
    if isinstance(error, BadFields):
        return error.found
    hint = getattr(error, "hint", None)
    several = getattr(error, "errors", None)
    if isinstance(several, Mapping):
        # Names are dotted, as in `params.pitch`.
        return [
            one
            for name, texts in several.items()
            for one in _of_one_field(texts, tuple(str(name).split(".")))
        ]
    field = getattr(error, "field", None)
    return [FieldError(tuple(field.split(".")), str(error), hint)] if field else []


def location_of(error: VectorError) -> str:
    """Return where the bad fields of an error stand: `json`, `query` or `headers`.

    Only some methods have a body.
    """
    if isinstance(error, BadFields):
        return error.location
    if getattr(error, "field", None) in HEADER_FIELDS:
        return "headers"
    return "query" if request.method in {"GET", "HEAD", "DELETE"} else "json"


def _shown_field(error: FieldError, location: str) -> JsonObject:
    name = {"field": ".".join(error.path)[:MAX_VALUE_CHARS]} if error.path else {}
    shown: JsonObject = {**name, "detail": error.detail}
    if location != "json":
        return {"header" if location == "headers" else "parameter": shown.get("field", ""), **shown}
    shown = {"pointer": "#" + "".join("/" + _pointer_part(part) for part in error.path), **shown}
    found, value = _value_at(g.get("json_body"), error.path)
    if found:
        shown["value"] = bounded(value)
    hint = error.hint or _nearest_choice(error.detail, value)
    return {**shown, "hint": hint} if hint else shown


def _nearest_choice(detail: str, value: object) -> str | None:
    """Return the hint for a text where one of a few choices was needed."""
    choices = CHOICES.fullmatch(detail)
    return (
        did_you_mean(value[:MAX_VALUE_CHARS], choices[1].split(", "))
        if choices and isinstance(value, str)
        else None
    )


def _pointer_part(name: str) -> str:
    """Return a name as a part of a JSON pointer in a URI fragment (RFC 6901, section 6)."""
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
    """Return `value` as it may be echoed in JSON: short texts and numbers as they are, all else as text, cut."""
    if (
        value is None
        or isinstance(value, bool | float)
        or (isinstance(value, int) and abs(value) < 2**53)
    ):
        return value
    text = value if isinstance(value, str) else json.dumps(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_VALUE_CHARS else text[: MAX_VALUE_CHARS - 1] + "…"


def answer_http_error(error: HTTPException) -> Response:
    """Return the problem document of an error that Flask or werkzeug raised; its own page and text are not used."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    slug, detail = plain_problem(status)
    kept = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in {"content-type", "content-length"}
    }
    return problem(status, slug, detail, kept)


def answer_crash(error: Exception) -> Response:
    """Log the trace of an unforeseen error and return a document that says nothing of it but the request id."""
    log.error(
        "%s %s crashed, request id %s", request.method, request.path, request_id(), exc_info=error
    )
    return problem(500, *PLAIN_PROBLEMS[500])


def install_problems(app: Flask) -> None:
    """Make `app` answer every error with a problem document."""
    app.register_error_handler(VectorError, answer_library_error)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_crash)


class FieldErrorSchema(Schema):
    """One bad field."""

    pointer = fields.String(
        metadata={"description": "Where it stands in the body, as a JSON pointer."}
    )
    parameter = fields.String(
        metadata={"description": "Its name in the query, if it stands there."}
    )
    header = fields.String(metadata={"description": "The name of the header, if it is one."})
    field = fields.String(metadata={"description": "Its name, dotted."})
    detail = fields.String(metadata={"description": "What is wrong with it."})
    value = fields.Raw(metadata={"description": "What was sent, cut at 100 characters."})
    hint = fields.String(metadata={"description": "What was probably meant."})


class ProblemSchema(Schema):
    """A problem document (RFC 9457)."""

    class Meta:
        """Allow more members: a type of problem may have its own."""

        unknown = INCLUDE

    type = fields.String(
        required=True, metadata={"description": "The type of the problem; a page that explains it."}
    )
    title = fields.String(required=True, metadata={"description": "The name of the HTTP status."})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status."})
    detail = fields.String(required=True, metadata={"description": "What happened this time."})
    instance = fields.String(
        required=True, metadata={"description": "The address that was asked for."}
    )
    request_id = fields.String(
        required=True, metadata={"description": "The id of the request, also in the log."}
    )
    errors = fields.List(
        fields.Nested(FieldErrorSchema), metadata={"description": "Every bad field, at most 100."}
    )
    job_status = fields.String(
        metadata={"description": "The state of the job, where the problem is about one."}
    )
    tasks = fields.List(
        fields.String(),
        metadata={"description": "The tasks that there are, where an unknown one was named."},
    )
    estimate = fields.Integer(
        metadata={"description": "How many points the drawing would have, where they are too many."}
    )
