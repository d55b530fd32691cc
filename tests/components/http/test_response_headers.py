"""What the OpenAPI document has for many routes: headers, problems and conditional requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from marshmallow import ValidationError

from components.http.job_options import JobOptionsSchema
from components.http.parameters import HEADERS, documented
from libraries.settings import ApiKey, Settings
from tests.watchful import watchful_client

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").get_json()
    return found


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "responses" in operation:
                yield path, method, operation


def headers_of(document: dict[str, Any], operation: dict[str, Any], status: str) -> set[str]:
    response = operation["responses"][status]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return set(response.get("headers", {}))


def given(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", [])}


def test_every_response_has_a_request_id_and_only_headers_of_the_table(
    document: dict[str, Any],
) -> None:
    for path, method, operation in operations(document):
        for status in operation["responses"]:
            names = headers_of(document, operation, status)
            assert "X-Request-ID" in names, (method, path, status)
            assert names <= set(HEADERS), (method, path, status)
    assert set(document["components"]["headers"]) <= set(HEADERS)
    with pytest.raises(KeyError):
        documented("X-Unknown")


def test_every_route_has_the_problems_of_its_method(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        statuses = set(operation["responses"])
        assert {"421", "503", "default"} <= statuses, (method, path)
        assert "401" not in statuses
        changes = method != "get" or path == "/start-task" or "/ws/" in path
        assert ("403" in statuses) == changes, (method, path)


def test_routes_that_need_a_key_have_401_where_keys_are_set(settings: Settings) -> None:
    client = watchful_client(settings.with_values(api_keys=(ApiKey("ann", bytes(32)),)))
    document = client.get("/openapi.json").get_json()
    for path, method, operation in operations(document):
        is_open = operation.get("security") == []
        assert ("401" in operation["responses"]) != is_open, (method, path)
        if not is_open:
            assert "WWW-Authenticate" in headers_of(document, operation, "401")


def test_a_response_with_an_etag_can_be_requested_conditionally(document: dict[str, Any]) -> None:
    found = 0
    for path, method, operation in operations(document):
        if "200" in operation["responses"] and "ETag" in headers_of(document, operation, "200"):
            assert ("If-None-Match" in given(operation)) == (method == "get"), path
            assert ("304" in operation["responses"]) == (method == "get"), path
            found += 1
    assert found >= 10


def test_a_response_to_a_client_that_has_the_file_documents_the_headers_of_the_file(
    document: dict[str, Any],
) -> None:
    operation = document["paths"]["/jobs/{job_id}/result"]["get"]
    assert headers_of(document, operation, "304") >= {
        "Accept-Ranges",
        "Content-Disposition",
        "ETag",
    }


def test_routes_that_submit_describe_prefer_and_the_job_that_has_ended(
    document: dict[str, Any],
) -> None:
    operation = document["paths"]["/texts"]["post"]
    assert {"Prefer", "Idempotency-Key"} <= given(operation)
    for status in ("200", "202"):
        names = headers_of(document, operation, status)
        assert names >= {"Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed"}
    assert "Prefer" in given(document["paths"]["/jobs/{job_id}"]["get"])
    file = document["paths"]["/jobs/{job_id}/artifacts/{file_name}"]["get"]
    assert {"download", "Range", "token"} <= given(file)
    assert {"Content-Range", "Accept-Ranges"} <= headers_of(document, file, "206")


def test_the_schema_of_an_event_stream_describes_one_event(document: dict[str, Any]) -> None:
    operation = document["paths"]["/jobs/{job_id}/events"]["get"]
    content = operation["responses"]["200"]["content"]["text/event-stream"]
    assert content["schema"] == {"$ref": "#/components/schemas/Event"}
    assert document["components"]["schemas"]["Event"]["required"] == ["data", "event"]


@pytest.mark.parametrize(("value", "seconds"), [(90, 90), (90.0, 90), (90.5, None), (True, None)])
def test_a_time_limit_is_a_whole_number_in_either_form_of_json(
    value: object, seconds: int | None
) -> None:
    try:
        found = JobOptionsSchema().load({"timeout": value}).job_timeout
    except ValidationError:
        found = None
    assert found == seconds


@pytest.mark.parametrize(
    "text", ["1", "90s", " 5 m ", "60m", "1h", "3600", "0", "61m", "2h", "3601s", "1d", "", "5 min"]
)
def test_the_pattern_of_a_time_limit_accepts_what_the_route_accepts(
    document: dict[str, Any], text: str
) -> None:
    node = document["components"]["schemas"]["AnyJobOptions"]["properties"]["timeout"]
    try:
        JobOptionsSchema().load({"timeout": text})
        accepted = True
    except ValidationError:
        accepted = False
    assert bool(re.search(node["pattern"], text)) == accepted
