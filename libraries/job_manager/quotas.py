"""Quotas: how much of something an owner may ask for within an hour, and how much of it one person may get.

A task module that sends something to people says `METERED = "mail"`. Each call of its tasks then counts, where it is queued and
by whatever way: for its owner, and for each recipient that its argument `recipient` or `recipients` names. The limits are the
settings `<NAME>_PER_HOUR` and `<NAME>_PER_RECIPIENT`.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from libraries.errors import Exhausted
from libraries.job_manager import keys, transitions
from libraries.job_manager.catalogue import module_constant, named_arguments
from libraries.job_manager.connections import patiently, web_client
from libraries.job_manager.ownership import current_owner
from libraries.settings import MailSettings, get_settings

WINDOW = 3600


class RateLimited(Exhausted):
    """Raised when an owner asks for more within an hour than is allowed, or one person would get more; nothing was queued."""

    code = "rate-limited"


def meter(task: str, calls: Sequence[tuple[Sequence[Any], Mapping[str, Any]]]) -> None:
    """Count `calls` of a task, each as its arguments `args, kwargs`, if its module is metered: all of them or none.

    Raises:
        RateLimited: a limit does not allow it; the error says when it does.
        QueueUnavailable: the broker cannot be reached.
    """
    name = module_constant(task.rpartition(".")[0], "METERED")
    if not isinstance(name, str):
        return
    limits, owner = MailSettings.current(), current_owner()
    most, most_each = (
        getattr(limits, f"{name}_per_hour"),
        getattr(limits, f"{name}_per_recipient"),
    )
    people = Counter(
        person
        for args, kwargs in calls
        for person in _recipients(named_arguments(task, args, kwargs))
    )
    nameless = sum(
        1 for args, kwargs in calls if not _recipients(named_arguments(task, args, kwargs))
    )
    wanted = people.total() + nameless
    # Before the broker is asked: what is far too much is not even counted.
    wait = (
        WINDOW
        if wanted > most
        else _count(
            name, owner, wanted, most, {one: (number, most_each) for one, number in people.items()}
        )
    )
    if wait:
        raise RateLimited(
            f"at most {most} of kind {name!r} an hour, and {most_each} for each recipient; nothing was queued",
            retry_after=wait,
        )


def _count(
    name: str, owner: str, wanted: int, most: int, people: Mapping[str, tuple[int, int]]
) -> int:
    """Count it and return 0; or return after how many seconds it could be."""
    counted = [
        keys.meter_key(name, "owner", owner),
        *(keys.meter_key(name, "recipient", _digest(one)) for one in people),
    ]
    limits = [wanted, most, *(number for pair in people.values() for number in pair)]
    arguments = [time.time(), WINDOW, secrets.token_hex(8), *limits]
    client = web_client(get_settings())
    return int(patiently(lambda: transitions.run_script(client, "meter", counted, arguments)))


def _recipients(arguments: Mapping[str, Any]) -> list[str]:
    named = arguments.get("recipients", arguments.get("recipient"))
    return [
        str(one).lower()
        for one in (
            named if isinstance(named, list | tuple) else [named] if named is not None else []
        )
    ]


def _digest(person: str) -> str:
    # The broker's keys are seen by people who have no business with addresses.
    return sha256(person.encode("utf-8", "surrogatepass")).hexdigest()[:32]
