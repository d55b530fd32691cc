"""The order of the queue: fair among owners, single jobs before batches, priority `high` first."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from libraries.broker import Redis, keys
from libraries.errors import Exhausted
from libraries.fair_queue import maintain
from libraries.job_manager import as_owner, cancel_job, delete_job, retry_job
from libraries.settings import ApiKey, get_settings, use_settings
from tests.libraries.fair_queue.conftest import Queue, foreign_job, take, waiting

RANKS = "vector:queue:ranks"


def test_the_jobs_of_one_owner_keep_their_order(client: Redis, queue: Queue) -> None:
    ids = queue("ann", 20)
    assert waiting(client) == ids


def test_another_owners_job_is_the_next_one_that_starts(client: Redis, queue: Queue) -> None:
    burst = queue("ann", 500)
    assert take(client, 3) == burst[:3]
    first, second = queue("bob", 2)
    assert waiting(client)[:4] == [first, burst[3], second, burst[4]]


def test_new_owners_are_served_in_the_order_of_their_arrival(client: Redis, queue: Queue) -> None:
    burst = queue("ann", 10)
    take(client)
    newcomers = [queue(name)[0] for name in ("bob", "cid", "dee")]
    assert waiting(client)[:4] == [*newcomers, burst[1]]


def test_an_owner_who_queues_one_job_after_another_gets_one_job_per_round(
    client: Redis, queue: Queue
) -> None:
    burst = queue("ann", 50)
    take(client)
    served = []
    queue("bob")
    for _ in range(10):
        (job,) = take(client)
        served.append("ann" if job in burst else "bob")
        if job not in burst:
            queue("bob")
    assert served == ["bob", "ann"] * 5


def test_owners_with_bursts_take_turns(client: Redis, queue: Queue) -> None:
    owners = {job: name for name in ("ann", "bob", "cid") for job in queue(name, 30)}
    order = [owners[job] for job in waiting(client)]
    assert all(Counter(order[:count])["cid"] >= count // 3 - 1 for count in range(1, 91))


def test_single_jobs_go_before_the_items_of_batches(client: Redis, queue: Queue) -> None:
    items = queue("ann", 100, batch=True)
    take(client, 5)
    own, other = queue("ann", 5), queue("bob", 5)
    single = [job for pair in zip(own, other, strict=True) for job in pair]
    assert waiting(client) == [*single, *items[5:]]


def test_many_single_jobs_do_not_stop_the_batch_of_another_owner(
    client: Redis, queue: Queue
) -> None:
    single = queue("ann", 100)
    (item,) = queue("bob", 1, batch=True)
    assert 5 <= waiting(client).index(item) <= 15
    assert [job for job in waiting(client) if job != item] == single


def test_jobs_with_high_priority_are_first_and_in_their_order(client: Redis, queue: Queue) -> None:
    normal = queue("ann", 5)
    high = queue("ann", 5, high_priority=True)
    assert waiting(client) == [*high, *normal]


def test_high_priority_is_fair_among_owners(client: Redis, queue: Queue) -> None:
    high = queue("ann", 20, high_priority=True)
    take(client)
    (other,) = queue("bob", 1, high_priority=True)
    assert waiting(client)[:2] == [other, high[1]]


def test_normal_jobs_that_arrive_while_high_ones_wait_are_fair(client: Redis, queue: Queue) -> None:
    burst = queue("ann", 20)
    take(client, 4)
    high = queue("ann", 3, high_priority=True)
    first, second = queue("bob", 2)
    assert waiting(client)[3:6] == [first, burst[4], second]
    assert waiting(client)[:3] == high


def test_canceled_and_deleted_jobs_leave_the_order_as_it_is(client: Redis, queue: Queue) -> None:
    burst = queue("ann", 10)
    with as_owner("ann"):
        assert cancel_job(burst[9])
        delete_job(burst[8])
    (more,) = queue("ann")
    assert waiting(client) == [*burst[:8], more]
    assert client.zcard(RANKS) == 9


def test_a_retried_job_is_the_last_of_its_owner_and_has_normal_priority(
    client: Redis, queue: Queue
) -> None:
    (first,), burst = queue("ann", high_priority=True), queue("ann", 5)
    cancel_job(first)
    with as_owner("ann"):
        retry_job(first)
    assert waiting(client) == [*burst, first]


@pytest.mark.parametrize("names", [("ann",), ("ann", "bob", "cid", "dee")])
def test_whatever_happens_no_job_is_lost_or_doubled(
    client: Redis, queue: Queue, names: tuple[str, ...]
) -> None:
    """Seeded: jobs of several kinds, taken, returned, removed and added by other programs, and lost ranks."""
    rng, expected, number = random.Random(7), set[str](), 0  # noqa: S311
    for _ in range(400):
        step = rng.random()
        if step < 0.5:
            kind = {"batch": rng.random() < 0.3, "high_priority": rng.random() < 0.2}
            expected |= {*queue(rng.choice(names), rng.randint(1, 3), **kind)}
        elif step < 0.75:
            expected -= {*take(client, rng.randint(1, 4))}
        elif step < 0.85 and (taken := take(client)):
            client.lpush(keys.QUEUE_KEY, taken[0])
        elif step < 0.9:
            number += 1
            add = rng.choice([client.rpush, client.lpush])
            add(keys.QUEUE_KEY, foreign_job(client, f"foreign{number}"))
            expected.add(f"foreign{number}")
        elif step < 0.95 and expected:
            removed = rng.choice(sorted(expected))
            client.lrem(keys.QUEUE_KEY, 1, removed)
            expected.discard(removed)
        elif step < 0.97:
            client.delete(RANKS)
        else:
            maintain(client)
        assert sorted(waiting(client)) == sorted(expected)


def test_jobs_of_other_programs_keep_their_positions(client: Redis, queue: Queue) -> None:
    burst = queue("ann", 3)
    client.rpush(keys.QUEUE_KEY, foreign_job(client, "last"))
    client.lpush(keys.QUEUE_KEY, foreign_job(client, "first"))
    more = queue("ann", 2)
    assert waiting(client) == ["first", *burst, "last", *more]


def test_lost_ranks_are_restored_in_the_order_of_the_list(client: Redis, queue: Queue) -> None:
    burst = queue("ann", 1100)
    client.delete(RANKS, "vector:queue:rounds")
    maintain(client)
    assert client.zcard(RANKS) == len(burst)
    (other,), (own,) = queue("bob"), queue("ann")
    assert waiting(client) == [burst[0], other, *burst[1:], own]


def test_the_jobs_of_an_earlier_version_run_in_their_order(client: Redis, queue: Queue) -> None:
    earlier = [foreign_job(client, f"job{number}") for number in range(3)]
    client.rpush(keys.QUEUE_KEY, *earlier)
    (own,) = queue("ann")
    assert sorted(waiting(client)) == sorted([*earlier, own])
    assert [job for job in waiting(client) if job != own] == earlier


def test_an_empty_queue_leaves_one_rank(
    client: Redis, queue: Queue, run_jobs: Callable[[], None]
) -> None:
    for name in ("ann", "bob", "cid"):
        queue(name, 3)
    run_jobs()
    queue("dee")
    run_jobs()
    maintain(client)
    assert client.zcard(RANKS) <= 10
    assert client.zcard("vector:queue:rounds") <= 4


def test_the_number_of_waiting_jobs_with_high_priority_is_limited_for_each_key(
    client: Redis, queue: Queue
) -> None:
    queue("ann", 30, high_priority=True)  # without keys there is no limit
    api_keys = (ApiKey("ann", b"1"), ApiKey("bob", b"2"))
    use_settings(get_settings().with_values(api_keys=api_keys, high_per_owner=3))
    high = queue("bob", 3, high_priority=True)
    with pytest.raises(Exhausted, match="normal") as caught:
        queue("bob", 1, high_priority=True)
    assert caught.value.code == "too-many-high-jobs"
    with pytest.raises(Exhausted):
        queue("bob", 2, batch=True, high_priority=True)
    queue("bob", 5)
    with as_owner("bob"):
        assert cancel_job(high[0])
    queue("bob", 1, high_priority=True)
