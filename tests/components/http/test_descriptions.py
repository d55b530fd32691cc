"""What the OpenAPI document says about texts and forms, compared with what the service accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from marshmallow import Schema, ValidationError, fields

from components.files.data_schemas import DataFileSchema
from components.http.job_options import check_tag
from components.http.submissions import OPERATIONS
from components.jobs.action_schemas import BulkSchema
from libraries.errors import InvalidInput
from libraries.fields import TrueOrFalse
from libraries.gallery import check_title
from libraries.json_types import keywords_of
from libraries.lettering import check_text, check_visible
from libraries.mailing import check_address, check_subject
from libraries.outbound import check_url
from libraries.outbound.addresses import read_url
from libraries.patterns import PATTERNS
from libraries.storage.locations import open_input
from libraries.storage.names import check_name
from libraries.texts import check_content
from libraries.webhooks import key_of, secret_of
from tests.components.http.test_bounded_fields import nested_fields

LONG_NAME = "x" * 100
TEXTS = [
    *(
        "",
        " ",
        "a",
        "a b",
        " a",
        "a ",
        "a,b",
        "a\tb",
        "a\nb",
        "a\x00",
        "a\x7f",
        "a\x85b",
        "a\u2028b",
    ),
    # A sign of a later version of Unicode, a space without width, and an excluded code point.
    *("Zoë", "名前", "\U0001fae9", "a\u200bb", "a\ufffe", "\xa0"),
    *("ann@example.com", "a.b+c@d.example", "a@localhost", ".a@b.example", "a@b.1", "a@-b.example"),
    *(
        "http://a.example",
        "HTTPS://a.example:8443/b?c#d",
        "http://1.1.1.1/",
        "http://[2606:4700::1]/",
    ),
    *(
        "ftp://a.example",
        "http://",
        "http://a b",
        "http://a..b/",
        "http://u@a.example",
        "//a.example",
    ),
    *("a.csv", "uploads/a b.csv", "a/../b", "a.", "-a", f"{LONG_NAME}/a", f"{LONG_NAME}x", "a//b"),
    *(
        secret_of(bytes(24)),
        secret_of(bytes(63)),
        secret_of(bytes(64)),
        secret_of(bytes(65)),
        "whsec_",
        secret_of(bytes(8)),
    ),
]


def accepts(check: Callable[[Any], object], text: str) -> bool:
    try:
        check(text)
    except (InvalidInput, ValidationError):
        return False
    return True


@pytest.mark.parametrize(
    "check",
    [check_tag, check_title, check_text, check_visible, check_subject, check_content, key_of],
)
def test_the_pattern_of_a_check_describes_exactly_what_it_accepts(
    check: Callable[[Any], object],
) -> None:
    pattern = keywords_of(check)["pattern"]
    # Lengths have keywords of their own.
    texts = [text for text in TEXTS if len(text) <= len(LONG_NAME)]
    wrong = [text for text in texts if accepts(check, text) != bool(re.search(pattern, text))]
    assert wrong == []


@pytest.mark.parametrize(
    ("check", "described"),
    [(check_address, check_address), (check_url, read_url), (check_name, open_input)],
)
def test_a_pattern_describes_at_least_what_its_check_accepts(
    check: Callable[[Any], object], described: object
) -> None:
    pattern = keywords_of(described)["pattern"]
    accepted = [text for text in TEXTS if accepts(check, text)]
    assert accepted
    assert all(re.search(pattern, text) for text in accepted)
    assert not all(re.search(pattern, text) for text in TEXTS)


def patterns(node: object) -> Iterator[str]:
    if isinstance(node, dict) and "type" in node and isinstance(node.get("pattern"), str):
        yield node["pattern"]
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from patterns(inner)


def test_patterns_are_anchored_and_have_the_syntax_of_javascript(client: FlaskClient) -> None:
    found = list(patterns(client.get("/openapi.json").get_json()))
    assert len(found) > 30
    for pattern in found:
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert not re.search(r"\\[AZz]|\(\?P|\(\?[aimsx]|\\ud[89a-f]", pattern), pattern


def form(document: dict[str, Any], path: str, media_type: str) -> dict[str, Any]:
    content = document["paths"][path]["post"]["requestBody"]["content"][media_type]
    name = content["schema"]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def test_a_form_describes_its_fields_as_the_json_body_does(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    contact = form(document, "/contact", "application/x-www-form-urlencoded")
    body = document["components"]["schemas"]["Contact"]
    for name in ("name", "email", "message"):
        assert contact["properties"][name] == body["properties"][name]
    for name in ("tags", "priority"):
        described = dict(contact["properties"][name])
        value, empty = described.pop("anyOf")
        assert described | value == body["properties"][name]
        # Browsers send empty texts for what is not filled in.
        assert empty == {"type": "string", "maxLength": 0}
    assert sorted(contact["required"]) == ["email", "message", "name"]
    retry = contact["properties"]["retry"]["anyOf"][0]
    assert (retry["type"], retry["contentMediaType"]) == ("string", "application/json")
    assert retry["contentSchema"]["$ref"] == "#/components/schemas/Retry"


def test_a_form_with_a_file_names_its_types_and_what_the_file_replaces(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    photo = form(document, "/photos", "multipart/form-data")
    assert photo["oneOf"] == [
        {"required": ["file"], "properties": {"url": {"maxLength": 0}}},
        {"required": ["url"], "properties": {"url": {"minLength": 1}}},
    ]
    content = document["paths"]["/photos"]["post"]["requestBody"]["content"]
    types = content["multipart/form-data"]["encoding"]["file"]["contentType"]
    assert types == "image/gif, image/jpeg, image/png, image/webp"
    assert form(document, "/uploads", "multipart/form-data")["required"] == ["file"]


def test_an_empty_time_in_a_form_is_valid_as_browsers_send_it(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    contact = form(document, "/contact", "application/x-www-form-urlencoded")
    dated = contact["properties"]["run_at"]["anyOf"]
    assert dated == [{"type": "string", "format": "date-time"}, {"type": "string", "maxLength": 0}]


@pytest.mark.parametrize("value", [0, 1, 1.0, "no", "true"])
def test_a_boolean_of_json_is_true_or_false(value: object) -> None:
    schemas: list[tuple[Schema, str]] = [
        (BulkSchema(), "dry_run"),
        (DataFileSchema(), "protect_formulas"),
        (PATTERNS["hatch"].schema(), "link"),
    ]
    for schema, name in schemas:
        assert schema.validate({name: value})[name] == ["Not a valid boolean."]


def test_all_booleans_of_json_are_of_one_type(client: FlaskClient) -> None:
    assert len(client.application.blueprints) > 10
    schemas = [OPERATIONS[name].body() for name in OPERATIONS]
    schemas += [PATTERNS[name].schema() for name in PATTERNS]
    booleans = [
        field
        for schema in schemas
        for _, field in nested_fields(schema)
        if isinstance(field, fields.Boolean)
    ]
    assert len(booleans) > 10
    assert {type(field) for field in booleans} == {TrueOrFalse}
