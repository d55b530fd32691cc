"""Batches of jobs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis

from libraries.broker.connections import web_client
from libraries.job_manager import (
    JobFilter,
    cancel_batch,
    enqueue_background_job,
    fetch_batch,
    list_jobs,
    submit_batch,
)
from libraries.settings import get_settings
from tests.errors import raises_code

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
NOTHING = "workers.probe_tasks.nothing"


def client() -> Redis:
    return web_client(get_settings())


# -- batches


def test_one_bad_item_of_a_batch_fails_alone(run_jobs: Callable[[], None]) -> None:
    """L7."""
    items = [{"name": f"item{number}.txt", "text": "x"} for number in range(50)]
    items[17]["name"] = "../outside"
    batch = submit_batch("workers.probe_tasks.write", items)
    assert fetch_batch(batch.id).counts == {"queued": 50}
    assert fetch_batch(batch.id).percent == 0
    run_jobs()
    ended = fetch_batch(batch.id)
    assert ended.counts == {"finished": 49, "failed": 1}
    assert (ended.percent, ended.done) == (100, True)
    assert [job.status for job in ended.jobs if job] == [
        "failed" if number == 17 else "finished" for number in range(50)
    ]


def test_the_waiting_jobs_of_a_batch_are_canceled_together(run_jobs: Callable[[], None]) -> None:
    batch = submit_batch(NOTHING, [{}] * 5)
    assert cancel_batch(batch.id).counts == {"canceled": 5}


@pytest.mark.parametrize("size", [0, 501])
def test_a_batch_has_one_to_five_hundred_items(size: int) -> None:
    with raises_code("bad-batch"):
        submit_batch(NOTHING, [{}] * size)
    assert client().dbsize() == 0


def test_the_jobs_of_a_batch_can_be_listed(run_jobs: Callable[[], None]) -> None:
    batch = submit_batch(NOTHING, [{}] * 3)
    enqueue_background_job(NOTHING)
    assert {job.id for job in list_jobs(JobFilter(batch_id=batch.id)).items} == set(batch.job_ids)
