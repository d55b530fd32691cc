"""Keys of RQ's data model in the broker, and those of this service."""

from __future__ import annotations

from hashlib import sha256

QUEUE = "background"
QUEUE_KEY = f"rq:queue:{QUEUE}"
INTERMEDIATE_KEY = f"{QUEUE_KEY}:intermediate"
# Running jobs as `<job id>:<execution id>`, scored by the time at which their lease ends.
STARTED_KEY = f"rq:wip:{QUEUE}"
FINISHED_KEY = f"rq:finished:{QUEUE}"
FAILED_KEY = f"rq:failed:{QUEUE}"
CANCELED_KEY = f"rq:canceled:{QUEUE}"
SCHEDULED_KEY = f"rq:scheduled:{QUEUE}"
DEFERRED_KEY = f"rq:deferred:{QUEUE}"
SUSPENDED_KEY = "rq:suspended"
QUEUES_KEY = "rq:queues"
WORKERS_KEY = f"rq:workers:{QUEUE}"
# Jobs that ended with files or without a result, scored by the expiry of their records.
ENDING_KEY = "vector:ending"
# Files of jobs, by job id.
ARTIFACTS_KEY = "vector:artifacts"
# Ended jobs whose dependents have not been released yet.
WAITED_FOR_KEY = "vector:waited-for"
# Jobs that RQ's own workers ended and that are not in the journal yet.
ENDED_BY_RQ_KEY = "vector:ended-by-rq"
# The journal, a token that wakes a waiting process, and entries that no subscriber could handle.
JOURNAL_KEY = "vector:journal"
JOURNAL_WAKE_KEY = "vector:journal:wake"
JOURNAL_DEAD_KEY = "vector:journal:dead"
# Notes for webhooks and the gallery by the version before the journal.
WEBHOOKS_DUE_KEY = "vector:webhooks-due"
EXHIBITS_KEY = "vector:exhibits"
# Numbers of ended jobs and attempts, by task and outcome.
TOTALS_KEY = "vector:totals"
# Expiry and size in bytes of each staged upload.
STAGED_DUE_KEY = "vector:parcels-due"
STAGED_SIZES_KEY = "vector:parcel-sizes"
# Written by the readiness check.
CHECK_KEY = "vector:check"
# Number of damaged job records.
UNREADABLE_KEY = "vector:unreadable"
SECRET_KEY = "vector:secret"  # noqa: S105 - the name of a key


def job_key(job_id: str) -> str:
    return f"rq:job:{job_id}"


def dependencies_key(job_id: str) -> str:
    """Return the key of the set of jobs that a job depends on; RQ writes two colons."""
    return f"rq:job::{job_id}:dependencies"


def events_key(job_id: str) -> str:
    """Return the key of the job's event stream, which is also the channel of its events."""
    return f"vector:events:{job_id}"


def deliveries_key(job_id: str) -> str:
    """Return the key of the list of webhook delivery attempts of a job."""
    return f"vector:deliveries:{job_id}"


def slow_receiver_key(host: str) -> str:
    """Return the key that exists while the webhook receiver at a host is slow."""
    return f"vector:slow-receiver:{host}"


def schedule_key(identity: str) -> str:
    return f"vector:schedule:{identity}"


def notifications_key(owner: str) -> str:
    return f"vector:notices:{owner}"


def group_channel(owner: str, group: str) -> str:
    """Return the channel of a group of an owner's WebSockets."""
    return f"vector:group:{owner}:{group}"


def drawing_cache_key(owner: str, recipe_sha256: str) -> str:
    """Return the key of the id of the job that last drew a recipe for an owner."""
    return f"vector:drawn:{owner}:{recipe_sha256}"


def readable_names_key(owner: str) -> str:
    """Return the key of the hash with the id of the newest job by the readable name of its file."""
    return f"vector:names:{owner}"


def batch_key(batch_id: str) -> str:
    """Return the key of a batch's hash; the list of its job ids has the suffix `:jobs`."""
    return f"vector:batch:{batch_id}"


def pending_upload_key(owner: str, file: str) -> str:
    """Return the key of the id of the job that stores an uploaded file, until it has finished."""
    return "vector:coming:" + sha256(f"{owner}\n{file}".encode()).hexdigest()[:32]


def slots_name(owner: str, concurrency_key: str) -> str:
    """Return the name of the slots of a concurrency key, as in `fair_queue/lua/parts/push.lua`."""
    return sha256(f"{owner}\n{concurrency_key}".encode()).hexdigest()[:32]


def unique_job_key(owner: str, unique_key: str) -> str:
    """Return the key of the id of the job with a unique key, until that job has ended."""
    return "vector:unique:" + sha256(f"{owner}\n{unique_key}".encode()).hexdigest()[:32]


def staged_key(parcel_id: str) -> str:
    return f"vector:parcel:{parcel_id}"


def results_key(job_id: str) -> str:
    return f"rq:results:{job_id}"


def execution_key(job_id: str, execution_id: str) -> str:
    """Return the key of the hash that describes one attempt of a job."""
    return f"rq:execution:{job_id}:{execution_id}"


def executions_key(job_id: str) -> str:
    """Return the key of the sorted set of a job's attempts."""
    return f"rq:executions:{job_id}"


def worker_key(name: str) -> str:
    return f"rq:worker:{name}"


def worker_executions_key(name: str) -> str:
    """Return the key of the set of attempts that a worker runs."""
    return f"rq:worker:{name}:executions"


def step_lock_key(job_id: str, step: str) -> str:
    """Return the key of the lock on a step of a job that must not be repeated."""
    return f"vector:claim:{job_id}:{step}"


def rate_limit_key(name: str, kind: str, subject: str) -> str:
    """Return the key of the sorted set of what was counted within the last hour, scored by time."""
    return f"vector:meter:{name}:{kind}:{subject}"


def request_count_key(subject: str) -> str:
    """Return the key of the number of requests of an owner or an address in the current minute."""
    return f"vector:requests:{subject}"


def waiting_key(owner: str) -> str:
    """Return the key of the sorted set of an owner's waiting jobs, scored by submission time."""
    return f"vector:waiting:{owner}"


def stored_key(owner: str = "") -> str:
    """Return the key of the hash with the bytes of files: of an owner by job, or of all by owner."""
    return f"vector:stored:{owner}" if owner else "vector:stored"
