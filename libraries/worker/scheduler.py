"""The scheduler of periodic tasks, which runs in every worker.

A script in the broker queues at most one job for each due time, however many schedulers run. The
job itself runs like any other, and is retried if its worker dies.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from libraries.broker import Redis, keys
from libraries.broker.connections import worker_client
from libraries.broker.retry import REFUSALS
from libraries.broker.scripts import run_script
from libraries.errors import VectorError
from libraries.job_manager import transitions
from libraries.job_manager.backends import record_fields
from libraries.job_manager.ids import new_id, repeatable_ids
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import as_owner
from libraries.job_manager.schedules import Schedule
from libraries.job_manager.submission import JobOptions, make_job
from libraries.settings import Settings

# Limits of the sleep between two ticks; short, because the clock may be set.
MAX_SLEEP_S, MIN_SLEEP_S = 1.0, 0.01
# Records of jobs that run more often than once a minute are kept for a short time.
OFTEN_S, OFTEN_TTL_S = 60, 600
SKIPPED = {
    "busy": "skipped, its last job has not ended",
    "missed": "skipped, no worker ran in time",
}
log = logging.getLogger(__name__)


class Scheduler:
    """Enqueues due schedules in a background thread. Safe to run in several processes."""

    MAX_AHEAD_S = 60

    # Without `catch_up`, a due time is skipped after this delay.
    MAX_LATE_S = 60.0

    def __init__(self, settings: Settings, schedules: Sequence[Schedule]) -> None:
        self._settings = settings
        self._schedules = list(schedules)
        self._client: Redis = worker_client(settings)
        self._seen: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the thread if there are schedules."""
        if self._schedules:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def tick(self, now: float) -> list[str]:
        """Handle all schedules due at `now`, in Unix seconds; return the ids of queued jobs."""
        queued = []
        for schedule in self._schedules:
            due = schedule.latest(now)
            # Compared for equality, so that the scheduler continues after the clock was set back.
            if self._seen.get(schedule.name) == due:
                continue
            try:
                job_id = self.queue_due(schedule, due, now)
            except REFUSALS:
                continue
            except VectorError as error:
                log.error("Periodic task %s not queued: %s", schedule.name, error)  # noqa: TRY400
                job_id = ""
            self._seen[schedule.name] = due
            queued += [job_id] if job_id else []
        return queued

    def queue_due(self, schedule: Schedule, due: float, now: float) -> str:
        """Queue the job of a due time unless it is known or skipped; return its id or ''."""
        with as_owner(schedule.owner):
            job = self._job(schedule, due)
        too_late = not schedule.catch_up and now - due > self.MAX_LATE_S
        fields = record_fields(job)
        hashes = (keys.schedule_key(schedule.identity), keys.job_key(job.id))
        script_keys = (*hashes, keys.QUEUE_KEY, keys.QUEUES_KEY)
        flags = ("1" if too_late else "", "1" if schedule.overlap else "")
        flat_fields = (part for pair in fields.items() for part in pair)
        arguments = (due, job.id, *flags, self.MAX_AHEAD_S, 400 * 86400, *flat_fields)
        outcome = run_script(self._client, "job_manager/periodic", script_keys, arguments).decode()
        _log_outcome(schedule, due, outcome, job.id)
        return job.id if outcome == "queued" else ""

    def _job(self, schedule: Schedule, due: float) -> VectorJob:
        # The id is derived from the due time: even if the state was lost, one due time is one job.
        with repeatable_ids(f"schedule\n{schedule.identity}\n{due:.0f}"):
            job_id = new_id(self._client, schedule.owner)
        often = schedule.following(due) - due < OFTEN_S
        result_ttl = min(OFTEN_TTL_S, self._settings.jobs.result_ttl) if often else None
        options = JobOptions(job_timeout=schedule.timeout, result_ttl=result_ttl, internal=True)
        call = (schedule.task, schedule.args, schedule.kwargs)
        job = make_job(self._client, *call, job_id=job_id, options=options)
        if often:
            job.failure_ttl = min(OFTEN_TTL_S, self._settings.jobs.failure_ttl)
        return job

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.tick(time.time())
            except Exception:
                log.exception("Scheduling failed")
            now = time.time()
            pause = min(schedule.following(now) for schedule in self._schedules) - now
            self._stop.wait(min(max(pause, MIN_SLEEP_S), MAX_SLEEP_S))


def _log_outcome(schedule: Schedule, due: float, outcome: str, job_id: str) -> None:
    name = schedule.name
    if outcome == "queued":
        log.info("Periodic task %s is due: %s queued as %s", name, schedule.task, job_id)
    elif outcome in SKIPPED:
        log.warning("Periodic task %s: %s: %s", name, SKIPPED[outcome], transitions.iso(due))
    elif outcome == "early":
        log.error("Periodic task %s not queued: this clock is ahead of the broker's", name)


def log_schedules(schedules: Sequence[Schedule]) -> None:
    if schedules:
        log.info("Periodic tasks are enabled:")
    now = time.time()
    for schedule in schedules:
        due = transitions.iso(schedule.following(now))
        log.info("~ %s: %s, %s, next at %s", schedule.name, schedule.task, schedule.when, due)
