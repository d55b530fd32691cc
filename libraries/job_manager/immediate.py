"""Immediate mode: jobs run in the process that queues them, before the call returns.

Jobs use the same queue, scripts and records as with workers. Jobs are not retried, and scheduled
jobs do not run, because no process waits for them. Timeouts apply in the main thread only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from libraries.broker import Redis, keys
from libraries.broker.connections import web_client
from libraries.broker.errors import QueueUnavailable
from libraries.broker.retry import BROKER_ERRORS
from libraries.job_manager.tasks import load_plugins
from libraries.settings import JobSettings, Settings, get_settings

# Maximum of jobs in one call, including those that jobs queue; the others stay queued.
MAX_JOBS = 1000


class JobRunner(Protocol):
    """Runs jobs in the calling thread."""

    def run(self, job_ids: Sequence[str]) -> None:
        """Run these jobs if they are in the queue, and then their dependents."""


MakeRunner = Callable[[Settings, Redis, int], JobRunner]


class _Process:
    """The job runners of this process."""

    make_runner: MakeRunner | None = None
    runners: dict[Settings, JobRunner] = {}  # noqa: RUF012 - one for the process
    lock = threading.Lock()


def run_inline_with(make_runner: MakeRunner) -> None:
    """Set the factory of job runners, called with settings, a client and the job limit per call."""
    _Process.make_runner = staticmethod(make_runner)


def run_if_immediate(job_ids: Sequence[str]) -> None:
    """In immediate mode run these jobs and then their dependents. Raises QueueUnavailable."""
    settings = get_settings()
    if settings.jobs.immediate:
        try:
            _runner(settings).run(job_ids)
        except BROKER_ERRORS:
            raise QueueUnavailable(
                "the broker became unreachable while the job ran; the state of the job is unknown"
            ) from None


def run_waiting_if_immediate(client: Redis) -> None:
    """In immediate mode run the jobs in the queue."""
    if JobSettings.current().immediate:
        waiting = cast("list[bytes]", client.lrange(keys.QUEUE_KEY, 0, MAX_JOBS - 1))
        run_if_immediate([job_id.decode() for job_id in waiting])


def _runner(settings: Settings) -> JobRunner:
    with _Process.lock:
        if _Process.make_runner is None:
            load_plugins()
        if _Process.make_runner is None:
            raise RuntimeError("immediate mode: no module below workers/ calls run_inline_with()")
        if settings not in _Process.runners:
            _Process.runners.clear()
            runner = _Process.make_runner(settings, web_client(settings), MAX_JOBS)
            _Process.runners[settings] = runner
        return _Process.runners[settings]
