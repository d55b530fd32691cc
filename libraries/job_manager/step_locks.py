"""Steps of a job that the world sees, and that a second attempt must not do again: claimed before, noted after."""

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

# Seconds that a claim holds where nobody can tell whether its attempt still runs: longer than a mail server may take.
LOCK_S = 120
HELD = "?"


@dataclass(frozen=True)
class StepLock:
    """A step that is the caller's to do; or one that is `done`, with the note of whoever did it."""

    done: JsonObject | None = None
    client: Redis | None = None
    key: str = ""
    holder: str = ""

    def mark_done(self, note: JsonObject) -> None:
        """Note that the step is done: as long as the job may be tried again, a claim to it is answered with `note`.

        Call it at once after the step. While the broker is away, this waits for it, up to ten minutes.
        """
        client, settings = self.client, JobSettings.current()
        if client is not None:
            lifetime = max(settings.result_ttl, settings.failure_ttl) + 86400
            retry(lambda: client.set(self.key, json.dumps(note), ex=lifetime), COMMIT)

    def release(self) -> None:
        """Give the claim back: the step was not done, and whoever comes next may try."""
        client = self.client
        if client is not None and retry(lambda: client.get(self.key), TASK) == self.holder.encode():
            retry(lambda: client.delete(self.key), TASK)


def claim(name: str) -> StepLock:
    """StepLock the step `name` of the running job, for this attempt alone.

    An attempt that died in the step holds it no longer. Between the step and its note there is a moment: an attempt that dies in
    it has the step done once more. Outside a job every step is the caller's, and nothing is noted.

    Raises:
        Unavailable: another attempt holds it that may still be at work.
    """
    job = get_current_job()
    if job is None:
        return StepLock()
    key = keys.step_lock_key(job.id, hashlib.sha256(name.encode()).hexdigest()[:32])
    attempt = current_execution()
    holder = f"{job.id}:{attempt or secrets.token_hex(8)}"
    arguments = [holder, LOCK_S, "1" if attempt else ""]
    answer = bytes(
        retry(
            lambda: run_script(
                job.connection, "job_manager/lock_step", (key, keys.STARTED_KEY), arguments
            ),
            TASK,
        )
    ).decode()
    if answer == HELD:
        raise Unavailable(
            "an earlier attempt of this job may still be at work", code="still-claimed"
        )
    return StepLock(json.loads(answer) if answer else None, job.connection, key, holder)
