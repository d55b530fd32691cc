"""Public API of the job queue: submit, inspect and cancel jobs; report progress from a task.

Functions that access the broker raise `QueueUnavailable` if it is unreachable.
"""

from libraries.job_manager.backends import fetch_job, get_job_status
from libraries.job_manager.batches import Batch, FinalJob, cancel_batch, fetch_batch, submit_batch
from libraries.job_manager.control import (
    Changes,
    cancel_job,
    change_jobs,
    delete_job,
    find_job,
    find_jobs,
    finish_job,
    retry_job,
    retry_with_changes,
    stop_job,
)
from libraries.job_manager.errors import JobUnknown, UnknownTask, WrongState
from libraries.job_manager.events import EventSubscriptions, JobEvent, read_events
from libraries.job_manager.ids import repeatable_ids
from libraries.job_manager.listing import JobFilter, JobPage, count_jobs, list_jobs
from libraries.job_manager.ownership import as_owner, current_owner
from libraries.job_manager.records import JobRecord
from libraries.job_manager.step_locks import claim
from libraries.job_manager.submission import JobOptions, enqueue_background_job, submit
from libraries.job_manager.task_context import (
    add_notification,
    attach,
    current_job_id,
    finish_requested,
    log_message,
    own_folder,
    report_progress,
    track,
)
from libraries.job_manager.task_decorator import (
    BackgroundTask,
    JobHandle,
    NoResult,
    background_task,
)
from libraries.job_manager.tasks import check_task, known_tasks

__all__ = [
    "BackgroundTask",
    "Batch",
    "Changes",
    "EventSubscriptions",
    "FinalJob",
    "JobEvent",
    "JobFilter",
    "JobHandle",
    "JobOptions",
    "JobPage",
    "JobRecord",
    "JobUnknown",
    "NoResult",
    "UnknownTask",
    "WrongState",
    "add_notification",
    "as_owner",
    "attach",
    "background_task",
    "cancel_batch",
    "cancel_job",
    "change_jobs",
    "check_task",
    "claim",
    "count_jobs",
    "current_job_id",
    "current_owner",
    "delete_job",
    "enqueue_background_job",
    "fetch_batch",
    "fetch_job",
    "find_job",
    "find_jobs",
    "finish_job",
    "finish_requested",
    "get_job_status",
    "known_tasks",
    "list_jobs",
    "log_message",
    "own_folder",
    "read_events",
    "repeatable_ids",
    "report_progress",
    "retry_job",
    "retry_with_changes",
    "stop_job",
    "submit",
    "submit_batch",
    "track",
]
