"""Job events: the stored stream and the subscription of a process."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import web_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager import (
    EventSubscriptions,
    JobEvent,
    JobOptions,
    cancel_job,
    fetch_job,
    read_events,
    submit,
    transitions,
)
from libraries.job_manager import events as module
from libraries.job_manager.events import Message, order, send_to_group
from libraries.settings import Settings
from tests.conftest import WorkerProcess, until

pytestmark = pytest.mark.usefixtures("probe_tasks")
StartWorker = Callable[..., WorkerProcess]
RunJobs = Callable[[], None]


@pytest.fixture
def client(broker: EmbeddedBroker, settings: Settings) -> Redis:
    return web_client(settings)


@pytest.fixture
def feed(broker: EmbeddedBroker, settings: Settings) -> Iterator[EventSubscriptions]:
    started = EventSubscriptions(settings)
    yield started
    started.close()


class Listener:
    """Collects events in order."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._news: queue.Queue[Any] = queue.Queue()

    def __call__(self, event: JobEvent | Message) -> None:
        self.events.append(event)
        self._news.put(event)

    def next(self) -> Any:
        return self._news.get(timeout=10)

    def until_the_end(self) -> JobEvent:
        """Return the final event."""
        while not (event := self.next()).last:
            pass
        return event  # type: ignore[no-any-return]

    @property
    def names(self) -> list[str]:
        """Return the names of all events so far."""
        return [event.name for event in self.events]


def expire_runs(client: Redis) -> None:
    """End the leases of all running attempts."""
    for member in cast("list[bytes]", client.zrange(keys.STARTED_KEY, 0, -1)):
        client.zadd(keys.STARTED_KEY, {member: 1}, xx=True)


def reap(client: Redis) -> transitions.Reaped:
    return transitions.reap(client, 1.0, 3600)


def test_a_listener_receives_each_event_once_and_in_order(
    feed: EventSubscriptions, run_jobs: RunJobs
) -> None:
    job = submit("workers.probe_tasks.write", ("hello.txt", "hello")).id
    listener = Listener()
    feed.follow(job, listener)
    assert read_events(job) is not None
    run_jobs()
    end = listener.until_the_end()
    assert listener.names[0] == "status"
    assert listener.names[-1] == "finished"
    assert "progress" in listener.names
    assert [order(event.id) for event in listener.events] == sorted(
        {order(event.id) for event in listener.events}
    )
    assert end.job is not None
    assert end.job.status == "finished"
    kept = read_events(job)
    assert kept is not None
    assert [event.id for event in kept.events] == [event.id for event in listener.events]
    assert kept.last_id == end.id


def test_events_of_a_silent_job_without_followers_are_not_stored(
    client: Redis, run_jobs: RunJobs
) -> None:
    jobs = [submit("workers.probe_tasks.nothing").id for _ in range(3)]
    run_jobs()
    assert list(client.scan_iter("vector:events:*")) == []
    for job in jobs:
        followed = read_events(job)
        assert followed is not None
        assert [event.name for event in followed.events] == ["finished"]
        assert followed.events[0].id == followed.last_id
        again = read_events(job, followed.last_id)
        assert again is not None
        assert again.events == []


def test_a_job_that_ends_between_two_reads_has_its_final_event(
    client: Redis, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit("workers.probe_tasks.nothing").id
    assert read_events(job) is not None
    looks: list[str] = []

    def look_late(job_id: str) -> Any:
        if not looks:
            run_jobs()
        looks.append(job_id)
        return fetch_job(job_id)

    monkeypatch.setattr(module, "fetch_job", look_late)
    followed = read_events(job)
    assert followed is not None
    assert len(looks) == 2
    assert (followed.job.done, [event.name for event in followed.events][-1]) == (True, "finished")


@pytest.mark.parametrize("known", ["", "0", "-", "0-", "1-1-1", "9" * 16 + "-0", "0-0\n", "٣-٣"])
def test_a_malformed_event_id_counts_as_none(client: Redis, known: str) -> None:
    job = submit("workers.probe_tasks.nothing").id
    assert order(known) == (0, 0)
    followed = read_events(job, known)
    assert followed is not None
    assert followed.events == []


@pytest.mark.parametrize("job_id", ["", "none", "a b", "x" * 129, "*", "\x00"])
def test_an_unknown_job_has_no_events(broker: EmbeddedBroker, job_id: str) -> None:
    assert read_events(job_id) is None


def test_after_a_restart_of_the_broker_each_event_is_delivered_once(
    feed: EventSubscriptions, private_broker: EmbeddedBroker, client: Redis
) -> None:
    job = submit("workers.probe_tasks.nothing").id
    listener = Listener()
    feed.follow(job, listener)
    assert read_events(job) is not None
    transitions.append_event(client, job, "", "log", '{"message": "before"}')
    assert listener.next().data == {"message": "before"}
    assert private_broker.pid is not None
    os.kill(private_broker.pid, signal.SIGKILL)
    until(lambda: not private_broker.alive(), what="the end of the broker")
    with pytest.raises(QueueUnavailable):
        read_events(job)
    private_broker.start()
    # Published while the subscription may still be reconnecting.
    transitions.append_event(client, job, "", "log", '{"message": "meanwhile"}')
    assert cancel_job(job)
    assert listener.until_the_end().name == "canceled"
    assert [event.data.get("message") for event in listener.events] == ["before", "meanwhile", None]


def test_following_fails_without_a_broker_and_registers_no_listener(
    settings: Settings,
) -> None:
    feed = EventSubscriptions(settings)
    try:
        with pytest.raises(QueueUnavailable):
            feed.follow("job", Listener())
        assert dict(feed._jobs) == {}
    finally:
        feed.close()


def test_a_listener_that_left_gets_no_events_and_its_channel_is_unsubscribed(
    feed: EventSubscriptions, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.1)
    job, other = (submit("workers.probe_tasks.nothing").id for _ in range(2))
    gone, stays = Listener(), Listener()
    feed.follow(job, gone)
    feed.follow(other, stays)
    feed.leave(job, gone)
    feed.leave(job, gone)
    for one in (job, other):
        assert read_events(one) is not None
        assert cancel_job(one)
    assert stays.until_the_end().name == "canceled"
    assert gone.events == []
    until(
        lambda: client.pubsub_channels("vector:events:*") == [keys.events_key(other).encode()],
        what="an ended subscription",
    )


def test_concurrent_listeners_lose_no_event(
    feed: EventSubscriptions, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registered listener gets all events, however often the subscription changes."""
    monkeypatch.setattr(module, "POLL_S", 0.001)
    missed: list[str] = []

    def come_and_go() -> None:
        for _ in range(10):
            job = submit("workers.probe_tasks.nothing").id
            listener = Listener()
            with feed.following(job, listener):
                read_events(job)
                cancel_job(job)
                try:
                    listener.until_the_end()
                except queue.Empty:
                    missed.append(job)

    threads = [threading.Thread(target=come_and_go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []


def group_message(listener: Listener) -> tuple[str, dict[str, Any]]:
    """Return the group and the body of the next message."""
    message: Message = listener.next()
    return message.group, message.body


def test_a_message_reaches_only_its_group_of_its_owner(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    feeds = [EventSubscriptions(settings) for _ in range(2)]
    mine, beside, others = Listener(), Listener(), Listener()
    try:
        feeds[0].join("ann", "room", mine)
        feeds[0].join("ann", "other", beside)
        feeds[1].join("bob", "room", others)
        feeds[1].join("ann", "room", others)
        assert send_to_group("ann", "room", {"n": 1}) == 2
        assert group_message(mine) == group_message(others) == ("room", {"n": 1})
        feeds[1].part("ann", "room", others)
        send_to_group("ann", "room", {"n": 2})
        send_to_group("ann", "other", {"n": 3})
        send_to_group("bob", "room", {"n": 4})
        assert group_message(mine) == ("room", {"n": 2})
        assert group_message(beside) == ("other", {"n": 3})
        assert group_message(others) == ("room", {"n": 4})
    finally:
        for feed in feeds:
            feed.close()


def test_a_poison_job_has_a_final_event(
    feed: EventSubscriptions, client: Redis, start_worker: StartWorker, home: Path
) -> None:
    """The reaper publishes the event, because killed workers cannot."""
    job = submit("workers.live_tasks.hold", (str(home / "gate"),), options=JobOptions(retries=0)).id
    listener = Listener()
    feed.follow(job, listener)
    assert read_events(job) is not None
    for _ in range(1 + transitions.MAX_RESCUES):
        worker = start_worker()
        until(lambda: client.zcard(keys.STARTED_KEY) == 1, what="a run")
        worker.stop(signal.SIGKILL)
        expire_runs(client)
        reap(client)
    end = listener.until_the_end()
    assert (end.name, listener.names.count("failed")) == ("failed", 1)
    assert end.job is not None
    assert (end.job.status, end.job.error_code) == ("failed", "poison")


def test_a_job_with_a_lost_worker_has_a_final_event(
    feed: EventSubscriptions, client: Redis, start_worker: StartWorker, home: Path
) -> None:
    job = submit("workers.live_tasks.hold", (str(home / "gate"),), options=JobOptions(retries=0)).id
    listener = Listener()
    feed.follow(job, listener)
    assert read_events(job) is not None
    worker = start_worker()
    until(lambda: client.zcard(keys.STARTED_KEY) == 1, what="a run")
    worker.stop(signal.SIGKILL)
    for member in client.zrange(keys.STARTED_KEY, 0, -1):
        # As after the first heartbeat.
        client.hset(b"rq:execution:" + cast("bytes", member), "id", "one")
    expire_runs(client)
    reap(client)
    end = listener.until_the_end()
    assert end.job is not None
    assert (end.name, end.job.error_code) == ("failed", "worker-lost")


def test_reports_of_a_superseded_attempt_are_not_delivered(
    feed: EventSubscriptions, client: Redis, start_worker: StartWorker, home: Path
) -> None:
    gate, again = home / "gate", home / "again"
    job = submit(
        "workers.live_tasks.report_again", (str(gate), str(again)), options=JobOptions(retries=0)
    ).id
    listener = Listener()
    feed.follow(job, listener)
    assert read_events(job) is not None
    start_worker()
    until(lambda: "progress" in listener.names, what="a report")
    # Its lease ends, the job is requeued, and canceled before a worker takes it.
    client.set(keys.SUSPENDED_KEY, 1)
    expire_runs(client)
    assert reap(client).requeued == 1
    assert cancel_job(job)
    gate.touch()
    until(again.exists, what="the late report")
    assert listener.until_the_end().name == "canceled"
    followed = read_events(job)
    assert followed is not None
    assert [event.name for event in followed.events if event.name in ("progress", "log")] == [
        "progress"
    ]
    assert followed.job.status == "canceled"
    assert followed.events[-1].name == "canceled"


def test_the_end_of_a_job_in_a_stock_worker_is_delivered(
    feed: EventSubscriptions, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stock worker changes the record and publishes no event, which this test imitates."""
    monkeypatch.setattr(module, "POLL_S", 0.1)
    job = submit("workers.probe_tasks.nothing").id
    listener = Listener()
    feed.follow(job, listener)
    assert read_events(job) is not None
    client.lrem(keys.QUEUE_KEY, 1, job)
    client.hset(
        keys.job_key(job), mapping={"status": "failed", "ended_at": "2026-01-02T03:04:05.000000Z"}
    )
    end = listener.until_the_end()
    followed = read_events(job)
    assert followed is not None
    assert [event.id for event in followed.events] == [end.id], "later readers get the same event"
    known = read_events(job, end.id)
    assert known is not None
    assert known.events == []
    # Polled several times since, it was delivered once.
    other = submit("workers.probe_tasks.nothing").id
    beside = Listener()
    feed.follow(other, beside)
    read_events(other)
    client.hset(
        keys.job_key(other),
        mapping={"status": "stopped", "ended_at": "2026-01-02T03:04:05.000000Z"},
    )
    assert beside.until_the_end().name == "canceled"
    assert listener.names.count("failed") == 1


def test_events_of_a_job_with_notify_are_among_the_notifications(
    client: Redis, run_jobs: RunJobs
) -> None:
    notified = submit(
        "workers.probe_tasks.write", ("a.txt", "a"), options=JobOptions(notify=True)
    ).id
    submit("workers.probe_tasks.write", ("b.txt", "b"))
    run_jobs()
    (stream,) = client.scan_iter("vector:notices:*")
    notices: list[dict[bytes, bytes]] = [
        entry for _, entry in cast("list[Any]", client.xrange(stream))
    ]
    assert {entry[b"job_id"].decode() for entry in notices} == {notified}
    assert [entry[b"event"] for entry in notices][-1] == b"finished"
    assert b"progress" in [entry[b"event"] for entry in notices]
