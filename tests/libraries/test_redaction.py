"""Excerpts of JSON values: secrets are masked, long values are cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libraries.redaction import Excerpt
from tests.conftest import own_seconds

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=200,
)


def copied(value: Any, name: str = "value") -> tuple[Any, list[str], list[str]]:
    excerpt = Excerpt()
    return excerpt.copy("here", name, value), excerpt.masked, excerpt.truncated


@pytest.mark.parametrize(
    "name",
    ["password", "api_key", "apiKey", "X-API-Key", "accessToken", "key", "webhook_secret", "AUTH",
     "client.credentials", "PRIVATE_KEY", "authorization", "tokens", "db-pwd"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["abc", 1234, ["abc"], {"a": "abc"}])
def test_values_with_the_name_of_a_secret_are_masked(name: str, value: Any) -> None:
    assert copied(value, name) == ("***", ["here"], [])
    assert copied({"outer": [{name: value}]}) == ({"outer": [{name: "***"}]}, ["here"], [])


@pytest.mark.parametrize(
    "name", ["sort_key", "keyboard", "author", "monkey", "secretary", "pattern", "signature", "pin"]
)
def test_other_names_are_not_secrets(name: str) -> None:
    assert copied("abc", name) == ("abc", [], [])


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_an_empty_secret_is_shown(value: Any) -> None:
    assert copied(value, "password") == (value, [], [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pa55@host.example/a.png", "https://***@host.example/a.png"),
        ("see s3://key@bucket and http://x.example", "see s3://***@bucket and http://x.example"),
        ("https://a.example/?size=3&token=abc#top", "https://a.example/?size=3&token=***#top"),
        ("https://a.example/?X-Amz-Signature=ab12&page=2", "https://a.example/?X-Amz-Signature=***&page=2"),
        ("https://a.example/?api_key=abc", "https://a.example/?api_key=***"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("use whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw here", "use *** here"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmVk", "***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc", "***"),
    ],
)  # fmt: skip
def test_secrets_in_texts_are_masked(text: str, shown: str) -> None:
    assert copied(text) == (shown, ["here"], [])


@pytest.mark.parametrize(
    "text", ["ann@example.com", "a basic rectangle", "https://example.com:8080/a?b=c", "1=2&3=4"]
)
def test_other_texts_are_shown_unchanged(text: str) -> None:
    assert copied(text) == (text, [], [])


def test_a_secret_that_crosses_the_limit_of_a_text_is_masked() -> None:
    text = "x" * (Excerpt.MAX_TEXT_CHARS - 12) + " https://ann:" + "s" * 500 + "@host/"
    shown, masked, truncated = copied(text)
    assert "sss" not in shown
    assert (masked, truncated) == (["here"], ["here"])


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, ["x"] * 10**5, {str(n): n for n in range(10**5)}, 10**5000, [["y" * 900] * 9] * 9],
    ids=["text", "list", "object", "number", "nested"],
)  # fmt: skip
def test_large_values_are_cut(value: Any) -> None:
    shown, _, truncated = copied(value)
    assert truncated == ["here"]
    assert len(json.dumps(shown)) < 3 * Excerpt.MAX_CHARS


def test_deep_values_are_cut() -> None:
    value: list[Any] = []
    for _ in range(50_000):
        value = [value]
    assert copied(value)[2] == ["here"]


@given(JSON)
def test_every_excerpt_is_bounded_json_that_can_be_encoded(value: Any) -> None:
    excerpt = Excerpt()
    shown = excerpt.copy("here", "value", value)
    text = json.dumps(shown, ensure_ascii=False, allow_nan=False)
    assert len(text.encode()) < 20 * Excerpt.MAX_CHARS
    if not excerpt.masked and not excerpt.truncated:
        assert shown == value


@pytest.mark.parametrize(
    "text", ["://" * 10**5, "eyJ-" * 10**5, "?a=" * 10**5, "bearer " * 10**5, "-----BEGIN " * 10**5]
)  # fmt: skip
def test_the_search_for_secrets_takes_linear_time(text: str) -> None:
    started = own_seconds()
    copied(text)
    assert own_seconds() - started < 2
