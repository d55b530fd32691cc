"""Parsers and checks for the values of settings."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from marshmallow import ValidationError
from marshmallow.validate import Email

STORAGE_FORM = "Must be empty or s3://bucket/folder, then ?endpoint=https://host and &region=name where they are needed."


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as `300`, `90s`, `5m`, `24h` or `7d`; raise ValidationError."""
    found = re.fullmatch(r"\s*([1-9][0-9]{0,8})\s*([smhd]?)\s*", text, re.ASCII)
    if found is None:
        raise ValidationError(
            "Not a duration: write a whole number and a unit, such as 90s, 5m, 24h or 7d."
        )
    return int(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def parse_bytes(text: str) -> int:
    """Return the bytes of a size such as `65536`, `64kB` or `1MB` (decimal units); raise ValidationError."""
    found = re.fullmatch(r"\s*([1-9][0-9]{0,11})\s*(|b|kb|mb|gb)\s*", text.lower(), re.ASCII)
    if found is None:
        raise ValidationError("Not a size: write a whole number and a unit, such as 64kB or 1MB.")
    return int(found[1]) * {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}[found[2]]


def optional(parse: Callable[[str], int]) -> Callable[[str], int]:
    """Return a parser for which an empty text is 0."""
    return lambda text: parse(text) if text.strip() else 0


def one_of_schemes(*schemes: str) -> Callable[[str], None]:
    """Return a check for URLs with one of these schemes; an empty text is valid."""

    def check(text: str) -> None:
        if text and urlsplit(text).scheme not in schemes:
            raise ValidationError(
                f"Must be empty or a URL that begins with {' or '.join(f'{s}://' for s in schemes)}."
            )

    return check


def optional_email(text: str) -> None:
    """Check a single mail address; an empty text is valid."""
    if text:
        Email()(text)


def optional_secret_key(text: str) -> None:
    """Check that a secret cannot be guessed; an empty text is valid."""
    if text and len(text) < 16:  # noqa: PLR2004 - 64 bits in hexadecimal digits
        raise ValidationError(
            "Must have at least 16 characters; `openssl rand -hex 32` makes a secret."
        )


def webhook_key(secret: str) -> bytes:
    """Return the key of a webhook secret: `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks).

    Raises:
        ValidationError: the secret is invalid; the message does not contain it.
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_").encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        key = b""
    if not secret.startswith("whsec_") or not 24 <= len(key) <= 64:  # noqa: PLR2004 - limits of the specification
        raise ValidationError("Must be whsec_ and 24 to 64 random bytes in base64.")
    return key


def optional_webhook_secret(text: str) -> None:
    if text:
        webhook_key(text)


class BucketAddress(NamedTuple):
    """A folder in a bucket: bucket, folder, server ('' for AWS) and region."""

    bucket: str
    prefix: str
    endpoint: str
    region: str

    def __str__(self) -> str:
        """Return the URL without server and region."""
        return f"s3://{'/'.join(filter(None, self[:2]))}"


def parse_storage_url(text: str) -> BucketAddress | None:
    """Parse `s3://bucket/folder?endpoint=https://minio:9000&region=eu-1`; an empty text is None."""
    if not text.strip():
        return None
    try:
        parts = urlsplit(text.strip())
        options = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
    except ValueError:
        raise ValidationError(STORAGE_FORM) from None
    endpoint, region = options.pop("endpoint", "").rstrip("/"), options.pop("region", "")
    bucket = re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc, re.ASCII)
    prefix = parts.path.strip("/")
    valid = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*(/|$))*", prefix, re.ASCII) and re.fullmatch(
        r"[a-z0-9-]*", region
    )
    if parts.scheme != "s3" or not bucket or not valid or options or parts.fragment:
        raise ValidationError(STORAGE_FORM)
    http_url(endpoint)
    return BucketAddress(parts.netloc, prefix, endpoint, region)


def parse_origins(text: str) -> tuple[str, ...]:
    """Parse origins such as `https://app.example, http://localhost:3000`; raise ValidationError."""
    origins = tuple(filter(None, (part.strip().rstrip("/").lower() for part in text.split(","))))
    for origin in origins:
        if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]{1,255}", origin, re.ASCII):
            raise ValidationError("Each must be a scheme and a host, such as https://app.example.")
    return origins


def parse_host_names(text: str) -> tuple[str, ...]:
    """Return the host names in a text such as `plotter.example, *.example.com`.

    Raises:
        ValidationError: one of them is not a host name.
    """
    names = tuple(filter(None, (part.strip().rstrip(".").lower() for part in text.split(","))))
    for name in names:
        if not re.fullmatch(r"(?:\*\.)?[a-z0-9_.\-]{1,253}", name, re.ASCII):
            raise ValidationError(
                "Each must be a host name without a port, such as plotter.example or *.example.com."
            )
    return names


def yes_or_no(text: str) -> bool:
    """Parse `1`, `true`, `yes`, `on` or `0`, `false`, `no`, `off`; an empty text is False."""
    word = text.strip().lower()
    if word not in {"", "0", "false", "no", "off", "1", "true", "yes", "on"}:
        raise ValidationError("Must be 1 or 0.")
    return word in {"1", "true", "yes", "on"}


def is_loopback(host: str) -> bool:
    """Return whether `host` is `localhost` or a loopback address; names are not resolved."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def whole_number(text: str) -> int:
    try:
        return int(text.strip())
    except ValueError:
        raise ValidationError("Not a whole number.") from None


def resolved_path(text: str) -> Path:
    """Return `text` as a path, with `~` expanded; an empty text or NUL raises ValidationError."""
    if not text.strip() or "\0" in text:
        raise ValidationError("Must be the path of a folder.")
    return Path(text).expanduser()


def optional_path(text: str) -> Path | None:
    return resolved_path(text) if text.strip() else None


def language_pair(text: str) -> str:
    """Return a language pair such as `en-es` or `eng-spa`, or raise ValidationError."""
    pair = text.strip()
    if (
        re.fullmatch(r"[A-Za-z]{2,3}(_[A-Za-z]+)*-[A-Za-z]{2,3}(_[A-Za-z]+)*", pair, re.ASCII)
        is None
    ):
        raise ValidationError("Must be two languages, such as en-es or eng-spa.")
    return pair


def http_url(text: str) -> None:
    """Check an http:// or https:// URL without a password; an empty text is valid."""
    try:
        parts = urlsplit(text)
        valid = (
            parts.scheme in {"http", "https"}
            and parts.hostname
            and parts.port != 0
            and "@" not in parts.netloc
        )
    except ValueError:
        valid = False
    if text and not (valid and re.fullmatch(r"[!-~]+", text)):
        raise ValidationError(
            "Must be empty or a URL that begins with http:// or https://, without a password."
        )


def encrypted_url(text: str) -> None:
    """Check an https:// URL; http:// is allowed to this machine only."""
    http_url(text)
    parts = urlsplit(text)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValidationError("Must begin with https://, except for this machine.")


def identifier(text: str) -> str:
    """Return a name of letters, digits, '_' and '-', or an empty text; raise ValidationError."""
    name = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,100}", name, re.ASCII):
        raise ValidationError("Must consist of letters, digits, '_' and '-'.")
    return name


def database_url(text: str) -> None:
    """Check a postgresql:// URL; an empty text is valid."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme == "postgresql" and parts.port != 0
    except ValueError:
        valid = False
    if text and not valid:
        raise ValidationError("Must be empty or a URL that begins with postgresql://.")


def bearer_key(text: str) -> str:
    """Return `text` as a bearer token; the message of the ValidationError does not contain it."""
    key = text.strip()
    if re.fullmatch(r"[!-~]*", key) is None:
        raise ValidationError("Must be printable ASCII without spaces.")
    return key
