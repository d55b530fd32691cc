"""A worker process: start-up hooks, the worker with its background threads, and an orderly end."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
from collections.abc import Iterator, Sequence

from libraries.broker import keys
from libraries.broker.connections import redacted_broker_url
from libraries.broker.scripts import load_scripts
from libraries.job_manager.schedules import BadSchedules, Schedule, load_schedules
from libraries.settings import Settings
from libraries.worker.broker_checks import check_eviction_policy
from libraries.worker.collector import Collector, Sweep
from libraries.worker.dispatcher import Dispatcher
from libraries.worker.hooks import StartupFailed, run_shutdown_hooks, run_startup_hooks
from libraries.worker.reaper import TICK_S, Reaper
from libraries.worker.scheduler import Scheduler, log_schedules
from libraries.worker.worker import VectorWorker

log = logging.getLogger(__name__)


def run_worker(settings: Settings, *, burst: bool = False, sweeps: Sequence[Sweep] = ()) -> int:
    """Run one worker until a signal, or with `burst` until the queue is empty.

    The collector calls `sweeps` every ten seconds. Returns 0 after an orderly end, otherwise 1. Raises
    BrokerUnusable if the broker is unreachable or may evict jobs.
    """
    worker = VectorWorker(settings)
    check_eviction_policy(worker.connection)
    try:
        schedules = load_schedules(settings.jobs)
        run_startup_hooks()
    except (BadSchedules, StartupFailed) as error:
        log.error("Worker not started: %s", error)  # noqa: TRY400 - the text says it all
        return 1
    _log_start(settings, sorted(worker.catalogue.tasks), schedules)
    # Exempt from garbage collection, which would copy these pages in every work-horse.
    gc.collect()
    gc.freeze()
    load_scripts()
    with _background_threads(settings, schedules, sweeps):
        stopped = worker.work(burst=burst)
    if stopped:
        log.info("Worker stopped")
        return 0
    log.error("Worker ended unexpectedly; its supervisor restarts it")
    return 1


def _log_start(settings: Settings, tasks: Sequence[str], schedules: Sequence[Schedule]) -> None:
    log.info(
        "Worker started: pid %d, queue %s, broker %s, %d tasks",
        os.getpid(),
        keys.QUEUE,
        redacted_broker_url(settings),
        len(tasks),
    )
    log.info(
        "Runs 1 job at a time in 1 process with 1 thread; "
        "scheduler and reaper run every %.0f s; periodic tasks: %s",
        TICK_S,
        len(schedules) or "none",
    )
    log.info("The following commands are available:")
    for task in tasks:
        log.info("+ %s", task)
    log_schedules(schedules)


@contextlib.contextmanager
def _background_threads(
    settings: Settings, schedules: Sequence[Schedule], sweeps: Sequence[Sweep]
) -> Iterator[None]:
    threads = (
        Collector(settings, sweeps),
        Reaper(settings),
        Dispatcher(settings),
        Scheduler(settings, schedules),
    )
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in reversed(threads):
            thread.stop()
        run_shutdown_hooks()
