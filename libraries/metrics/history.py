"""Statistics of ended jobs by time, task, cause and owner; `lua/parts/history.lua` describes the keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from libraries.broker import Redis
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.metrics import TaskTotals


class Period(NamedTuple):
    """A time up to now: its number of steps and their length in seconds, and the hashes that count them.

    A hash of the kind `kind` counts the steps of `unit_s` seconds.
    """

    steps: int
    step_s: int
    kind: str
    unit_s: int

    @property
    def length_s(self) -> int:
        return self.steps * self.step_s


class Times:
    """The periods by name, and lengths of time in seconds."""

    HOUR_S, DAY_S = 3600, 86400
    PERIODS: ClassVar = {
        "hour": Period(60, 60, "minutes", 3600),
        "day": Period(96, 900, "quarters", 86400),
        "week": Period(168, 3600, "hours", 86400),
    }


@dataclass
class TaskFigures:
    """Ends of a task by event, and the total duration of its attempts in seconds."""

    events: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def mean_s(self) -> float | None:
        attempts = sum(self.events[name] for name in ("finished", "failed", "retried", "stopped"))
        return self.seconds / attempts if attempts else None


@dataclass(frozen=True)
class Cause:
    """Failed jobs with the same task, code and text; `last_at` is in Unix seconds."""

    task: str
    code: str
    text: str
    jobs: int
    last_at: float
    last_job: str


@dataclass(frozen=True)
class History:
    """Ends of jobs in a period. `series` has a number for each step and event, the oldest first."""

    start: float
    step_s: int
    series: dict[str, list[int]]
    tasks: dict[str, TaskFigures]


def read_history(owner: str, period: str, now: float) -> History:
    """Return the history of an owner, `*` for all, in one of `Times.PERIODS`; `now` is in Unix seconds."""
    steps, step_s, kind, unit_s = Times.PERIODS[period]
    # The current step is the last one.
    last = int(now // step_s)
    start = (last - steps + 1) * step_s
    series = {name: [0] * steps for name in TaskTotals.EVENTS}
    tasks: dict[str, TaskFigures] = {}
    for base, found in _hashes(kind, unit_s, owner, start, now):
        for name, number in found.items():
            slot, task, event = name.split(" ")
            step = (base + int(slot) * step_s - start) // step_s
            if not 0 <= step < steps:
                continue
            one = tasks.setdefault(task, TaskFigures())
            if event == "ms":
                one.seconds += int(number) / 1000
            elif event in series:
                one.events[event] += int(number)
                series[event][step] += int(number)
    return History(start, step_s, series, tasks)


def read_causes(owner: str, period: str, now: float) -> list[Cause]:
    """Return the causes of failures of an owner, `*` for all, the most frequent first.

    Causes are counted by day in UTC: those of an hour are the causes of its days that occurred in it.
    """
    start = now - Times.PERIODS[period].length_s
    found: dict[tuple[str, str, str], Cause] = {}
    for _, fields in _hashes("causes", Times.DAY_S, owner, start, now):
        for name, value in fields.items():
            task, code, text = name.split("\n", 2)
            number, at_ms, job_id = value.split(" ", 2)
            earlier = found.get((task, code, text))
            jobs = int(number) + (earlier.jobs if earlier else 0)
            found[task, code, text] = Cause(task, code, text, jobs, int(at_ms) / 1000, job_id)
    recent = (one for one in found.values() if one.last_at >= start)
    return sorted(recent, key=lambda one: (-one.jobs, -one.last_at))


def read_owners(period: str, now: float) -> dict[str, Counter[str]]:
    """Return the ends of jobs by owner and event; hours that began before the period are left out."""
    hour_s, length_s = Times.HOUR_S, Times.PERIODS[period].length_s
    first = (now - length_s) // hour_s * hour_s + hour_s * (length_s > hour_s)
    owners: dict[str, Counter[str]] = {}
    for base, fields in _hashes("owners", Times.DAY_S, None, first, now):
        for name, number in fields.items():
            hour, _, rest = name.partition(" ")
            owner, _, event = rest.rpartition(" ")
            if base + int(hour) * hour_s >= first:
                owners.setdefault(owner, Counter())[event] += int(number)
    return owners


def _hashes(
    kind: str, unit_s: int, owner: str | None, start: float, now: float
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the hashes of a kind from `start` to `now`, each with its first second."""
    client = web_client()
    numbers = range(int(start // unit_s), int(now // unit_s) + 1)
    suffix = "" if owner is None else f":{owner}"
    names = [f"vector:history:{kind}:{number}{suffix}" for number in numbers]
    replies = retry(lambda: _read(client, names))
    for number, reply in zip(numbers, replies, strict=True):
        yield number * unit_s, reply


def _read(client: Redis, names: Iterable[str]) -> list[dict[str, str]]:
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hgetall(name)
        replies: list[dict[bytes, Any]] = pipeline.execute()
    return [
        {
            name.decode(errors="replace"): value.decode(errors="replace")
            for name, value in one.items()
        }
        for one in replies
    ]
