"""Fields of job records, and the names of those that another program has damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from libraries.broker import exceptions
from libraries.job_manager.states import STATES
from libraries.json_types import JsonObject
from libraries.pickled_json import PickledJson

# In seconds 300 years; later times cannot be shown.
MAX_NUMBER = 10**10
DAMAGE = (ValueError, TypeError, LookupError, OverflowError, RecursionError)


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is UTC else found.astimezone(UTC)


def _object(text: str) -> JsonObject:
    value = json.loads(text or "{}")
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value


def _meta(data: bytes) -> JsonObject:
    meta: JsonObject = PickledJson.loads(data) if data else {}
    for artifact in meta.get("artifacts", []):
        str.encode(artifact["name"] + artifact["sha256"] + artifact["media_type"])
        int(artifact["size"])
    return meta


def _failure(text: str) -> dict[str, str] | None:
    failure: dict[str, str] | None = json.loads(text or "null")
    if failure is not None:
        str.encode(failure["text"] + failure["code"] + failure["detail"])
    return failure


def _attempts(text: str) -> list[dict[str, str]]:
    attempts = json.loads(text or "[]")
    for attempt in attempts:
        str.encode(attempt.get("worker", "") + attempt.get("error", "") + attempt.get("detail", ""))
        moment(attempt.get("started_at"))
        moment(attempt.get("ended_at"))
    return list(attempts)


def _whole(text: str) -> int:
    number = int(text or 0)
    if abs(number) > MAX_NUMBER:
        raise OverflowError("not a duration or a count")
    return number


def _tags(text: str) -> list[str]:
    tags: list[str] = json.loads(text or "[]")
    for tag in tags:
        str.encode(tag)
    return list(tags)


def _arguments(text: str) -> JsonObject:
    shown = _object(text)
    list.__len__(shown["args"])
    dict.__len__(shown["kwargs"])
    if noted := [*shown["masked"], *shown["truncated"]]:
        str.encode("".join(noted))
    return shown


PARSERS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "status": STATES.__getitem__,
        "created_at": moment,
        "started_at": moment,
        "ended_at": moment,
        "description": str,
        "timeout": _whole,
        "meta": _meta,
        "progress": lambda text: _object(text) if text else None,
        "result_ttl": _whole,
        "failure_ttl": _whole,
        "retries_left": _whole,
        "number_of_retries": _whole,
        "failure": _failure,
        "attempts": _attempts,
        "owner": str,
        "batch": str,
        "tags": _tags,
        "arguments": _arguments,
        "retry_of": str,
    }
)
FIELDS = tuple(PARSERS)


def parse_fields(stored: Sequence[bytes | None]) -> tuple[JsonObject, list[str]]:
    """Return the values of `FIELDS` that can be read, and the names of the others."""
    values: JsonObject = {}
    damaged = []
    for (name, parse), value in zip(PARSERS.items(), stored, strict=True):
        if value is None:
            continue
        try:
            if parse is str:
                values[name] = value.decode()
            else:
                values[name] = parse(value if parse is _meta else value.decode())
        except (*DAMAGE, AttributeError):
            damaged.append(name)
    return values, damaged


def replies_with_damage(replies: Sequence[Any]) -> list[Any]:
    """Return the replies of a pipeline; an error about the type of a key is one of them.

    Raises any other error.
    """
    for reply in replies:
        if isinstance(reply, Exception) and not is_wrong_type(reply):
            raise reply
    return list(replies)


def is_wrong_type(reply: object) -> bool:
    """Return whether a reply says that a key is not of the expected type."""
    return isinstance(reply, exceptions.ResponseError) and "WRONGTYPE" in str(reply)


def damage_text(names: Iterable[str]) -> str:
    return f"the record of the job is damaged ({', '.join(sorted(names))}); delete the job"
