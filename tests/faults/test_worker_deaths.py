"""A worker or its work-horse dies or is stopped at the worst time."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
from redis import Redis
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation

from libraries.broker.embedded import EmbeddedBroker
from libraries.broker.keys import INTERMEDIATE_KEY, QUEUE_KEY, STARTED_KEY, executions_key, job_key
from libraries.broker.scripts import load_scripts, script
from libraries.job_manager import fetch_job, get_job_status
from libraries.settings import Settings
from libraries.storage import own_name
from libraries.worker import worker as job_manager_worker
from libraries.worker.horse import Horse
from tests.conftest import WorkerProcess, until
from tests.faults.cutting_proxy import HOLD, LOSE, CuttingProxy, Once
from tests.faults.fleet import Fleet, children, gone, horse_of
from tests.faults.load import calls_to_an_idle_process, percentile
from tests.faults.storms import kill_broker
from tests.faults.trail import all_done, leftovers, queue, report, runs, started_runs

pytestmark = [pytest.mark.fault, pytest.mark.usefixtures("probe_tasks")]
StartWorker = Callable[..., WorkerProcess]
StartFleet = Callable[[int], Fleet]
GIVEN_AWAY = "was given to another worker meanwhile"


def status(job_id: str) -> str:
    return str(get_job_status(job_id)["status"])


def attempts(job_id: str) -> list[dict[str, str]]:
    record = fetch_job(job_id)
    assert record is not None
    return record.attempts


def learn_scripts(client: Redis) -> None:
    """Load the scripts, so that the first EVALSHA succeeds."""
    for name in ("take", "finish", "finish_and_take", "fail", "heartbeat"):
        client.script_load(script(f"job_manager/{name}").text)


def waits_for_a_job(client: Redis) -> bool:
    """Return whether a worker is waiting in BLMOVE."""
    return any(one["cmd"] == "blmove" for one in client.client_list())


def test_a_killed_work_horse_is_noticed_at_once_and_both_attempts_are_recorded(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    worker = start_worker()
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 1.0, retries=1)
    until(lambda: started_runs(ledger) == 1, what="the first run")
    lag: list[float] = []
    with calls_to_an_idle_process(lag, rate=50):
        struck = time.monotonic()
        os.kill(horse_of(worker), signal.SIGKILL)
        until(lambda: started_runs(ledger) == 2, what="the second run")
        seconds = time.monotonic() - struck
    report(f"second run after {seconds:.2f} s")
    # Other tests may slow down the machine: ten times the delay of an idle process is subtracted.
    assert seconds < 1 + 10 * percentile(lag, 0.9)
    until(lambda: status(job) == "finished", what="the job")
    (first,) = attempts(job)
    assert first["error"] == "WorkerLost: the process that ran the job was killed by SIGKILL"
    assert first["worker"]
    assert first["started_at"] < first["ended_at"]
    record = fetch_job(job)
    assert record is not None
    assert record.attempt == 2


def test_a_killed_work_horse_without_a_retry_fails_its_job_at_once(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    worker = start_worker()
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 30, retries=0)
    until(lambda: started_runs(ledger) == 1, what="the run")
    lag: list[float] = []
    with calls_to_an_idle_process(lag, rate=50):
        struck = time.monotonic()
        os.kill(horse_of(worker), signal.SIGKILL)
        until(lambda: status(job) == "failed", what="the failed job")
        seconds = time.monotonic() - struck
    assert seconds < 1 + 10 * percentile(lag, 0.9)
    next_job = queue(client, "probe_tasks.nothing")
    until(lambda: status(next_job) == "finished", seconds=3, what="the next job")


def test_after_a_kill_of_its_worker_a_job_runs_again_but_never_concurrently(
    fleet: StartFleet, client: Redis, ledger: Path
) -> None:
    both = fleet(2)
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 3.0, retries=1)
    until(lambda: started_runs(ledger) == 1, what="the first run")
    (first,) = runs(ledger)["a"]
    (index,) = (
        n for n, worker in enumerate(both.workers) if first.pid in children(worker.process.pid)
    )
    both.kill(index)
    struck = time.monotonic()
    until(lambda: gone(first.pid), seconds=1, what="the end of the work-horse")
    until(lambda: status(job) == "finished", seconds=20, what="the job")
    first, second = runs(ledger)["a"]
    assert first.ended == float("inf"), "the first run was interrupted"
    assert struck < second.started_at < struck + 10
    assert second.ended < float("inf")


@pytest.mark.parametrize("moment", ["popped", "claimed", "taken at once"])
def test_a_worker_killed_before_it_starts_a_job_uses_no_retry(
    start_worker: StartWorker, proxy: CuttingProxy, client: Redis, ledger: Path, moment: str
) -> None:
    """The reply with the job is delayed until its reader is dead."""
    learn_scripts(client)
    hold_the_take = Once(HOLD, "EVALSHA", script("job_manager/take").sha)

    def enqueue() -> str:
        return queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 0.0, retries=0)

    if moment == "taken at once":
        job = enqueue()
        proxy.rule = hold_the_take
        worker = start_worker(REDIS_URL=proxy.url)
    else:
        worker = start_worker(REDIS_URL=proxy.url)
        until(lambda: waits_for_a_job(client), what="a waiting worker")
        if moment == "popped":
            proxy.fate_of_wait = HOLD
        else:
            proxy.rule = hold_the_take
        job = enqueue()
    assert proxy.holding.wait(10)
    worker.process.kill()
    worker.process.wait()
    struck = time.monotonic()
    assert leftovers(client)[1:] == ((1, 0) if moment == "popped" else (0, 1))
    start_worker()
    until(lambda: status(job) == "finished", seconds=15, what="the job")
    waited = runs(ledger)["a"][0].started_at - struck
    report(f"killed when the job was {moment}: run after {waited:.1f} s")
    assert waited < 10
    assert started_runs(ledger) == 1
    assert attempts(job) == []
    assert leftovers(client) == (0, 0, 0)


@pytest.mark.parametrize("lost", ["BLMOVE", "take", "finish_and_take"])
def test_a_lost_reply_loses_no_job(
    start_worker: StartWorker, proxy: CuttingProxy, client: Redis, ledger: Path, lost: str
) -> None:
    """The broker has run the command, and the worker gets no reply."""
    learn_scripts(client)
    words = ["BLMOVE"] if lost == "BLMOVE" else ["EVALSHA", script(f"job_manager/{lost}").sha]
    job = ""
    if lost == "BLMOVE":
        start_worker(REDIS_URL=proxy.url)
        until(lambda: waits_for_a_job(client), what="a waiting worker")
        proxy.fate_of_wait = LOSE
        job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 0.0, retries=0)
    else:
        job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 0.0, retries=0)
        proxy.rule = Once(LOSE, *words)
        start_worker(REDIS_URL=proxy.url)
    until(lambda: proxy.lost == 1, what="a lost reply")
    cut = time.monotonic()
    until(lambda: status(job) == "finished", seconds=15, what="the job")
    waited = runs(ledger)["a"][0].started_at - cut
    report(f"reply of {lost} lost: run after {waited:.1f} s")
    assert waited < 10
    assert started_runs(ledger) == 1
    assert attempts(job) == []
    until(lambda: leftovers(client) == (0, 0, 0), what="tidy lists")


def test_a_job_that_was_popped_during_a_stop_returns_to_the_queue(
    start_worker: StartWorker, proxy: CuttingProxy, client: Redis, ledger: Path
) -> None:
    """The reaper does not need to find it."""
    worker = start_worker(REDIS_URL=proxy.url)
    until(lambda: waits_for_a_job(client), what="a waiting worker")
    proxy.fate_of_wait = HOLD
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 0.0)
    assert proxy.holding.wait(10)
    worker.process.send_signal(signal.SIGTERM)
    until(lambda: taken_notice(worker), what="the signal")
    proxy.let_go.set()
    assert worker.process.wait(10) == 0
    assert leftovers(client)[1:] == (0, 0)
    assert status(job) in ("queued", "finished")
    if status(job) == "queued":
        assert client.lrange(QUEUE_KEY, 0, -1) == [job.encode()]


def taken_notice(worker: WorkerProcess) -> bool:
    """Return whether no signal is pending, because equal pending signals are merged."""
    try:
        lines = Path(f"/proc/{worker.process.pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return True
    pending = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
    return not any(mask & 1 << signal.SIGTERM - 1 for mask in pending)


def freeze(worker: WorkerProcess, number: int) -> None:
    for pid in [worker.process.pid, *children(worker.process.pid)]:
        os.kill(pid, number)


def lapse(client: Redis, job_id: str) -> None:
    """End the lease of a running job."""
    for member in cast("list[bytes]", client.zrange(STARTED_KEY, 0, -1)):
        if member.startswith(job_id.encode()):
            client.zadd(STARTED_KEY, {member: 1})


class Superseded(NamedTuple):
    """A job whose first attempt was suspended, superseded, and continued after the second one had finished."""

    job: str
    second: int
    before: dict[Any, Any]


@pytest.fixture
def superseded(start_worker: StartWorker, client: Redis, ledger: Path, home: Path) -> Superseded:
    gate = home / "gate"
    sleeper = start_worker()
    job = queue(client, "fault_tasks.sign_a_file", str(ledger), "signed", str(gate), retries=1)
    until(lambda: started_runs(ledger) == 1, what="the first run")
    freeze(sleeper, signal.SIGSTOP)
    lapse(client, job)
    start_worker()
    until(lambda: status(job) == "finished", what="the second run")
    before = client.hgetall(job_key(job))
    first, second = runs(ledger)["signed"]
    gate.touch()
    # Only the work-horse, which continues before its worker can check it.
    os.kill(first.pid, signal.SIGCONT)
    until(
        lambda: (
            runs(ledger)["signed"][0].ended < float("inf")
            or gone(first.pid)
            or GIVEN_AWAY in sleeper.output()
        ),
        what="the end of the first run",
    )
    os.kill(sleeper.process.pid, signal.SIGCONT)
    next_job = queue(client, "probe_tasks.nothing")
    until(lambda: status(next_job) == "finished", what="the next job")
    assert sleeper.stop() == 0
    return Superseded(job, second.pid, before)


def test_a_superseded_attempt_cannot_commit(
    superseded: Superseded, client: Redis, settings: Settings
) -> None:
    """A suspended worker continues after another one has finished its job."""
    after = client.hgetall(job_key(superseded.job))
    for name in (b"status", b"committed", b"ended_at", b"worker_name", b"attempts"):
        assert after.get(name) == superseded.before.get(name)
    assert client.xlen(f"rq:results:{superseded.job}") == 1
    file = settings.storage.output_dir / own_name("signed.txt", superseded.job)
    assert get_job_status(superseded.job)["result"] == str(file)


def test_a_superseded_attempt_changes_neither_the_file_nor_the_record(
    superseded: Superseded, client: Redis, settings: Settings
) -> None:
    for name in ("signed.txt", own_name("signed.txt", superseded.job)):
        assert (settings.storage.output_dir / name).read_text() == str(superseded.second)
    after = client.hgetall(job_key(superseded.job))
    assert {name for name in after if after[name] != superseded.before.get(name)} <= {b"progress"}


def test_a_worker_kills_its_superseded_attempt(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    sleeper = start_worker()
    # Long enough for the first worker to look at its lease, also on a busy machine.
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 10.0, retries=1)
    until(lambda: started_runs(ledger) == 1, what="the first run")
    freeze(sleeper, signal.SIGSTOP)
    lapse(client, job)
    start_worker()
    until(lambda: started_runs(ledger) == 2, what="the second run")
    freeze(sleeper, signal.SIGCONT)
    until(lambda: status(job) == "finished", seconds=30, what="the job")
    first, second = runs(ledger)["a"]
    assert first.ended == float("inf")
    assert second.ended < float("inf")
    until(lambda: GIVEN_AWAY in sleeper.output(), what="the log of the first worker")


def test_a_stop_command_stops_only_its_job(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    worker = start_worker()
    for number in range(8):
        short = [
            queue(client, "fault_tasks.leave_a_trail", str(ledger), f"s{number}-{n}", 0.02)
            for n in range(6)
        ]
        target = short[2]
        until(
            lambda target=target: status(target) in ("started", "finished"),  # type: ignore[misc]
            what="the job to stop",
        )
        with suppress(InvalidJobOperation):  # the job has just ended
            send_stop_job_command(client, target)
        until(lambda short=short: all_done(client, short), what="the short jobs")  # type: ignore[misc]
        assert [status(job) for job in short if job != target] == ["finished"] * 5
        assert status(target) in ("stopped", "finished")
    long = queue(client, "fault_tasks.leave_a_trail", str(ledger), "long", 30, retries=3)
    until(lambda: started_runs(ledger, "long"), what="the long job")
    send_stop_job_command(client, long)
    until(lambda: status(long) == "stopped", seconds=2, what="the stop")
    assert started_runs(ledger, "long") == 1, "a stopped job is not retried"
    assert worker.process.poll() is None


def test_stop_commands_work_after_a_kill_of_the_broker(
    start_worker: StartWorker, private_broker: EmbeddedBroker, client: Redis, ledger: Path
) -> None:
    start_worker()
    kill_broker(private_broker, 0.5)
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 30)
    until(lambda: started_runs(ledger) == 1, what="the job")

    def stopped() -> bool:
        send_stop_job_command(client, job)
        return status(job) == "stopped"

    until(lambda: status(job) == "stopped" or stopped(), seconds=8, what="the stop")


def test_a_second_sigterm_returns_the_job_to_the_queue_and_ends_the_worker(
    start_worker: StartWorker, client: Redis, ledger: Path
) -> None:
    worker = start_worker()
    job = queue(client, "fault_tasks.leave_a_trail", str(ledger), "a", 30, retries=1)
    other = queue(client, "fault_tasks.leave_a_trail", str(ledger), "b", 0.0)
    until(lambda: started_runs(ledger) == 1, what="the run")
    horse = horse_of(worker)
    worker.process.send_signal(signal.SIGTERM)
    until(lambda: taken_notice(worker), what="the first signal")
    struck = time.monotonic()
    # Python may see two quick signals as one, so the second one is repeated until it has an effect.
    while not gone(horse) and time.monotonic() < struck + 3:
        worker.process.send_signal(signal.SIGTERM)
        until(lambda: taken_notice(worker), what="the next signal")
    assert worker.process.wait(5) == 0
    assert time.monotonic() - struck < 3
    assert gone(horse)
    assert client.lrange(QUEUE_KEY, 0, -1) == [job.encode(), other.encode()]
    record = fetch_job(job)
    assert record is not None
    assert (record.status, record.retries_left) == ("queued", 1)
    assert leftovers(client) == (2, 0, 0)
    assert not client.exists(executions_key(job))


@pytest.mark.parametrize("victim", ["horse", "worker", "stop command", "timeout"])
def test_child_processes_of_a_job_end_with_it(
    start_worker: StartWorker, client: Redis, home: Path, victim: str
) -> None:
    """The children end whenever the work-horse ends."""
    worker = start_worker()
    pid_file = home / "child.pid"
    timeout = 1 if victim == "timeout" else 60
    job = queue(client, "fault_tasks.start_a_child", str(pid_file), 30, job_timeout=timeout)
    until(pid_file.exists, what="the child")
    child = int(pid_file.read_text())
    if victim == "horse":
        os.kill(horse_of(worker), signal.SIGKILL)
    elif victim == "worker":
        worker.process.kill()
        worker.process.wait()
    elif victim == "stop command":
        send_stop_job_command(client, job)
    else:
        until(lambda: status(job) == "failed", what="the timeout")
    until(lambda: gone(child), seconds=2, what="the end of the child")
    assert client.llen(INTERMEDIATE_KEY) == 0


def test_a_work_horse_that_is_stuck_before_it_takes_a_job_is_replaced(
    run_jobs: Callable[[], None], client: Redis, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork can copy a lock that is never released."""
    mark, wait = home / "stuck", Horse._next

    def stuck_once(self: Horse, *, burst: bool, is_fresh: bool) -> dict[bytes, bytes] | None:
        if not mark.exists():
            mark.touch()
            signal.pause()
        return wait(self, burst=burst, is_fresh=is_fresh)

    monkeypatch.setattr(Horse, "_next", stuck_once)
    monkeypatch.setattr(job_manager_worker, "MAX_IDLE_S", 0.5)
    job = queue(client, "probe_tasks.nothing")
    run_jobs()
    assert mark.exists()
    assert status(job) == "finished"


def test_the_scripts_are_read_before_other_threads_start() -> None:
    script.cache_clear()
    load_scripts()
    known = script.cache_info().currsize
    for name in ("take", "finish", "fail", "heartbeat", "reap", "requeue"):
        script(f"job_manager/{name}")
    assert script.cache_info().currsize == known
