"""What a task may say about the job that it runs in. Outside a job nothing happens, so a task can be tested by calling it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from rq import get_current_job
from rq.job import Job

from libraries.job_manager.connections import BROKER_AWAY

SHORTEST_PAUSE = 0.1
PATIENCE = 30.0
LONGEST_MESSAGE = 200


class StoredArtifact(Protocol):
    """Anything stored under a path that can describe itself, such as `libraries.storage.Artifact`."""

    @property
    def path(self) -> str:
        """Where it is, for code on this machine."""

    def as_record(self) -> dict[str, object]:
        """Return what to keep with the job."""


class _LastReport:
    """When the running job last wrote its progress: `time.monotonic()` seconds."""

    job_id = ""
    at = 0.0


def attach(artifact: StoredArtifact) -> str:
    """Record a stored artifact on the running job, and return its path: what a task that makes one file returns."""
    job = get_current_job()
    if job is not None:
        job.meta.setdefault("artifacts", []).append(artifact.as_record())
        _insist(job.save_meta)
    return artifact.path


def current_job_id() -> str | None:
    """Return the id of the running job, None outside a job. It stays the same when a job is tried again."""
    job = get_current_job()
    return job.id if job is not None else None


def own_folder(folder: str) -> str:
    """Return a folder inside `folder` that is the running job's own, so that jobs do not overwrite each other's files."""
    job_id = current_job_id()
    return f"{folder}/{job_id}" if job_id else folder


def report_progress(step: int, total: int, message: str = "") -> None:
    """Say that the running job has done `step` of `total` steps; at most ten reports a second are written, and the last one."""
    job = get_current_job()
    if job is None or (step < total and _too_soon(job)):
        return
    percent = round(100 * min(step, total) / total) if total > 0 else 0
    report = {"step": step, "total": total, "percent": percent, "message": message[:LONGEST_MESSAGE]}
    # Progress that cannot be told is no reason to fail.
    with suppress(*BROKER_AWAY):
        job.connection.hset(job.key, "progress", json.dumps(report))


def _insist(write: Callable[[], object]) -> None:
    """Call `write` until the broker takes it; while it is away, for up to half a minute."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            write()
        except BROKER_AWAY:
            if time.monotonic() > deadline:
                raise
            time.sleep(SHORTEST_PAUSE)
        else:
            return


def _too_soon(job: Job) -> bool:
    now = time.monotonic()
    if _LastReport.job_id == job.id and now - _LastReport.at < SHORTEST_PAUSE:
        return True
    _LastReport.job_id, _LastReport.at = job.id, now
    return False
