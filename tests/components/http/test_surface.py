"""All HTTP routes with generated requests, valid and invalid ones."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask, Response
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode

from components.http.long_connections import live
from libraries.settings import ApiKey, Settings
from tests.conftest import REPOSITORY
from tests.fuzzing import checks
from tests.watchful import application

BRIEFLY = hypothesis.settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
KEY = "key-of-the-generated-requests"
CONFIG = REPOSITORY / "tests" / "fuzzing" / "schemathesis.toml"
load_all_checks()
# `make fuzz` also checks that valid requests are accepted, which needs more requests, and repeats
# requests without their key.
CHECKED = CHECKS.get_by_names(
    sorted(
        set(CHECKS.get_all_names())
        - {"ignored_auth", "max_response_time", "positive_data_acceptance"}
    )
)
ODD_TEXTS = [
    "",
    "\x00",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "' OR 1=1 --",
    "a\r\nSet-Cookie: x=1",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "x" * 10_000,
    "\N{GRINNING FACE}" * 50,
]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize(
    ("mode", "key"), [(GenerationMode.POSITIVE, ""), (GenerationMode.NEGATIVE, KEY)]
)
def test_every_route_answers_generated_requests_as_documented(
    settings: Settings, mode: GenerationMode, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small part of `make fuzz`."""
    # A few for each of the requests to a route.
    monkeypatch.setattr(checks, "NUMBER_OF_JSON_TEXTS", 2 * BRIEFLY.max_examples)
    keys = (ApiKey("ann", sha256(key.encode()).digest()),) if key else ()
    app = application(settings.with_values(api_keys=keys))
    # No worker runs: streams end after their first events.
    live(app).stopping.set()
    config = SchemathesisConfig.from_path(CONFIG)
    described = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    tried = set()
    for found in described.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        # Any text is a valid path.
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue

        @BRIEFLY
        @given(case=operation.as_strategy(generation_mode=mode))
        def responds(case: Any) -> None:
            checks.do_not_wait(case)
            headers = {"X-API-Key": key} if key else None
            case.validate_response(case.call(headers=headers), checks=CHECKED)

        responds()
        tried.add(operation.label)
    assert len(tried) >= 30


def test_a_response_that_the_document_does_not_have_is_reported() -> None:
    """The checks of this folder fail for an undocumented header and for an undocumented status."""
    app = Flask("sample")
    responses = {"200": {"description": "OK"}, "default": {"description": "A problem"}}
    paths = {"/sample": {"get": {"operationId": "sample", "responses": responses}}}
    document = {"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": paths}
    reply = Response("{}", 200, {"Link": "<b>"}, content_type="application/json")
    app.add_url_rule("/openapi.json", "openapi", lambda: document)
    app.add_url_rule("/sample", "sample", lambda: reply)
    described = schemathesis.openapi.from_wsgi("/openapi.json", app)
    case = described["/sample"]["GET"].Case()
    with pytest.raises(FailureGroup, match=r"undocumented headers of 200: \['link'\]"):
        case.call_and_validate(checks=[checks.undocumented_header])
    reply.status_code = 404
    with pytest.raises(FailureGroup, match="404 is not declared"):
        case.call_and_validate(checks=[checks.undocumented_status])


def routes(client: FlaskClient) -> list[tuple[str, str]]:
    return [
        (rule.rule, method)
        for rule in client.application.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize("odd", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_no_route_fails_on_odd_text_in_its_address_query_headers_or_body(
    client: FlaskClient, odd: str
) -> None:
    """The client checks every response."""
    header = re.sub(r"[^\x20-\x7e]", "?", odd)[:2000]
    for rule, method in routes(client):
        address = re.sub(r"<[^>]+>", "x", rule)
        body = json.dumps(dict.fromkeys(("width", "recipient", "file_path", "file_list", odd), odd))
        headers = {
            "X-Request-ID": header,
            "Prefer": header,
            "If-None-Match": header,
            "Range": header,
            "Accept": header,
        }
        response = client.open(
            address, method=method, query_string={odd: odd, "download": odd}, headers=headers,
            data=body if method == "POST" else None, content_type="application/json",
        )  # fmt: skip
        assert response.status_code < 500 or response.status_code == 503
        assert "Set-Cookie" not in response.headers


@pytest.mark.usefixtures("broker")
@given(text=st.text(max_size=40))
@hypothesis.settings(BRIEFLY, max_examples=40, suppress_health_check=list(HealthCheck))
def test_no_text_in_an_address_is_a_server_error(client: FlaskClient, text: str) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
    for address in (
        f"/{quoted}",
        f"/jobs/{quoted}",
        f"/patterns/{quoted}",
        f"/problems/{quoted}",
        f"/assets/{quoted}",
    ):
        assert client.get(address).status_code in (200, 400, 404, 405, 503)


def test_many_fields_and_long_queries_are_answered(client: FlaskClient) -> None:
    page = {"width": 60, "height": 60, "complexity": "simple"}
    for count, status in ((900, 200), (20_000, 400)):
        many = {f"f{number}": number for number in range(count)}
        assert client.post("/artboard/create", json=page | many).status_code == status
        assert client.get("/healthz", query_string=many).status_code == 200
