"""Celery instead of RQ: a job backend, which the setting JOB_BACKEND names.

    export JOB_BACKEND=examples.celery_backend.CeleryBackend
    celery --app examples.celery_backend worker

The web process needs the same setting. Lists, progress, artifacts, schedules and dependencies need RQ.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from celery import Celery, Task
from celery.signals import worker_init

from libraries.broker.connections import broker_url, web_client
from libraries.broker.retry import retry
from libraries.errors import InvalidInput
from libraries.job_manager import JobRecord, as_owner
from libraries.job_manager.jobs import VectorJob
from libraries.settings import JobSettings
from libraries.worker.loading import Catalogue

KEY = "celery-job:{}"
app = Celery("vector-api", broker=broker_url().replace("unix://", "redis+socket://"))
# A job whose worker dies runs again, as with RQ.
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)
catalogue: list[Catalogue] = []
worker_init.connect(lambda **_: catalogue.append(Catalogue()), weak=False)


def read(name: str) -> Any:
    return json.loads(retry(lambda: web_client().get(KEY.format(name))) or "{}")


def write(name: str, value: Any, *, nx: bool = False) -> None:
    key, text, lifetime = KEY.format(name), json.dumps(value), JobSettings.current().failure_ttl
    retry(lambda: web_client().set(key, text, ex=lifetime, nx=nx))


def claim(attempt_id: str, purpose: str) -> bool:
    """Reserve an attempt for `purpose`, unless another one was first; return whether it is reserved."""
    write(attempt_id, purpose, nx=True)
    return bool(read(attempt_id) == purpose)


def now() -> str:
    return datetime.now(UTC).isoformat()


def fail(self: Task, error: Exception, attempt_id: str, args: list[str], *_: Any) -> None:
    known = read(args[0])
    if known.get("status") == "started" and known["attempt_id"] == attempt_id:
        text = f"{type(error).__name__}: {error}"
        write(args[0], known | {"status": "failed", "error": text, "ended_at": now()})


@app.task(name="vector-api.run", bind=True, ignore_result=True, on_failure=fail)
def run(self: Task, job_id: str) -> None:
    known = read(job_id)
    if known.get("attempt_id") != self.request.id or not claim(self.request.id, "run"):
        return  # deleted, retried or canceled
    write(job_id, known := known | {"status": "started", "started_at": now()})
    task = catalogue[0].find(known["task"])
    with as_owner(known["owner"]):
        # A task with `@background_task` would queue itself.
        result = getattr(task, "call_local", task)(*known["args"], **known["kwargs"])
    write(job_id, known | {"status": "finished", "result": result, "ended_at": now()})


class CeleryBackend:
    """Implements `libraries.job_manager.backends.JobBackend`."""

    def enqueue(self, jobs: Sequence[VectorJob]) -> None:
        if any(job.needs for job in jobs):
            raise InvalidInput("dependencies are not supported with Celery", field="depends_on")
        for job in jobs:
            known = {"id": job.id, "task": job.func_name, "args": job.args, "kwargs": job.kwargs}
            known |= {"owner": job.extra_fields["owner"], "created_at": now(), "attempt": 0}
            _send(known | {"timeout": job.timeout}, job.run_at)

    def fetch(self, job_ids: Sequence[str]) -> list[JobRecord | None]:
        return [_record(known) if (known := read(job_id)) else None for job_id in job_ids]

    def cancel(self, job_id: str) -> bool:
        known = read(job_id)
        if canceled := bool(known.get("attempt_id")) and claim(known["attempt_id"], "cancel"):
            write(job_id, known | {"status": "canceled"})
        return canceled

    def stop(self, job_id: str) -> None:
        known = read(job_id)
        write(job_id, known | {"status": "stopped", "ended_at": now(), "attempt_id": ""})
        app.control.revoke(known["attempt_id"], terminate=True)

    def retry(self, record: JobRecord) -> bool:
        if ended := record.status in ("failed", "stopped", "canceled"):
            _send(read(record.id) | {"error": None})
        return ended

    def delete(self, job_id: str) -> bool:
        started = read(job_id).get("status") == "started"
        return not started and bool(retry(lambda: web_client().delete(KEY.format(job_id))))


def _send(known: dict[str, Any], run_at: float | None = None) -> None:
    # A new id for each attempt: Celery never runs a revoked id again.
    known |= {"status": "queued", "attempt": known["attempt"] + 1}
    known["attempt_id"] = f"{known['id']}-{known['attempt']}"
    write(known["id"], known)
    options = {"task_id": known["attempt_id"], "time_limit": known["timeout"]}
    run.apply_async([known["id"]], eta=run_at and datetime.fromtimestamp(run_at, UTC), **options)


def _record(known: dict[str, Any]) -> JobRecord:
    times = {name: datetime.fromisoformat(known[name]) for name in known if name.endswith("_at")}
    fields = JobRecord.__dataclass_fields__
    return JobRecord(**{name: known[name] for name in known if name in fields} | times)
