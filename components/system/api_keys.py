"""The command `flask --app app key`, which creates an API key, and the check of the keys for the doctor."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from hashlib import sha256

import click
from marshmallow import ValidationError

from libraries.settings import Scope, Settings
from libraries.settings.api_keys import KeyEntry
from libraries.worker.doctor import Finding


@click.command("key")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope.named()]),
    multiple=True,
    help="What the key permits; may be repeated.  [default: read and draw]",
)
@click.option("--expires", metavar="DAY", default="", help="Last day in UTC, such as 2027-01-31.")
def create_key(name: str, scopes: tuple[str, ...], expires: str) -> None:
    """Create an API key for the owner NAME.

    Prints the key, which is not stored, and its entry for the setting API_KEYS.
    """
    key = secrets.token_hex(32)
    chosen = scopes or (Scope.READ, Scope.DRAW)
    listed = "+".join(str(scope) for scope in Scope.named() if scope in chosen)
    parts = [name, sha256(key.encode()).hexdigest(), listed, *([expires] if expires else [])]
    entry = ":".join(parts)
    try:
        KeyEntry.parse(entry)
    except ValidationError as error:
        raise click.ClickException(f"the key {error.messages[0]}") from None
    click.echo(f"the key: {key}")
    click.echo(f"API_KEYS={entry}")


def examine_keys(settings: Settings) -> list[Finding]:
    """Report keys that have expired or are about to; nothing if there are no keys."""
    keys = settings.access.api_keys
    if not keys:
        return []
    fix = "Create another one with `flask --app app key`, then replace the entry in API_KEYS."
    ending = [
        Finding("keys", ok=False, detail=f"a key of {key.name} {when}", fix=fix)
        for key in keys
        if (when := _expiry(key.expires_at))
    ]
    names = len({key.name for key in keys})
    detail = f"{len(keys)} of {names} {'owner' if names == 1 else 'owners'}"
    if not any(key.scopes & {Scope.ANY, Scope.ADMIN} for key in keys):
        detail += "; none has the scope admin, so no client can pause the queue"
    return ending or [Finding("keys", ok=True, detail=detail)]


def _expiry(expires_at: float | None) -> str:
    """Describe an expiry in the past or within two weeks; '' for another one."""
    warning_s = 14 * 86400
    left_s = float("inf") if expires_at is None else expires_at - time.time()
    if expires_at is None or left_s > warning_s:
        return ""
    last_day = datetime.fromtimestamp(expires_at - 1, UTC).date()
    return f"expired; its last day was {last_day}" if left_s <= 0 else f"expires after {last_day}"
