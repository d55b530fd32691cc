"""Many jobs and many kills."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis

from libraries.broker.embedded import EmbeddedBroker
from libraries.settings import Settings
from tests.conftest import until
from tests.faults.fleet import Fleet
from tests.faults.storms import (
    MOST_RUNS,
    QUEUED,
    Outcome,
    Site,
    broker_kills,
    broker_outage,
    kill_storm,
    rolling_restarts,
)
from tests.faults.trail import report, states
from tests.watchful import watchful_client

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
Start = Callable[[int], Fleet]


@pytest.fixture
def site(
    private_broker: EmbeddedBroker, client: Redis, fleet: Start, settings: Settings, ledger: Path
) -> Site:
    return Site(private_broker, client, fleet(3), settings.storage.output_dir, ledger)


@pytest.fixture
def web(settings: Settings) -> FlaskClient:
    return watchful_client(settings)


def assert_nothing_lost(outcome: Outcome, jobs: int) -> None:
    report(outcome.summary)
    assert outcome.ends == {"finished": jobs}
    assert outcome.never == 0
    assert outcome.torn == []
    assert outcome.index == []
    assert outcome.left == (0, 0, 0)


def test_repeatedly_killed_workers_lose_no_job_and_corrupt_no_file(
    site: Site, rng: random.Random
) -> None:
    outcome = kill_storm(site, rng, jobs=300, seconds=16, every=2, work=0.12)
    assert_nothing_lost(outcome, 300)
    assert outcome.settled <= 30
    assert outcome.most_runs <= MOST_RUNS
    assert outcome.temporary <= outcome.blows


def test_rolling_restarts_fail_and_lose_no_job(site: Site, rng: random.Random) -> None:
    outcome = rolling_restarts(site, rng, jobs=400, restarts=15, work=0.06)
    assert_nothing_lost(outcome, 400)
    assert outcome.exits == {0: 15}
    assert outcome.settled <= 12
    assert outcome.most_runs == 1, "a warm stop runs no job twice"


def test_a_broker_killed_under_the_workers_loses_no_job_and_ends_no_worker(site: Site) -> None:
    outcome = broker_kills(site, jobs=300, kills=1, down=1.0, work=0.03)
    assert_nothing_lost(outcome, 300)
    assert outcome.settled <= 30
    assert outcome.exits == {}
    assert outcome.twice <= len(site.fleet.workers), "each worker runs at most one job"


def test_every_accepted_job_survives_a_kill_of_the_broker(
    private_broker: EmbeddedBroker, client: Redis, web: FlaskClient, rng: random.Random
) -> None:
    accepted, refused = [], 0
    for round_ in range(3):
        strike = rng.randrange(20, 60)
        for number in range(80):
            if number == strike and private_broker.pid is not None:
                os.kill(private_broker.pid, signal.SIGKILL)
                until(lambda: not private_broker.alive(), what="the end of the broker")
            if number == strike + 3:
                private_broker.start()
            reply = web.post("/artboard/create", json=QUEUED | {"id": f"r{round_}-{number}"})
            if reply.status_code < 300:
                accepted.append(reply.get_json()["job_id"])
            else:
                assert reply.status_code == 503
                refused += 1
    assert len(accepted) + refused == 240
    assert 0 < refused <= 12
    assert states(client, accepted) == {"queued": len(accepted)}


def test_during_an_outage_requests_fail_fast_and_work_resumes_afterwards(
    site: Site, web: FlaskClient
) -> None:
    outage = broker_outage(site, web, down=5)
    report(outage.summary)
    assert outage.refused >= 5
    assert outage.drawn == outage.refused
    assert outage.retry_after
    assert outage.slowest_refusal < 1
    assert outage.not_ready_after <= 2
    assert outage.first_job <= 5
    assert outage.meanwhile <= 30
    assert outage.endings == []
