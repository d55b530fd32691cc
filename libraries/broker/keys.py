"""The keys of RQ's data model in the broker, and the few that are ours."""

from __future__ import annotations

from hashlib import sha256

QUEUE = "background"
QUEUE_KEY = f"rq:queue:{QUEUE}"
INTERMEDIATE_KEY = f"{QUEUE_KEY}:intermediate"
# Jobs that run, each as `<job id>:<execution id>`, scored by the time at which their worker is
# missed.
STARTED_KEY = f"rq:wip:{QUEUE}"
FINISHED_KEY = f"rq:finished:{QUEUE}"
FAILED_KEY = f"rq:failed:{QUEUE}"
CANCELED_KEY = f"rq:canceled:{QUEUE}"
SCHEDULED_KEY = f"rq:scheduled:{QUEUE}"
DEFERRED_KEY = f"rq:deferred:{QUEUE}"
SUSPENDED_KEY = "rq:suspended"
QUEUES_KEY = "rq:queues"
WORKERS_KEY = "rq:workers"
# Ours: jobs that have ended with files or without a result, scored by the time at which their
# records expire; what jobs made; a secret of this installation.
ENDING_KEY = "vector:ending"
ARTIFACTS_KEY = "vector:artifacts"
# Ours too: the jobs that have ended while others wait for them, until those are released.
WAITED_FOR_KEY = "vector:waited-for"
# The changes of all jobs; a token that wakes a process which waits for them; and entries that no
# subscriber could handle.
JOURNAL_KEY = "vector:journal"
JOURNAL_WAKE_KEY = "vector:journal:wake"
JOURNAL_DEAD_KEY = "vector:journal:dead"
# What the version before this journal noted for webhooks and for the gallery.
WEBHOOKS_DUE_KEY = "vector:webhooks-due"
EXHIBITS_KEY = "vector:exhibits"
# And how many jobs and attempts have ended, by task and outcome.
TOTALS_KEY = "vector:totals"
# When each file on its way to a job is thrown away, and the bytes of each and of all.
STAGED_DUE_KEY = "vector:parcels-due"
STAGED_SIZES_KEY = "vector:parcel-sizes"
SECRET_KEY = "vector:secret"  # noqa: S105 - the name of a key


def job_key(job_id: str) -> str:
    """Return the key of the job's hash."""
    return f"rq:job:{job_id}"


def dependencies_key(job_id: str) -> str:
    """Return the key of the set of jobs that a job waits for; RQ writes it with two colons."""
    return f"rq:job::{job_id}:dependencies"


def owner_key(owner: str) -> str:
    """Return the key of the sorted set of an owner's jobs, scored by the time at which they were made."""
    return f"vector:jobs:{owner}"


def events_key(job_id: str) -> str:
    """Return the key of the stream of the job's events, which is also the channel on which they are told."""
    return f"vector:events:{job_id}"


def deliveries_key(job_id: str) -> str:
    """Return the key of the list of attempts to deliver to the job's webhook."""
    return f"vector:deliveries:{job_id}"


def slow_receiver_key(host: str) -> str:
    """Return the key that is there while the receiver of webhooks at a host is slow."""
    return f"vector:slow-receiver:{host}"


def schedule_key(identity: str) -> str:
    """Return the key of the hash of what became of a schedule."""
    return f"vector:schedule:{identity}"


def notifications_key(owner: str) -> str:
    """Return the key of the stream of an owner's notifications."""
    return f"vector:notices:{owner}"


def group_channel(owner: str, group: str) -> str:
    """Return the channel of a group of an owner's sockets."""
    return f"vector:group:{owner}:{group}"


def drawing_cache_key(owner: str, recipe_sha256: str) -> str:
    """Return the key of the id of the job that last drew a recipe for an owner."""
    return f"vector:drawn:{owner}:{recipe_sha256}"


def batch_key(batch_id: str) -> str:
    """Return the key of a batch's hash; the list of its jobs' ids has the same with `:jobs`."""
    return f"vector:batch:{batch_id}"


def pending_upload_key(owner: str, file: str) -> str:
    """Return the key of which job stores a file that was sent, until it is there."""
    return "vector:coming:" + sha256(f"{owner}\n{file}".encode()).hexdigest()[:32]


def staged_key(parcel_id: str) -> str:
    """Return the key of the hash of a file on its way to a job."""
    return f"vector:parcel:{parcel_id}"


def results_key(job_id: str) -> str:
    """Return the key of the stream of the job's results."""
    return f"rq:results:{job_id}"


def execution_key(job_id: str, execution_id: str) -> str:
    """Return the key of the hash that describes one run of a job."""
    return f"rq:execution:{job_id}:{execution_id}"


def executions_key(job_id: str) -> str:
    """Return the key of the sorted set of a job's runs."""
    return f"rq:executions:{job_id}"


def worker_key(name: str) -> str:
    """Return the key of a worker's hash."""
    return f"rq:worker:{name}"


def worker_executions_key(name: str) -> str:
    """Return the key of the set of what a worker runs now."""
    return f"rq:worker:{name}:executions"


def step_lock_key(job_id: str, step: str) -> str:
    """Return the key of a claim to a step of a job that must not be done twice."""
    return f"vector:claim:{job_id}:{step}"


def rate_limit_key(name: str, kind: str, who: str) -> str:
    """Return the key of the sorted set of what was counted for somebody within the last hour, scored by its time."""
    return f"vector:meter:{name}:{kind}:{who}"
