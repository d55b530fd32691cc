"""The worker: RQ's worker with fast recovery, lossless shutdown and less overhead per job.

It forks a work-horse that takes and runs the jobs, sends heartbeats for the running job, kills it
if necessary, and settles the job of a dead work-horse. `rq worker background` runs the same jobs from
the same queue.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import select
import signal
import time
from types import FrameType
from typing import Any, NoReturn

from rq import Worker
from rq.command import parse_payload

from libraries.broker import exceptions, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import BROKER_ERRORS, REFUSALS
from libraries.job_manager import transitions
from libraries.job_manager.control import NOT_LOADED, WORKER_TTL_S
from libraries.job_manager.errors import JobTimeout
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.transitions import HEARTBEAT_S, Attempt, release_dependents
from libraries.loading import load_problems
from libraries.pickled_json import PickledJson
from libraries.processes import (
    adopt_orphans,
    children,
    exit_text,
    kill_orphans,
    kill_with_descendants,
)
from libraries.settings import Settings
from libraries.worker.broker_checks import unreachable
from libraries.worker.guard import Guard, end_with_parent
from libraries.worker.horse import (
    ASKED_TO_STOP,
    QUEUE_EMPTY,
    SERVED_ITS_JOBS,
    Horse,
)
from libraries.worker.horse_state import RUNNING, WAITING, Activity, HorseState
from libraries.worker.job_isolation import limit_resources, reseed
from libraries.worker.loading import Catalogue

# Most jobs end before their first heartbeat.
FIRST_HEARTBEAT_S = 1.0
# A work-horse without a job updates its state every few seconds, unless it deadlocked: a fork
# copies the locks that other threads hold.
MAX_IDLE_S = 60.0
POLL_S = 0.25
log = logging.getLogger(__name__)


class VectorWorker(Worker):
    """A worker of one queue. The constructor raises BrokerUnusable if the broker is unreachable.

    The first SIGTERM or SIGINT lets the running job finish, the second returns it to the queue.
    """

    STOP_POLL_S = 0.02

    # A job that ignores its timeout (in C code, or catching the exception) is killed after this time.
    KILL_AFTER_TIMEOUT_S = 5

    job_class = VectorJob

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # First, since it takes longer than the start of an embedded broker.
        self.catalogue = Catalogue()
        try:
            client = worker_client(settings)
            client.ping()
            super().__init__(
                [keys.QUEUE],
                secrets.token_hex(6),
                connection=client,
                serializer=PickledJson,
                worker_ttl=WORKER_TTL_S,
            )
        except BROKER_ERRORS as error:
            raise unreachable(settings) from error
        self._horse_state = HorseState()
        self._horse_ended: int | None = None
        self._horse_started = 0.0
        self._quick_deaths = 0
        self._force_stop = False
        self._stop_job_id = ""
        self._stopped_execution = self._timed_out_execution = ""
        self._heartbeats: dict[str, float] = {}
        self._own_heartbeat_at = 0.0
        # Signals, commands and the end of the work-horse write to this pipe to wake the worker.
        self._wake_reader, self._wake_writer = os.pipe()
        self._guard: Guard | None = None
        # Child processes that are not left by a job.
        self._own_children: list[int] = []
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)

    @property
    def stop_requested(self) -> bool:
        return self._stop_requested

    def work(self, burst: bool = False, logging_level: str | None = "WARNING", **_: object) -> bool:  # type: ignore[override]
        """Run jobs until a stop request, or with `burst` an empty queue; return True if orderly."""
        self.bootstrap(logging_level)
        self._install_signal_handlers()  # type: ignore[no-untyped-call]
        log.info("Listening on the %s queue", keys.QUEUE)
        self._guard = Guard()
        adopt_orphans()
        previous = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        try:
            return self._supervise_horses(burst=burst)
        finally:
            signal.set_wakeup_fd(previous)
            with contextlib.suppress(*BROKER_ERRORS):
                self.teardown()  # type: ignore[no-untyped-call]
            self._guard.close()
            adopt_orphans(adopts=False)
            for descriptor in (self._wake_reader, self._wake_writer):
                os.close(descriptor)

    # -- signal handlers and commands only set flags for the loop

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._stop_requested = True
        self._horse_state.ask_to_stop()
        signal.signal(signal.SIGINT, self.request_force_stop)
        signal.signal(signal.SIGTERM, self.request_force_stop)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        self._force_stop = True

    def handle_payload(self, message: Any) -> None:
        """Handle a command of RQ, such as `send_stop_job_command`, in the listening thread."""
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

    # -- main loop

    def _supervise_horses(self, *, burst: bool) -> bool:
        while True:
            if not self._horse_pid:
                if self._stop_requested:
                    return True
                self._fork(burst=burst)
            self._sleep()
            if self._horse_has_exited():
                code = self._settle()
                if burst and code == QUEUE_EMPTY:
                    return True
                if self._quick_deaths > 5:  # noqa: PLR2004
                    log.error("The work-horse died repeatedly before it took a job")
                    return False
            else:
                self._supervise()

    def _sleep(self) -> None:
        pause = self.STOP_POLL_S if self._stop_requested else POLL_S
        select.select([self._wake_reader], [], [], pause)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _horse_has_exited(self) -> bool:
        if self._horse_ended is None:
            pid, status = os.waitpid(self._horse_pid, os.WNOHANG)
            self._horse_ended = status if pid else None
        return self._horse_ended is not None

    def _supervise(self) -> None:
        """Send heartbeats, and kill or wake the work-horse if necessary."""
        activity, now = self._horse_state.read(), time.monotonic()
        idle_s = now - max(activity.started, self._horse_started)
        try:
            if activity.phase == RUNNING:
                self._supervise_job(activity, now)
            elif activity.phase == WAITING and self._stop_requested:
                self.connection.client_unblock(activity.client_id)
            if now - self._own_heartbeat_at > HEARTBEAT_S:
                self._heartbeat()
                self._own_heartbeat_at = now
        except REFUSALS as error:
            log.warning("Broker unreachable (%s)", type(error).__name__)
        if self._force_stop:
            self._kill_if(self._horse_state.read().execution_id)
        elif activity.phase != RUNNING and idle_s > MAX_IDLE_S:
            log.error("The work-horse is stuck before it takes a job; killing it")
            self._kill_if("")

    def _heartbeat(self) -> None:
        if self._guard is not None:
            self._guard.restart_if_dead()
        self.heartbeat()
        if not self.connection.hexists(self.key, "birth"):
            # The record expired during a long outage; `heartbeat` has created an incomplete one.
            self.connection.delete(self.key)
            self.register_birth()

    def register_birth(self) -> None:
        """Register in the broker, with the modules that could not be loaded."""
        super().register_birth()  # type: ignore[no-untyped-call]
        problems = [problem.public() for problem in load_problems()]
        self.connection.hset(self.key, NOT_LOADED, json.dumps(problems))

    def _pubsub_exception_handler(self, exc: Exception, pubsub: Any, pubsub_thread: Any) -> None:
        # RQ reconnects after a ConnectionError, but stops listening after a timeout.
        if isinstance(exc, BROKER_ERRORS):
            exc = exceptions.ConnectionError(type(exc).__name__)
        super()._pubsub_exception_handler(exc, pubsub, pubsub_thread)

    def _supervise_job(self, activity: Activity, now: float) -> None:
        job_id, timeout = activity.job_id, activity.timeout
        if timeout and activity.seconds > timeout + self.KILL_AFTER_TIMEOUT_S:
            log.error("Job %s ignored its timeout of %.0f s; killing it", job_id, timeout)
            self._timed_out_execution = activity.execution_id
            self._kill_if(activity.execution_id)
        elif self._stop_job_id == job_id:
            self._stopped_execution = activity.execution_id
            self._kill_if(activity.execution_id)
        elif (
            activity.seconds > FIRST_HEARTBEAT_S
            and now - self._heartbeats.get(activity.execution_id, 0.0) > HEARTBEAT_S
        ):
            if transitions.heartbeat(self.connection, self._attempt(activity), time.time()):
                self._heartbeats = {activity.execution_id: now}
            else:
                log.warning(
                    "Job %s was given to another worker meanwhile; killing this attempt", job_id
                )
                self._kill_if(activity.execution_id)

    def _kill_if(self, execution_id: str) -> None:
        """Suspend the work-horse, and kill it if it still runs that execution."""
        os.kill(self._horse_pid, signal.SIGSTOP)
        _, status = os.waitpid(self._horse_pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._horse_ended = status
        elif self._horse_state.read().execution_id == execution_id:
            kill_with_descendants(self._horse_pid)
        else:
            os.kill(self._horse_pid, signal.SIGCONT)

    def _attempt(self, activity: Activity) -> Attempt:
        return Attempt(activity.job_id, activity.execution_id, self.name, activity.started_unix)

    # -- end of a work-horse

    def _settle(self) -> int:
        """Clean up after a dead work-horse, settle its job, and return its exit code or -1."""
        status, activity = self._horse_ended or 0, self._horse_state.read()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._horse_pid, signal.SIGKILL)
        # Processes that a task left running.
        guard = [] if self._guard is None else [self._guard.pid]
        kill_orphans([*self._own_children, *guard])
        code = os.waitstatus_to_exitcode(status)
        expected = code in (SERVED_ITS_JOBS, QUEUE_EMPTY, ASKED_TO_STOP)
        is_running = activity.phase == RUNNING
        is_early = time.monotonic() - self._horse_started < 1
        self._quick_deaths = 0 if expected or is_running or not is_early else self._quick_deaths + 1
        time.sleep(0.1 * self._quick_deaths)
        if is_running:
            self._settle_job(activity, status)
        self._horse_pid, self._horse_ended = 0, None
        if self._guard is not None:
            self._guard.watch(0)
        self._heartbeats = {}
        if self._force_stop:
            self._stop_requested = True
        return code if expected else -1

    def _settle_job(self, activity: Activity, status: int) -> None:
        attempt = self._attempt(activity)
        stopped = self._stopped_execution == activity.execution_id
        failure = self._failure(activity, status)
        self._stop_job_id = self._stopped_execution = self._timed_out_execution = ""
        try:
            if self._force_stop and not stopped:
                transitions.return_job(self.connection, attempt)
                log.warning("Job %s returned to the queue", attempt.job_id)
            else:
                self._fail(attempt, failure, stopped=stopped)
        except BROKER_ERRORS as error:
            reason = type(error).__name__
            log.warning("Broker unreachable (%s); a reaper settles job %s", reason, attempt.job_id)

    def _failure(self, activity: Activity, status: int) -> dict[str, str]:
        """Return the public error of the job of a work-horse that ended with `status`."""
        if self._timed_out_execution == activity.execution_id:
            detail = (
                f"the job ran longer than its timeout of {activity.timeout:.0f} s and was killed"
            )
            return {"code": JobTimeout.code, "detail": detail, "text": f"JobTimeout: {detail}"}
        code = os.waitstatus_to_exitcode(status)
        detail = f"the process that ran the job {exit_text(code)}"
        if code == -signal.SIGXCPU:
            limit = self.settings.jobs.job_cpu
            detail = f"the job needs more processor time than its limit, JOB_CPU={limit}s"
        return {"code": "worker-lost", "detail": detail, "text": f"WorkerLost: {detail}"}

    def _fail(self, attempt: Attempt, failure: dict[str, str], *, stopped: bool) -> None:
        # The text of a stopped job is RQ's, which its dashboards recognize.
        error = "Job stopped by user, work-horse terminated." if stopped else failure["text"]
        log.warning("Job %s: %s", attempt.job_id, error)
        outcome = transitions.fail(
            self.connection,
            attempt,
            time.time(),
            trace=error,
            error=error,
            lifetime=self.settings.jobs.failure_ttl,
            stopped=stopped,
            failure=None if stopped else failure,
        )
        if outcome == transitions.FAILED_WITH_DEPENDENTS:
            release_dependents(self.connection, attempt.job_id, self.settings.jobs.failure_ttl)

    # -- start of a work-horse

    def _fork(self, *, burst: bool) -> None:
        self._horse_state.clear()
        if self._stop_requested:
            self._horse_state.ask_to_stop()
        self._horse_started = time.monotonic()
        self._own_children = children(os.getpid())
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_horse(parent, burst=burst)
        self._horse_pid = pid
        if self._guard is not None:
            self._guard.horse = pid

    def _become_horse(self, parent: int, *, burst: bool) -> NoReturn:
        """Run the work-horse. It exits by `os._exit`, so that none of the worker's cleanup runs."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            os.setpgrp()
            if self._guard is not None:
                self._guard.watch(os.getpid())
                self._guard.leave()
            # A stop signal to the process group must not fail the job.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            end_with_parent(parent)
            limit_resources(self.settings)
            reseed()
            self._is_horse = True
            horse = Horse(self.settings, self.name, self._horse_state, self.catalogue)
            code = horse.run(burst=burst, max_jobs=self.settings.jobs.jobs_per_fork)
        except BaseException:
            log.exception("The work-horse failed")
        finally:
            logging.shutdown()
            os._exit(code)
