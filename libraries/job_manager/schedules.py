"""The schedules file: periodic tasks and their due times, in UTC."""

from __future__ import annotations

import math
import re
import time
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from croniter import CroniterError, croniter
from marshmallow import ValidationError

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput, did_you_mean
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.submission import check_timeout
from libraries.job_manager.tasks import check_arguments, check_task
from libraries.json_types import JsonObject
from libraries.settings import SETTINGS, JobSettings, parse_duration

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
MAX_SCHEDULES, MAX_FILE_BYTES = 200, 1_000_000
MAX_PERIOD_S = 366 * 86400
MAX_LINE_CHARS = 200
CRON_FIELDS = 5
FIELDS = frozenset(
    {"name", "task", "cron", "every", "args", "kwargs", "timeout", "catch_up", "overlap", "owner"}
)


class BadSchedules(Exception):
    """Raised when the schedules file is invalid; the text lists all mistakes."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A periodic task, due at the times of `cron` or `every` so many seconds.

    Periods count from 1970-01-01 00:00 UTC, so that all workers compute the same due times. With
    `catch_up` the last due time missed without a running worker is made up for. With `overlap` a
    job is queued even if the previous one has not ended.
    """

    name: str
    task: str
    cron: str = ""
    every: int = 0
    args: list[Any] = field(default_factory=list)
    kwargs: JsonObject = field(default_factory=dict)
    timeout: int | None = None
    catch_up: bool = True
    overlap: bool = False
    owner: str = ANONYMOUS

    @property
    def when(self) -> str:
        """The due times as text."""
        return f"cron {self.cron}" if self.cron else f"every {self.every} s"

    @property
    def identity(self) -> str:
        """Key of the stored state; it depends on the name and the due times only."""
        return f"{self.name}:{sha256(self.when.encode()).hexdigest()[:12]}"

    def latest(self, now: float) -> float:
        """Return the last due time up to `now`, in Unix seconds."""
        if self.every:
            return now // self.every * self.every
        return float(croniter(self.cron, math.floor(now) + 1).get_prev(float))

    def following(self, now: float) -> float:
        """Return the first due time after `now`, in Unix seconds."""
        if self.every:
            return self.latest(now) + self.every
        return float(croniter(self.cron, now).get_next(float))


def load_schedules(settings: JobSettings) -> list[Schedule]:
    """Return the schedules of SCHEDULES; [] without the default file. Raises BadSchedules."""
    path = settings.schedules
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadSchedules(f"{path.name} is larger than {MAX_FILE_BYTES} bytes")
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if path == _default_path():
            return []
        raise BadSchedules(f"{path.name}, set in SCHEDULES, does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSchedules(f"{path.name} cannot be read: {type(error).__name__}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadSchedules(f"{path.name} is not TOML: {error}") from None
    return _checked(path.name, found)


def _default_path() -> Path:
    row = next(row for row in SETTINGS if row.name == "SCHEDULES")
    path: Path = row.field.metadata["parse"](row.default)
    return path


def _checked(file_name: str, found: Mapping[str, Any]) -> list[Schedule]:
    entries = found.get("schedule", [])
    if set(found) - {"schedule"} or not isinstance(entries, list) or len(entries) > MAX_SCHEDULES:
        raise BadSchedules(
            f"{file_name} must contain only [[schedule]] tables, at most {MAX_SCHEDULES}"
        )
    schedules: dict[str, Schedule] = {}
    mistakes = []
    for number, entry in enumerate(entries, 1):
        try:
            schedule = _schedule(entry, taken=schedules)
            schedules[schedule.name] = schedule
        except InvalidInput as error:
            name = entry.get("name") if isinstance(entry, dict) else None
            mistakes.append(f"{str(name)[:64]!r}: {error}" if name else f"number {number}: {error}")
    if mistakes:
        raise BadSchedules(f"{file_name} is invalid: {'; '.join(mistakes)}")
    return list(schedules.values())


def _schedule(entry: object, *, taken: Collection[str]) -> Schedule:
    if not isinstance(entry, dict):
        raise InvalidInput("must be a table")
    if unknown := sorted(set(entry) - FIELDS):
        hint = did_you_mean(unknown[0], FIELDS) or f"known: {', '.join(sorted(FIELDS))}"
        raise InvalidInput(f"{unknown[0]}: unknown field; {hint}")
    _check_types(entry)
    _check_name(entry, taken)
    _check_call(entry)
    known = {name: value for name, value in entry.items() if name not in {"every", "timeout"}}
    return Schedule(**known, every=_period(entry), timeout=_timeout(entry))


def _check_types(entry: JsonObject) -> None:
    types: dict[str, tuple[type, str]] = {
        "args": (list, "list"),
        "kwargs": (dict, "table"),
        "catch_up": (bool, "bool"),
        "overlap": (bool, "bool"),
        "cron": (str, "str"),
        "owner": (str, "str"),
    }
    for name, (kind, label) in types.items():
        if not isinstance(entry.get(name, kind()), kind):
            raise InvalidInput(f"{name}: must be a {label}")


def _check_name(entry: JsonObject, taken: Collection[str]) -> None:
    if not NAME.fullmatch(str(entry.get("name", ""))):
        raise InvalidInput("name: must be 1 to 64 of a-z, 0-9 and '-'")
    if entry["name"] in taken:
        raise InvalidInput("name: duplicate name")
    if not re.fullmatch(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", entry.get("owner", ANONYMOUS), re.ASCII
    ):
        raise InvalidInput("owner: must be the name of an API key")


def _check_call(entry: JsonObject) -> None:
    if not isinstance(entry.get("task"), str):
        raise InvalidInput(
            "task: must be a dotted path, such as workers.svg_tasks.generate_postcard_svg"
        )
    try:
        check_arguments(check_task(entry["task"]), entry.get("args", []), entry.get("kwargs", {}))
    except InvalidInput as error:
        raise InvalidInput(f"{error.field}: {error}") from None


def _timeout(entry: JsonObject) -> int | None:
    if "timeout" not in entry:
        return None
    try:
        return check_timeout(entry["timeout"])
    except InvalidInput as error:
        raise InvalidInput(f"timeout: {error}") from None


def _period(entry: JsonObject) -> int:
    """Return the seconds of `every`; check `cron` and return 0 if it is given instead."""
    if ("cron" in entry) == ("every" in entry):
        raise InvalidInput("set either cron or every")
    if "cron" in entry:
        _check_cron(entry["cron"])
        return 0
    try:
        seconds = (
            0 if isinstance(entry["every"], bool | float) else parse_duration(str(entry["every"]))
        )
    except ValidationError:
        seconds = 0
    if not 1 <= seconds <= MAX_PERIOD_S:
        raise InvalidInput(
            "every: must be a duration such as 90, '90s', '5m' or '24h', at most 366 days"
        )
    return seconds


def _check_cron(line: str) -> None:
    if len(line) > MAX_LINE_CHARS or (
        len(line.split()) != CRON_FIELDS and not line.startswith("@")
    ):
        raise InvalidInput("cron: must have five fields, such as '0 3 * * *'")
    try:
        # A line such as `0 0 31 2 *` is valid, but has no due time.
        croniter(line, time.time()).get_next(float)
    except (CroniterError, ValueError) as error:
        raise InvalidInput(f"cron: {error}") from None


@dataclass(frozen=True, kw_only=True)
class ScheduleState:
    """State of a schedule. Times are UTC; `runs`, `missed` and `skipped` count due times."""

    schedule: Schedule
    next_run: datetime
    last_run: datetime | None
    last_job: str | None
    last_status: str | None
    runs: int
    missed: int
    skipped: int


def schedule_states() -> list[ScheduleState]:
    """Return the state of each schedule of the file. Raises BadSchedules."""
    schedules, client = load_schedules(JobSettings.current()), web_client()
    return [retry(lambda one=one: _state(client, one)) for one in schedules]  # type: ignore[misc]


def _state(client: Redis, schedule: Schedule) -> ScheduleState:
    stored = cast("dict[bytes, bytes]", client.hgetall(keys.schedule_key(schedule.identity)))
    known = {name.decode(): value.decode() for name, value in stored.items()}
    status = client.hget(keys.job_key(known["job"]), "status") if "job" in known else None
    return ScheduleState(
        schedule=schedule,
        next_run=datetime.fromtimestamp(schedule.following(time.time()), UTC),
        last_run=datetime.fromtimestamp(float(known["queued_for"]), UTC)
        if "queued_for" in known
        else None,
        last_job=known.get("job"),
        last_status=cast("bytes", status).decode() if status else None,
        runs=int(known.get("runs", 0)),
        missed=int(known.get("missed", 0)),
        skipped=int(known.get("skipped", 0)),
    )
