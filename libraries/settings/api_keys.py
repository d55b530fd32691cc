"""The setting API_KEYS: names, hashes, scopes and expiry of the API keys."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from marshmallow import ValidationError


class Scope(StrEnum):
    """Permission of an API key."""

    READ = "read"
    """Read the jobs, files and drawings of its owner."""
    DRAW = "draw"
    """Submit and change jobs, and change what belongs to its owner."""
    METRICS = "metrics"
    """Read `/metrics`."""
    ADMIN = "admin"
    """Everything, also the queue and the jobs of other owners."""
    ANY = "*"
    """Everything that exists where there is one owner. Not written in a setting."""

    @classmethod
    def named(cls) -> tuple[Scope, ...]:
        """Return the scopes that a setting can name."""
        return tuple(one for one in cls if one is not cls.ANY)


class ApiKey(NamedTuple):
    """An API key: its name, which is the owner, and its SHA-256. The key itself is not stored."""

    name: str
    digest: bytes
    scopes: frozenset[str] = frozenset({Scope.READ, Scope.DRAW})
    expires_at: float | None = None
    """Unix seconds; None for a key that does not expire."""


class KeyEntry:
    """The form of an entry of API_KEYS: `name:sha256[:scopes][:expires]`."""

    NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
    FORM = re.compile(
        rf"({NAME}):([0-9a-fA-F]{{64}})(?::([a-z+]*))?(?::(\d{{4}}-\d\d-\d\d))?", re.ASCII
    )

    @classmethod
    def parse(cls, entry: str) -> tuple[ApiKey, bool]:
        """Return a key, and whether the entry names its scopes. Raises ValidationError."""
        found = cls.FORM.fullmatch(entry)
        if found is None:
            raise ValidationError(
                "is not name:sha256[:scopes][:expires], with the SHA-256 of the key as 64 hex digits, "
                "scopes such as read+draw, and the last day as 2027-01-31"
            )
        scopes, key = parse_scopes(found[3] or ""), ApiKey(found[1], bytes.fromhex(found[2]))
        expires_at = last_moment(found[4]) if found[4] else None
        return key._replace(scopes=scopes or key.scopes, expires_at=expires_at), bool(scopes)


def parse_scopes(text: str) -> frozenset[str]:
    """Parse scopes such as `read+draw`; none for an empty text. Raises ValidationError."""
    scopes = frozenset(text.split("+")) if text else frozenset()
    if scopes - set(Scope.named()):
        raise ValidationError(f"has an unknown scope; the scopes are {', '.join(Scope.named())}")
    return scopes


def last_moment(day: str) -> float:
    """Return the end of a day such as `2027-01-31` in UTC, in Unix seconds. Raises ValidationError."""
    try:
        begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        return (begin + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError):
        raise ValidationError("has an expiry that is not a day such as 2027-01-31") from None


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """Parse `ann:<sha256 in hex>, bob:<sha256 in hex>:read:2027-01-31`; a name may have several keys.

    If all keys have one name and none names its scopes, they have all scopes. The message of a
    ValidationError contains the number of the entry and no key.
    """
    keys: list[ApiKey] = []
    has_scopes = False
    for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        try:
            key, names_scopes = KeyEntry.parse(entry)
        except ValidationError as error:
            raise ValidationError(f"Entry {number} {error.messages[0]}.") from None
        if any(other.digest == key.digest and other != key for other in keys):
            raise ValidationError(
                f"Entry {number} has the same key as an entry with another name, other scopes or "
                "another expiry."
            )
        has_scopes |= names_scopes
        keys.append(key)
    if not has_scopes and len({key.name for key in keys}) == 1:
        return tuple(key._replace(scopes=frozenset({Scope.ANY})) for key in keys)
    return tuple(keys)
