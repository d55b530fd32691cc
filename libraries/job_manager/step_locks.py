"""Locks on steps of a job with external effects, which a second attempt must not repeat.

A step is locked before it begins and marked as done afterwards.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass

from rq import get_current_job

from libraries.broker import Redis, keys
from libraries.broker.retry import COMMIT, TASK, retry
from libraries.broker.scripts import run_script
from libraries.errors import Unavailable
from libraries.job_manager.task_context import current_execution
from libraries.json_types import JsonObject
from libraries.settings import JobSettings

# Lifetime of a lock if it is unknown whether its attempt is running; mail servers take less.
LOCK_S = 120
HELD = "?"


@dataclass(frozen=True)
class StepLock:
    """A lock on a step; `done` is the note of an earlier attempt that has completed the step."""

    done: JsonObject | None = None
    client: Redis | None = None
    key: str = ""
    holder: str = ""

    def mark_done(self, note: JsonObject) -> None:
        """Mark the step as done, right after it; retries for up to ten minutes."""
        client, settings = self.client, JobSettings.current()
        if client is not None:
            lifetime = max(settings.result_ttl, settings.failure_ttl) + 86400
            retry(lambda: client.set(self.key, json.dumps(note), ex=lifetime), COMMIT)

    def release(self) -> None:
        """Release the lock, because the step was not done."""
        client = self.client
        if client is not None and retry(lambda: client.get(self.key), TASK) == self.holder.encode():
            retry(lambda: client.delete(self.key), TASK)


def claim(name: str) -> StepLock:
    """Lock the step `name` of the running job for this attempt; outside a job there is no lock.

    The lock of a dead attempt is ignored: if it died between the step and `mark_done`, the step is
    repeated. Raises Unavailable while another attempt that may be running holds the lock.
    """
    job = get_current_job()
    if job is None:
        return StepLock()
    key = keys.step_lock_key(job.id, hashlib.sha256(name.encode()).hexdigest()[:32])
    attempt = current_execution()
    holder = f"{job.id}:{attempt or secrets.token_hex(8)}"
    arguments = [holder, LOCK_S, "1" if attempt else ""]
    script_keys, client = (key, keys.STARTED_KEY), job.connection
    outcome = retry(
        lambda: run_script(client, "job_manager/lock_step", script_keys, arguments), TASK
    ).decode()
    if outcome == HELD:
        raise Unavailable("another attempt of this job may be running", code="still-claimed")
    return StepLock(json.loads(outcome) if outcome else None, client, key, holder)
