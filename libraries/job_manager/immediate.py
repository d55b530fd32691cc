"""Immediate mode: a job runs in the process that queues it, before the call that queues it returns.

Everything else is as with workers: the job passes through the same queue, the same steps and the same records. What is left out
is what needs a process that watches: jobs are not retried by themselves, and delayed ones stay where they are. A timeout holds in
the main thread of a process only.
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

# A call runs no more jobs than this, those that its jobs queue among them; the rest stays queued.
MAX_JOBS = 1000


class JobRunner(Protocol):
    """Runs jobs in the calling thread."""

    def run(self, job_ids: Sequence[str]) -> None:
        """Run these jobs as far as they wait in the queue, and then those that waited for them."""


MakeRunner = Callable[[Settings, Redis, int], JobRunner]


class _Process:
    """How this process runs jobs in immediate mode, and the runners that it has."""

    make_runner: MakeRunner | None = None
    runners: dict[Settings, JobRunner] = {}  # noqa: RUF012 - one for the process
    lock = threading.Lock()


def run_inline_with(make_runner: MakeRunner) -> None:
    """Have jobs in immediate mode run by what `make_runner` returns for settings, a client and the most jobs of one call."""
    _Process.make_runner = staticmethod(make_runner)


def run_if_immediate(job_ids: Sequence[str]) -> None:
    """Run these jobs, and then those that waited for them, if this process is in immediate mode; else do nothing.

    Raises:
        QueueUnavailable: the broker went away meanwhile.
    """
    settings = get_settings()
    if settings.jobs.immediate:
        try:
            _runner(settings).run(job_ids)
        except BROKER_ERRORS:
            raise QueueUnavailable(
                "the broker went away while the job ran; its state is unknown"
            ) from None


def run_waiting_if_immediate(client: Redis) -> None:
    """Run what waits in the queue, in its order, if this process is in immediate mode."""
    if JobSettings.current().immediate:
        waiting = cast("list[bytes]", client.lrange(keys.QUEUE_KEY, 0, MAX_JOBS - 1))
        run_if_immediate([job_id.decode() for job_id in waiting])


def _runner(settings: Settings) -> JobRunner:
    with _Process.lock:
        if _Process.make_runner is None:
            load_plugins()
        if _Process.make_runner is None:
            raise RuntimeError("no module below workers/ says how jobs run in immediate mode")
        if settings not in _Process.runners:
            _Process.runners.clear()
            runner = _Process.make_runner(settings, web_client(settings), MAX_JOBS)
            _Process.runners[settings] = runner
        return _Process.runners[settings]
