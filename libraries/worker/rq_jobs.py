"""Functions that RQ's own worker calls, so that a job ends as in `python -m workers`.

The record of a job names these functions. They keep the returned files, the text of the error and a
note, with which a reaper appends the end to the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, cast

from rq import get_current_job
from rq.job import Job, _current_job

from libraries.broker import Redis, keys
from libraries.job_manager.job_files import artifact_note
from libraries.job_manager.task_context import job_context
from libraries.job_manager.tasks import check_task, load_plugins
from libraries.pickled_json import PickledJson
from libraries.settings import JobSettings
from libraries.storage import Artifact
from libraries.worker.hooks import run_startup_hooks
from libraries.worker.loading import Catalogue
from libraries.worker.outcomes import PERMANENT, innermost, public_failure, stored_result
from libraries.worker.returned_files import ReturnedFiles


class _ReturnedFiles(ReturnedFiles):
    """Describes files with the functions of the modules in `workers/`, which RQ does not import."""

    def _attach(self, stored: Artifact, **more: object) -> str:
        load_plugins()
        return super()._attach(stored, **more)


def call_with_context(task: str, *args: Any, **kwargs: Any) -> Any:
    """Call a task with the context of the job. Raises UnknownTask, InvalidInput, StartupFailed."""
    task = check_task(task)
    # With the modules of all hooks.
    function, job = Catalogue().find(task), get_current_job()
    run_startup_hooks()
    context = {**job_context(job), "task": task} if job else {}
    # The call of a decorated task would queue it.
    return cast("Any", getattr(function, "call_local", function))(context, *args, **kwargs)


def finish(job: Job, client: Redis, result: Any) -> None:
    """Store the files whose paths a task returned. Raises InvalidInput, which fails the job."""
    with _current(job):
        settled = _ReturnedFiles(job, None).adopted(result)
        stored_result(settled, JobSettings.current().max_result)
        # RQ stores this next.
        job._result = PickledJson.as_json_types(settled)  # noqa: SLF001
        note = artifact_note(job.meta.get("artifacts"))
    if note:
        client.hset(keys.ARTIFACTS_KEY, job.id, note)
    note_end(job, client)


def fail(
    job: Job,
    client: Redis,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    """Store the error of a task for clients; do not retry the job if that is useless."""
    if error is not None:
        error = innermost(error)
        failure = public_failure(error, JobSettings.current().job_memory)
        client.hset(keys.job_key(job.id), "failure", json.dumps(failure))
        if isinstance(error, PERMANENT):
            job.retries_left = None
    note_end(job, client)


def note_end(job: Job, client: Redis) -> None:
    """Note that a job is about to end, for the journal."""
    client.sadd(keys.ENDED_BY_RQ_KEY, job.id)


@contextmanager
def _current(job: Job) -> Iterator[None]:
    """Make a job the current one again: RQ calls its callbacks after the job."""
    token = _current_job.set(job)
    try:
        yield
    finally:
        _current_job.reset(token)
