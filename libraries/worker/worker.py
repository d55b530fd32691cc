"""The worker: RQ's own to look at, made to notice trouble in seconds, to stop without dropping a job, and to be fast.

It forks a work-horse that takes and runs the jobs, keeps the running one alive in the broker, kills it when it must, and settles
what a dead work-horse leaves. Stock `rq worker -S json background` runs the same jobs from the same queue.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import random
import secrets
import select
import signal
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

from rq import Worker
from rq.command import parse_payload
from rq.serializers import JSONSerializer

from libraries.broker import exceptions, keys
from libraries.broker.connections import redacted_broker_url, worker_client
from libraries.broker.retry import BROKER_ERRORS, REFUSALS
from libraries.broker.scripts import load_scripts
from libraries.job_manager import transitions
from libraries.job_manager.control import NOT_LOADED
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.schedules import BadSchedules, load_schedules
from libraries.job_manager.transitions import HEARTBEAT_S, Attempt
from libraries.loading import load_problems
from libraries.settings import Settings
from libraries.worker.dispatcher import Dispatcher
from libraries.worker.guard import die_with_parent, start_guard
from libraries.worker.hooks import StartupFailed, run_shutdown_hooks, run_startup_hooks
from libraries.worker.horse import (
    ASKED_TO_STOP,
    QUEUE_EMPTY,
    SERVED_ITS_JOBS,
    Horse,
    limit_resources,
    release_dependents,
)
from libraries.worker.horse_state import RUNNING, WAITING, Activity, HorseState
from libraries.worker.loading import Tasks, load_tasks
from libraries.worker.reaper import TICK_S as REAPER_PERIOD
from libraries.worker.reaper import Reaper, Sweep
from libraries.worker.scheduler import Scheduler, log_schedules

# Seconds after which a running job gets its first heartbeat; most jobs are done by then.
FIRST_HEARTBEAT_S = 1.0
# A job that does not react to its timeout (stuck in C, or it swallows the exception) is killed this much later.
KILL_AFTER_TIMEOUT_S = 5
# A work-horse without a job comes back to its slot every few seconds. One that does not is stuck, and would keep its worker idle
# for ever: a fork takes the locks along that other threads held in that moment.
MAX_IDLE_S = 60.0
POLL_S = 0.25
STOP_POLL_S = 0.02
log = logging.getLogger(__name__)


class BrokerUnreachable(Exception):
    """Raised when a worker starts and finds no broker."""


def unreachable(settings: Settings) -> BrokerUnreachable:
    """Return the error for a broker that does not answer; it says where it was sought and what to do."""
    where = redacted_broker_url(settings)
    return BrokerUnreachable(
        f"cannot reach the broker at {where}; start it with `make run`, or set REDIS_URL to the one to use"
    )


class VectorWorker(Worker):
    """Works on one queue; a SIGTERM or SIGINT lets the running job end, a second one hands it back to the queue."""

    job_class = VectorJob

    def __init__(self, settings: Settings, tasks: Tasks | None = None) -> None:
        """Prepare a worker that runs `tasks`, those of `load_tasks()` if not given.

        Raises:
            BrokerUnreachable: the broker does not answer.
        """
        self.settings = settings
        try:
            client = worker_client(settings)
            client.ping()
            name = secrets.token_hex(6)
            super().__init__(
                [keys.QUEUE],
                name,
                connection=client,
                serializer=JSONSerializer,
                worker_ttl=20,
            )
        except BROKER_ERRORS as error:
            raise unreachable(settings) from error
        self._tasks = load_tasks() if tasks is None else tasks
        self._slot = HorseState()
        self._horse_ended: int | None = None
        self._horse_started = 0.0
        self._quick_deaths = 0
        self._drop_job = False
        self._stop_job_id = ""
        self._stopped_execution = ""
        self._beat_at: dict[str, float] = {}
        self._heartbeat_at = 0.0
        # A byte in this pipe ends the worker's sleep: from a signal, a command, or the end of the work-horse.
        self._wake_reader, self._wake_writer = os.pipe()
        self._guard = -1
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)

    @property
    def stop_requested(self) -> bool:
        """Tell whether a signal has asked this worker to stop."""
        return self._stop_requested

    def work(self, burst: bool = False, logging_level: str | None = "WARNING", **_: object) -> bool:  # type: ignore[override]
        """Run jobs until asked to stop, or until the queue is empty with `burst`; return whether it ended as it should."""
        self.bootstrap(logging_level)
        self._install_signal_handlers()  # type: ignore[no-untyped-call]
        log.info("Listening on the %s queue", keys.QUEUE)
        self._guard = start_guard(self._slot)
        previous = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        try:
            return self._supervise_horses(burst=burst)
        finally:
            signal.set_wakeup_fd(previous)
            with contextlib.suppress(*BROKER_ERRORS):
                self.teardown()  # type: ignore[no-untyped-call]
            for descriptor in (self._wake_reader, self._wake_writer, self._guard):
                os.close(descriptor)

    # -- signals and commands only leave a note; the loop below acts on it

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Note that the worker is to stop after the job it has."""
        self._stop_requested = True
        self._slot.ask_to_stop()
        signal.signal(signal.SIGINT, self.request_force_stop)
        signal.signal(signal.SIGTERM, self.request_force_stop)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Note that the worker is to stop now."""
        self._drop_job = True

    def handle_payload(self, message: Any) -> None:
        """Take a command of RQ's, such as `send_stop_job_command`, from the thread that listens for them."""
        payload = parse_payload(message)
        command = payload["command"]
        if command in ("stop-job", "stop-execution"):
            self._stop_job_id = str(payload.get("job_id", ""))
        elif command == "kill-horse" and self._horse_pid:
            os.kill(self._horse_pid, signal.SIGKILL)
        elif command == "shutdown":
            os.kill(os.getpid(), signal.SIGINT)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_writer, b"!")

    # -- the loop

    def _supervise_horses(self, *, burst: bool) -> bool:
        while True:
            if not self._horse_pid:
                if self._stop_requested:
                    return True
                self._fork(burst=burst)
            self._sleep()
            if self._horse_is_gone():
                code = self._settle()
                if burst and code == QUEUE_EMPTY:
                    return True
                if self._quick_deaths > 5:  # noqa: PLR2004
                    log.error("The work-horse dies again and again before it takes a job")
                    return False
            else:
                self._supervise()

    def _sleep(self) -> None:
        pause = STOP_POLL_S if self._stop_requested else POLL_S
        select.select([self._wake_reader], [], [], pause)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _horse_is_gone(self) -> bool:
        if self._horse_ended is None:
            pid, status = os.waitpid(self._horse_pid, os.WNOHANG)
            self._horse_ended = status if pid else None
        return self._horse_ended is not None

    def _supervise(self) -> None:
        """Do what the work-horse needs from outside while it lives."""
        activity, now = self._slot.read(), time.monotonic()
        try:
            if activity.phase == RUNNING:
                self._supervise_job(activity, now)
            elif activity.phase == WAITING and self._stop_requested:
                self.connection.client_unblock(activity.client_id)
            if now - self._heartbeat_at > HEARTBEAT_S:
                self._heartbeat()
                self._heartbeat_at = now
        except REFUSALS as error:
            log.warning("Broker away (%s)", type(error).__name__)
        if self._drop_job:
            self._kill_if(self._slot.read().execution_id)
        elif (
            activity.phase != RUNNING
            and now - max(activity.started, self._horse_started) > MAX_IDLE_S
        ):
            log.error("The work-horse is stuck before it takes a job; killing it")
            self._kill_if("")

    def _heartbeat(self) -> None:
        self.heartbeat()
        if not self.connection.hexists(self.key, "birth"):
            # The record expired while the broker was away for long; a heartbeat alone makes an empty one.
            self.connection.delete(self.key)
            self.register_birth()

    def register_birth(self) -> None:
        """Register in the broker, with the modules that cannot be loaded: the web process imports no tasks."""
        super().register_birth()  # type: ignore[no-untyped-call]
        problems = [problem.public() for problem in load_problems()]
        self.connection.hset(self.key, NOT_LOADED, json.dumps(problems))

    def _pubsub_exception_handler(self, exc: Exception, pubsub: Any, pubsub_thread: Any) -> None:
        # RQ stops listening for commands after a timeout; for us a silent broker is one that comes back.
        trouble = (
            exceptions.ConnectionError(type(exc).__name__)
            if isinstance(exc, BROKER_ERRORS)
            else exc
        )
        super()._pubsub_exception_handler(trouble, pubsub, pubsub_thread)

    def _supervise_job(self, activity: Activity, now: float) -> None:
        if activity.timeout and activity.seconds > activity.timeout + KILL_AFTER_TIMEOUT_S:
            log.error(
                "Job %s ignores its timeout of %.0f s; killing it",
                activity.job_id,
                activity.timeout,
            )
            self._kill_if(activity.execution_id)
        elif self._stop_job_id == activity.job_id:
            self._stopped_execution = activity.execution_id
            self._kill_if(activity.execution_id)
        elif (
            activity.seconds > FIRST_HEARTBEAT_S
            and now - self._beat_at.get(activity.execution_id, 0.0) > HEARTBEAT_S
        ):
            if transitions.heartbeat(self.connection, self._attempt(activity), time.time()):
                self._beat_at = {activity.execution_id: now}
            else:
                log.warning(
                    "Job %s was given to another worker meanwhile; killing this run of it",
                    activity.job_id,
                )
                self._kill_if(activity.execution_id)

    def _kill_if(self, execution_id: str) -> None:
        """Kill the work-horse if it still runs that execution.

        It may have gone on to the next job since the slot was read, so it is halted first and looked at again.
        """
        os.kill(self._horse_pid, signal.SIGSTOP)
        _, status = os.waitpid(self._horse_pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._horse_ended = status
        elif self._slot.read().execution_id == execution_id:
            os.kill(self._horse_pid, signal.SIGKILL)
        else:
            os.kill(self._horse_pid, signal.SIGCONT)

    def _attempt(self, activity: Activity) -> Attempt:
        return Attempt(activity.job_id, activity.execution_id, self.name, activity.started_unix)

    # -- the end of a work-horse

    def _settle(self) -> int:
        """Clean up behind a work-horse that is gone, settle the job it died with, and return its exit code or -1."""
        status, activity = self._horse_ended or 0, self._slot.read()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._horse_pid, signal.SIGKILL)  # processes that a task started and left
        code = os.waitstatus_to_exitcode(status)
        expected = code in (SERVED_ITS_JOBS, QUEUE_EMPTY, ASKED_TO_STOP)
        quick = (
            not expected
            and activity.phase != RUNNING
            and time.monotonic() - self._horse_started < 1
        )
        self._quick_deaths = self._quick_deaths + 1 if quick else 0
        if quick:
            time.sleep(0.1 * self._quick_deaths)
        if activity.phase == RUNNING:
            self._settle_job(activity, status)
        self._horse_pid, self._horse_ended = 0, None
        self._slot.horse = 0
        self._beat_at = {}
        if self._drop_job:
            self._stop_requested = True
        return code if expected else -1

    def _settle_job(self, activity: Activity, status: int) -> None:
        attempt = self._attempt(activity)
        stopped = self._stopped_execution == activity.execution_id
        self._stop_job_id = self._stopped_execution = ""
        try:
            if self._drop_job and not stopped:
                transitions.return_job(self.connection, attempt)
                log.warning("Job %s was handed back to the queue", activity.job_id)
                return
            how = f" (signal {os.WTERMSIG(status)})" if os.WIFSIGNALED(status) else ""
            # RQ's own words, which its dashboards know.
            error = f"Work-horse terminated unexpectedly; waitpid returned {status}{how}; "
            if stopped:
                error = "Job stopped by user, work-horse terminated."
            log.warning("Job %s: %s", activity.job_id, error)
            outcome = transitions.fail(
                self.connection,
                attempt,
                time.time(),
                trace=error,
                error=error,
                lifetime=self.settings.jobs.failure_ttl,
                stopped=stopped,
            )
        except BROKER_ERRORS as error:
            log.warning(
                "Broker away (%s); a reaper will see to job %s",
                type(error).__name__,
                activity.job_id,
            )
        else:
            if outcome == transitions.WAITED_FOR:
                release_dependents(self.connection, activity.job_id)

    # -- the beginning of one

    def _fork(self, *, burst: bool) -> None:
        self._slot.clear()
        if self._stop_requested:
            self._slot.ask_to_stop()
        self._horse_started = time.monotonic()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_horse(parent, burst=burst)
        self._horse_pid = pid

    def _become_horse(self, parent: int, *, burst: bool) -> NoReturn:
        """Be the work-horse; leaves by `os._exit`, so that nothing of the worker's own end runs here."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            os.close(self._guard)
            os.setpgrp()
            self._slot.horse = os.getpid()
            # A stop signal to the whole process group must not fail the job; the worker says when to stop.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            die_with_parent(parent)
            limit_resources(self.settings)
            random.seed()
            self._is_horse = True
            horse = Horse(self.settings, self.name, self._slot, self._tasks)
            code = horse.run(burst=burst, most=self.settings.jobs.jobs_per_fork)
        except BaseException:
            log.exception("The work-horse cannot go on")
        finally:
            logging.shutdown()
            os._exit(code)


def eviction_policy(client: Any) -> str:
    """Return what the broker does when its memory is full, in its own words; only `noeviction` keeps every job."""
    return str(client.info("memory").get("maxmemory_policy", "noeviction"))


def run_worker(settings: Settings, *, burst: bool = False, sweeps: Sequence[Sweep] = ()) -> int:
    """Run one worker, with a reaper beside it, until it is told to stop, or until the queue is empty with `burst`.

    The reaper calls `sweeps` every ten seconds.

    Returns the exit code: 0 after a stop on request or an emptied queue, 1 when the worker ended for another reason, a start-up
    hook failed or the schedules file cannot be used.

    Raises:
        BrokerUnreachable: the broker does not answer.
    """
    worker = VectorWorker(settings)
    policy = eviction_policy(worker.connection)
    if policy != "noeviction":
        log.error(
            "The broker throws jobs away when its memory is full: its maxmemory-policy is %s, set it to noeviction",
            policy,
        )
        return 1
    try:
        schedules = load_schedules(settings.jobs)
        run_startup_hooks()
    except (BadSchedules, StartupFailed) as error:
        log.error("Worker not started: %s", error)  # noqa: TRY400 - one line says it all
        return 1
    log.info(
        "Worker started: pid %d, queue %s, broker %s, %d tasks",
        os.getpid(),
        keys.QUEUE,
        redacted_broker_url(settings),
        len(worker._tasks),  # noqa: SLF001
    )
    log.info(
        "Runs 1 job at a time in 1 process with 1 thread; scheduler and reaper look every %.0f s; periodic tasks: %s",
        REAPER_PERIOD,
        len(schedules) or "none",
    )
    log.info("The following commands are available:")
    for task in sorted(worker._tasks):  # noqa: SLF001
        log.info("+ %s", task)
    log_schedules(schedules)
    # What is loaded by now is kept out of garbage collection: a collection in a work-horse would copy all of it.
    gc.collect()
    gc.freeze()
    load_scripts()
    reaper, scheduler = Reaper(settings, sweeps), Scheduler(settings, schedules)
    dispatcher = Dispatcher(settings)
    reaper.start()
    dispatcher.start()
    scheduler.start()
    try:
        well = worker.work(burst=burst)
    finally:
        scheduler.stop()
        dispatcher.stop()
        reaper.stop()
        run_shutdown_hooks()
    if well:
        log.info("Worker stopped")
        return 0
    log.error("Worker ended on its own; its supervisor should start it again")
    return 1
