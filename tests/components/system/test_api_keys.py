"""The command that creates API keys, and their check in the doctor."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from flask import Flask

from components.system.api_keys import examine_keys
from libraries.settings import Settings, parse_api_keys
from tests.components.http.test_access import digest
from tests.watchful import application


@pytest.fixture
def app(settings: Settings) -> Flask:
    return application(settings)


def test_the_command_makes_an_entry_that_the_settings_accept(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["key", "ann"])
    shown = re.fullmatch(r"the key: (\w{64})\nAPI_KEYS=(.+)\n", result.output)
    assert shown
    (key,) = parse_api_keys(shown[2])
    assert (key.name, key.digest) == ("ann", sha256(shown[1].encode()).digest())
    assert key.scopes == {"read", "draw"}
    assert key.expires_at is None


def test_the_command_takes_scopes_and_a_last_day(app: Flask) -> None:
    options = ["--scope", "metrics", "--scope", "read", "--expires", "2027-01-31"]
    output = app.test_cli_runner().invoke(args=["key", "ann", *options]).output
    assert output.endswith(":read+metrics:2027-01-31\n")


@pytest.mark.parametrize(
    "arguments",
    [["a:b"], [""], ["ann", "--scope", "write"], ["ann", "--scope", "*"], ["ann", "--expires", "soon"], ["ann", "--expires", "2027-02-30"]],
)  # fmt: skip
def test_the_command_refuses_what_the_settings_would(app: Flask, arguments: list[str]) -> None:
    result = app.test_cli_runner().invoke(args=["key", *arguments])
    assert result.exit_code != 0
    assert "the key: " not in result.output


@pytest.mark.parametrize(("days", "ok"), [(-1, False), (0, False), (13, False), (15, True)])
def test_the_doctor_reports_keys_that_end_within_two_weeks(
    settings: Settings, days: int, ok: bool
) -> None:
    last_day = datetime.now(UTC).date() + timedelta(days=days)
    text = f"ann:{digest('one')}:read:{last_day},bob:{digest('two')}"
    (finding,) = examine_keys(settings.with_values(api_keys=parse_api_keys(text)))
    assert finding.ok is ok
    if not ok:
        assert str(last_day) in finding.detail
        assert "flask --app app key" in finding.fix


def test_the_doctor_says_when_no_key_administers(settings: Settings) -> None:
    text = f"ann:{digest('one')},bob:{digest('two')}"
    (finding,) = examine_keys(settings.with_values(api_keys=parse_api_keys(text)))
    assert finding.detail.startswith("2 of 2 owners; none has the scope admin")
    (finding,) = examine_keys(settings.with_values(api_keys=parse_api_keys(f"{text}:admin")))
    assert finding.detail == "2 of 2 owners"
    assert examine_keys(settings) == []
