"""The index of jobs: what it finds, what a worker repairs, and what it may not break."""

from __future__ import annotations

import itertools
import json
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.errors import InvalidInput, Unavailable
from libraries.job_index import CHUNK
from libraries.job_index.maintenance import Upkeep, compare_index, mark_unreadable
from libraries.job_manager import (
    JobFilter,
    as_owner,
    cancel_job,
    count_jobs,
    delete_job,
    fetch_job,
    list_jobs,
    retry_job,
    submit,
)
from libraries.job_manager.listing import index_entries
from libraries.job_manager.submission import JobOptions
from libraries.settings import Settings
from libraries.worker.doctor import examine_queue

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
NOTHING, ECHO, REFUSE, BOOM = (
    f"workers.probe_tasks.{name}" for name in ("nothing", "echo", "refuse", "boom")
)


@pytest.fixture
def client() -> Redis:
    return web_client()


@pytest.fixture
def upkeep(client: Redis) -> Upkeep:
    return Upkeep(client, index_entries)


def queued(task: str = NOTHING, *tags: str, **kwargs: Any) -> str:
    return str(submit(task, (), kwargs, JobOptions(tags=tags, retries=0)).id)


def listed(*, limit: int = 50, newest_first: bool = True, **wanted: Any) -> list[str]:
    """Return the ids on all pages; no page but the last may be short."""
    ids, cursor = list[str](), cast("str | None", None)
    while True:
        page = list_jobs(JobFilter(**wanted), limit=limit, cursor=cursor, newest_first=newest_first)
        ids += [job.id for job in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return ids
        assert len(page.items) == limit


def next_chunk(client: Redis, owner: str = "anonymous") -> None:
    """Let the numbers of an owner continue three numbers before a chunk ends."""
    key = f"vector:index:owner:{owner}"
    number = int(client.hget(key, "next") or 0)
    client.hset(key, "next", number - number % CHUNK + CHUNK - 3)


def differences(client: Redis) -> list[tuple[str, str]]:
    return compare_index(client, index_entries)


def test_every_combination_of_conditions_finds_the_same_jobs_as_their_records(
    client: Redis, run_jobs: Callable[[], None]
) -> None:
    choices = random.Random(7)  # noqa: S311 - test data
    ids = []
    for number in range(60):
        if number == 40:
            run_jobs()
        if number in (13, 44):
            next_chunk(client)
        options = JobOptions(
            tags=tuple(choices.sample(["red", "blue", "old"], choices.randint(0, 2))),
            batch_id=choices.choice(["", "first", "second"]),
            run_at=choices.choice([None, None, 4e9]),
            retries=0,
        )
        name = " ".join(choices.sample(["spiral", "spire", "river", "Zoë", "stone"], 2))
        task = choices.choice([NOTHING, ECHO, ECHO, REFUSE])
        ids.append(submit(task, (), {"name": name} if task == ECHO else {}, options).id)
    for job_id in ids[::9]:
        cancel_job(job_id)
    for job_id in ids[4::13]:
        delete_job(job_id)
    records = [record for record in map(fetch_job, ids[::-1]) if record is not None]
    assert len(records) < len(ids)
    for states, wanted_task, tag, batch, text in itertools.product(
        [None, ["finished"], ["queued", "failed"], ["canceled", "scheduled"]],
        [None, ECHO],
        [None, "red", "none"],
        [None, "second"],
        [None, "SPI", "zoe riv"],
    ):
        expected = [
            record.id
            for record in records
            if (states is None or record.status in states)
            and wanted_task in (None, record.task)
            and (tag is None or tag in record.tags)
            and batch in (None, record.batch_id)
            and all(
                any(word.startswith(term) for word in json.dumps(record.arguments).lower()
                    .replace("zo\\u00eb", "zoe").replace('"', " ").split())
                for term in (text or "").lower().split()
            )
        ]  # fmt: skip
        wanted: dict[str, Any] = {
            "states": states,
            "task": wanted_task,
            "tag": tag,
            "batch_id": batch,
            "text": text,
        }
        assert listed(limit=4, **wanted) == expected, wanted
        assert listed(newest_first=False, **wanted) == expected[::-1]
        assert count_jobs(JobFilter(**wanted)).total == len(expected)
    assert differences(client) == []


def test_a_rare_job_below_many_others_is_on_the_first_page(
    client: Redis, run_jobs: Callable[[], None]
) -> None:
    (rare,) = [queued(BOOM, "rare")]
    run_jobs()
    for _ in range(3):
        next_chunk(client)
        for _ in range(6):
            queued(ECHO, name="other")
    for wanted in ({"status": "failed"}, {"tag": "rare"}, {"task": BOOM}, {"text": "boom"}):
        page = list_jobs(JobFilter(**wanted))
        assert ([job.id for job in page.items], page.next_cursor) == ([rare], None)
    assert count_jobs().counts == {"failed": 1, "queued": 18}


def test_entries_of_few_and_of_many_jobs_are_found(client: Redis) -> None:
    ids = [queued(ECHO, f"n{number}", "all", name=f"unique{number}") for number in range(40)]
    assert listed(tag="all", limit=7) == ids[::-1]
    assert listed(text="unique") == ids[::-1]
    assert [listed(tag=f"n{number}") for number in range(40)] == [[job_id] for job_id in ids]
    assert listed(tag="n") == listed(tag="al") == []
    assert differences(client) == []


def test_each_of_ten_thousand_tags_finds_its_job(client: Redis) -> None:
    ids = [queued(NOTHING, *(f"tag-{n}-{one}" for one in range(250))) for n in range(40)]
    for n in (0, 17, 39):
        for one in (0, 249):
            page = list_jobs(JobFilter(tag=f"tag-{n}-{one}"))
            assert ([job.id for job in page.items], page.next_cursor) == ([ids[n]], None)
    assert listed(tag="tag-40-0") == []
    assert listed(limit=7) == ids[::-1]
    assert differences(client) == []


def test_filters_that_match_everything_or_nothing_have_full_pages_or_none(
    run_jobs: Callable[[], None],
) -> None:
    ids = [queued(ECHO, "all", name=f"common word{number}") for number in range(12)]
    run_jobs()
    everything: list[dict[str, Any]] = [
        {}, {"status": "finished"}, {"tag": "all"}, {"task": ECHO}, {"text": "com"},
        {"status": "finished", "tag": "all", "task": ECHO, "text": "w common"},
    ]  # fmt: skip
    for wanted in everything:
        assert listed(limit=5, **wanted) == ids[::-1]
        assert listed(limit=5, newest_first=False, **wanted) == ids
        assert count_jobs(JobFilter(**wanted)).total == 12
    nothing: list[dict[str, Any]] = [
        {"status": "failed"}, {"tag": "al"}, {"task": NOTHING}, {"text": "absent"}, {"text": "!?"},
        {"states": ()}, {"batch_id": "none"}, {"tag": "all", "text": "common absent"},
    ]  # fmt: skip
    for wanted in nothing:
        page = list_jobs(JobFilter(**wanted), limit=5)
        assert (page.items, page.next_cursor) == ([], None)
        assert count_jobs(JobFilter(**wanted)).total == 0


def test_a_beginning_of_very_many_words_finds_all_jobs_but_is_not_counted_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("libraries.job_index.search.Condition.MAX_WORDS", 5)
    ids = [queued(ECHO, name=f"zebra{number}") for number in range(12)]
    queued(NOTHING)
    assert listed(text="zeb", limit=5) == ids[::-1]
    assert count_jobs(JobFilter(text="zeb")).complete is False
    assert count_jobs(JobFilter(text="zebra3")).complete is True


def test_words_of_an_error_are_found_until_the_job_is_retried(
    client: Redis, run_jobs: Callable[[], None]
) -> None:
    job_id = queued(REFUSE)
    run_jobs()
    assert listed(text="INVALID name") == [job_id]
    retry_job(job_id)
    assert listed(text="invalid") == []
    run_jobs()
    assert listed(text="invalid") == [job_id]
    assert differences(client) == []


def test_secrets_are_not_in_the_index(client: Redis) -> None:
    queued(ECHO, password="hunter22", link="https://ann:opensesame@host/")  # noqa: S106
    assert listed(text="password host")
    assert listed(text="hunter22") == listed(text="opensesame") == []
    for key in client.scan_iter("vector:index:entries:*"):
        assert not [
            entry for entry in client.hkeys(key) if b"hunter" in entry or b"sesame" in entry
        ]


def test_a_job_is_found_by_the_beginning_of_its_id() -> None:
    ids = [queued() for _ in range(5)]
    texts = str(submit(NOTHING, options=JobOptions(id_prefix="card")).id)
    for job_id in ids:
        assert listed(text=job_id) == listed(text=job_id[:14].upper()) == [job_id]
    assert listed(text="card") == listed(text=texts) == [texts]
    assert listed(text=ids[0][:31] + "0") == listed(text="§%&") == []


def test_a_cursor_of_another_list_is_refused() -> None:
    for _ in range(3):
        queued(NOTHING, "a")
    cursor = list_jobs(JobFilter(tag="a"), limit=1).next_cursor
    assert list_jobs(JobFilter(tag="a"), limit=1, cursor=cursor).items
    for other, newest_first in (({}, True), ({"tag": "b"}, True), ({"tag": "a"}, False)):
        with pytest.raises(InvalidInput, match="cursor"):
            list_jobs(JobFilter(**other), cursor=cursor, newest_first=newest_first)
    with as_owner("somebody"), pytest.raises(InvalidInput, match="cursor"):
        list_jobs(JobFilter(tag="a"), cursor=cursor)


def test_a_cursor_stays_valid_when_its_job_and_others_are_deleted() -> None:
    ids = [queued() for _ in range(6)]
    cursor = list_jobs(JobFilter(), limit=2).next_cursor
    delete_job(ids[4])
    delete_job(ids[3])
    queued()
    assert [job.id for job in list_jobs(JobFilter(), cursor=cursor).items] == ids[2::-1]


def test_jobs_are_listed_in_the_order_of_submission_whatever_the_clocks_say(
    client: Redis,
) -> None:
    ids = [queued() for _ in range(4)]
    for job_id, year in zip(ids, (2031, 1999, 2044, 2001), strict=True):
        client.hset(keys.job_key(job_id), "created_at", f"{year}-01-01T00:00:00.000000Z")
    assert listed() == ids[::-1]


# -- what other programs do


def test_states_that_another_program_set_are_corrected_by_pages_and_by_a_worker(
    client: Redis, upkeep: Upkeep
) -> None:
    ended, canceled, gone, kept = (queued() for _ in range(4))
    client.hset(keys.job_key(ended), "status", "finished")
    client.hset(keys.job_key(canceled), "status", "canceled")
    client.delete(keys.job_key(gone))
    assert listed(status="queued") == [kept]
    assert listed(status="finished") == [ended]
    assert count_jobs().counts == {"queued": 1, "finished": 1, "canceled": 1}
    client.hset(keys.job_key(kept), "status", "finished")
    upkeep.run()
    assert count_jobs().counts == {"finished": 2, "canceled": 1}
    assert differences(client) == []


def test_a_job_marked_as_unreadable_stays_so_until_a_page_reads_it(
    client: Redis, upkeep: Upkeep
) -> None:
    job_id = queued()
    client.hset(keys.job_key(job_id), "timeout", "soon")
    mark_unreadable(client, [job_id])
    upkeep.run()
    assert listed(status="unreadable") == [job_id]
    client.hset(keys.job_key(job_id), "timeout", "10")
    assert listed(status="unreadable") == []
    assert listed(status="queued") == [job_id]


@pytest.mark.parametrize("kind", ["owner", "states", "ids", "entries", "words", "bits"])
def test_damaged_keys_of_the_index_stop_no_job_and_are_replaced(
    client: Redis, upkeep: Upkeep, run_jobs: Callable[[], None], kind: str
) -> None:
    ids = [queued(ECHO, "a", name="before") for _ in range(34)]
    for key in client.scan_iter(f"vector:index:{kind}:*"):
        client.delete(key)
        client.sadd(key, "other")
    job_id = queued(ECHO, "a", name="after")
    run_jobs()
    record = fetch_job(job_id)
    assert record is not None
    assert record.status == "finished"
    with suppress(Unavailable):
        listed(tag="a", text="before")
    for _ in range(3):
        upkeep.run(rebuild_s=10)
    assert listed() == [job_id, *ids[::-1]]
    assert listed(tag="a", text="bef") == ids[::-1]
    assert differences(client) == []


# -- upkeep


def test_an_owner_who_leaves_leaves_no_keys(client: Redis, upkeep: Upkeep) -> None:
    with as_owner("leaving"):
        ids = [queued(ECHO, "a", f"tag{number}", name="word") for number in range(40)]
        next_chunk(client, "leaving")
        ids += [queued() for _ in range(4)]
        for job_id in ids:
            delete_job(job_id)
        assert count_jobs().total == 0
    upkeep.run()
    left = list(client.scan_iter("vector:index:*leaving*"))
    assert len(left) <= 5, "the meta data and the newest chunk"


def test_a_chunk_with_few_jobs_left_keeps_no_words_of_deleted_ones(
    client: Redis, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upkeep, "MAX_LEFT", 1.0)
    ids = [queued(ECHO, "a", name=f"word{number} common") for number in range(40)]
    next_chunk(client)
    newer = [queued() for _ in range(4)]
    for job_id in ids[3:]:
        delete_job(job_id)
    before = sum(client.hlen(key) for key in client.scan_iter("vector:index:entries:*"))
    upkeep.run()
    after = sum(client.hlen(key) for key in client.scan_iter("vector:index:entries:*"))
    assert after < before - 25
    assert listed(tag="a") == listed(text="common") == ids[2::-1]
    assert listed(text="word2") == listed(text=ids[2]) == [ids[2]]
    assert listed(text="word30") == []
    assert listed() == [*newer[::-1], *ids[2::-1]]
    assert differences(client) == []


def test_a_lost_index_is_rebuilt_and_the_lists_say_so_meanwhile(
    client: Redis, upkeep: Upkeep, run_jobs: Callable[[], None],
    settings: Settings, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    ids = [queued(BOOM, "old"), *(queued(ECHO, "a", name=f"word{n}") for n in range(5))]
    with as_owner("somebody"):
        foreign = [queued() for _ in range(2)]
    run_jobs()
    client.delete(*client.scan_iter("vector:index:*"))
    assert list_jobs(JobFilter()).complete is False
    assert count_jobs().complete is False
    assert [one.name for one in examine_queue(settings) if not one.ok] == ["worker", "index"]
    new = queued()
    with caplog.at_level(logging.WARNING):
        upkeep.run(rebuild_s=10)
    assert "was rebuilt with 9 jobs" in caplog.text
    assert listed() == [new, *ids[::-1]]
    assert listed(tag="old") == listed(text="boom", status="failed") == ids[:1]
    assert listed(text="word3") == [ids[4]]
    assert list_jobs(JobFilter()).complete is True
    with as_owner("somebody"):
        assert listed() == foreign[::-1]
    assert differences(client) == []


def test_jobs_that_are_queued_and_end_during_a_rebuild_are_in_the_index(
    client: Redis, upkeep: Upkeep, run_jobs: Callable[[], None]
) -> None:
    before = [queued() for _ in range(3)]
    client.delete(*client.scan_iter("vector:index:*"))
    upkeep.rebuild(limit_s=0)
    between = [queued(NOTHING, "between")]
    client.hset(upkeep.REBUILD_KEY, "phase", "collect")
    for phase in (upkeep._collect, upkeep._enter):
        phase()
        run_jobs()
        between.append(queued())
        delete_job(before.pop(0))
    upkeep.run(rebuild_s=10)
    run_jobs()
    assert listed() == [*between[::-1], *before[::-1]]
    assert set(count_jobs().counts) == {"finished"}
    assert differences(client) == []


def test_a_rebuild_that_was_interrupted_enters_no_job_twice(
    client: Redis, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upkeep, "BLOCK_SIZE", 2)
    ids = [queued() for _ in range(5)]
    client.delete(*client.scan_iter("vector:index:*"))
    upkeep.rebuild(limit_s=0)
    unsorted = f"{upkeep.UNSORTED}anonymous"
    while client.hget(upkeep.REBUILD_KEY, "phase") == b"collect":
        upkeep._collect()
    waiting = cast("list[tuple[str, float]]", client.zrange(unsorted, 0, -1, withscores=True))
    upkeep._enter()
    # As after a crash before the last step.
    client.zadd(unsorted, dict(waiting))
    upkeep.run(rebuild_s=10)
    assert listed() == ids[::-1]
    assert differences(client) == []


def test_the_loss_of_a_part_of_the_index_is_noticed(client: Redis, upkeep: Upkeep) -> None:
    ids = [queued() for _ in range(3)]
    client.delete(*client.scan_iter("vector:index:ids:*"))
    upkeep.run(rebuild_s=10)
    assert listed() == ids[::-1]
    assert differences(client) == []


def test_the_lists_of_the_version_without_an_index_are_taken_over(
    client: Redis, upkeep: Upkeep
) -> None:
    ids = [queued(ECHO, "a", name=f"word{n}") for n in range(3)]
    unlisted = str(submit(NOTHING, options=JobOptions(internal=True)).id)
    client.delete(*client.scan_iter("vector:index:*"))
    for at, job_id in enumerate(ids):
        client.hdel(keys.job_key(job_id), "number")
        client.hset(keys.job_key(job_id), "created_at", f"2026-01-0{at + 1}T00:00:00.000000Z")
        client.zadd("vector:jobs:anonymous", {job_id: 1e9 + at})
    upkeep.run(rebuild_s=10)
    assert listed() == ids[::-1]
    assert listed(text="word1", tag="a") == [ids[1]]
    assert unlisted not in listed()
    assert client.exists("vector:jobs:anonymous") == 0


# -- dependencies


def test_the_cost_of_dependencies_is_linear_in_their_number(
    client: Redis, run_jobs: Callable[[], None]
) -> None:
    def commands(parents: int, depends: int) -> int:
        ids = tuple(queued() for _ in range(parents))
        if depends:
            child = submit(NOTHING, options=JobOptions(depends_on=ids[:depends]))
        client.config_resetstat()
        run_jobs()
        if depends:
            record = fetch_job(child.id)
            assert record is not None
            assert record.status == "finished"
        return sum(entry["calls"] for entry in client.info("commandstats").values())

    alone = commands(60, 0)
    assert commands(60, 60) < 1.5 * alone
