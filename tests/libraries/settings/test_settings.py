"""Defaults and validation of the settings, and `.env.example`."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from dotenv import dotenv_values

from libraries.settings import SETTINGS, BadSettings, Settings, example_env, read_settings
from tests.conftest import REPOSITORY


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in SETTINGS:
        monkeypatch.delenv(row.name, raising=False)


def test_the_default_service_is_local_and_needs_no_server() -> None:
    settings = read_settings(None)
    assert (
        settings.web.host,
        settings.web.port,
        settings.jobs.workers,
        settings.jobs.job_timeout,
    ) == (
        "127.0.0.1",
        5000,
        1,
        300,
    )
    assert settings.broker.embedded_broker
    assert settings.storage.upload_dir == settings.broker.data_dir / "uploads"


def test_all_invalid_variables_are_named_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {
        "PORT": "0",
        "WORKERS": "none",
        "JOB_TIMEOUT": "5 parsecs",
        "REDIS_URL": "http://x",
        "LOG_LEVEL": "loud",
        "MAIL_FROM": "a@b@c",
    }
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as complaint:
        read_settings(None)
    assert [line.split(":")[0].strip() for line in str(complaint.value).splitlines()[1:]] == sorted(
        bad
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300", 300), ("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), (" 7 m ", 420)],
)
def test_durations_are_parsed_with_their_units(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: int
) -> None:
    monkeypatch.setenv("JOB_TIMEOUT", text)
    assert read_settings(None).jobs.job_timeout == seconds


@pytest.mark.parametrize("text", ["0", "-5m", "5w", "1.5h", "²m", "2d", "m"])
def test_a_job_timeout_must_be_a_duration_up_to_a_day(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("JOB_TIMEOUT", text)
    with pytest.raises(BadSettings, match="JOB_TIMEOUT"):
        read_settings(None)


@pytest.mark.parametrize(("text", "size"), [("64kB", 64_000), ("1MB", 1_000_000), ("512", 512)])
def test_sizes_are_parsed_with_their_units(
    monkeypatch: pytest.MonkeyPatch, text: str, size: int
) -> None:
    monkeypatch.setenv("MAX_RESULT", text)
    assert read_settings(None).jobs.max_result == size


def test_a_blank_variable_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "  ")
    monkeypatch.setenv("DATA_DIR", "")
    assert read_settings(None).web.port == 5000
    assert read_settings(None).broker.data_dir == Path("data").absolute()


def test_the_environment_overrides_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=6000\nWORKERS=3\n")
    monkeypatch.setenv("PORT", "7000")
    settings = read_settings(env_file)
    assert (settings.web.port, settings.jobs.workers) == (7000, 3)


def test_the_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        read_settings(None).web.port = 1  # type: ignore[misc]


def test_settings_and_fields_correspond() -> None:
    declared = [one.name for group in Settings.groups().values() for one in fields(group)]  # type: ignore[arg-type]
    assert [row.name.lower() for row in SETTINGS] == declared
    assert len(set(declared)) == len(declared)


def test_the_example_file_is_generated_from_the_settings(update_golden: bool) -> None:
    path = REPOSITORY / ".env.example"
    if update_golden:
        path.write_text(example_env())
    assert path.read_text() == example_env()


def test_the_example_file_holds_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(REPOSITORY / ".env.example") == read_settings(None)
    assert dotenv_values(REPOSITORY / ".env.example").keys() == {row.name for row in SETTINGS}


ACCOUNT = {"CF_ACCT_ID": "aaa", "CF_IMG_TOKEN": "bbb", "CF_IMG_HASH": "ccc"}
BUCKET = {"STORAGE_URL": "s3://drawings"}


def in_environment(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return read_settings(None)


@pytest.mark.parametrize(
    ("name", "others", "remote"),
    [
        ("", {}, (False, False)),
        ("", BUCKET | ACCOUNT, (True, True)),
        ("dev", BUCKET | ACCOUNT, (False, False)),
        ("dev", {"CF_ACCT_ID": "aaa"}, (False, False)),
        ("test", ACCOUNT, (False, True)),
        ("test", BUCKET, (True, False)),
        ("production", BUCKET | ACCOUNT, (True, True)),
    ],
)
def test_env_name_chooses_the_storage(
    monkeypatch: pytest.MonkeyPatch, name: str, others: dict[str, str], remote: tuple[bool, bool]
) -> None:
    storage = in_environment(monkeypatch, {"ENV_NAME": name, **others}).storage
    assert (storage.storage_url is not None, bool(storage.cf_acct_id)) == remote


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ENV_NAME": "test"}, ["ENV_NAME"]),
        ({"CF_ACCT_ID": "aaa"}, ["CF_IMG_HASH", "CF_IMG_TOKEN"]),
        ({"ENV_NAME": "test", **ACCOUNT, "CF_IMG_TOKEN": ""}, ["CF_IMG_TOKEN"]),
        (ACCOUNT | {"CF_API_URL": "http://api.cloudflare.com/client/v4"}, ["CF_API_URL"]),
        (ACCOUNT | {"CF_ACCT_ID": "../x"}, ["CF_ACCT_ID"]),
    ],
)
def test_an_incomplete_remote_storage_is_refused(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(BadSettings) as complaint:
        in_environment(monkeypatch, values)
    lines = str(complaint.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == named
    assert "bbb" not in str(complaint.value)
