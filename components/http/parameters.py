"""Parts of the OpenAPI document that many routes share: parameters, response headers and problems."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from apispec import APISpec, BasePlugin
from marshmallow import fields
from marshmallow.validate import Regexp

from libraries.json_types import JsonObject
from libraries.settings import Scope
from libraries.settings.api_keys import KeyEntry

# The reply of a route that has a page for browsers, besides its other media types.
PAGE_REPLY: dict[int, JsonObject] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}}
}


def _header(description: str, **schema: object) -> JsonObject:
    """Describe a response header, a text unless `schema` has another type or value."""
    return {"description": description, "schema": schema or {"type": "string"}}


# The headers that clients use, by name. A page of an allowed origin can read all of them.
HEADERS: dict[str, JsonObject] = {
    "Accept-Ranges": _header("`bytes`: `Range` can select a part of the file.", const="bytes"),
    "Allow": _header("The methods of this path."),
    "Content-Disposition": _header(
        "`inline` or, with `download`, `attachment`; and the name of the file."
    ),
    "Content-Range": _header("The part of the file that the body is."),
    "ETag": _header(
        "Version of the body; send it as `If-None-Match` to get 304 while the body is the same."
    ),
    "Idempotency-Replayed": _header(
        "`true` if the response repeats that of an earlier request with the same `Idempotency-Key`.",
        const="true",
    ),
    "Link": _header('The next page of a list: `<...>; rel="next"` (RFC 8288).'),
    "Location": _header("Address of the job, or of the page."),
    "Preference-Applied": _header("The preferences of `Prefer` that were honoured."),
    "RateLimit": _header(
        "What is left of the limits of the owner: `r` of each, and the seconds `t` until it is renewed.",
        type="string",
        example='"requests";r=5991;t=42',
    ),
    "RateLimit-Policy": _header(
        "The limits of the owner: the amount `q`, its unit `qu` if it is not requests, and the window "
        "`w` in seconds.",
        type="string",
        example='"requests";q=6000;w=60',
    ),
    "Retry-After": _header(
        "Seconds until a repeated request is useful.", type="integer", minimum=0
    ),
    "Sec-WebSocket-Version": _header("`13`.", const="13"),
    "WWW-Authenticate": _header("How to send an API key."),
    "X-Ignored-Fields": _header("Fields of the request that the route does not have, and ignored."),
    "X-Request-ID": {
        "required": True,
        **_header(
            "Id of the request in the log: the `X-Request-ID` of the request if it is 1 to 128 "
            "letters, digits, `.`, `_` or `-`, else a random one.",
            type="string",
            pattern="^[A-Za-z0-9._-]{1,128}$",
        ),
    },
}


def documented(*names: str) -> dict[str, str]:
    """Return the `headers` of a documented response; KeyError for a name that `HEADERS` lacks."""
    return {name: name for name in names if HEADERS[name]}


def header_parameter(name: str, description: str, example: str | None = None) -> JsonObject:
    """Describe an optional request header."""
    shown = {} if example is None else {"example": example}
    return {
        "in": "header",
        "name": name,
        "description": description,
        "schema": {"type": "string", **shown},
    }


def range_parameter() -> JsonObject:
    return header_parameter("Range", "The part of the file to send (RFC 9110).", "bytes=0-1023")


def partial_reply() -> JsonObject:
    """Return the response to a request with `Range`."""
    headers = documented("Content-Disposition", "Content-Range", "ETag")
    return {"description": "The part of the file", "content": {"*/*": {}}, "headers": headers}


class CommonResponses(BasePlugin):
    """Adds to each operation what follows from its method, parameters and other responses."""

    # Member of an operation until the document is complete: the scope that its route declares.
    SCOPE_MEMBER = "x-scope"
    # What a request header adds to the successful responses.
    EFFECTS = (
        ("Idempotency-Key", "Idempotency-Replayed"),
        ("Prefer", "Preference-Applied"),
        ("Range", "Accept-Ranges"),
    )
    PROBLEM_HEADERS = (
        (HTTPStatus.UNAUTHORIZED, "WWW-Authenticate"),
        (HTTPStatus.METHOD_NOT_ALLOWED, "Allow"),
        (HTTPStatus.CONFLICT, "Retry-After"),
        (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Content-Range"),
        (HTTPStatus.UPGRADE_REQUIRED, "Sec-WebSocket-Version"),
        (HTTPStatus.TOO_MANY_REQUESTS, "Retry-After"),
        (HTTPStatus.SERVICE_UNAVAILABLE, "Retry-After"),
    )

    def init_spec(self, spec: APISpec) -> None:
        self._security = spec.options.get("security") or []
        self._has_keys = bool(self._security)
        for name, header in HEADERS.items():
            spec.components.header(name, header, lazy=True)

    def response_helper(self, response: JsonObject, **_: Any) -> JsonObject:
        """Add the headers to a shared problem response, and describe the response `default`."""
        text = response["description"]
        is_default = text == "Default error response"
        names = [
            name for status, name in self.PROBLEM_HEADERS if is_default or text == status.phrase
        ]
        # With keys, requests to most routes are counted.
        names += ["RateLimit", "RateLimit-Policy"] if self._has_keys else []
        if is_default:
            text = (
                "Any other problem. The server can answer every request with 400, 408, 413, 414 or "
                "431, and another method with 405."
            )
        return {"description": text, "headers": documented("X-Request-ID", *names)}

    def operation_helper(
        self, path: str | None = None, operations: JsonObject | None = None, **_: Any
    ) -> None:
        for method, operation in (operations or {}).items():
            scope = operation.pop(self.SCOPE_MEMBER, None)
            self._complete(method, operation)
            if self._has_keys and operation.get("security") != []:
                scope = scope or (Scope.READ if method in ("get", "head") else Scope.DRAW)
                self._describe_keys(operation, scope)

    def _describe_keys(self, operation: JsonObject, scope: Scope) -> None:
        """Describe the scope that an operation needs, and the limits of the owner."""
        # The scope of an API key is what OpenAPI calls a role.
        operation["security"] = [{name: [str(scope)]} for one in self._security for name in one]
        responses = operation["responses"]
        for status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            responses.setdefault(str(status.value), status.name)
        for response in responses.values():
            if isinstance(response, dict):
                response["headers"] |= documented("RateLimit", "RateLimit-Policy")

    def _complete(self, method: str, operation: JsonObject) -> None:
        parameters = operation.setdefault("parameters", [])
        given = {one["name"] for one in parameters if isinstance(one, dict)}
        own = {str(status): one for status, one in operation["responses"].items()}
        for status, response in own.items():
            if isinstance(response, dict):
                added = documented("X-Request-ID")
                if status.startswith("2"):
                    added |= documented(*(header for name, header in self.EFFECTS if name in given))
                response["headers"] = {**response.get("headers", {}), **added}
        headers = own["200"]["headers"] if isinstance(own.get("200"), dict) else {}
        if "ETag" in headers and method == "get":
            unchanged = {"description": "The client has the body.", "headers": headers}
            own.setdefault("304", unchanged)
            parameters.append(
                header_parameter("If-None-Match", "The `ETag` of the response that the client has.")
            )
        if operation.get("security") != []:
            # For unknown query parameters.
            own.setdefault("422", HTTPStatus.UNPROCESSABLE_ENTITY.name)
            if self._has_keys:
                own.setdefault("401", HTTPStatus.UNAUTHORIZED.name)
        if method not in ("get", "head"):
            own.setdefault("403", HTTPStatus.FORBIDDEN.name)
        own.setdefault("421", HTTPStatus.MISDIRECTED_REQUEST.name)
        own.setdefault("503", HTTPStatus.SERVICE_UNAVAILABLE.name)
        operation["responses"] = own


def path_parameter(name: str, description: str, pattern: str | None = None) -> JsonObject:
    """Describe a text in the path of a route; `pattern` is an anchored regular expression."""
    schema = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"in": "path", "name": name, "description": description, "schema": schema}


JOB_ID_PARAMETER = path_parameter(
    "job_id", "The `job_id` from the reply that queued the job.", "^[A-Za-z0-9_-]{1,128}$"
)


def owner_field(description: str, *others: str) -> fields.String:
    """Declare a field with the name of an owner, or one of `others`."""
    return fields.String(
        validate=Regexp(rf"\A(?:{'|'.join([KeyEntry.NAME, *map(re.escape, others)])})\Z"),
        metadata={"description": f"{description} Needs the scope `admin`."},
    )
