"""Further checks of responses, and the reasons for which a route may refuse a valid request."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from zlib import crc32

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, CheckContext, GenerationMode, HookContext, Response
from schemathesis.core.failures import Failure

from components.http.long_connections import MAX_WAIT_S

# About the connection, the representation, or what browsers enforce. Clients do not act on them.
TRANSPORT = frozenset(
    [
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-max-age",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-security-policy",
        "content-type",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "date",
        "keep-alive",
        "referrer-policy",
        "server",
        "transfer-encoding",
        "upgrade",
        "vary",
        "x-accel-buffering",
        "x-content-type-options",
    ]
)
TEXT_IN_FORM = re.compile(r"\(was string, became (?:number|integer|boolean|null)\)")
# Of each schema, for the fields of forms that take JSON.
NUMBER_OF_JSON_TEXTS = 60
# Of the server, for any request, before its route is known.
OF_ANY_REQUEST = frozenset({400, 405, 408, 413, 414, 431})
# What a JSON schema cannot say: the state of the service and of the network, the names of tasks and
# colours, the contents of files, and rules about several fields, which the descriptions of the fields
# state.
REASONS = re.compile(
    r"""not\ found
    |does\ not\ exist
    |[Cc]annot\ be\ combined\ with
    |/(width|height):\ Missing\ data
    |Must\ be\ less\ than\ half\ of\ the\ shorter\ side
    |/context/\w+:\ Missing\ data
    |/params/.*Unknown\ field;\ known
    |/vary/.*Unknown\ parameter;\ known
    |Duplicate\ address
    |the\ context\ is\ not\ JSON\ serializable
    |unknown\ operation
    |requires\ the\ argument
    |does\ not\ take\ the\ argument
    |was\ deleted\ or\ its\ record\ has\ expired
    |is\ not\ an\ argument\ of\ the\ job
    |Requires\ filter
    |Must\ be\ at\ most\ a\ week\ ahead
    |Must\ contain\ visible\ characters
    |The\ font\ has\ none\ of\ these\ characters
    |unsupported\ file\ type
    |The\ file\ is\ empty
    |the\ host\ was\ not\ found
    |an\ IPv4\ address\ must\ consist\ of
    |the\ port\ must\ be
    |must\ be\ a\ colour\ such\ as
    |the\ host\ is\ neither\ a\ name\ nor\ an\ address
    |is\ not\ a\ safe\ file\ name
    |neither\ the\ id\ of\ a\ job\ nor\ a\ name\ that\ begins\ with\ output/
    |a\ link\ can\ open\ the\ path\ of
    |this\ Idempotency-Key\ was\ used\ with\ another\ request
    |ursor
    |accepts\ only\ WebSocket\ connections
    |the\ drawing\ would\ have\ about
    |must\ be\ on\ the\ page
    |takes\ at\ most\ \d+\ positional\ arguments
    |Duplicate\ layer
    |Not\ a\ (parameter|value)\ of
    |is\ out\ of\ reach\ of
    |Set\ concurrency_key\ as\ well
    |the\ cells\ would\ be\ too\ small
    |dots\ per\ inch,\ because\ a\ side
    |the\ result\ is\ not\ a\ drawing
    """,
    re.VERBOSE,
)


@schemathesis.check
def undocumented_header(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail for a response header that the document does not have for this status."""
    if case.method.upper() != case.operation.method.upper():
        return
    documented = _documented(case, response.status_code)
    names = {name.lower() for name in documented.get("headers", {})}
    extra = {name.lower() for name in response.headers} - TRANSPORT - names
    assert not extra, f"undocumented headers of {response.status_code}: {sorted(extra)}"


@schemathesis.check
def undocumented_status(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail for a status that only the response `default` of the document covers."""
    declared = case.operation.definition.raw["responses"]
    status = response.status_code
    if case.method.upper() != case.operation.method.upper():
        return
    assert str(status) in declared or status in OF_ANY_REQUEST, f"{status} is not declared"


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    do_not_wait(case)
    write_json_texts(case)


def do_not_wait(case: Case[Any]) -> None:
    """Remove the waiting time of a request: generated jobs may never run."""
    if str(case.headers.get("Prefer", "")).startswith("wait="):
        case.headers["Prefer"] = "wait=0"
    if str(case.query.get("wait")).isdecimal() and int(case.query["wait"]) <= MAX_WAIT_S:
        case.query["wait"] = 0


def write_json_texts(case: Case[Any]) -> None:
    """Fill the fields of a form that have a `contentSchema`, for which any texts are generated.

    The texts of an invalid request are invalid as well.
    """
    if not isinstance(case.body, dict) or "form" not in str(case.media_type):
        return
    content = case.operation.definition.raw["requestBody"]["content"][case.media_type]
    document = case.operation.schema.raw_schema
    texts_of = _json_text_fields(document, _resolved(document, content["schema"]))
    is_valid = case.meta is None or case.meta.generation.mode.is_positive
    for name in texts_of.keys() & case.body.keys():
        if isinstance(case.body[name], str):
            texts = json_texts(texts_of[name], is_valid=is_valid)
            case.body[name] = texts[crc32(repr(case.body).encode()) % len(texts)]
    # Texts were replaced by texts. Schemathesis would call the bytes of a file invalid.
    case._sync_validated_hashes()


@schemathesis.hook
def after_load_schema(_: HookContext, schema: Any) -> None:
    """Generate the JSON texts: this is not possible while a test runs."""
    document = schema.raw_schema
    for node in document.get("components", {}).get("schemas", {}).values():
        for inner in _json_text_fields(document, node).values():
            for is_valid in (True, False):
                json_texts(inner, is_valid=is_valid)


def _json_text_fields(document: dict[str, Any], form: dict[str, Any]) -> dict[str, str]:
    """Return the schemas of the JSON texts of a form, by field, as JSON."""
    found = {}
    for name, field in form.get("properties", {}).items():
        for choice in field.get("anyOf", [field]):
            if "contentSchema" in choice:
                found[name] = json.dumps(_inlined(document, choice["contentSchema"]))
    return found


def _inlined(document: dict[str, Any], node: Any) -> Any:
    """Return a schema with copies of the schemas that it references; none may contain itself."""
    if isinstance(node, list):
        return [_inlined(document, one) for one in node]
    if not isinstance(node, dict):
        return node
    return {name: _inlined(document, one) for name, one in _resolved(document, node).items()}


@cache
def json_texts(schema: str, *, is_valid: bool) -> list[str]:
    """Return JSON texts of values that are valid, or not valid, by a JSON Schema without references."""
    content = {"application/json": {"schema": json.loads(schema)}}
    operation = {"requestBody": {"content": content, "required": True}, "responses": {}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {"/": {"post": operation}},
    }
    mode = GenerationMode.POSITIVE if is_valid else GenerationMode.NEGATIVE
    found: list[str] = []

    @hypothesis.given(schemathesis.openapi.from_dict(document)["/"]["POST"].as_strategy(mode))
    @hypothesis.settings(
        max_examples=NUMBER_OF_JSON_TEXTS,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def collect(case: Case[Any]) -> None:
        # An invalid body may be malformed JSON, as bytes.
        found.append(json.dumps(case.body, default=repr))

    collect()
    return found


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop failures about requests whose validity the schema cannot tell.

    These are valid requests that are refused for a reason outside the schema, and numbers in place of
    texts in a form, where every value is a text.
    """
    if type(failure).__name__ == "AcceptedNegativeData":
        is_text = "form" in str(case.media_type) and TEXT_IN_FORM.search(failure.message)
        return not is_text
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    return not all(REASONS.search(text) for text in reasons(response))


def reasons(response: Response) -> list[str]:
    """Return why a problem document refuses a request: its field errors, or its detail."""
    try:
        problem = response.json()
    except ValueError:
        return ["no problem document"]
    found = [f"{one.get('pointer', '')}: {one['detail']}" for one in problem.get("errors", [])]
    return found or [problem["detail"]]


def _documented(case: Case[Any], status: int) -> dict[str, Any]:
    declared = case.operation.definition.raw["responses"]
    found = declared.get(str(status), declared["default"])
    return _resolved(case.operation.schema.raw_schema, found)


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a node of the document, or the one that it references."""
    while "$ref" in node:
        target: Any = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return dict(node)
