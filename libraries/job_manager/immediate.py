"""Immediate mode: a job runs in the process that queues it, before the call that queues it returns.

Everything else is as with workers: the job passes through the same queue, the same steps and the same records. What is left out
is what needs somebody who watches: jobs are not tried again by themselves, and delayed ones stay where they are. A timeout holds
in the main thread of a process only.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from redis import Redis

from libraries.job_manager import keys
from libraries.job_manager.connections import BROKER_AWAY, web_client
from libraries.job_manager.errors import QueueUnavailable
from libraries.settings import JobSettings, Settings, get_settings

if TYPE_CHECKING:
    from libraries.job_manager.inline import InlineRunner

# A call runs no more jobs than this, those that its jobs queue among them; the rest stays queued.
MOST_JOBS = 1000
_lock = threading.Lock()
_runners: dict[Settings, InlineRunner] = {}


def run_if_immediate(job_ids: Sequence[str]) -> None:
    """Run these jobs, and then those that waited for them, if this process is in immediate mode; else do nothing.

    Raises:
        QueueUnavailable: the broker went away meanwhile.
    """
    settings = get_settings()
    if settings.jobs.immediate:
        try:
            _runner(settings).run(job_ids)
        except BROKER_AWAY:
            raise QueueUnavailable(
                "the broker went away while the job ran; its state is unknown"
            ) from None


def run_waiting_if_immediate(client: Redis) -> None:
    """Run what waits in the queue, in its order, if this process is in immediate mode."""
    if JobSettings.current().immediate:
        waiting = cast("list[bytes]", client.lrange(keys.QUEUE_KEY, 0, MOST_JOBS - 1))
        run_if_immediate([job_id.decode() for job_id in waiting])


def _runner(settings: Settings) -> InlineRunner:
    # What runs jobs can also queue some, so it imports what imports this.
    from libraries.job_manager.inline import InlineRunner  # noqa: PLC0415

    with _lock:
        if settings not in _runners:
            _runners.clear()
            _runners[settings] = InlineRunner(settings, web_client(settings), most=MOST_JOBS)
        return _runners[settings]
