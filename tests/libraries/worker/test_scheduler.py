"""Periodic tasks: the schedules file, and one job for each due time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from redis import Redis

from libraries.broker import keys
from libraries.broker.connections import worker_client
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager.schedules import BadSchedules, Schedule, load_schedules, schedule_states
from libraries.settings import Settings, use_settings
from libraries.worker.scheduler import Scheduler
from tests.conftest import WorkerProcess, until
from tests.forked import run_python

ECHO, NOTHING = "workers.probe_tasks.echo", "workers.probe_tasks.nothing"
# Half a second after a full minute and hour in the past.
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
EVERY_SECOND = Schedule(name="tick", task=NOTHING, every=1, overlap=True)


def written(home: Path, settings: Settings, text: str) -> Settings:
    """Settings with a schedules file of this text."""
    (home / "schedules.toml").write_text(text, encoding="utf-8")
    return use_settings(settings.with_values(schedules=home / "schedules.toml"))


def client_of(settings: Settings) -> Redis:
    return worker_client(settings)


def queued(client: Redis) -> list[str]:
    return [one.decode() for one in cast("list[bytes]", client.lrange(keys.QUEUE_KEY, 0, -1))]


@pytest.fixture
def scheduler(
    broker: EmbeddedBroker, settings: Settings, probe_tasks: None
) -> Callable[..., Scheduler]:
    """Return a function that creates a scheduler without a thread."""
    return lambda *schedules: Scheduler(settings, schedules)


# -- the file


def test_a_file_defines_tasks_and_due_times(
    home: Path, settings: Settings, probe_tasks: None
) -> None:
    text = f"""
    [[schedule]]
    name = "nightly"
    cron = "0 3 * * *"
    task = "{ECHO}"
    args = [1, "two"]
    kwargs = {{ three = 3 }}
    timeout = "10m"
    catch_up = false
    owner = "ann"

    [[schedule]]
    name = "tick"
    every = "90s"
    task = "{NOTHING}"
    overlap = true
    """
    nightly, tick = load_schedules(written(home, settings, text).jobs)
    assert nightly == Schedule(
        name="nightly",
        task=ECHO,
        cron="0 3 * * *",
        args=[1, "two"],
        kwargs={"three": 3},
        timeout=600,
        catch_up=False,
        owner="ann",
    )
    assert (tick.every, tick.overlap, tick.catch_up, tick.when) == (90, True, True, "every 90 s")


def test_the_default_file_is_optional_and_a_configured_one_is_required(
    home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    assert load_schedules(settings.jobs) == []
    with pytest.raises(BadSchedules, match=r"^other.toml, set in SCHEDULES, does not exist$"):
        load_schedules(settings.with_values(schedules=home / "other.toml").jobs)
    (home / "empty").touch()
    assert load_schedules(settings.with_values(schedules=home / "empty").jobs) == []


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('cron = "0 3 * * *"', "task: must be a dotted path"),
        (f'task = "{NOTHING}"', "set either cron or every"),
        (f'task = "{NOTHING}"\ncron = "0 3 * * *"\nevery = 1', "set either cron or every"),
        (f'task = "{NOTHING}"\ncron = "0 25 * * *"', "cron: "),
        (f'task = "{NOTHING}"\ncron = "0 0 31 2 *"', "cron: "),
        (f'task = "{NOTHING}"\ncron = "* * * * * *"', "cron: must have five fields"),
        (f'task = "{NOTHING}"\nevery = 0', "every: must be a duration"),
        (f'task = "{NOTHING}"\nevery = 0.5', "every: must be a duration"),
        (f'task = "{NOTHING}"\nevery = true', "every: must be a duration"),
        (f'task = "{NOTHING}"\nevery = 1\nargs = [1]', "args: .* takes at most 0"),
        (f'task = "{NOTHING}"\nevery = 1\ntimeout = "soon"', "timeout: "),
        (f'task = "{NOTHING}"\nevery = 1\nevrey = 1', "evrey: unknown field; did you mean 'every'"),
        (f'task = "{NOTHING}"\nevery = 1\ncatch_up = "yes"', "catch_up: must be a bool"),
        (f'task = "{NOTHING}"\nevery = 1\nowner = "../x"', "owner: "),
        ('task = "os.system"\nevery = 1', "task: unknown task 'os.system'"),
    ],
)
def test_a_mistake_in_the_file_is_reported(
    home: Path, settings: Settings, probe_tasks: None, entry: str, message: str
) -> None:
    with pytest.raises(BadSchedules, match=f"^schedules.toml is invalid: 'one': {message}"):
        load_schedules(written(home, settings, f'[[schedule]]\nname = "one"\n{entry}\n').jobs)


def test_all_mistakes_are_reported_together_and_invalid_toml_is_rejected(
    home: Path, settings: Settings, probe_tasks: None
) -> None:
    same = f'[[schedule]]\nname = "one"\ntask = "{NOTHING}"\nevery = 1\n'
    with pytest.raises(BadSchedules, match=r"'one': name: duplicate name; number 3: name: must be"):
        load_schedules(written(home, settings, f"{same}{same}[[schedule]]\n").jobs)
    for text, message in (
        ("[[schedule", "is not TOML"),
        ("schedule = 1", "must contain only"),
        ("[other]", "must contain only"),
    ):
        with pytest.raises(BadSchedules, match=message):
            load_schedules(written(home, settings, text).jobs)
    with pytest.raises(BadSchedules, match="larger than"):
        load_schedules(written(home, settings, "#" * 1_000_001).jobs)


# -- due times


def test_due_times_are_utc_and_do_not_depend_on_the_machines_time_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In Berlin the night of 29 March 2026 has no 02:30, and that of 25 October has it twice.
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        nightly = Schedule(name="nightly", task=NOTHING, cron="30 2 * * *")
        for month, day in ((3, 29), (10, 25)):
            start = datetime(2026, month, day, tzinfo=UTC).timestamp()
            assert nightly.following(start) == start + 2.5 * 3600
            assert nightly.following(start + 3 * 3600) == start + 26.5 * 3600
            assert nightly.latest(start + 2.5 * 3600) == start + 2.5 * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


def test_all_workers_compute_the_same_periods() -> None:
    schedule = Schedule(name="often", task=NOTHING, every=90)
    assert schedule.latest(NOON + 89.9) == NOON
    assert schedule.latest(NOON + 90) == schedule.following(NOON) == NOON + 90


# -- queueing


def test_the_first_tick_queues_nothing_and_each_later_due_time_one_job(
    scheduler: Callable[..., Scheduler], settings: Settings
) -> None:
    one = scheduler(EVERY_SECOND)
    assert one.tick(NOON + 0.4) == []
    made = [job_id for tenth in range(5, 40) for job_id in one.tick(NOON + tenth / 10)]
    assert len(made) == 3
    assert queued(client_of(settings)) == made


def test_three_schedulers_at_once_queue_one_job_for_each_due_time(
    scheduler: Callable[..., Scheduler], settings: Settings
) -> None:
    minutely = Schedule(name="minutely", task=NOTHING, cron="* * * * *", overlap=True)
    schedulers = [scheduler(EVERY_SECOND, minutely) for _ in range(3)]
    barrier = threading.Barrier(3)
    made: list[list[str]] = [[], [], []]

    def run(index: int) -> None:
        # One clock is fast and one slow; each passes every due time.
        for second in range(-1, 25):
            barrier.wait(20)
            made[index] += schedulers[index].tick(NOON + 50 + second + index * 0.3)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    jobs = [job_id for each in made for job_id in each]
    assert len(jobs) == len(set(jobs)) == 25 + 1
    assert sorted(queued(client_of(settings))) == sorted(jobs)


def test_a_restarted_scheduler_does_not_queue_a_due_time_again(
    scheduler: Callable[..., Scheduler], settings: Settings
) -> None:
    """As after kill -9 at any time: the state is stored only in the broker."""
    scheduler(EVERY_SECOND).tick(NOON)
    assert len(scheduler(EVERY_SECOND).tick(NOON + 1)) == 1
    assert scheduler(EVERY_SECOND).tick(NOON + 1.2) == []
    # Even if the state of the schedule is lost, the job is known by its id.
    client_of(settings).hset(keys.schedule_key(EVERY_SECOND.identity), "due", str(NOON))
    assert scheduler(EVERY_SECOND).tick(NOON + 1.4) == []
    assert len(queued(client_of(settings))) == 1


def test_missed_due_times_are_made_up_for_once(
    scheduler: Callable[..., Scheduler],
) -> None:
    hourly = Schedule(name="hourly", task=NOTHING, cron="0 * * * *")
    scheduler(hourly, EVERY_SECOND).tick(NOON)
    back = scheduler(hourly, EVERY_SECOND)
    assert len(back.tick(NOON + 7 * 3600 + 1800)) == 2
    assert back.tick(NOON + 7 * 3600 + 1800.5) == []


def test_without_catch_up_a_missed_due_time_is_skipped(
    scheduler: Callable[..., Scheduler], home: Path, settings: Settings
) -> None:
    hourly = Schedule(name="hourly", task=NOTHING, cron="0 * * * *", catch_up=False)
    scheduler(hourly).tick(NOON)
    back = scheduler(hourly)
    assert back.tick(NOON + 3600 + 1800) == []
    assert len(back.tick(NOON + 2 * 3600 + 30)) == 1
    written(
        home,
        settings,
        f'[[schedule]]\nname = "hourly"\ncron = "0 * * * *"\ntask = "{NOTHING}"\ncatch_up = false\n',
    )
    (state,) = schedule_states()
    assert (state.runs, state.missed, state.skipped, state.last_status) == (1, 1, 0, "queued")
    assert state.last_run == datetime.fromtimestamp(NOON + 2 * 3600, UTC)


def test_no_job_is_queued_while_the_last_one_waits(
    scheduler: Callable[..., Scheduler], settings: Settings, run_jobs: Callable[[], None]
) -> None:
    one = scheduler(replace(EVERY_SECOND, overlap=False))
    one.tick(NOON)
    assert len(one.tick(NOON + 1)) == 1
    assert one.tick(NOON + 2) == one.tick(NOON + 3) == []
    run_jobs()
    assert len(one.tick(NOON + 4)) == 1


def test_a_clock_that_was_far_ahead_does_not_disable_a_schedule(
    scheduler: Callable[..., Scheduler], settings: Settings
) -> None:
    now = time.time()
    one = scheduler(EVERY_SECOND)
    one.tick(now - 10)
    assert one.tick(now + 86400) == []
    client_of(settings).hset(keys.schedule_key(EVERY_SECOND.identity), "due", str(now + 86400))
    assert len(scheduler(EVERY_SECOND).tick(now)) == 1


def test_records_of_frequent_jobs_expire_soon(
    scheduler: Callable[..., Scheduler], settings: Settings
) -> None:
    hourly = Schedule(name="hourly", task=NOTHING, cron="0 * * * *")
    one = scheduler(EVERY_SECOND, hourly)
    one.tick(NOON - 1)
    often, seldom = one.tick(NOON)
    lives = {
        name: client_of(settings).hget(keys.job_key(name), "result_ttl") for name in (often, seldom)
    }
    assert lives == {often: b"600", seldom: str(settings.jobs.result_ttl).encode()}


def test_an_outage_of_the_broker_loses_no_due_time(
    scheduler: Callable[..., Scheduler], private_broker: EmbeddedBroker, settings: Settings
) -> None:
    one = scheduler(EVERY_SECOND)
    one.tick(NOON)
    private_broker.stop()
    assert one.tick(NOON + 1) == []
    private_broker.start()
    assert len(one.tick(NOON + 1.5)) == 1


# -- the worker


def test_a_one_second_task_runs_and_is_logged(
    home: Path, settings: Settings, start_worker: Callable[..., WorkerProcess], probe_tasks: None
) -> None:
    """Two workers, one of them killed, and still no due time has two jobs."""
    text = (
        f'[[schedule]]\nname = "tick"\nevery = 1\ntask = "{ECHO}"\nargs = ["now"]\noverlap = true\n'
    )
    written(home, settings, text)
    first, second = (start_worker(SCHEDULES=str(home / "schedules.toml")) for _ in range(2))
    assert "periodic tasks: 1\n" in first.output()
    assert "Periodic tasks are enabled:" in first.output()
    assert f"~ tick: {ECHO}, every 1 s, next at 20" in first.output()

    def logged() -> int:
        return (first.output() + second.output()).count("Periodic task tick is due")

    # A worker that is killed before it logs a run leaves no line.
    until(lambda: logged() >= 1, seconds=20, what="the first run")
    first.stop(signal.SIGKILL)
    before = logged()
    until(lambda: logged() > before, seconds=20, what="a run after the death of one worker")
    assert schedule_states()[0].runs >= 2
    until(lambda: schedule_states()[0].last_status == "finished", seconds=20, what="a finished run")


@pytest.mark.parametrize("arguments", [["--single"], []])
def test_an_invalid_file_prevents_the_start_with_a_one_line_error(
    home: Path, environ: dict[str, str], arguments: list[str]
) -> None:
    (home / "bad.toml").write_text('[[schedule]]\nname = "x"\n')
    environ |= {"SCHEDULES": str(home / "bad.toml")}
    done = run_python("-m", "workers", *arguments, environ=environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bad.toml is invalid: 'x': task: must be a dotted path")
    assert len(done.stderr.splitlines()) == 1
