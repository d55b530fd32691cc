"""The worker: RQ's own, made to notice trouble in seconds and to stop without dropping a job.

Stock `rq worker -S json background` runs the same jobs; what it lacks is written at each method.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import logging
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from redis import Redis, exceptions
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text, now
from rq.worker import WorkerStatus

from libraries.job_manager.catalogue import known_tasks, task_modules
from libraries.job_manager.connections import shown_broker_url, worker_client
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.records import QUEUE
from libraries.settings import Settings

# Seconds. A worker is missed when it has been silent for three heartbeats.
HEARTBEAT_EVERY = 5
HEARTBEAT_TTL = 3 * HEARTBEAT_EVERY
WORKER_TTL = 20
MAINTENANCE_EVERY = 5
# A job that does not react to its timeout (stuck in C, or it swallows the exception) is killed this much later.
HARD_KILL_AFTER = 5
PR_SET_PDEATHSIG = 1
log = logging.getLogger(__name__)


class BrokerUnreachable(Exception):
    """Raised when a worker starts and finds no broker."""


class VectorWorker(Worker):
    """Works on one queue; a SIGTERM or SIGINT lets the running job end, a second one a second later does not."""

    job_class = VectorJob
    log_result_lifespan = False

    def __init__(self, settings: Settings, *, connection: Redis | None = None, queue: str = QUEUE) -> None:
        """Prepare a worker; `connection` is made from the settings if not given.

        Raises:
            BrokerUnreachable: the broker does not answer.
        """
        self.settings = settings
        try:
            super().__init__(
                [queue],
                connection=connection or worker_client(settings),
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL,
                job_monitoring_interval=HEARTBEAT_EVERY,
                maintenance_interval=MAINTENANCE_EVERY,
                default_result_ttl=settings.result_ttl,
                log_job_description=False,
            )
            self.connection.ping()
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            raise BrokerUnreachable(f"cannot reach the broker at {shown_broker_url(settings)}") from error
        self._waiting_client: int | None = None

    # -- stopping: RQ raises StopRequested out of whatever the worker is doing, which can drop the job that it just took

    @property
    def stop_requested(self) -> bool:
        """Tell whether a signal has asked this worker to stop."""
        return self._stop_requested

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Note that the worker is to stop after the job it has; nothing is interrupted, so nothing can be dropped."""
        self._shutdown_requested_date = now()
        signal.signal(signal.SIGINT, self.request_force_stop)
        signal.signal(signal.SIGTERM, self.request_force_stop)
        self._stop_requested = True
        # A signal handler must not talk to the broker: it may have interrupted a conversation.
        threading.Thread(target=self._wake, name="wake", daemon=True).start()

    def _wake(self) -> None:
        log.info("Worker stopping: the running job, if any, may end")
        while self._waiting_client is not None:
            try:
                self.connection.client_unblock(self._waiting_client)
            except exceptions.RedisError:
                return
            time.sleep(0.02)

    # -- taking a job

    def dequeue_job_and_maintain_ttl(self, timeout: int | None, max_idle_time: int | None = None) -> Any:
        """Wait for a job and return it with its queue; None when the worker is to stop, or the queue is empty in burst mode.

        Unlike RQ's, the wait ends at once on a stop request without losing a job that arrives in that moment.
        """
        self.set_state(WorkerStatus.IDLE)
        pause = 0.1
        while not self._stop_requested:
            try:
                self.heartbeat()
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()  # type: ignore[no-untyped-call]
                job_id = self._take(timeout)
                if job_id is not None:
                    found = self._load(job_id)
                    if found is not None:
                        return found
                elif timeout is None:
                    return None
                pause = 0.1
            except (exceptions.ConnectionError, exceptions.TimeoutError):
                log.warning("Broker away; trying again in %.1f s", pause)
                time.sleep(pause)
                pause = min(2 * pause, 2.0)
        return None

    def _take(self, timeout: int | None) -> str | None:
        queue = self.queues[0]
        if timeout is None:
            return _text(self.connection.lmove(queue.key, queue.intermediate_queue_key))
        # On a connection of its own, so that its id is known and a stop request can end the wait from outside.
        with self.connection.client() as waiting:  # type: ignore[no-untyped-call]
            self._waiting_client = waiting.client_id()
            try:
                if self._stop_requested:
                    return None
                return _text(waiting.blmove(queue.key, queue.intermediate_queue_key, timeout))
            finally:
                self._waiting_client = None

    def _load(self, job_id: str) -> tuple[Job, Queue] | None:
        queue = self.queues[0]
        found = self.queue_class._fetch_dequeued_job(  # noqa: SLF001 - what RQ's own dequeue_any calls after the pop
            self.connection, queue.key, job_id, job_class=self.job_class, serializer=self.serializer
        )
        if found is None:
            self.connection.lrem(queue.intermediate_queue_key, 1, job_id)
        return found

    # -- watching a job

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Return how many seconds a heartbeat lasts: RQ adds a minute, in which nobody notices that a worker died."""
        return HEARTBEAT_TTL

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Say that worker, execution and job are alive; kill a job that has outlived its timeout by some seconds.

        RQ gives such a job a minute.
        """
        started = job.started_at
        if started and job.timeout and job.timeout > 0 and (now() - started).total_seconds() > job.timeout + HARD_KILL_AFTER:
            log.error("Job %s ignores its timeout of %s s; killing it", job.id, job.timeout)
            self.kill_horse()
            return
        super().maintain_heartbeats(job, execution)

    def setup_work_horse_signals(self) -> None:
        """Let the work-horse ignore the signals that stop its worker, and die with it.

        A stop signal to the whole process group would otherwise fail the job, and an orphan would go on running a job that
        somebody else has begun again.
        """
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        die_with_parent(self.pid or os.getppid())


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that forked it ends; elsewhere than on Linux, watch for that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)


def _text(value: Any) -> str | None:
    return None if value is None else as_text(value)


def load_tasks() -> list[str]:
    """Import every module that holds tasks, so that no job has to, and return the tasks' dotted paths.

    What is loaded by then is kept out of garbage collection: a collection in a forked work-horse would copy all of it.
    """
    for module in task_modules():
        try:
            importlib.import_module(module)
        except Exception:
            log.exception("%s cannot be imported; its jobs will fail", module)
    gc.collect()
    gc.freeze()
    return known_tasks()


def run_worker(settings: Settings, *, burst: bool = False) -> int:
    """Run one worker until it is told to stop, or until the queue is empty with `burst`; return the exit code.

    0 after a stop on request, 1 when the worker ended for another reason.

    Raises:
        BrokerUnreachable: the broker does not answer.
    """
    worker = VectorWorker(settings)
    tasks = load_tasks()
    log.info("Worker started: pid %d, queue %s, broker %s, %d tasks", os.getpid(), QUEUE, shown_broker_url(settings), len(tasks))
    log.info("The following commands are available:")
    for task in tasks:
        log.info("+ %s", task)
    # Before the line that says so: whoever reads it may stop the worker right away.
    worker._install_signal_handlers()  # noqa: SLF001
    log.info("Listening on the %s queue", QUEUE)
    # RQ's own log lines say the same things again; warnings and errors stay.
    worker.work(burst=burst, logging_level="DEBUG" if settings.log_level == "DEBUG" else "WARNING")
    if burst or worker.stop_requested:
        log.info("Worker stopped")
        return 0
    log.error("Worker ended on its own; its supervisor should start it again")
    return 1
