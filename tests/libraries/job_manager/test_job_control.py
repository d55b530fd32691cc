"""Operations on jobs and the queue: cancel, stop, retry, delete, lists, batches, owners."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from libraries.broker import keys as broker_keys
from libraries.broker.connections import web_client
from libraries.job_manager import (
    JobFilter,
    JobOptions,
    JobUnknown,
    WrongState,
    as_owner,
    cancel_job,
    delete_job,
    enqueue_background_job,
    fetch_batch,
    fetch_job,
    find_job,
    get_job_status,
    list_jobs,
    repeatable_ids,
    retry_job,
    stop_job,
    submit,
    submit_batch,
)
from libraries.job_manager.control import capacity, existed, pause_queue, resume_queue
from libraries.settings import Settings, get_settings, use_settings
from libraries.storage import open_input, output_folder
from libraries.worker.reaper import Reaper
from tests.conftest import WorkerProcess, until
from tests.errors import raises_code

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
    """Return a function that changes settings for this test."""

    def change(**changed: object) -> Settings:
        use_settings(settings.with_values(**changed))
        return get_settings()

    return change


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


def test_a_stop_affects_only_its_job(start_worker: StartWorker) -> None:
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


# -- order of the queue


def test_a_job_with_a_time_to_run_waits_for_it(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    job = submit(NOTHING, options=JobOptions(run_at=time.time() + 0.3))
    Reaper(settings).tick()
    run_jobs()
    assert status(job.id) == "scheduled"
    until(lambda: Reaper(settings).tick() and status(job.id) == "queued", what="the time to run")
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


def test_a_dependent_job_is_released_even_if_no_worker_saw_the_end_of_the_other(
    run_jobs: Callable[[], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.worker.horse.release_dependents", lambda *_: None)
    first = enqueue_background_job(NOTHING)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    run_jobs()
    assert status(second.id) == "deferred"
    Reaper(settings).release_waiting()
    run_jobs()
    assert status(second.id) == "finished"


def test_a_job_whose_dependency_failed_fails_at_once_and_so_do_those_that_wait_for_it(
    run_jobs: Callable[[], None],
) -> None:
    first = enqueue_background_job(BOOM)
    second = submit(NOTHING, options=JobOptions(depends_on=(first.id,)))
    third = submit(NOTHING, options=JobOptions(depends_on=(second.id,)))
    run_jobs()
    for job in (second, third):
        record = fetch_job(job.id)
        assert record is not None
        assert (record.status, record.error_code) == ("failed", "dependency-failed")


def test_a_job_whose_dependency_was_deleted_or_canceled_does_not_wait_for_it(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    gone, canceled, done = (enqueue_background_job(NOTHING) for _ in range(3))
    options = JobOptions(depends_on=(gone.id, canceled.id, done.id), allow_failure=True)
    last = submit(NOTHING, options=options)
    delete_job(gone.id)
    cancel_job(canceled.id)
    run_jobs()
    Reaper(settings).tick()
    run_jobs()
    assert status(last.id) == "finished"


def test_a_full_queue_rejects_jobs_and_says_when_to_retry(use: Callable[..., Settings]) -> None:
    use(max_queue=2)
    submit(NOTHING)
    submit(NOTHING, options=JobOptions(run_at=time.time() + 60))
    with raises_code("queue-full") as refusal:
        enqueue_background_job(NOTHING)
    assert refusal.value.retry_after > 0
    with raises_code("queue-full"):
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


def test_the_capacity_counts_waiting_and_running_jobs_and_workers(
    start_worker: StartWorker, home: Path
) -> None:
    assert capacity() == {
        "queue_depth": 0, "active_jobs": 0, "workers": 0, "max_queue": 100_000, "all_owners": True, "estimated_wait_s": None, "paused": False,
    }  # fmt: skip
    start_worker()
    enqueue_background_job("workers.probe_tasks.nap", 60, str(home / "begun"), str(home / "ended"))
    enqueue_background_job(NOTHING)
    until((home / "begun").exists, what="the beginning of the job")
    seen = capacity()
    assert (seen["queue_depth"], seen["active_jobs"], seen["workers"]) == (1, 1, 1)


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
    assert found(text="secret") == [bad.id]


@pytest.mark.parametrize("cursor", ["", "x", "MTIz", "bmFuIGE", "aW5mIGE", "é", "MTIzIC4uLw"])
def test_an_invalid_cursor_is_rejected(cursor: str) -> None:
    with raises_code("bad-cursor"):
        list_jobs(JobFilter(), cursor=cursor)


# -- owners


def test_jobs_of_another_owner_are_not_found(run_jobs: Callable[[], None]) -> None:
    with as_owner("ada"):
        job = enqueue_background_job(NOTHING)
        batch = submit_batch(NOTHING, [{}])
        assert find_job(job.id).owner == "ada"
    run_jobs()
    with as_owner("bob"):
        for call in (find_job, retry_job, delete_job, stop_job):
            with pytest.raises(JobUnknown):
                call(job.id)
        with raises_code("batch-not-found"):
            fetch_batch(batch.id)
        assert list_jobs(JobFilter()).items == []
    with as_owner("ada"):
        assert len(list_jobs(JobFilter()).items) == 2
        delete_job(job.id)
        assert existed(job.id)
    with as_owner("bob"):
        assert not existed(job.id)


def test_owners_cannot_overwrite_read_or_delete_each_others_files(
    run_jobs: Callable[[], None], settings: Settings
) -> None:
    jobs = {}
    for owner in ("ada", "bob", "anonymous"):
        with as_owner(owner):
            jobs[owner] = enqueue_background_job("workers.probe_tasks.write", "same.txt", owner)
    run_jobs()
    for owner, job in jobs.items():
        with as_owner(owner):
            assert find_job(job.id).status == "finished"
            with output_folder().open_checked("same.txt") as file:
                assert file.read().decode() == owner
            with open_input("output/same.txt") as file:
                assert file.read().decode() == owner
            for name in (
                ".owners/bob/same.txt",
                "output/.owners/bob/same.txt",
                str(settings.storage.output_dir / ".owners/bob/same.txt"),
            ):
                if owner != "bob":
                    with raises_code("bad-file-name"):
                        open_input(name)
    with as_owner("ada"):
        delete_job(jobs["ada"].id)
    left = sorted(path.read_text() for path in settings.storage.output_dir.rglob("same.txt"))
    assert left == ["anonymous"] * 2 + ["bob"] * 2


def test_jobs_that_a_task_queues_belong_to_the_owner_of_its_job(
    run_jobs: Callable[[], None],
) -> None:
    with as_owner("ada"):
        enqueue_background_job("workers.probe_tasks.queue_another")
        run_jobs()
        assert {job.task for job in list_jobs(JobFilter()).items} == {
            "workers.probe_tasks.queue_another",
            NOTHING,
        }


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
