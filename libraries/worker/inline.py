"""Execution of jobs in the calling thread, with the code of the work-horse."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast
from uuid import uuid4

from libraries.broker import Redis, keys
from libraries.broker.retry import BROKER_ERRORS, COMMIT
from libraries.job_manager import transitions
from libraries.job_manager.errors import UnknownTask
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.journal import read_to_end
from libraries.job_manager.states import FINAL_STATES
from libraries.job_manager.tasks import known_tasks
from libraries.job_manager.transitions import HEARTBEAT_S, Attempt
from libraries.settings import Settings
from libraries.worker.deadline import Deadline
from libraries.worker.hooks import run_startup_hooks
from libraries.worker.horse import Horse
from libraries.worker.horse_state import HorseState
from libraries.worker.loading import Catalogue
from libraries.worker.reaper import Reaper

NAME = "immediate"
# Jobs that jobs queue run up to this depth; deeper ones stay queued.
MAX_DEPTH = 20
FIRST_HEARTBEAT_S = 1.0
log = logging.getLogger(__name__)


class InlineHorse(Horse):
    """Runs jobs outside of a worker: no resource limits, timeouts only in the main thread."""

    commit_policy = replace(COMMIT, limit_s=2.0)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, NAME, HorseState(), Catalogue())
        self.released: set[str] = set()
        self._names = known_tasks()

    def serve(self, job_id: str) -> bool:
        """Run a job if it is in the queue; return whether it was."""
        if not self._claim(job_id):
            return False
        execution_id = uuid4().hex
        record = transitions.take(self._client, NAME, execution_id, time.time(), claimed=job_id)
        if not isinstance(record, dict):
            return False  # the queue is paused
        self._load_tasks()
        record[b"execution_id"] = execution_id.encode()
        self._serve(record)
        return True

    def handle_entries(self) -> bool:
        """Handle new journal entries; return whether there were any."""
        self._load_tasks()
        return read_to_end(self._all_readers(), seconds=1.0)

    def _load_tasks(self) -> None:
        names = known_tasks()
        if names != self._names:
            self._names, self._catalogue = names, Catalogue()

    def _claim(self, job_id: str) -> bool:
        """Move the job to the intermediate list; return whether it was in the queue."""
        with self._client.pipeline() as pipeline:
            pipeline.lrem(keys.QUEUE_KEY, 1, job_id)
            pipeline.lpush(keys.INTERMEDIATE_KEY, job_id)
            found, _ = pipeline.execute()
        if not found:
            self._client.lrem(keys.INTERMEDIATE_KEY, 1, job_id)
        return bool(found)

    def _perform(self, job: VectorJob, name: str, attempt: Attempt, timeout: int) -> bytes | None:
        with _heartbeats(self._client, attempt):
            return super()._perform(job, name, attempt, timeout)

    def _working_folder(self) -> AbstractContextManager[Path | None]:
        # The working directory belongs to the program.
        return nullcontext()

    def _return_unknown(self, name: str, attempt: Attempt, record: dict[bytes, bytes]) -> NoReturn:
        # No worker would take the job.
        raise UnknownTask(name, self._catalogue.tasks, self._catalogue.why_missing(name))

    def _isolation(self) -> AbstractContextManager[Callable[[Callable[[], Any]], Any]]:
        # The processes and the state belong to the program.
        return nullcontext(lambda call: call())

    def _within(self, timeout: int) -> AbstractContextManager[None]:
        in_main_thread = threading.current_thread() is threading.main_thread()
        return Deadline(timeout) if in_main_thread else nullcontext()

    def _finish(self, job: VectorJob, name: str, attempt: Attempt, result: bytes | None) -> None:
        # The commit deletes the set of dependents.
        self.released |= dependents(self._client, job.id)
        super()._finish(job, name, attempt, result)

    def _fail(self, job: VectorJob, name: str, attempt: Attempt, error: BaseException) -> None:
        super()._fail(job, name, attempt, error)
        if isinstance(error, KeyboardInterrupt):
            # Ctrl-C is meant for the program, not for the job.
            raise error


class InlineRunner:
    """Runs jobs one at a time. Jobs that a job queues run before its call returns."""

    def __init__(self, settings: Settings, client: Redis, max_jobs: int) -> None:
        self._client = client
        self._horse = InlineHorse(settings)
        self._reaper = Reaper(settings)
        self._max_jobs = max_jobs
        self._lock = threading.RLock()
        self._depth = 0
        self._remaining = 0

    def run(self, job_ids: Sequence[str]) -> None:
        with self._lock, self._nested():
            # Not in the constructor: a hook may queue a job.
            run_startup_hooks()
            if self._depth > MAX_DEPTH:
                log.warning("Jobs queue jobs %d deep: the innermost stay queued", MAX_DEPTH)
                return
            self._run_all(job_ids)
            if self._depth == 1:
                # Jobs that a subscriber queues append to the journal as well.
                while self._horse.handle_entries() and self._remaining:
                    pass

    def _run_all(self, job_ids: Sequence[str]) -> None:
        pending = deque(job_ids)
        while pending:
            if not self._remaining:
                log.warning("%d jobs ran in one call: the others stay queued", self._max_jobs)
                return
            pending.extend(self._run_one(pending.popleft()))

    def _run_one(self, job_id: str) -> set[str]:
        """Run a job, or abandon it if a dependency failed; return its dependents."""
        before, self._horse.released = self._horse.released, set()
        if not self._horse.serve(job_id) and self._status(job_id) == "deferred":
            self._reaper.settle_waiting_job(job_id)
            self._horse.serve(job_id)
        waiting, self._horse.released = self._horse.released, before
        self._remaining -= 1
        if self._status(job_id) not in FINAL_STATES:
            return set()
        return waiting | dependents(self._client, job_id)

    def _status(self, job_id: str) -> str:
        found = cast("bytes | None", self._client.hget(keys.job_key(job_id), "status"))
        return found.decode() if found else ""

    @contextlib.contextmanager
    def _nested(self) -> Iterator[None]:
        if not self._depth:
            self._remaining = self._max_jobs
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1


def dependents(client: Redis, job_id: str) -> set[str]:
    found = cast("set[bytes]", client.smembers(f"{keys.job_key(job_id)}:dependents"))
    return {one.decode() for one in found}


@contextlib.contextmanager
def _heartbeats(client: Any, attempt: Attempt) -> Iterator[None]:
    """Send heartbeats for a running job: workers that share the broker would consider it lost."""
    ended = threading.Event()

    def send() -> None:
        pause = FIRST_HEARTBEAT_S
        while not ended.wait(pause):
            with contextlib.suppress(*BROKER_ERRORS):
                transitions.heartbeat(client, attempt, time.time())
            pause = HEARTBEAT_S

    thread = threading.Thread(target=send, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
