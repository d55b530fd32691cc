"""The body of a request as JSON, strictly: UTF-8, finite numbers, no duplicate keys, bounded depth and size."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from flask import Request, g
from marshmallow import Schema, ValidationError
from webargs.core import is_json, missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from components.http.problems import MAX_VALUE_CHARS, BadFields, EdgeError, FieldError, flatten
from libraries.errors import did_you_mean
from libraries.json_types import JsonObject

MAX_DEPTH = 32
# The longest whole number that a float holds has 309 digits; a sign makes it 310 characters.
MAX_INTEGER_CHARS = 310
# A text of JSON, also one that the end of the body cuts off. Possessive, so that no input makes the
# search go back.
TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
TO_BRACKETS = {ord("{"): "[", ord("}"): "]"}
NOT_A_BRACKET = re.compile(r"[^\[\]]+")
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class MalformedJson(EdgeError):
    """Raised when the body of a request is not JSON as RFC 8259 has it, or not within our limits."""

    code = "malformed-json"


def parse_strictly(data: bytes) -> Any:
    """Return the value that the JSON text `data` stands for.

    Numbers are finite, the keys of an object are distinct, arrays and objects nest at most 32 deep.

    Raises:
        MalformedJson: it is anything else; the text says where, as far as that is known.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedJson(f"the body is not UTF-8: byte {error.start} is invalid") from None
    if not text.strip():
        raise MalformedJson("the body is empty; a JSON object is needed")
    if deeper_than(text, MAX_DEPTH):
        raise MalformedJson(f"the body nests deeper than {MAX_DEPTH} levels")
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None


def deeper_than(text: str, levels: int) -> bool:
    """Tell whether brackets nest deeper than `levels` in a JSON text, in time linear in its length and without recursion.

    Each round takes the innermost pairs away, so the number of rounds is the depth. What is left
    then is malformed, and too deep for a recursive parser only if many brackets are left.
    """
    brackets = NOT_A_BRACKET.sub("", TEXT.sub("", text).translate(TO_BRACKETS))
    for _ in range(levels):
        shorter = brackets.replace("[]", "")
        if len(shorter) == len(brackets):
            break
        brackets = shorter
    return "[]" in brackets or brackets.count("[") > levels


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJson(f"{name} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedJson(f"the number {text[:20]} is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > MAX_INTEGER_CHARS:
        raise MalformedJson(f"a number of {len(text)} digits is too large")
    return int(text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        )
        raise MalformedJson(f"the key {json.dumps(twice[:100])} appears twice in one object")
    return found


def lone_surrogates(value: object, path: tuple[str, ...] = ()) -> Iterator[FieldError]:
    """Yield an error for each text or key in `value` that holds half of a surrogate pair: no encoding can write it."""
    if isinstance(value, str) and LONE_SURROGATE.search(value):
        yield FieldError(path, "Holds half of a surrogate pair, which is not a character.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from lone_surrogates(inner, (*path, name))
            if LONE_SURROGATE.search(name):
                yield FieldError(
                    path, "A key holds half of a surrogate pair, which is not a character."
                )
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from lone_surrogates(inner, (*path, str(place)))


def read_json_object(request: Request) -> JsonObject:
    """Return the JSON object in the body of `request`.

    Raises:
        EdgeError: the body is not labelled as JSON in UTF-8.
        RequestEntityTooLarge: it is larger than the application allows; no more than that is read.
        MalformedJson: it is not JSON, or not within the limits.
        BadFields: it is JSON, but not an object, or a text in it is not Unicode.
    """
    _check_media_type(request)
    data = _read_bounded(request)
    body = parse_strictly(data)
    if not isinstance(body, dict):
        raise BadFields([FieldError((), "The body must be a JSON object.")])
    # Only an escape can bring a lone surrogate into decoded UTF-8.
    errors = list(lone_surrogates(body)) if b"\\u" in data else []
    if errors:
        raise BadFields(errors)
    g.json_body = body
    return body


def _read_bounded(request: Request) -> bytes:
    data = request.get_data(cache=False)
    limit = request.max_content_length
    # A body that came in chunks without a length is cut off at the limit without a word.
    if request.content_length is None and limit is not None and len(data) >= limit:
        raise RequestEntityTooLarge
    return data


def _check_media_type(request: Request) -> None:
    if not is_json(request.mimetype):
        raise EdgeError(
            f"send the body as application/json, not as {request.mimetype[:100] or 'an unnamed type'}",
            code="unsupported-media-type",
        )
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8"}:
        raise EdgeError("send the body in UTF-8", code="unsupported-media-type")
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise EdgeError("send the body without a content encoding", code="unsupported-media-type")


class StrictParser(FlaskParser):
    """The request parser of every route: strict JSON, and all bad fields of a request in one error."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Return the object in the body of `req`."""
        return read_json_object(req)

    def load_json_or_form(self, req: Request, schema: Schema) -> Any:
        """Forms are not taken: a page on another site could send one without asking."""
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
        """Raise the errors of marshmallow as ours."""
        ((location, messages),) = error.messages_dict.items()
        raise BadFields(
            [_with_hint(one, schema) for one in flatten(messages)], location=location
        ) from None


def _with_hint(error: FieldError, schema: Schema) -> FieldError:
    """Return `error`, with the nearest known field as its hint if it is about an unknown one."""
    if len(error.path) != 1 or error.path[0] in schema.fields or error.hint:
        return error
    return replace(error, hint=did_you_mean(error.path[0][:MAX_VALUE_CHARS], schema.fields))
