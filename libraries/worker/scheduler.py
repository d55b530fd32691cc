"""Periodic tasks: beside every worker a scheduler looks what is due, and one step in the broker lets only one of them queue it.

For each due time at most one job is queued, however many schedulers there are. The job itself is run as any other: again, when
its worker dies.
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
from libraries.job_manager.ids import new_id, repeatable_ids
from libraries.job_manager.jobs import VectorJob
from libraries.job_manager.ownership import as_owner
from libraries.job_manager.schedules import Schedule
from libraries.job_manager.submission import JobOptions, make_job, record_fields
from libraries.settings import Settings

# Seconds. The clock is looked at this often at least: it may be set meanwhile.
MAX_SLEEP_S, MIN_SLEEP_S = 1.0, 0.01
# A due time without `catch_up` is given up when nobody saw to it for this long.
MAX_LATE_S = 60.0
MAX_AHEAD_S = 60
STATE_TTL_S = 400 * 86400
# Records of jobs that come more often than each minute would pile up.
OFTEN_S, OFTEN_TTL_S = 60, 600
log = logging.getLogger(__name__)


class Scheduler:
    """Queues what is due, in a thread of its own and on a connection of its own; any number of them may run at once."""

    def __init__(self, settings: Settings, schedules: Sequence[Schedule]) -> None:
        self._settings = settings
        self._schedules = list(schedules)
        self._client: Redis = worker_client(settings)
        self._seen: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin, if there is anything to schedule."""
        if self._schedules:
            self._thread.start()

    def stop(self) -> None:
        """End after the round that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def tick(self, now: float) -> list[str]:
        """See to all that is due at `now`, in Unix seconds, and return the ids of the jobs that this scheduler queued."""
        queued = []
        for schedule in self._schedules:
            due = schedule.latest(now)
            # A clock that is set back must not make this scheduler wait until it is where it was.
            if self._seen.get(schedule.name) == due:
                continue
            try:
                job_id = self.queue_due(schedule, due, now)
            except REFUSALS:
                continue
            except VectorError as error:
                log.error("The periodic task %s cannot be queued: %s", schedule.name, error)  # noqa: TRY400 - the text says it
                job_id = ""
            self._seen[schedule.name] = due
            queued += [job_id] if job_id else []
        return queued

    def queue_due(self, schedule: Schedule, due: float, now: float) -> str:
        """Queue the job of a due time unless that was done or is not to be done; return its id, '' for none."""
        job = self._job(schedule, due)
        too_late = not schedule.catch_up and now - due > MAX_LATE_S
        with as_owner(schedule.owner):
            fields = record_fields(job, schedule.owner, JobOptions(internal=True))
        script_keys = (
            keys.schedule_key(schedule.identity),
            keys.job_key(job.id),
            keys.QUEUE_KEY,
            keys.QUEUES_KEY,
        )
        arguments = (
            due, job.id, "1" if too_late else "", "1" if schedule.overlap else "", MAX_AHEAD_S, STATE_TTL_S,
            *(part for pair in fields.items() for part in pair),
        )  # fmt: skip
        outcome = bytes(
            run_script(self._client, "job_manager/periodic", script_keys, arguments)
        ).decode()
        if outcome == "queued":
            log.info(
                "Periodic task %s is due: %s queued as %s", schedule.name, schedule.task, job.id
            )
        elif outcome in ("busy", "missed"):
            why = "its last job has not ended" if outcome == "busy" else "nobody was there in time"
            log.warning(
                "Periodic task %s left out at %s: %s", schedule.name, transitions.iso(due), why
            )
        elif outcome == "early":
            log.error(
                "Periodic task %s is not queued: the clock of this machine is ahead of the broker's",
                schedule.name,
            )
        return job.id if outcome == "queued" else ""

    def _job(self, schedule: Schedule, due: float) -> VectorJob:
        # The id follows from the due time: even where its note was lost, one due time is one job.
        with repeatable_ids(f"schedule\n{schedule.identity}\n{due:.0f}"):
            job_id = new_id(self._client, schedule.owner)
        often = schedule.following(due) - due < OFTEN_S
        kept = min(OFTEN_TTL_S, self._settings.jobs.result_ttl) if often else None
        options = JobOptions(job_timeout=schedule.timeout, result_ttl=kept, internal=True)
        job = make_job(
            self._client,
            schedule.task,
            schedule.args,
            schedule.kwargs,
            job_id=job_id,
            options=options,
        )
        if often:
            job.failure_ttl = min(OFTEN_TTL_S, self._settings.jobs.failure_ttl)
        return job

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.tick(time.time())
            except Exception:
                log.exception("A round of scheduling failed")
            now = time.time()
            pause = min(schedule.following(now) for schedule in self._schedules) - now
            self._stop.wait(min(max(pause, MIN_SLEEP_S), MAX_SLEEP_S))


def log_schedules(schedules: Sequence[Schedule]) -> None:
    """Say in the log which tasks are queued by themselves, and when each is due next."""
    if schedules:
        log.info("Periodic tasks are enabled:")
    now = time.time()
    for schedule in schedules:
        due = transitions.iso(schedule.following(now))
        log.info("~ %s: %s, %s, next at %s", schedule.name, schedule.task, schedule.when, due)
