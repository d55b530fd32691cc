"""The one door to RQ and its broker: queue a task, follow it by id, cancel it, report from inside it."""

from libraries.job_manager.catalogue import check_task, known_tasks
from libraries.job_manager.errors import BadArguments, BadResult, BadTimeout, QueueUnavailable, UnknownTask
from libraries.job_manager.health import QueueHealth, queue_health
from libraries.job_manager.queueing import cancel_job, enqueue_background_job, submit
from libraries.job_manager.records import JobRecord, fetch_job, get_job_status
from libraries.job_manager.running import attach, current_job_id, own_folder, report_progress
from libraries.job_manager.states import FINAL_STATES, STATES

__all__ = [
    "FINAL_STATES",
    "STATES",
    "BadArguments",
    "BadResult",
    "BadTimeout",
    "JobRecord",
    "QueueHealth",
    "QueueUnavailable",
    "UnknownTask",
    "attach",
    "cancel_job",
    "check_task",
    "current_job_id",
    "enqueue_background_job",
    "fetch_job",
    "get_job_status",
    "known_tasks",
    "own_folder",
    "queue_health",
    "report_progress",
    "submit",
]
