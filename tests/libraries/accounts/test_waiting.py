"""The limit of waiting jobs of an owner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from libraries.accounts import admitted, count_waiting
from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.errors import Exhausted
from libraries.job_manager import (
    JobOptions,
    as_owner,
    cancel_job,
    delete_job,
    enqueue_background_job,
    find_job,
    retry_job,
    submit,
    submit_batch,
)
from libraries.settings import Settings, use_settings

NOTHING, BOOM = "workers.probe_tasks.nothing", "workers.probe_tasks.boom"

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")


@pytest.fixture
def limit(settings: Settings) -> Iterator[Callable[[int], Settings]]:
    """A function that sets the limit of waiting jobs."""
    with as_owner("ann"):
        yield lambda number: use_settings(settings.with_values(owner_queue=number))


def refused() -> bool:
    with pytest.raises(Exhausted) as error:
        enqueue_background_job(NOTHING)
    return error.value.code == "owner-queue-full"


def test_an_owner_has_at_most_the_limit_of_waiting_jobs(limit: Callable[[int], Settings]) -> None:
    limit(3)
    for _ in range(3):
        enqueue_background_job(NOTHING)
    assert refused()
    assert web_client().llen(keys.QUEUE_KEY) == 3
    with as_owner("bob"):
        enqueue_background_job(NOTHING)


@pytest.mark.parametrize("leave", [cancel_job, delete_job])
def test_a_canceled_or_deleted_job_makes_room(
    limit: Callable[[int], Settings], leave: Callable[[str], object]
) -> None:
    limit(2)
    enqueue_background_job(NOTHING)
    newest = enqueue_background_job(NOTHING).id
    assert refused()
    leave(newest)
    enqueue_background_job(NOTHING)
    assert refused()


def test_a_started_job_makes_room(
    limit: Callable[[int], Settings], run_jobs: Callable[[], None]
) -> None:
    limit(2)
    for _ in range(2):
        enqueue_background_job(NOTHING)
    run_jobs()
    assert count_waiting(web_client(), "ann") == 0
    for _ in range(2):
        enqueue_background_job(NOTHING)
    assert refused()


def test_scheduled_and_dependent_jobs_count(limit: Callable[[int], Settings]) -> None:
    limit(2)
    first = submit(NOTHING, options=JobOptions(run_at=time.time() + 3600))
    submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    assert refused()


def test_internal_jobs_do_not_count_and_are_accepted(limit: Callable[[int], Settings]) -> None:
    limit(1)
    enqueue_background_job(NOTHING)
    submit(NOTHING, options=JobOptions(internal=True))
    assert count_waiting(web_client(), "ann") == 1


def test_a_batch_is_queued_whole_or_not_at_all(limit: Callable[[int], Settings]) -> None:
    limit(5)
    submit_batch(NOTHING, [{}] * 3)
    with pytest.raises(Exhausted) as error:
        submit_batch(NOTHING, [{}] * 3)
    assert error.value.code == "owner-queue-full"
    assert web_client().llen(keys.QUEUE_KEY) == 3
    submit_batch(NOTHING, [{}] * 2)


def test_a_retry_counts(limit: Callable[[int], Settings], run_jobs: Callable[[], None]) -> None:
    limit(1)
    job_id = submit(BOOM, options=JobOptions(retries=0)).id
    run_jobs()
    waiting = enqueue_background_job(NOTHING).id
    with pytest.raises(Exhausted):
        retry_job(job_id)
    assert find_job(job_id).status == "failed"
    cancel_job(waiting)
    assert retry_job(job_id).status == "queued"
    assert refused()


def test_a_changed_limit_loses_no_job_and_applies_to_new_ones(
    limit: Callable[[int], Settings], run_jobs: Callable[[], None]
) -> None:
    limit(4)
    ids = [enqueue_background_job(NOTHING).id for _ in range(4)]
    limit(2)
    assert refused()
    limit(5)
    ids.append(enqueue_background_job(NOTHING).id)
    assert refused()
    run_jobs()
    assert [find_job(one).status for one in ids] == ["finished"] * 5


def test_concurrent_submissions_do_not_exceed_the_limit(limit: Callable[[int], Settings]) -> None:
    limit(10)

    def send(_: int) -> None:
        with as_owner("ann"), suppress(Exhausted):
            submit_batch(NOTHING, [{}] * 3)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert web_client().llen(keys.QUEUE_KEY) == 9


def test_a_full_queue_gives_the_room_back(settings: Settings) -> None:
    use_settings(settings.with_values(owner_queue=5, max_queue=1))
    with as_owner("ann"):
        enqueue_background_job(NOTHING)
        with pytest.raises(Exhausted) as error:
            enqueue_background_job(NOTHING)
        assert error.value.code == "queue-full"
        assert count_waiting(web_client(), "ann") == 1


def test_a_submission_that_was_killed_counts_for_ten_seconds(
    limit: Callable[[int], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(1)
    with admitted(web_client(), "ann", ["never-queued"]):
        pass
    assert refused()
    now = time.time() + 11
    monkeypatch.setattr("libraries.accounts.waiting.time.time", lambda: now)
    enqueue_background_job(NOTHING)


def test_a_long_list_of_ended_jobs_does_not_refuse_a_new_one(
    limit: Callable[[int], Settings],
) -> None:
    limit(5000)
    client, key = web_client(), keys.waiting_key("ann")
    client.zadd(key, {f"old-{number}": number for number in range(5000)})
    enqueue_background_job(NOTHING)
    assert int(client.zcard(key)) == 1


@pytest.mark.parametrize("leave", [cancel_job, delete_job])
def test_a_canceled_or_deleted_job_makes_room_in_a_long_list(
    limit: Callable[[int], Settings], leave: Callable[[str], object]
) -> None:
    limit(2000)
    client = web_client()
    with client.pipeline(transaction=False) as pipeline:
        for number in range(1999):
            pipeline.hset(keys.job_key(f"old{number}"), "status", "queued")
            pipeline.zadd(keys.waiting_key("ann"), {f"old{number}": time.time()})
        pipeline.execute()
    newest = enqueue_background_job(NOTHING).id
    assert refused()
    leave(newest)
    enqueue_background_job(NOTHING)


def test_without_keys_nothing_is_counted(settings: Settings) -> None:
    use_settings(settings)
    enqueue_background_job(NOTHING)
    assert not web_client().exists(keys.waiting_key("anonymous"))
