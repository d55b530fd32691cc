from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import default_exceptions

from components.http.problems import (
    EDGE_CODES,
    FAMILY_STATUS,
    BadFields,
    EdgeError,
    FieldError,
    bounded,
    flatten,
    status_of,
)
from libraries.errors import (
    CODES,
    Conflict,
    Exhausted,
    InvalidInput,
    NotFound,
    Unavailable,
    VectorError,
)
from libraries.settings import Settings
from tests.watchful import WatchfulClient, application, watchful_client


class QuiteFull(Unavailable):
    """An error raised by the tests."""

    code = "storage-full"
    retry_after = 7.2


def with_route(settings: Settings, view: Callable[[], Any]) -> FlaskClient:
    return watchful_client(settings, application(settings, probe=view))


@pytest.mark.parametrize("code", sorted(default_exceptions))
def test_every_error_of_flask_and_werkzeug_is_a_problem_document(
    settings: Settings, code: int
) -> None:
    response = with_route(settings, lambda: abort(code, "a text with /secret/place in it")).get(
        "/probe"
    )
    assert response.status_code == code
    assert "/secret/place" not in response.get_data(as_text=True)


def test_a_crash_reports_only_an_id_to_the_client_and_the_traceback_to_the_log(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:

    def crash() -> str:
        raise RuntimeError("the secret is 42")

    with caplog.at_level(logging.ERROR):
        response = with_route(settings, crash).get("/probe")
    assert response.status_code == 500
    assert "42" not in response.get_json()["detail"]
    assert "RuntimeError" not in response.get_data(as_text=True)
    (record,) = [one for one in caplog.records if one.exc_info]
    assert response.get_json()["request_id"] in record.getMessage()
    assert "the secret is 42" in str(record.exc_info)


@pytest.mark.parametrize("family", FAMILY_STATUS)
def test_a_library_error_has_the_status_of_its_family_and_keeps_its_message(
    settings: Settings, family: type[VectorError]
) -> None:
    def refuse() -> str:
        raise family("the reason, for users")

    response = with_route(settings, refuse).get("/probe")
    assert response.status_code == FAMILY_STATUS[family]
    assert response.get_json()["detail"] == "the reason, for users"
    assert ("Retry-After" in response.headers) == (family in (Exhausted, Unavailable))


def test_a_library_error_can_set_retry_after(settings: Settings) -> None:
    def refuse() -> str:
        raise QuiteFull("full")

    assert with_route(settings, refuse).get("/probe").headers["Retry-After"] == "8"


def test_every_family_has_a_distinct_status() -> None:
    families = (InvalidInput, NotFound, Conflict, Exhausted, Unavailable)
    assert [status_of(family("x")) for family in families] == [422, 404, 409, 429, 503]
    assert status_of(VectorError("x")) == 500
    assert status_of(EdgeError("x", code="malformed-json")) == 400


def test_an_unknown_address_and_a_wrong_method_are_problems_too(client: FlaskClient) -> None:
    assert client.get("/nothing/here").get_json()["type"] == "/problems/not-found"
    wrong = client.delete("/artboard/create")
    assert (wrong.status_code, wrong.get_json()["type"]) == (405, "/problems/method-not-allowed")
    assert set(wrong.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "NONSENSE"])
def test_a_method_that_no_route_has_is_rejected(client: FlaskClient, method: str) -> None:
    assert client.open("/", method=method).status_code == 405


def test_the_method_of_a_request_cannot_be_overridden(client: FlaskClient) -> None:
    response = client.post("/healthz", headers={"X-HTTP-Method-Override": "GET"})
    assert response.status_code == 405


@pytest.mark.parametrize(
    "address",
    [
        "/jobs//x",
        "/jobs/x//result",
        "/jobs/x/",
        "/docs/",
        "/%2e%2e/app.py",
        "/assets/%2e%2e/main.py",
        "/assets/..%2fmain.py",
    ],
)
def test_an_address_with_duplicate_slashes_is_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_an_address_without_a_path_is_the_index_without_a_redirect(client: FlaskClient) -> None:
    response = client.get("/", environ_overrides={"PATH_INFO": "", "HTTP_HOST": "studio.localhost"})
    assert (response.status_code, response.get_json()["name"]) == (200, "Vector API")


def test_the_id_of_a_request_is_kept_if_it_is_well_formed(client: FlaskClient) -> None:
    response = client.get("/nothing", headers={"X-Request-ID": "order-7.a_B"})
    assert response.headers["X-Request-ID"] == response.get_json()["request_id"] == "order-7.a_B"


@pytest.mark.parametrize(
    "odd",
    ["", "a b", "x" * 129, "<script>", "a;b", "\N{LATIN SMALL LETTER E WITH ACUTE}", "a\x1b[2J"],
)
def test_a_malformed_request_id_is_replaced(client: FlaskClient, odd: str) -> None:
    given_back = client.get("/healthz", headers={"X-Request-ID": odd}).headers["X-Request-ID"]
    assert given_back != odd
    assert len(given_back) == 32


def test_the_instance_of_a_problem_is_always_a_valid_reference(
    client: FlaskClient,
) -> None:
    for address in ("/%00%0a%22", "/%ff", "/" + "%F0%9F%98%80" * 300, "/<script>"):
        instance = client.get(address).get_json()["instance"]
        assert instance.isascii()
        assert not set(instance) & set('<>"\n\x00 ')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_an_echoed_value_is_truncated_and_safe(value: object) -> None:
    client = WatchfulClient(Flask(__name__))
    with client.application.app_context():
        shown = bounded(value)
    assert isinstance(shown, str | bool | int | float | None)
    assert len(str(shown)) <= 100


def test_messages_of_marshmallow_are_flattened_with_their_paths() -> None:
    messages = {
        "a": ["x", "did you mean 'b'?"],
        "list": {0: ["y"]},
        "_schema": ["z"],
        "deep": {"er": {"_schema": ["w"]}},
    }
    assert list(flatten(messages)) == [
        FieldError(("a",), "x", "did you mean 'b'?"),
        FieldError(("list", "0"), "y"),
        FieldError((), "z"),
        FieldError(("deep", "er"), "w"),
    ]


def test_special_characters_in_field_names_are_escaped_in_the_pointer(settings: Settings) -> None:
    def refuse() -> str:
        raise BadFields([FieldError(("a/b", "c~d", "e f"), "wrong")])

    (error,) = with_route(settings, refuse).get("/probe").get_json()["errors"]
    assert error["pointer"] == "#/a~1b/c~0d/e%20f"


def test_no_more_than_a_hundred_bad_fields_are_listed(client: FlaskClient) -> None:
    response = client.post("/postcards", json={f"f{number}": 1 for number in range(900)})
    assert response.get_json()["detail"] == "100 or more invalid fields"
    assert len(response.get_json()["errors"]) == 100


def test_every_error_class_has_a_code_of_the_table() -> None:
    def below(kind: type[VectorError]) -> Iterator[type[VectorError]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    codes = {one.code for one in below(VectorError) if not one.__module__.startswith("tests")}
    assert codes <= {*CODES, *EDGE_CODES, VectorError.code, "not-found"}


def test_an_error_cannot_have_a_code_that_no_table_lists() -> None:
    with pytest.raises(LookupError, match="unknown error code: no-such-code"):
        InvalidInput("a text", code="no-such-code")


def test_the_code_of_an_error_is_the_type_of_the_problem(settings: Settings) -> None:
    def refuse() -> str:
        raise InvalidInput("too long", code="bad-file-name")

    response = with_route(settings, refuse).get("/probe")
    assert response.get_json()["type"] == "/problems/bad-file-name"


def test_a_browser_gets_a_problem_as_a_page_and_its_texts_are_escaped(client: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    reply = client.get("/jobs?limit=<b>", headers=browser)
    page = reply.get_data(as_text=True)
    assert (reply.status_code, reply.mimetype) == (422, "text/html")
    assert "<code>limit</code>" in page
    assert "<b>" not in page
    assert reply.headers["X-Request-ID"] in page
    assert client.get("/patterns/<i>", headers=browser).status_code == 404
    for accept in ("*/*", "text/html;q=0.5, application/problem+json"):
        reply = client.get("/nowhere", headers={"Accept": accept})
        assert reply.mimetype == "application/problem+json"
