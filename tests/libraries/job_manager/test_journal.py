"""The journal of jobs and the guarantees for its subscribers."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import worker_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.errors import Unavailable
from libraries.job_manager import (
    JobOptions,
    as_owner,
    cancel_job,
    delete_job,
    enqueue_background_job,
    fetch_job,
    journal,
    retry_job,
    submit,
)
from libraries.job_manager.journal import (
    ENDS,
    InBroker,
    JournalEntry,
    Reader,
    Step,
    Subscription,
    catch_up,
    read_to_end,
    subscribe,
    subscriptions,
)
from libraries.metrics import measure_queue
from libraries.settings import Settings
from tests.conftest import RUN_WORKER, until
from tests.forked import run_python

pytestmark = pytest.mark.usefixtures("probe_tasks", "broker")
NOTHING, BOOM, WRITE = (f"workers.probe_tasks.{name}" for name in ("nothing", "boom", "write"))
EVERYTHING = ENDS | {"queued", "started", "progress", "retry", "requeued", "deleted"}
RunJobs = Callable[[], None]
SUBSCRIBER = """
from libraries.broker.connections import web_client
from libraries.job_manager.journal import Subscription, subscribe
from libraries.settings import get_settings


def note_ends(entries):
    for entry in entries:
        web_client(get_settings()).rpush("test:ends", f"{entry.job_id} {entry.event}")


subscribe(Subscription(name="ends", handler=note_ends))
"""


class Seen:
    """A handler that records entries, and fails on request."""

    def __init__(self, *, fails: Callable[[JournalEntry], Exception | None] = lambda _: None):
        self.entries: list[JournalEntry] = []
        self.tries: list[str] = []
        self._fails = fails

    def __call__(self, entries: Sequence[JournalEntry]) -> None:
        for entry in entries:
            self.tries.append(entry.job_id)
            if (error := self._fails(entry)) is not None:
                raise error
            self.entries.append(entry)

    def events(self, job_id: str) -> list[str]:
        return [entry.event for entry in self.entries if entry.job_id == job_id]


@pytest.fixture
def client(broker: EmbeddedBroker, settings: Settings) -> Iterator[Redis]:
    connection = worker_client(settings)
    yield connection
    connection.close()


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease of a process on entries ends immediately."""
    monkeypatch.setattr(journal, "LEASE_S", 0.05)


@pytest.fixture
def no_subscribers_left() -> Iterator[None]:
    """Remove the subscribers of the test."""
    before = dict(journal._subscriptions)
    yield
    journal._subscriptions.clear()
    journal._subscriptions.update(before)


def subscriber(handler: journal.Handler, **more: Any) -> Subscription:
    one = Subscription(name="seen", handler=handler, events=EVERYTHING, retry_delay_s=0.01)
    return replace(one, **more)


def pending(client: Redis) -> int:
    return int(client.xpending(keys.JOURNAL_KEY, "seen")["pending"])


def test_each_change_of_a_job_is_one_entry_with_its_owner_and_its_task(run_jobs: RunJobs) -> None:
    with as_owner("ann"):
        job = submit(NOTHING)
        gone = submit(NOTHING)
        delete_job(gone.id)
    failed = submit(BOOM, options=JobOptions(retries=0))
    run_jobs()
    retry_job(failed.id)
    cancel_job(failed.id)
    seen = Seen()
    catch_up(subscriber(seen))
    assert seen.events(job.id) == ["queued", "started", "finished"]
    assert seen.events(gone.id) == ["queued", "canceled", "deleted"]
    assert seen.events(failed.id) == ["queued", "started", "failed", "requeued", "canceled"]
    last = next(one for one in seen.entries if one.event == "finished")
    assert (last.owner, last.task) == ("ann", NOTHING)
    assert last.seconds is not None
    assert time.time() - 60 < last.at < time.time() + 1
    assert [one.id for one in seen.entries] == sorted(one.id for one in seen.entries)


def test_a_retry_has_the_new_status_and_a_deletion_the_files(
    run_jobs: RunJobs,
) -> None:
    failed = submit(BOOM, options=JobOptions(retries=1, retry_pause=3600))
    written = enqueue_background_job(WRITE, "a.txt", "hello")
    run_jobs()
    delete_job(written.id)
    seen = Seen()
    catch_up(subscriber(seen))
    (retry,) = [one for one in seen.entries if one.event == "retry"]
    assert (retry.job_id, retry.data) == (failed.id, {"status": "scheduled"})
    (deleted,) = [one for one in seen.entries if one.event == "deleted"]
    assert deleted.data is not None
    assert [one["name"] for one in deleted.data["files"]] == [f"jobs/{written.id}/a.txt"]


def test_progress_is_an_entry_only_for_a_job_that_notifies(run_jobs: RunJobs) -> None:
    quiet = enqueue_background_job(WRITE, "a.txt", "hello")
    loud = submit(WRITE, ("b.txt", "hello"), options=JobOptions(notify=True))
    run_jobs()
    seen = Seen()
    catch_up(subscriber(seen))
    assert "progress" not in seen.events(quiet.id)
    assert "progress" in seen.events(loud.id)


@pytest.mark.usefixtures("no_subscribers_left")
def test_a_new_subscriber_sees_every_end(run_jobs: RunJobs) -> None:
    def note(entries: Sequence[JournalEntry]) -> None:
        for one in entries:
            with as_owner("note"):
                enqueue_background_job(NOTHING) if one.owner != "note" else None

    subscribe(Subscription(name="new", handler=note))
    jobs = [enqueue_background_job(NOTHING).id for _ in range(3)]
    run_jobs()
    # The work-horse is another process, so its handlers write to the broker.
    made = Seen()
    catch_up(subscriber(made, events=ENDS))
    assert [one.job_id for one in made.entries if one.owner != "note"] == jobs
    assert len([one for one in made.entries if one.owner == "note"]) == len(jobs)


def test_a_subscriber_needs_only_a_module_below_workers(
    client: Redis, home: Path, environ: dict[str, str]
) -> None:
    (home / "mine").mkdir()
    (home / "mine" / "ends.py").write_text(SUBSCRIBER)
    jobs = [
        enqueue_background_job("workers.example_tasks.example_long_task", seconds=0).id
        for _ in range(2)
    ]
    arguments = ("-c", RUN_WORKER, str(home / "mine"), "--burst")
    assert run_python(*arguments, environ=environ).returncode == 0
    assert client.lrange("test:ends", 0, -1) == [f"{one} finished".encode() for one in jobs]


def test_a_subscriber_gets_only_matching_entries(run_jobs: RunJobs, client: Redis) -> None:
    jobs = [
        enqueue_background_job(NOTHING).id,
        submit(NOTHING, options=JobOptions(notify=True)).id,
    ]
    run_jobs()
    seen = Seen()
    catch_up(subscriber(seen, events=frozenset({"finished"}), having="notify"))
    assert [one.job_id for one in seen.entries] == [jobs[1]]
    assert pending(client) == 0


def test_an_entry_of_an_earlier_version_is_chosen_by_the_record_of_its_job(client: Redis) -> None:
    jobs = [submit(NOTHING, options=JobOptions(notify=notify)).id for notify in (False, True)]
    for job in jobs:
        entry = {"job_id": job, "event": "finished", "owner": "anonymous", "task": NOTHING}
        client.xadd(keys.JOURNAL_KEY, entry)  # type: ignore[arg-type]
    seen = Seen()
    catch_up(subscriber(seen, events=frozenset({"finished"}), having="notify"))
    assert [one.job_id for one in seen.entries] == [jobs[1]]


def test_a_subscriber_without_backlog_begins_with_the_next_entry(
    run_jobs: RunJobs, client: Redis
) -> None:
    enqueue_background_job(NOTHING)
    run_jobs()
    seen = Seen()
    one = subscriber(seen, backlog=False)
    Reader(client, one).begin()
    job = enqueue_background_job(NOTHING)
    catch_up(one)
    assert [entry.job_id for entry in seen.entries] == [job.id]


def in_another_process(settings: Settings, handler: Callable[[JournalEntry, Redis], None]) -> int:
    """Handle the journal in a child process, and return its exit code, negative for a signal."""
    if (child := os.fork()) == 0:
        code = 1
        try:
            client = worker_client(settings)

            def handle(entries: Sequence[JournalEntry]) -> None:
                for one in entries:
                    handler(one, client)

            reader = Reader(client, subscriber(handle))
            while reader.step() is not Step.NOTHING:
                time.sleep(0.01)
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("short_lease")
@pytest.mark.parametrize("before", [True, False])
def test_entries_of_a_killed_process_are_handled_by_another(
    client: Redis, settings: Settings, before: bool
) -> None:
    """SIGKILL before the handler runs, and between the handler and the acknowledgement."""
    jobs = [enqueue_background_job(NOTHING).id for _ in range(3)]

    def handle(entry: JournalEntry, own_client: Redis) -> None:
        if not before:
            own_client.rpush("handled", entry.job_id)
        die()

    assert in_another_process(settings, handle) == -signal.SIGKILL
    assert client.llen("handled") == (0 if before else 1)
    assert pending(client) == len(jobs)
    seen = Seen()
    catch_up(subscriber(seen))
    assert [one.job_id for one in seen.entries] == jobs
    assert pending(client) == 0


def test_other_processes_wait_for_the_active_one_to_keep_the_order(client: Redis) -> None:
    jobs = [enqueue_background_job(NOTHING).id for _ in range(2)]
    other = Reader(client, subscriber(Seen()))
    steps: list[Step] = []

    class Slow(Seen):
        def __call__(self, entries: Sequence[JournalEntry]) -> None:
            steps.append(other.step())
            super().__call__(entries)

    slow = Slow()
    assert Reader(client, subscriber(slow)).step() is Step.HANDLED
    assert (steps, [one.job_id for one in slow.entries]) == ([Step.BUSY], jobs)
    assert other.step() is Step.NOTHING


def test_an_entry_whose_handler_fails_is_dropped_and_does_not_block_others(
    client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad, later = (enqueue_background_job(NOTHING).id for _ in range(3))
    seen = Seen(fails=lambda one: ValueError("poison") if one.job_id == bad else None)
    reader = Reader(client, subscriber(seen))
    reader.step()
    assert {one.job_id for one in seen.entries} == {good, later}
    until(lambda: reader.step() is Step.NOTHING and pending(client) == 0, what="the end of it")
    # Once in the batch, then once for each delivery.
    assert seen.tries.count(bad) == 1 + journal.MAX_DELIVERIES
    dead: Any = client.xrange(keys.JOURNAL_DEAD_KEY)
    assert [(one[b"subscriber"], one[b"job_id"]) for _, one in dead] == [(b"seen", bad.encode())]
    messages = [one.getMessage() for one in caplog.records if bad in one.getMessage()]
    assert len(messages) == 2
    assert "retrying" in messages[0]
    assert "dropped" in messages[1]


def test_during_an_outage_no_entry_is_lost_dropped_or_reordered(
    client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    first = enqueue_background_job(NOTHING).id
    away = [True]
    seen = Seen(fails=lambda _: Unavailable("the shelf is locked") if away[0] else None)
    for _ in range(3 * journal.MAX_DELIVERIES):
        Reader(client, subscriber(seen)).step()
        time.sleep(0.005)
    with pytest.raises(Unavailable):
        catch_up(subscriber(seen))
    later = enqueue_background_job(NOTHING).id
    away[0] = False
    catch_up(subscriber(seen))
    assert [one.job_id for one in seen.entries] == [first, later]
    assert client.exists(keys.JOURNAL_DEAD_KEY) == 0


def test_a_lasting_error_is_logged_once(client: Redis, caplog: pytest.LogCaptureFixture) -> None:
    enqueue_background_job(NOTHING)
    reader = Reader(client, subscriber(Seen(fails=lambda _: Unavailable("the shelf is locked"))))
    for _ in range(10):
        reader.step()
        time.sleep(0.005)
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == [
        "Journal: seen postponed entries: the shelf is locked"
    ]


@pytest.mark.usefixtures("short_lease")
def test_an_entry_that_kills_each_process_is_dropped_and_the_others_are_handled(
    client: Redis, settings: Settings
) -> None:
    jobs = [enqueue_background_job(NOTHING).id for _ in range(3)]

    def handle(entry: JournalEntry, own_client: Redis) -> None:
        if entry.job_id == jobs[1]:
            die()
        own_client.rpush("handled", entry.job_id)

    codes = [in_another_process(settings, handle) for _ in range(journal.MAX_DELIVERIES + 1)]
    assert codes == [-signal.SIGKILL] * journal.MAX_DELIVERIES + [0]
    assert set(client.lrange("handled", 0, -1)) == {jobs[0].encode(), jobs[2].encode()}
    assert client.xlen(keys.JOURNAL_DEAD_KEY) == 1


def test_trimmed_unread_entries_are_noticed_and_trigger_a_resync(
    client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    made_up_for: list[str] = []
    seen = Seen()
    one = subscriber(seen, resync=lambda: made_up_for.append("once"))
    first = enqueue_background_job(NOTHING).id
    catch_up(one)
    for _ in range(3):
        enqueue_background_job(NOTHING)
    client.xtrim(keys.JOURNAL_KEY, maxlen=1, approximate=False)
    last = enqueue_background_job(NOTHING).id
    catch_up(one)
    catch_up(one)
    assert made_up_for == ["once"]
    assert (seen.entries[0].job_id, seen.entries[-1].job_id) == (first, last)
    assert "entries were dropped before seen read them" in caplog.text


def test_the_gallery_is_rebuilt_when_it_missed_entries(client: Redis, run_jobs: RunJobs) -> None:
    from libraries.gallery import arrivals as exhibits

    enqueue_background_job(NOTHING)
    run_jobs()
    enqueue_background_job(NOTHING)
    client.xtrim(keys.JOURNAL_KEY, maxlen=0, approximate=False)
    enqueue_background_job(NOTHING)
    catch_up(exhibits.SUBSCRIPTION)
    queued: Any = client.lrange(keys.QUEUE_KEY, 0, -1)
    records = [fetch_job(job_id.decode()) for job_id in queued]
    tasks = [record.task for record in records if record is not None]
    assert tasks == [NOTHING, NOTHING, exhibits.REINDEX]


def test_a_failing_script_of_a_subscriber_affects_no_job(
    client: Redis, run_jobs: RunJobs, caplog: pytest.LogCaptureFixture
) -> None:
    client.set(keys.TOTALS_KEY, "no hash")
    job = enqueue_background_job(NOTHING)
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert record.status == "finished"
    client.delete(keys.TOTALS_KEY)
    assert measure_queue().totals[NOTHING].outcomes["finished"] <= 1


def test_the_lag_of_each_subscriber_is_measured(run_jobs: RunJobs, client: Redis) -> None:
    enqueue_background_job(NOTHING)
    run_jobs()
    lags = measure_queue().lags
    assert set(lags) == {one.name for one in subscriptions()}
    assert set(lags.values()) == {0}
    Reader(client, subscriber(Seen())).begin()
    lags = measure_queue().lags
    assert lags["seen"] == client.xlen(keys.JOURNAL_KEY)


def test_handlers_run_in_order_of_the_journal_for_each_job(run_jobs: RunJobs) -> None:
    jobs = [enqueue_background_job(NOTHING).id for _ in range(60)]
    run_jobs()
    seen = Seen()
    catch_up(subscriber(seen))
    for job_id in jobs:
        assert seen.events(job_id) == ["queued", "started", "finished"]


def test_entries_that_follow_from_entries_are_handled(client: Redis) -> None:
    depth = [0]

    def follow(entries: Sequence[JournalEntry]) -> None:
        for _ in entries:
            if depth[0] < 3:
                depth[0] += 1
                enqueue_background_job(NOTHING)

    enqueue_background_job(NOTHING)
    one = replace(subscriber(Seen()), handler=follow)
    assert read_to_end([Reader(client, one)], seconds=5)
    assert depth == [3]
    assert pending(client) == 0


def test_the_subscribers_of_the_product_are_registered() -> None:
    known = {one.name: one for one in subscriptions()}
    assert set(known) == {
        "gallery", "webhooks", "notifications", "metrics", "drawing_cache", "uploads"
    }  # fmt: skip
    assert isinstance(known["metrics"].handler, InBroker)
    assert isinstance(known["notifications"].handler, InBroker)
