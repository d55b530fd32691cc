"""What can be done with jobs and the queue on request: retries, cancel, stop, again, delete, lists, batches, owners, keys."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from libraries.job_manager import (
    BatchUnknown,
    JobFilter,
    JobOptions,
    JobUnknown,
    KeyedRequest,
    KeyInUse,
    KeyReused,
    QueueFull,
    Reply,
    WrongState,
    acting_for,
    cancel_batch,
    cancel_job,
    capacity,
    delete_job,
    enqueue_background_job,
    fetch_batch,
    fetch_job,
    find_job,
    get_job_status,
    list_jobs,
    pause_queue,
    repeatable_ids,
    resume_queue,
    retry_job,
    stop_job,
    submit,
    submit_batch,
    transitions,
    was_there,
)
from libraries.job_manager import keys as broker_keys
from libraries.job_manager.batches import BadBatch
from libraries.job_manager.connections import web_client
from libraries.job_manager.disposal import dispose_leftovers
from libraries.job_manager.listing import BadCursor
from libraries.job_manager.policies import pauses, tries_of
from libraries.job_manager.reaper import Reaper
from libraries.settings import Settings, get_settings, use_settings
from libraries.storage import BadFileName, open_input, output_folder
from tests.conftest import WorkerProcess, until

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")
NOTHING = "workers.probe_tasks.nothing"
BOOM = "workers.probe_tasks.boom"
StartWorker = Callable[[], WorkerProcess]


def client() -> Redis:
    return web_client(get_settings())


def status(job_id: str) -> str:
    return str(get_job_status(job_id)["status"])


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Callable[..., Settings]:
    """A function that changes settings of this test."""

    def change(**changed: object) -> Settings:
        use_settings(settings.with_values(**changed))
        return get_settings()

    return change


# -- retries


def test_each_kind_of_task_has_its_own_number_of_tries() -> None:
    assert tries_of("workers.email_tasks.send_notification") == 5
    assert tries_of("workers.svg_tasks.generate_complex_svg") == 2
    assert tries_of("workers.data_tasks.process_file") == 2
    assert tries_of(BOOM) == 1


def test_the_pauses_between_attempts_grow_and_vary_by_a_fifth() -> None:
    for _ in range(20):
        for pause, expected in zip(pauses(4), (1, 4, 16, 64), strict=True):
            assert 0.8 * expected <= pause <= 1.2 * expected
    assert len({tuple(pauses(2)) for _ in range(10)}) > 1
    assert max(pauses(20)) <= 1.2 * 3600


def test_a_job_that_fails_is_tried_again_and_every_attempt_is_remembered(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    job = submit(BOOM, options=JobOptions(retries=2, retry_pause=0.01))
    for _ in range(3):
        run_jobs()
        until(
            lambda: time.time() > float(client().zscore("rq:scheduled:background", job.id) or 0),
            what="the pause",
        )
        Reaper(settings).turn()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, record.attempt, record.retries_left) == ("failed", 3, 0)
    assert [attempt["error"] for attempt in record.attempts] == [
        "ValueError: boom at /secret/place"
    ] * 3
    assert all(
        attempt["worker"] and attempt["started_at"] < attempt["ended_at"]
        for attempt in record.attempts
    )


def test_between_two_attempts_a_job_is_scheduled(run_jobs: Callable[[], None]) -> None:
    job = submit(BOOM, options=JobOptions(retries=1, retry_pause=60))
    run_jobs()
    assert status(job.id) == "scheduled"


def test_an_error_that_trying_again_cannot_mend_is_not_tried_again(
    run_jobs: Callable[[], None],
) -> None:
    job = submit("workers.probe_tasks.refuse", options=JobOptions(retries=3))
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, len(record.attempts)) == ("failed", 1)


def test_a_failed_job_can_be_tried_again_by_hand(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(BOOM)
    run_jobs()
    assert retry_job(job.id).status == "queued"
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert (record.status, len(record.attempts)) == ("failed", 2)


def test_a_finished_job_is_not_tried_again(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(NOTHING)
    run_jobs()
    with pytest.raises(WrongState) as refusal:
        retry_job(job.id)
    assert refusal.value.status == "finished"


# -- cancel and stop


def test_a_scheduled_job_can_be_canceled() -> None:
    job = submit(NOTHING, options=JobOptions(run_at=time.time() + 60))
    assert status(job.id) == "scheduled"
    assert cancel_job(job.id)
    assert status(job.id) == "canceled"


def test_a_waiting_job_is_canceled_and_a_running_one_is_stopped(
    start_worker: StartWorker, home: Path
) -> None:
    start_worker()
    running = enqueue_background_job(
        "workers.probe_tasks.nap", 60, str(home / "begun"), str(home / "ended")
    )
    waiting = enqueue_background_job(NOTHING)
    until((home / "begun").exists, what="the beginning of the job")
    assert stop_job(waiting.id).status == "canceled"
    record = stop_job(running.id)
    assert (record.status, record.error_code) == ("stopped", "stopped")
    assert not (home / "ended").exists()
    after = enqueue_background_job(NOTHING)
    until(lambda: status(after.id) == "finished", what="the next job")


def test_a_stop_hits_the_job_it_was_meant_for_and_no_other(start_worker: StartWorker) -> None:
    start_worker()
    jobs = [enqueue_background_job(NOTHING) for _ in range(200)]
    stopped = set()
    for job in jobs[::7]:
        try:
            if stop_job(job.id, patience=1.0).status in ("stopped", "canceled"):
                stopped.add(job.id)
        except WrongState as late:
            assert late.status == "finished"  # noqa: PT017
    until(
        lambda: all(status(job.id) in ("finished", "stopped", "canceled") for job in jobs),
        what="the end of all jobs",
    )
    assert {job.id for job in jobs if status(job.id) != "finished"} == stopped


def test_a_job_that_has_ended_cannot_be_stopped(run_jobs: Callable[[], None]) -> None:
    job = enqueue_background_job(NOTHING)
    run_jobs()
    with pytest.raises(WrongState):
        stop_job(job.id)


# -- the place in the queue


def test_a_job_with_a_time_to_run_waits_for_it(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    job = submit(NOTHING, options=JobOptions(run_at=time.time() + 0.3))
    Reaper(settings).turn()
    run_jobs()
    assert status(job.id) == "scheduled"
    until(lambda: Reaper(settings).turn() and status(job.id) == "queued", what="the time to run")
    run_jobs()
    assert status(job.id) == "finished"


def test_a_job_that_depends_on_others_runs_after_them(run_jobs: Callable[[], None]) -> None:
    first = enqueue_background_job(NOTHING)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    assert status(second.id) == "deferred"
    run_jobs()
    run_jobs()
    assert status(second.id) == "finished"
    before, after = fetch_job(first.id), fetch_job(second.id)
    assert before is not None
    assert after is not None
    assert before.ended_at is not None
    assert after.started_at is not None
    assert before.ended_at <= after.started_at


def test_a_job_that_waits_is_released_also_when_nobody_was_there_at_the_end_of_the_other(
    run_jobs: Callable[[], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.job_manager.horse.release_dependents", lambda *_: None)
    first = enqueue_background_job(NOTHING)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    run_jobs()
    assert status(second.id) == "deferred"
    Reaper(settings).release_waiting()
    run_jobs()
    assert status(second.id) == "finished"


def test_a_job_that_waits_for_one_that_failed_ends_too(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    first = enqueue_background_job(BOOM)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    run_jobs()
    Reaper(settings).release_waiting()
    record = fetch_job(second.id)
    assert record is not None
    assert (record.status, record.error_code) == ("failed", "dependency-failed")


def test_a_full_queue_refuses_and_says_when_to_come_back(use: Callable[..., Settings]) -> None:
    use(max_queue=2)
    submit(NOTHING)
    submit(NOTHING, options=JobOptions(run_at=time.time() + 60))
    with pytest.raises(QueueFull) as refusal:
        enqueue_background_job(NOTHING)
    assert refusal.value.retry_after > 0
    with pytest.raises(QueueFull):
        submit_batch(NOTHING, [{}])


def test_a_paused_queue_keeps_its_jobs_until_it_is_resumed(start_worker: StartWorker) -> None:
    start_worker()
    pause_queue()
    assert capacity()["paused"]
    job = enqueue_background_job(NOTHING)
    until(
        lambda: "suspended" in str(client().hgetall(next(iter(client().smembers("rq:workers"))))),
        what="a worker that waits",
    )
    assert status(job.id) == "queued"
    resume_queue()
    until(lambda: status(job.id) == "finished", what="the job")


def test_the_capacity_counts_what_waits_runs_and_works(
    start_worker: StartWorker, home: Path
) -> None:
    assert capacity() == {
        "queue_depth": 0, "active_jobs": 0, "workers": 0, "max_queue": 100_000, "estimated_wait_s": None, "paused": False,
    }  # fmt: skip
    start_worker()
    enqueue_background_job("workers.probe_tasks.nap", 60, str(home / "begun"), str(home / "ended"))
    enqueue_background_job(NOTHING)
    until((home / "begun").exists, what="the beginning of the job")
    seen = capacity()
    assert (seen["queue_depth"], seen["active_jobs"], seen["workers"]) == (1, 1, 1)


# -- delete and expire


def test_a_deleted_job_takes_its_files_with_it_and_its_id_still_tells_that_there_was_one(
    run_jobs: Callable[[], None],
) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "notes/a.txt", "hello")
    run_jobs()
    path = get_settings().storage.output_dir / "notes/a.txt"
    assert path.exists()
    delete_job(job.id)
    assert not path.exists()
    assert not path.parent.exists(), "a folder that is left empty goes too"
    assert fetch_job(job.id) is None
    assert was_there(job.id)
    assert not was_there("nonesuch")
    left = [key for key in client().scan_iter("*") if job.id in key.decode()]
    assert left == [], "its id alone says that it was one of this installation's"


def test_a_file_that_a_later_job_wrote_under_the_same_name_stays(
    run_jobs: Callable[[], None],
) -> None:
    first = enqueue_background_job("workers.probe_tasks.write", "same.txt", "one")
    run_jobs()
    enqueue_background_job("workers.probe_tasks.write", "same.txt", "two")
    run_jobs()
    delete_job(first.id)
    assert (get_settings().storage.output_dir / "same.txt").read_text() == "two"


def test_a_running_job_is_not_deleted(start_worker: StartWorker, home: Path) -> None:
    start_worker()
    job = enqueue_background_job(
        "workers.probe_tasks.nap", 60, str(home / "begun"), str(home / "ended")
    )
    until((home / "begun").exists, what="the beginning of the job")
    with pytest.raises(WrongState):
        delete_job(job.id)


def test_record_and_files_go_when_their_time_is_up(
    run_jobs: Callable[[], None], use: Callable[..., Settings]
) -> None:
    settings = use(result_ttl=3, failure_ttl=3)
    good = enqueue_background_job("workers.probe_tasks.write", "short.txt", "x")
    bad = enqueue_background_job(BOOM)
    run_jobs()
    reaper = Reaper(settings)
    reaper.sweep()
    assert fetch_job(good.id) is not None
    path = settings.storage.output_dir / "short.txt"
    assert path.exists()

    def swept() -> bool:
        reaper.sweep()
        # Never the file before the record.
        assert path.exists() or fetch_job(good.id) is None
        return fetch_job(good.id) is None and fetch_job(bad.id) is None

    until(swept, what="the end of the records")
    assert not path.exists()
    assert was_there(good.id)
    assert was_there(bad.id)


def test_temporary_files_of_writers_that_died_are_swept(settings: Settings) -> None:
    import os

    settings.storage.output_dir.mkdir()
    old, young = (settings.storage.output_dir / name for name in (".aa.tmp", ".bb.tmp"))
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (1, 1))
    Reaper(settings).sweep()
    assert not old.exists()
    assert young.exists()


# -- lists


def test_jobs_are_listed_newest_first_a_page_at_a_time(run_jobs: Callable[[], None]) -> None:
    ids = [enqueue_background_job(NOTHING).id for _ in range(25)]
    seen, cursor = list[str](), None
    while True:
        page = list_jobs(JobFilter(), limit=10, cursor=cursor)
        seen += [job.id for job in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ids[::-1]
    oldest = list_jobs(JobFilter(), limit=3, newest_first=False)
    assert [job.id for job in oldest.items] == ids[:3]


def test_lists_can_be_filtered_and_searched(run_jobs: Callable[[], None]) -> None:
    good = enqueue_background_job("workers.probe_tasks.write", "needle.txt", "x")
    bad = enqueue_background_job(BOOM)
    run_jobs()
    waiting = enqueue_background_job(NOTHING)

    def found(**wanted: str) -> list[str]:
        return [job.id for job in list_jobs(JobFilter(**wanted)).items]

    assert found(status="failed") == [bad.id]
    assert found(task=NOTHING) == [waiting.id]
    assert found(text="NEEDLE") == [good.id]
    assert found(text=waiting.id[:13]) == [waiting.id]
    assert found(text="secret") == [], "what clients may not see cannot be searched for"


@pytest.mark.parametrize("cursor", ["", "x", "MTIz", "bmFuIGE", "aW5mIGE", "é", "MTIzIC4uLw"])
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        list_jobs(JobFilter(), cursor=cursor)


# -- owners


def test_what_belongs_to_somebody_else_is_unknown(run_jobs: Callable[[], None]) -> None:
    with acting_for("ada"):
        job = enqueue_background_job(NOTHING)
        batch = submit_batch(NOTHING, [{}])
        assert find_job(job.id).owner == "ada"
    run_jobs()
    with acting_for("bob"):
        for call in (find_job, retry_job, delete_job, stop_job):
            with pytest.raises(JobUnknown):
                call(job.id)
        with pytest.raises(BatchUnknown):
            fetch_batch(batch.id)
        assert list_jobs(JobFilter()).items == []
    with acting_for("ada"):
        assert len(list_jobs(JobFilter()).items) == 2
        delete_job(job.id)
        assert was_there(job.id)
    with acting_for("bob"):
        assert not was_there(job.id)


def test_owners_cannot_overwrite_read_or_delete_each_others_files(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    jobs = {}
    for owner in ("ada", "bob", "anonymous"):
        with acting_for(owner):
            jobs[owner] = enqueue_background_job("workers.probe_tasks.write", "same.txt", owner)
    run_jobs()
    for owner, job in jobs.items():
        with acting_for(owner):
            assert find_job(job.id).status == "finished"
            with output_folder().open("same.txt") as file:
                assert file.read().decode() == owner
            with open_input("output/same.txt") as file:
                assert file.read().decode() == owner
            for name in (
                ".owners/bob/same.txt",
                "output/.owners/bob/same.txt",
                str(settings.storage.output_dir / ".owners/bob/same.txt"),
            ):
                if owner != "bob":
                    with pytest.raises(BadFileName):
                        open_input(name)
    with acting_for("ada"):
        delete_job(jobs["ada"].id)
    left = sorted(path.read_text() for path in settings.storage.output_dir.rglob("same.txt"))
    assert left == ["anonymous", "bob"]


def test_jobs_that_a_task_queues_belong_to_its_own_owner(run_jobs: Callable[[], None]) -> None:
    with acting_for("ada"):
        enqueue_background_job("workers.probe_tasks.queue_another")
        run_jobs()
        assert {job.task for job in list_jobs(JobFilter()).items} == {
            "workers.probe_tasks.queue_another",
            NOTHING,
        }


def test_files_of_a_job_whose_removal_was_cut_short_are_removed_later(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    job = enqueue_background_job("workers.probe_tasks.write", "left.txt", "x")
    run_jobs()
    transitions.forget(client(), job.id)
    assert (settings.storage.output_dir / "left.txt").exists()
    dispose_leftovers(client())
    assert not (settings.storage.output_dir / "left.txt").exists()
    assert client().hlen(broker_keys.ARTIFACTS_KEY) == 0


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
    with pytest.raises(BadBatch):
        submit_batch(NOTHING, [{}] * size)
    assert client().dbsize() == 0


def test_the_jobs_of_a_batch_can_be_listed(run_jobs: Callable[[], None]) -> None:
    batch = submit_batch(NOTHING, [{}] * 3)
    enqueue_background_job(NOTHING)
    assert {job.id for job in list_jobs(JobFilter(batch_id=batch.id)).items} == set(batch.job_ids)


# -- requests that are sent again


def keyed(key: str = "k", body: str = "b", route: str = "POST /x") -> KeyedRequest:
    return KeyedRequest(route=route, key=key, body_hash=body)


def test_the_first_answer_to_a_key_is_given_again() -> None:
    assert keyed().begin() is None
    keyed().keep(Reply(202, {"Location": "/jobs/1"}, "{}"))
    assert keyed().begin() == Reply(202, {"Location": "/jobs/1"}, "{}")
    assert 86000 < client().ttl(next(client().scan_iter("vector:idempotency:*"))) <= 86400


def test_a_key_that_comes_with_another_request_is_refused() -> None:
    keyed().begin()
    keyed().keep(Reply(202, {}, ""))
    with pytest.raises(KeyReused):
        keyed(body="other").begin()
    assert keyed(route="POST /y", body="other").begin() is None
    with acting_for("ada"):
        assert keyed(body="other").begin() is None


def test_a_key_whose_first_request_is_under_way_is_told_to_wait() -> None:
    keyed().begin()
    with pytest.raises(KeyInUse):
        keyed().begin()
    keyed().forget()
    assert keyed().begin() is None


def test_of_many_requests_with_one_key_at_once_one_is_worked_on() -> None:
    outcomes = list[object]()

    def ask() -> None:
        try:
            outcomes.append(keyed().begin())
        except KeyInUse as busy:
            outcomes.append(busy)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcome is None for outcome in outcomes) == 1
    assert len(outcomes) == 50


def test_jobs_queued_again_for_the_same_key_are_the_same_jobs() -> None:
    ids = []
    for _ in range(2):
        with repeatable_ids("seed"):
            ids.append([enqueue_background_job(NOTHING).id for _ in range(3)])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3
    assert client().llen(broker_keys.QUEUE_KEY) == 3
    with repeatable_ids("other seed"):
        assert enqueue_background_job(NOTHING).id not in ids[0]
