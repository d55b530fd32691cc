"""The one door to RQ and its broker: queue a task, follow it by id, cancel it, report from inside it."""

from libraries.job_manager.batches import (
    Batch,
    BatchUnknown,
    Gathering,
    cancel_batch,
    fetch_batch,
    submit_batch,
)
from libraries.job_manager.calling import (
    BackgroundTask,
    JobHandle,
    NoResult,
    ResultNotReady,
    TaskFailed,
    background_task,
)
from libraries.job_manager.catalogue import check_task, known_tasks
from libraries.job_manager.claims import Claim, StillClaimed, claim
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
from libraries.job_manager.derived import derived_key
from libraries.job_manager.drawings import NoDrawing, NotDrawn, drawing_in, read_drawing
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
from libraries.job_manager.events import EventFeed, JobEvent, Message, read_events, send_to_group
from libraries.job_manager.health import QueueHealth, problems_of_workers, queue_health
from libraries.job_manager.hooks import on_shutdown, on_startup
from libraries.job_manager.idempotency import KeyedRequest, KeyInUse, KeyReused, Reply
from libraries.job_manager.ids import repeatable_ids
from libraries.job_manager.listing import JobFilter, JobPage, list_jobs
from libraries.job_manager.logs import LogEntry, Narrator, read_log
from libraries.job_manager.measures import Measures, TaskTotals, measure_queue
from libraries.job_manager.memory import attach_again, attach_drawn
from libraries.job_manager.notices import Notice, read_notices
from libraries.job_manager.outbox import deliveries, job_webhook, log_delivery, queue_delivery
from libraries.job_manager.ownership import acting_for, current_owner
from libraries.job_manager.parcels import (
    Parcel,
    ParcelGone,
    ParcelsFull,
    address_parcel,
    drop_parcel,
    jobs_storing,
    open_parcel,
    put_parcel,
)
from libraries.job_manager.queueing import JobOptions, enqueue_background_job, submit
from libraries.job_manager.quotas import RateLimited
from libraries.job_manager.records import JobRecord, fetch_job, get_job_status
from libraries.job_manager.running import (
    attach,
    current_job_id,
    log_message,
    own_folder,
    report_progress,
    track,
)
from libraries.job_manager.states import FINAL_STATES, STATES

__all__ = [
    "FINAL_STATES",
    "STATES",
    "BackgroundTask",
    "BadArguments",
    "BadResult",
    "BadTimeout",
    "Batch",
    "BatchUnknown",
    "Capacity",
    "Claim",
    "EventFeed",
    "Gathering",
    "JobEvent",
    "JobFilter",
    "JobHandle",
    "JobOptions",
    "JobPage",
    "JobRecord",
    "JobUnknown",
    "KeyInUse",
    "KeyReused",
    "KeyedRequest",
    "LogEntry",
    "Measures",
    "Message",
    "Narrator",
    "NoDrawing",
    "NoResult",
    "NotDrawn",
    "Notice",
    "Parcel",
    "ParcelGone",
    "ParcelsFull",
    "QueueFull",
    "QueueHealth",
    "QueueUnavailable",
    "RateLimited",
    "Reply",
    "ResultNotReady",
    "StillClaimed",
    "TaskFailed",
    "TaskTotals",
    "UnknownTask",
    "WrongState",
    "acting_for",
    "address_parcel",
    "attach",
    "attach_again",
    "attach_drawn",
    "background_task",
    "cancel_batch",
    "cancel_job",
    "capacity",
    "check_task",
    "claim",
    "current_job_id",
    "current_owner",
    "delete_job",
    "deliveries",
    "derived_key",
    "drawing_in",
    "drop_parcel",
    "enqueue_background_job",
    "fetch_batch",
    "fetch_job",
    "find_job",
    "get_job_status",
    "job_webhook",
    "jobs_storing",
    "known_tasks",
    "list_jobs",
    "log_delivery",
    "log_message",
    "measure_queue",
    "on_shutdown",
    "on_startup",
    "open_parcel",
    "own_folder",
    "pause_queue",
    "problems_of_workers",
    "put_parcel",
    "queue_delivery",
    "queue_health",
    "read_drawing",
    "read_events",
    "read_log",
    "read_notices",
    "repeatable_ids",
    "report_progress",
    "resume_queue",
    "retry_job",
    "send_to_group",
    "stop_job",
    "submit",
    "submit_batch",
    "track",
    "was_there",
]
