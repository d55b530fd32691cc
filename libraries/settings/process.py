"""The settings of this process, read from the environment."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from environs import Env, EnvValidationError

from libraries.extras import Extra
from libraries.settings.declaring import SettingsGroup
from libraries.settings.groups import Settings
from libraries.settings.parsers import is_loopback

UNGUARDED = (
    "Other machines could use the service: set API_KEYS, or ALLOW_ANONYMOUS=1 to allow access "
    "without a key."
)
LOCAL_ONLY = (
    "Only dev stores files on this machine: set STORAGE_URL, or CF_ACCT_ID, CF_IMG_TOKEN and "
    "CF_IMG_HASH."
)


class BadSettings(Exception):
    """Raised when the environment is invalid; the message lists every invalid variable."""


class Setting(NamedTuple):
    """An environment variable: name, default as text, description, group."""

    name: str
    default: str
    help: str
    group: str
    field: dataclasses.Field[Any]


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(one.name.upper(), one.metadata["default"], one.metadata["help"], name, one)
    for name, group in Settings.groups().items()
    for one in dataclasses.fields(group)  # type: ignore[arg-type]
)


def read_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment; unset and blank variables have their defaults.

    Variables that are not set are read from `env_file` (lines `NAME=value`), if it exists. Raises
    BadSettings with a line for each invalid variable.
    """
    env = Env(eager=False)
    env.add_parser("setting", _parse)
    if env_file is not None:
        env.read_env(env_file, recurse=False)
    values = {row.field.name: env.setting(row.name, row.default, row=row) for row in SETTINGS}
    try:
        env.seal()
    except EnvValidationError as error:
        raise BadSettings(_describe(error.error_messages)) from None
    if not (values["api_keys"] or values["allow_anonymous"] or is_loopback(values["host"])):
        raise BadSettings(_describe({"HOST": [UNGUARDED]}))
    _choose_storage(values)
    for folder in ("data_dir", "output_dir"):
        values[folder] = values[folder].absolute()
    values["upload_dir"] = (values["upload_dir"] or values["data_dir"] / "uploads").absolute()
    groups = {
        name: group(
            **{row.field.name: values[row.field.name] for row in SETTINGS if row.group == name}
        )
        for name, group in Settings.groups().items()
    }
    return Settings(**groups)  # type: ignore[arg-type]


def _choose_storage(values: dict[str, Any]) -> None:
    """Apply ENV_NAME; raise BadSettings if a remote storage is incomplete, missing or not installed."""
    account = ("cf_acct_id", "cf_img_token", "cf_img_hash")
    if values["env_name"] == "dev":
        values.update(dict.fromkeys(account, ""), storage_url=None)
    if values["storage_url"] is not None and (package := Extra.S3.missing()):
        raise BadSettings(_describe({"STORAGE_URL": [f"Needs {package}."]}))
    missing = [name.upper() for name in account if not values[name]]
    if 0 < len(missing) < len(account):
        text = "Must be set together with the other two for photos in Cloudflare Images."
        raise BadSettings(_describe({name: [text] for name in missing}))
    is_remote = values["storage_url"] is not None or not missing
    if values["env_name"] not in ("", "dev") and not is_remote:
        raise BadSettings(_describe({"ENV_NAME": [LOCAL_ONLY]}))


def _parse(text: str, *, row: Setting) -> Any:
    metadata = row.field.metadata
    value = metadata["parse"](text if text.strip() else row.default)
    for check in metadata["checks"]:
        check(value)
    return value


def _describe(problems: Mapping[str, Any] | list[Any]) -> str:
    lines = [
        f"  {name}: {' '.join(str(text) for text in texts)}"
        for name, texts in sorted(dict(problems).items())
    ]
    return "\n".join(["Invalid settings:", *lines])


def example_env() -> str:
    """Return the text of `.env.example`: every setting with its description and default."""
    head = (
        "# Settings of Vector API. Copy to .env and change what you need; unset and blank ones "
        "get these defaults.\n"
    )
    rows = (f"\n# {row.help}\n{row.name}={row.default}\n" for row in SETTINGS)
    return head + "".join(rows)


class _Process:
    """The settings with which this process was started."""

    settings: Settings | None = None


def use_settings(settings: Settings) -> Settings:
    """Set the settings of this process and of its groups."""
    _Process.settings = settings
    for name, group in Settings.groups().items():
        group.pass_in(getattr(settings, name))
    return settings


def reset_settings() -> None:
    """Make the next `get_settings` read the environment again; for tests."""
    _Process.settings = None
    for group in Settings.groups().values():
        group.pass_in(None)


def get_settings() -> Settings:
    """Return the settings of this process; the first call reads the environment if nothing was set.

    Raises:
        BadSettings: the environment is invalid (first call only).
    """
    return _Process.settings or use_settings(read_settings())


SettingsGroup.read_process = staticmethod(get_settings)
