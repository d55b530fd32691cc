"""The one door to RQ and its broker: queue a task, follow it by id, cancel it, report from inside it."""

from libraries.job_manager.batches import Batch, BatchUnknown, cancel_batch, fetch_batch, submit_batch
from libraries.job_manager.catalogue import check_task, known_tasks
from libraries.job_manager.control import (
    Capacity,
    cancel_job,
    capacity,
    delete_job,
    find_job,
    pause_queue,
    resume_queue,
    retry_job,
    stop_job,
    was_there,
)
from libraries.job_manager.errors import (
    BadArguments,
    BadResult,
    BadTimeout,
    JobUnknown,
    QueueFull,
    QueueUnavailable,
    UnknownTask,
    WrongState,
)
from libraries.job_manager.health import QueueHealth, queue_health
from libraries.job_manager.idempotency import KeyedRequest, KeyInUse, KeyReused, Reply
from libraries.job_manager.listing import JobFilter, JobPage, list_jobs
from libraries.job_manager.ownership import acting_for, current_owner, repeatable_ids
from libraries.job_manager.queueing import JobOptions, enqueue_background_job, submit
from libraries.job_manager.records import JobRecord, fetch_job, get_job_status
from libraries.job_manager.running import attach, current_job_id, own_folder, report_progress
from libraries.job_manager.states import FINAL_STATES, STATES

__all__ = [
    "FINAL_STATES",
    "STATES",
    "BadArguments",
    "BadResult",
    "BadTimeout",
    "Batch",
    "BatchUnknown",
    "Capacity",
    "JobFilter",
    "JobOptions",
    "JobPage",
    "JobRecord",
    "JobUnknown",
    "KeyInUse",
    "KeyReused",
    "KeyedRequest",
    "QueueFull",
    "QueueHealth",
    "QueueUnavailable",
    "Reply",
    "UnknownTask",
    "WrongState",
    "acting_for",
    "attach",
    "cancel_batch",
    "cancel_job",
    "capacity",
    "check_task",
    "current_job_id",
    "current_owner",
    "delete_job",
    "enqueue_background_job",
    "fetch_batch",
    "fetch_job",
    "find_job",
    "get_job_status",
    "known_tasks",
    "list_jobs",
    "own_folder",
    "pause_queue",
    "queue_health",
    "repeatable_ids",
    "report_progress",
    "resume_queue",
    "retry_job",
    "stop_job",
    "submit",
    "submit_batch",
    "was_there",
]
