"""Further checks of responses, and the reasons for which a route may refuse a valid request."""

from __future__ import annotations

import re
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
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
    leave_out_json_texts(case)


def do_not_wait(case: Case[Any]) -> None:
    """Remove the waiting time of a request: generated jobs may never run."""
    if str(case.headers.get("Prefer", "")).startswith("wait="):
        case.headers["Prefer"] = "wait=0"
    if str(case.query.get("wait")).isdecimal() and int(case.query["wait"]) <= MAX_WAIT_S:
        case.query["wait"] = 0


def leave_out_json_texts(case: Case[Any]) -> None:
    """Remove fields of a form that have a `contentSchema`, for which no valid texts are generated."""
    if not isinstance(case.body, dict) or "form" not in str(case.media_type):
        return
    fields = case.operation.get_body_for_media_type(case.media_type).form_properties
    case.body = {
        name: text
        for name, text in case.body.items()
        if "contentSchema" not in fields.get(name, {})
    }


@schemathesis.hook
def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop failures about valid requests that are refused for a reason outside the schema.

    Forms that name the types of a file are also sent unchanged where a wrong form is asked for, and an
    empty field of a form is one that is not filled in.
    """
    if type(failure).__name__ == "AcceptedNegativeData":
        sent = case.body if isinstance(case.body, dict) else {}
        is_empty = "form" in str(case.media_type) and "" in list(sent.values())
        return not is_empty and "Invalid component: positive test case" not in failure.message
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
    document = case.operation.schema.raw_schema
    while "$ref" in found:
        target: Any = document
        for name in found["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        found = target
    return dict(found)
