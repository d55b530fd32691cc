"""Validation of contents, and forms of answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from libraries.errors import InvalidInput
from libraries.texts import check_content, default, excerpt, stamp
from tests.errors import raises_code


@pytest.mark.parametrize(
    "content", ["x", "x" * 10_000, "two\r\nlines\tand a tab", "\N{GRINNING FACE}" * 10_000, " x "]
)
def test_a_text_is_accepted_unchanged(content: str) -> None:
    assert check_content(content) == content


@pytest.mark.parametrize(
    "content",
    [
        "x" * 10_001,
        "a\x00b",
        "a\x1b[2J",
        "a\x7f",
        "a\x85b",
        "\ud83d",
        "\ud800\udc00",
        None,
        5,
        b"x",
        ["x"],
    ],
)
def test_invalid_texts_are_rejected(content: object) -> None:
    with raises_code("bad-content") as refusal:
        check_content(content)
    assert refusal.value.field == "content"
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("content", ["", " ", "\n\t\r\n", "\N{NO-BREAK SPACE}"])
def test_an_empty_message_is_rejected_with_the_documented_error(content: str) -> None:
    with raises_code("empty-content") as refusal:
        check_content(content)
    assert str(refusal.value) == "❌ Empty message not allowed"
    assert isinstance(refusal.value, InvalidInput)


@pytest.mark.parametrize(
    ("content", "text"), [("hi", "✅ Processed: HI"), ("straße", "✅ Processed: STRASSE")]
)
def test_the_default_job_writes_upper_case(content: str, text: str) -> None:
    assert default(content).text == text


def test_a_stamped_answer_begins_with_the_time_of_day_in_utc() -> None:
    summer = timezone(timedelta(hours=2))
    stamped = stamp(default("hi"), datetime(2024, 7, 1, 0, 5, 9, 999_999, tzinfo=summer))
    assert (stamped.text, stamped.timestamp) == (
        "[22:05:09] ✅ Processed: HI",
        "2024-06-30T22:05:09+00:00",
    )
    assert datetime.fromisoformat(stamped.timestamp).tzinfo == UTC
    assert stamped.engine == default("hi").engine


def test_only_a_text_over_the_limit_is_truncated() -> None:
    assert excerpt("x" * 98, most_bytes=100) is None
    assert excerpt("x" * 99, most_bytes=100) == f"{'x' * 99}…"
    assert excerpt("\N{GRINNING FACE}" * 1000, most_bytes=9000) == "\N{GRINNING FACE}" * 500 + "…"
