"""Strict JSON parsing: UTF-8, finite numbers, no duplicate keys, limited depth and size."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, NoReturn, TypeVar, cast

from flask import Request, current_app, g, request
from marshmallow import RAISE, Schema, ValidationError
from webargs.core import is_json, missing
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from components.http.access import EXTENSION, Access
from components.http.problems import (
    MAX_ERRORS,
    MAX_VALUE_CHARS,
    BadFields,
    EdgeError,
    FieldError,
    flatten,
)
from libraries.errors import did_you_mean
from libraries.fields import instance_of
from libraries.json_types import JsonObject

View = TypeVar("View", bound=Callable[..., Any])
MAX_DEPTH = 32
MAX_VALUES, MAX_CONTAINERS, MAX_MEMBERS = 200_000, 50_000, 1000
# The largest float has 309 digits; 310 characters with a sign.
MAX_INTEGER_CHARS = 310
# A JSON string, possibly unterminated. Possessive quantifiers prevent backtracking.
TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
TO_BRACKETS = {ord("{"): "[", ord("}"): "]"}
NOT_A_BRACKET = re.compile(r"[^\[\]]+")
SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class MalformedJson(EdgeError):
    """Raised when the request body is not valid JSON (RFC 8259) or exceeds the limits."""

    code = "malformed-json"


def parse_strictly(data: bytes) -> Any:
    """Parse a JSON text in UTF-8; raise MalformedJson with the position if it is known.

    Numbers must be finite, the keys of an object unique. The depth is at most 32, an object has at
    most 1,000 members, and the body at most 200,000 values, 50,000 of them lists and objects.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"the body is not UTF-8: byte {error.start} is invalid") from None
    if not text.strip():
        raise MalformedJson("the body is empty; a JSON object is required")
    # Counted before parsing, because each value costs much more later.
    skeleton = TEXT.sub("", text)
    if skeleton.count(",") >= MAX_VALUES:
        raise MalformedJson(f"the body contains more than {MAX_VALUES:,} values")
    if skeleton.count("[") + skeleton.count("{") > MAX_CONTAINERS:
        raise MalformedJson(f"the body contains more than {MAX_CONTAINERS:,} lists and objects")
    if deeper_than(skeleton, MAX_DEPTH):
        raise MalformedJson(f"the body is nested deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(text, **JSON_HOOKS)
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None


def deeper_than(skeleton: str, levels: int) -> bool:
    """Return whether brackets in JSON without its strings nest deeper than `levels`, in linear time.

    Each round removes the innermost pairs, so the number of rounds is the depth. Remaining brackets
    are unbalanced, and too deep for a recursive parser only if there are many.
    """
    brackets = NOT_A_BRACKET.sub("", skeleton.translate(TO_BRACKETS))
    for _ in range(levels):
        shorter = brackets.replace("[]", "")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return "[]" in brackets or brackets.count("[") > levels


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedJson(f"the number {text[:20]} is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > MAX_INTEGER_CHARS:
        raise MalformedJson(f"a number with {len(text)} digits is too large")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    if len(pairs) > MAX_MEMBERS:
        raise MalformedJson(
            f"an object has {len(pairs):,} members, at most {MAX_MEMBERS:,} are allowed"
        )
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise MalformedJson(f"the key {json.dumps(twice[:100])} appears twice in one object")
    return found


JSON_HOOKS: dict[str, Any] = {
    "parse_constant": _refuse_constant,
    "parse_float": _finite,
    "parse_int": _whole,
    "object_pairs_hook": _object,
}


def lone_surrogates(value: object, path: tuple[str, ...] = ()) -> Iterator[FieldError]:
    """Yield an error for each string or key with a lone surrogate, which cannot be encoded."""
    if isinstance(value, str) and LONE_SURROGATE.search(value):
        yield FieldError(path, "Contains a lone surrogate.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from lone_surrogates(inner, (*path, name))
            if LONE_SURROGATE.search(name):
                yield FieldError(path, "A key contains a lone surrogate.")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from lone_surrogates(inner, (*path, str(index)))


def read_json_object(request: Request) -> JsonObject:
    """Return the JSON object in the body of `request`.

    Raises:
        EdgeError: the media type is not JSON in UTF-8.
        RequestEntityTooLarge: the body exceeds the limit of the application.
        MalformedJson: the body is not valid JSON, or exceeds the limits.
        BadFields: the body is not an object, or a string in it is not valid Unicode.
    """
    _check_media_type(request)
    data = read_bounded(request)
    body = parse_strictly(data)
    if not isinstance(body, dict):
        raise BadFields([FieldError((), "The body must be a JSON object.")])
    # Only escapes can produce lone surrogates.
    errors = list(lone_surrogates(body)) if SURROGATE_ESCAPE.search(data) else []
    if errors:
        raise BadFields(errors)
    g.json_body = body
    return body


def read_bounded(request: Request) -> bytes:
    data = request.get_data(cache=False)
    limit = request.max_content_length
    # werkzeug silently truncates chunked bodies at the limit.
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise RequestEntityTooLarge
    return data


def _check_media_type(request: Request) -> None:
    if not is_json(request.mimetype):
        raise EdgeError(
            f"send the body as application/json, not as {request.mimetype[:100] or 'unknown type'}",
            code="unsupported-media-type",
        )
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8"}:
        raise EdgeError("send the body in UTF-8", code="unsupported-media-type")
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise EdgeError("send the body without a content encoding", code="unsupported-media-type")


def own_parameters(req: Request) -> MultiDict[str, str]:
    """Return the query without the parameters that every route accepts.

    Names that begin with an underscore are ignored, such as `_=1` against caches. The token of a
    link is read by `install_access`.
    """
    takes_token = current_app.extensions[EXTENSION].get(req.endpoint) is Access.TOKEN
    return MultiDict(
        (name, value)
        for name, value in req.args.items(multi=True)
        if not name.startswith("_") and not (takes_token and name == "token")
    )


def query_members() -> JsonObject:
    """Return the members of the body that were sent as query parameters."""
    found: JsonObject = g.get("query_members", {})
    return found


class StrictParser(FlaskParser):
    """Request parser of all routes: strict JSON, no unknown query parameters, and one error for all invalid fields."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def load_json(self, req: Request, schema: Schema) -> Any:
        return {**query_members(), **read_json_object(req)}

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        return self._makeproxy(own_parameters(req), schema)

    def load_json_or_form(self, req: Request, schema: Schema) -> Any:
        """Reject forms: pages of other origins can send them without a CORS preflight."""
        return missing

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        ((location, messages),) = error.messages_dict.items()
        errors = list(flatten(messages))
        # Only these are shown, and a hint is expensive.
        errors[:MAX_ERRORS] = [_with_hint(one, schema) for one in errors[:MAX_ERRORS]]
        raise BadFields(errors, location=location) from None


def _with_hint(error: FieldError, schema: Schema) -> FieldError:
    if len(error.path) != 1 or error.path[0] in schema.fields or error.hint:
        return error
    return replace(error, hint=did_you_mean(error.path[0][:MAX_VALUE_CHARS], schema.fields))


def without_parameters(view: View) -> View:
    """Refuse query parameters of a view that declares none."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        StrictParser().parse(instance_of(Schema), request, location="query")
        return view(*args, **kwargs)

    return cast("View", checked)
