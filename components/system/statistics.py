"""Replies about workers, and about ended jobs over time."""

from __future__ import annotations

import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime

from flask import g

from components.http.access import acting_for
from libraries.broker.connections import web_client
from libraries.broker.retry import retry
from libraries.errors import Unavailable
from libraries.job_index.search import owners_with_jobs
from libraries.job_manager import JobFilter, count_jobs, current_owner
from libraries.job_manager.journal import catch_up
from libraries.job_manager.representation import utc
from libraries.json_types import JsonObject
from libraries.metrics import SUBSCRIPTION, TaskTotals
from libraries.metrics.history import (
    Cause,
    TaskFigures,
    read_causes,
    read_history,
    read_owners,
)
from libraries.metrics.workers import WorkerState, read_workers
from libraries.settings import Scope


class Most:
    """Limits of replies. The index has 16 words of an error, and `q` has 100 characters."""

    CAUSES, OWNERS, WORDS, QUERY_CHARS = 50, 100, 8, 100


def workers_body() -> JsonObject:
    """Return the workers; only with the scope `admin` with the jobs of other owners."""
    sees_all, owner = g.caller.may(Scope.ADMIN), current_owner()
    return {"workers": [_worker(one, owner, sees_all=sees_all) for one in read_workers()]}


def _worker(worker: WorkerState, owner: str, *, sees_all: bool) -> JsonObject:
    shown = asdict(worker)
    if worker.job is not None and not (sees_all or worker.job.owner == owner):
        shown["job"] = None
    return shown


def statistics_body(query: JsonObject) -> JsonObject:
    """Return the figures for a loaded `StatisticsQuerySchema`. Raises EdgeError as `acting_for`."""
    owner, period, now = query.get("owner"), query["period"], time.time()
    with acting_for(owner):
        own = current_owner()
    # The figures of the last second may be missing if the broker is busy.
    with suppress(Unavailable):
        catch_up(SUBSCRIPTION)
    history = read_history(own, period, now)
    body: JsonObject = {
        "period": period,
        "start": _time(history.start),
        "step_s": history.step_s,
        "series": history.series,
        "tasks": [_task(task, one) for task, one in sorted(history.tasks.items())],
        "causes": [_cause(one) for one in read_causes(own, period, now)[: Most.CAUSES]],
    }
    if g.caller.may(Scope.ADMIN):
        body["owners"] = _owners(period, now)
    return body


def _task(task: str, figures: TaskFigures) -> JsonObject:
    mean_s = figures.mean_s
    return {
        "task": task,
        **_events(figures.events),
        "mean_s": None if mean_s is None else round(mean_s, 3),
    }


def _events(events: Counter[str]) -> JsonObject:
    return {name: events[name] for name in TaskTotals.EVENTS}


def _cause(cause: Cause) -> JsonObject:
    return {
        "task": cause.task,
        "error_code": cause.code,
        "cause": cause.text,
        "jobs": cause.jobs,
        "last_at": _time(cause.last_at),
        "last_job": cause.last_job,
        "q": _query(cause.text),
    }


def _query(text: str) -> str:
    """Return the first words of a cause, as `q` finds them."""
    words = re.findall(r"[^\W\d_]+", text)
    found = ""
    for word in dict.fromkeys(words[: Most.WORDS]):
        if len(found) + 1 + len(word) > Most.QUERY_CHARS:
            break
        found = f"{found} {word}".strip()
    return found


def _owners(period: str, now: float) -> list[JsonObject]:
    """Return the figures of all owners that have jobs, the busiest first."""
    ended = read_owners(period, now)
    names = {*ended, *retry(lambda: owners_with_jobs(web_client()))}
    busiest = sorted(names, key=lambda name: (-ended.get(name, Counter()).total(), name))
    return [_owner(name, ended.get(name, Counter())) for name in busiest[: Most.OWNERS]]


def _owner(name: str, ended: Counter[str]) -> JsonObject:
    with acting_for(name):
        active = frozenset({"queued", "scheduled", "deferred", "started"})
        counts = count_jobs(JobFilter(states=active)).counts
    running = counts.get("started", 0)
    waiting = sum(counts.values()) - running
    return {"owner": name, "waiting": waiting, "running": running, **_events(ended)}


def _time(at: float) -> str | None:
    return utc(datetime.fromtimestamp(at, UTC))
