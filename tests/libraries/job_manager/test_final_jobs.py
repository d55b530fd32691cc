"""The final job of a batch, which runs when the others have ended in any state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager import (
    Batch,
    FinalJob,
    as_owner,
    cancel_job,
    fetch_batch,
    fetch_job,
    submit_batch,
)
from libraries.settings import Settings, get_settings, use_settings
from libraries.worker.reaper import Reaper
from tests.errors import raises_code

pytestmark = pytest.mark.usefixtures("probe_tasks")
RunJobs = Callable[[], None]
ECHO, WRITE = "workers.probe_tasks.echo", "workers.probe_tasks.write"


def submitted(*names: str) -> Batch:
    """Queue a batch that writes files of these names, with a final job."""
    items = [{"name": name, "text": "x"} for name in names]
    return submit_batch(WRITE, items, final_job=FinalJob(ECHO, {"title": "all"}))


def states(batch: Batch) -> list[str]:
    return [job.status if job else "gone" for job in fetch_batch(batch.id).jobs]


def last(batch: Batch) -> Any:
    record = fetch_job(batch.job_ids[-1])
    assert record is not None
    return record


def test_it_waits_for_all_and_gets_their_ids(run_jobs: RunJobs) -> None:
    batch = submitted("a.txt", "b.txt")
    assert states(batch) == ["queued", "queued", "deferred"]
    run_jobs()
    assert states(batch) == ["finished", "finished", "finished"]
    assert last(batch).result["kwargs"] == {"title": "all", "job_ids": batch.job_ids[:-1]}
    assert last(batch).batch_id == batch.id


def test_it_runs_when_others_failed_or_were_canceled(run_jobs: RunJobs) -> None:
    batch = submitted("../bad.txt", "b.txt", "c.txt")
    assert cancel_job(batch.job_ids[2])
    run_jobs()
    assert states(batch) == ["failed", "finished", "canceled", "finished"]


def test_it_runs_after_the_next_reaping_when_all_others_were_canceled(
    run_jobs: RunJobs, settings: Settings
) -> None:
    batch = submitted("a.txt", "b.txt")
    for job_id in batch.job_ids[:-1]:
        assert cancel_job(job_id)
    Reaper(settings).release_waiting()
    run_jobs()
    assert states(batch) == ["canceled", "canceled", "finished"]


def test_it_belongs_to_the_owner_of_the_batch(run_jobs: RunJobs) -> None:
    with as_owner("ann"):
        batch = submitted("a.txt")
        run_jobs()
        assert states(batch) == ["finished", "finished"]
    assert last(batch).owner == "ann"


def test_it_counts_when_there_is_no_room_for_all(
    broker: EmbeddedBroker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:

    use_settings(settings.with_values(max_queue=2))
    with raises_code("queue-full"):
        submitted("a.txt", "b.txt")
    assert not web_client(get_settings()).keys("rq:job:*")
    assert len(submitted("a.txt").job_ids) == 2
