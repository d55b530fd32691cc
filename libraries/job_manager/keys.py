"""The keys of RQ's data model in the broker, and the few that are ours."""

from __future__ import annotations

QUEUE = "background"
QUEUE_KEY = f"rq:queue:{QUEUE}"
INTERMEDIATE_KEY = f"{QUEUE_KEY}:intermediate"
# Jobs that run, each as `<job id>:<execution id>`, scored by the time at which their worker is missed.
STARTED_KEY = f"rq:wip:{QUEUE}"
FINISHED_KEY = f"rq:finished:{QUEUE}"
FAILED_KEY = f"rq:failed:{QUEUE}"
CANCELED_KEY = f"rq:canceled:{QUEUE}"
SCHEDULED_KEY = f"rq:scheduled:{QUEUE}"
DEFERRED_KEY = f"rq:deferred:{QUEUE}"
SUSPENDED_KEY = "rq:suspended"


def job_key(job_id: str) -> str:
    """Return the key of the job's hash."""
    return f"rq:job:{job_id}"


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
