"""The long faults in any size: small in the tests, at full length in `python -m tests.faults.soak`.

Each function disturbs the workers or the broker while jobs run, waits for the last job, and returns
measurements.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from flask.testing import FlaskClient
from redis import Redis

from libraries.broker.embedded import EmbeddedBroker
from libraries.job_index.maintenance import compare_index
from libraries.job_manager import get_job_status
from libraries.job_manager.listing import index_entries
from tests.conftest import files_below, until
from tests.faults.fleet import Fleet
from tests.faults.trail import all_done, leftovers, queue, runs, started_runs, states, torn

RETRIES = 3
MOST_RUNS = 1 + RETRIES


class Site(NamedTuple):
    """The target of a storm."""

    broker: EmbeddedBroker
    client: Redis
    fleet: Fleet
    output: Path
    ledger: Path


@dataclass
class Outcome:
    """Result of a storm. Times are in seconds."""

    blows: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    left: tuple[int, int, int] = (0, 0, 0)
    settled: float = 0.0
    torn: list[str] = field(default_factory=list)
    temporary: int = 0
    twice: int = 0
    most_runs: int = 0
    never: int = 0
    # Differences of the index of jobs and the records.
    index: list[tuple[str, str]] = field(default_factory=list)
    exits: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def summary(self) -> str:
        """Return the result as a line."""
        ends = ", ".join(f"{number} {state}" for state, number in sorted(self.ends.items()))
        return (
            f"{self.blows} blows; {ends}; {self.never} never ran; {self.twice} ran twice or more (most {self.most_runs}); "
            f"{len(self.torn)} torn; {self.temporary} temporary files; settled {self.settled:.1f} s after the last blow; "
            f"left over {self.left}; index {self.index[:3]}; exits {dict(self.exits)}; errors {dict(self.errors)}"
        )


class Load:
    """Jobs that record their runs, and the text of the file of each."""

    def __init__(self, site: Site, number: int, seconds: float) -> None:
        self.site = site
        self.texts = {f"job{n}": f"job{n} " * 4000 for n in range(number)}
        self.ids = [
            queue(
                site.client,
                "fault_tasks.leave_a_trail",
                str(site.ledger),
                key,
                seconds,
                text,
                retries=RETRIES,
            )
            for key, text in self.texts.items()
        ]

    def done(self) -> bool:
        """Return whether every job has ended."""
        return all_done(self.site.client, self.ids)

    def half_done(self) -> bool:
        """Return whether half of the runs have started."""
        return started_runs(self.site.ledger) > len(self.ids) / 2

    def settle(self, outcome: Outcome, *, seconds: float, tend: bool = True) -> Outcome:
        """Wait for the last job and check the results."""
        struck = time.monotonic()

        def settled() -> bool:
            if tend:
                self.site.fleet.tend()
            return self.done() and leftovers(self.site.client) == (0, 0, 0)

        deadline = struck + seconds
        while not settled() and time.monotonic() < deadline:
            time.sleep(0.05)
        outcome.settled = time.monotonic() - struck
        outcome.ends = states(self.site.client, self.ids)
        outcome.left = leftovers(self.site.client)
        outcome.index = compare_index(self.site.client, index_entries)
        outcome.torn = torn(self.site.output, self.texts)
        outcome.temporary = len(files_below(self.site.output, ".tmp"))
        trail = runs(self.site.ledger)
        outcome.twice = sum(1 for rows in trail.values() if len(rows) > 1)
        outcome.most_runs = max(len(rows) for rows in trail.values())
        outcome.never = sum(1 for key in self.texts if key not in trail)
        outcome.exits = Counter(self.site.fleet.endings)
        outcome.errors = Counter(
            str(status["error"]) for status in map(get_job_status, self.ids) if status["error"]
        )
        return outcome


def kill_storm(
    site: Site, rng: random.Random, *, jobs: int, seconds: float, every: float, work: float
) -> Outcome:
    """Kill a worker every few seconds, and every third time only its work-horse."""
    load, outcome = Load(site, jobs, work), Outcome()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        strike_at = time.monotonic() + every
        while time.monotonic() < strike_at:
            site.fleet.tend()
            time.sleep(0.02)
        outcome.blows += 1
        site.fleet.kill(rng.randrange(len(site.fleet.workers)), horse_only=outcome.blows % 3 == 0)
    return load.settle(outcome, seconds=60)


def rolling_restarts(
    site: Site, rng: random.Random, *, jobs: int, restarts: int, work: float
) -> Outcome:
    """Stop the workers one after the other with SIGTERM and replace them."""
    load, outcome = Load(site, jobs, work), Outcome()
    for number in range(restarts):
        # At a different time each: during a job, between two, while one is taken.
        pause = time.monotonic() + rng.uniform(0, 2 * work)
        until(lambda pause=pause: time.monotonic() >= pause)  # type: ignore[misc]
        outcome.exits[site.fleet.replace(number % len(site.fleet.workers))] += 1
        outcome.blows += 1
    exits = outcome.exits
    load.settle(outcome, seconds=60, tend=False)
    outcome.exits = exits
    return outcome


def broker_kills(site: Site, *, jobs: int, kills: int, down: float, work: float) -> Outcome:
    """Kill the broker while workers run, and restart it shortly afterwards."""
    load, outcome = Load(site, jobs, work), Outcome()

    def is_reached(share: float) -> bool:
        return started_runs(site.ledger) >= share

    for number in range(1, kills + 1):
        share = number * jobs / (kills + 1)
        until(partial(is_reached, share), seconds=60, what="enough runs")
        kill_broker(site.broker, down)
        outcome.blows += 1
    return load.settle(outcome, seconds=60)


def kill_broker(broker: EmbeddedBroker, down: float) -> None:
    """Kill the server, wait, and restart it."""
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    until(lambda: not broker.alive(), what="the end of the broker")
    back = time.monotonic() + down
    until(lambda: time.monotonic() >= back, seconds=down + 5)
    broker.start()


@dataclass
class Outage:
    """Observations of clients during and after an outage of the broker. Times are in seconds."""

    refused: int = 0
    slowest_refusal: float = 0.0
    retry_after: bool = True
    drawn: int = 0
    not_ready_after: float = float("inf")
    first_job: float = float("inf")
    meanwhile: float = float("inf")
    endings: list[int] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Return the result as a line."""
        return (
            f"{self.refused} requests answered 503 with Retry-After={self.retry_after}, the slowest after "
            f"{self.slowest_refusal:.2f} s; {self.drawn} simple drawings served; "
            f"not ready seen after {self.not_ready_after:.2f} s; next job finished {self.first_job:.1f} s after the return, "
            f"the one that ended meanwhile {self.meanwhile:.1f} s; "
            f"worker exits {self.endings}"
        )


QUEUED = {"width": 60, "height": 60, "pattern": "grid", "id": "outage"}
SIMPLE = {"width": 60, "height": 60, "complexity": "simple"}


def broker_outage(site: Site, web: FlaskClient, *, down: float) -> Outage:
    """Stop the broker for a while, send requests all the time, and measure the recovery."""
    outage = Outage()
    meanwhile = queue(
        site.client,
        "fault_tasks.leave_a_trail",
        str(site.ledger),
        "meanwhile",
        min(2.0, down / 2),
        retries=RETRIES,
    )
    until(lambda: started_runs(site.ledger, "meanwhile"), what="the beginning of a job")
    assert site.broker.pid is not None
    os.kill(site.broker.pid, signal.SIGKILL)
    until(lambda: not site.broker.alive(), what="the end of the broker")
    away = time.monotonic()
    while time.monotonic() < away + down:
        _send(web, outage, away)
    site.broker.start()
    back = time.monotonic()
    job = queue(
        site.client, "fault_tasks.leave_a_trail", str(site.ledger), "after", 0.0, retries=RETRIES
    )
    waiting = {job: "first_job", meanwhile: "meanwhile"}
    while waiting and time.monotonic() < back + 60:
        for job_id in [one for one in waiting if all_done(site.client, [one])]:
            setattr(outage, waiting.pop(job_id), time.monotonic() - back)
        time.sleep(0.01)
    outage.endings = list(site.fleet.endings)
    return outage


def _send(web: FlaskClient, outage: Outage, away: float) -> None:
    requested_at = time.monotonic()
    reply = web.post("/artboard/create", json=QUEUED)
    if reply.status_code == 503:
        outage.refused += 1
        outage.retry_after &= "Retry-After" in reply.headers
        outage.slowest_refusal = max(outage.slowest_refusal, time.monotonic() - requested_at)
    outage.drawn += web.post("/artboard/create", json=SIMPLE).status_code == 200
    if web.get("/readyz").status_code == 503:
        outage.not_ready_after = min(outage.not_ready_after, time.monotonic() - away)
