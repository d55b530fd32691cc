"""Processes that are killed between the end of a job, the handling of its journal entry, and the acknowledgement."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import worker_client
from libraries.broker.keys import JOURNAL_DEAD_KEY
from libraries.gallery import GalleryQuery, gallery
from libraries.gallery import arrivals as exhibits
from libraries.job_manager import JobOptions, journal, submit
from libraries.job_manager.journal import (
    InBroker,
    JournalEntry,
    Reader,
    Step,
    Subscription,
    catch_up,
    subscriptions,
)
from libraries.job_manager.tasks import load_plugins
from libraries.metrics import measure_queue
from libraries.notifications import read_notifications
from libraries.settings import Settings
from libraries.webhooks import outbox
from tests.conftest import until
from tests.faults.fleet import Fleet
from tests.faults.trail import all_done, report, states
from tests.webhook_sink import Sink

pytestmark = pytest.mark.fault
ARTBOARD = "workers.svg_tasks.generate_complex_svg"
RunJobs = Callable[[], None]


def submit_drawing(sink: Sink, number: int) -> str:
    """Queue a small drawing with a webhook and notifications."""
    call = {
        "width": 60,
        "height": 40,
        "pattern_type": "spiral",
        "output_filename": f"storm/{number}.svg",
        "params": {"pitch": 5},
        "seed": number,
    }
    webhook = {"url": sink.url, "events": ("started", "finished")}
    options = JobOptions(notify=True, webhook=webhook, retries=3, retry_pause=0.1)
    return str(submit(ARTBOARD, kwargs=call, options=options).id)


def ends_of(jobs: Sequence[str]) -> Counter[str]:
    """Return the number of notifications of the end of each job."""
    return Counter(
        one.data["job_id"]
        for one in read_notifications()
        if one.name == "task_finished" and one.data["job_id"] in jobs
    )


def drawn_by() -> list[str]:
    return sorted(
        one.job_id for one in gallery().search("anonymous", GalleryQuery(), limit=500).items
    )


@pytest.fixture
def nobody_reads(monkeypatch: pytest.MonkeyPatch) -> tuple[Subscription, ...]:
    """Return the subscribers of the product, which the test process does not serve."""
    load_plugins()
    known = subscriptions()
    monkeypatch.setattr(journal, "_subscriptions", {})
    return known


def killed_at_work(settings: Settings, one: Subscription, *, handled: bool) -> None:
    """Take the next entries in a child process that dies before it handles or acknowledges them."""
    if (child := os.fork()) == 0:
        try:

            def handle(entries: Sequence[JournalEntry]) -> None:
                if handled and not isinstance(one.handler, InBroker):
                    one.handler(entries)
                os.kill(os.getpid(), signal.SIGKILL)

            deadly = one if isinstance(one.handler, InBroker) else replace(one, handler=handle)
            reader = Reader(worker_client(settings), deadly)
            while (handled or deadly is not one) and reader.step() is not Step.NOTHING:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("handled", [False, True], ids=["before", "between"])
def test_a_killed_subscriber_misses_no_entry_and_repeats_no_effect(  # noqa: PLR0917
    run_jobs: RunJobs,
    nobody_reads: tuple[Subscription, ...],
    settings: Settings,
    client: Redis,
    monkeypatch: pytest.MonkeyPatch,
    handled: bool,
) -> None:
    monkeypatch.setattr(journal, "LEASE_S", 0.05)
    with Sink() as sink:
        job = submit_drawing(sink, 1)
        run_jobs()
        for one in nobody_reads:
            killed_at_work(settings, one, handled=handled)
            catch_up(one)
            catch_up(one)
    assert drawn_by() == [job]
    assert ends_of([job]) == {job: 1}
    assert measure_queue().totals[ARTBOARD].outcomes["finished"] == 1
    queued: Any = client.lrange(keys.QUEUE_KEY, 0, -1)
    tasks = [client.hget(keys.job_key(one.decode()), "description") for one in queued]
    assert tasks == [outbox.DELIVER.encode()] * 2
    assert client.keys("vector:drawn:*") != []
    assert client.exists(JOURNAL_DEAD_KEY) == 0


def test_during_kills_each_final_event_has_its_effect_once(
    fleet: Callable[[int], Fleet],
    environ: dict[str, str],
    settings: Settings,
    client: Redis,
    rng: random.Random,
) -> None:
    environ["WEBHOOK_PRIVATE"] = "1"
    with Sink() as sink:
        workers = fleet(2)
        jobs = [submit_drawing(sink, number) for number in range(20)]
        for _ in range(4):
            time.sleep(rng.uniform(0.2, 2))
            workers.kill(rng.randrange(2), horse_only=rng.random() < 1 / 3)
            workers.tend()
        report(f"after the blows: {states(client, jobs)}")

        def ended() -> bool:
            workers.tend()
            return all_done(client, jobs)

        def delivered() -> set[str]:
            workers.tend()
            received = [one.json for one in list(sink.received)]
            return {one["data"]["id"] for one in received if one["type"] == "job.finished"}

        until(ended, seconds=90, what="the end of all jobs")
        until(lambda: delivered() == set(jobs), seconds=90, what="all webhooks")
        until(lambda: not any(measure_queue().lags.values()), seconds=30, what="no lag")
    report(f"{len(sink.received)} deliveries, endings {workers.endings}")
    exhibits.process_pending()
    assert drawn_by() == sorted(jobs)
    assert ends_of(jobs) == dict.fromkeys(jobs, 1)
    assert measure_queue().totals[ARTBOARD].outcomes["finished"] == len(jobs)
    assert client.exists(JOURNAL_DEAD_KEY) == 0
    ids = {
        (one.json["data"]["id"], one.headers["webhook-id"])
        for one in sink.received
        if one.json["type"] == "job.finished"
    }
    assert len(ids) == len(jobs), "each final event has one delivery id"
