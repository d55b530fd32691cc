"""The decorator `background_task`, with which a call of a task queues it.

Example:
    >>> @background_task
    ... def draw_map(town: str) -> str: ...
    >>> handle = draw_map("Ulm")
    >>> path = handle.result(timeout=60)
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, ParamSpec, TypeVar, cast

from rq import get_current_job
from rq.job import Job

from libraries.errors import Conflict
from libraries.job_manager.backends import fetch_job
from libraries.job_manager.control import cancel_job
from libraries.job_manager.records import JobRecord
from libraries.job_manager.states import NOT_FOUND
from libraries.job_manager.submission import JobOptions, submit
from libraries.job_manager.tasks import PACKAGE, is_task_name

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
MIN_POLL_S, MAX_POLL_S = 0.005, 0.25
# The job whose task has been called in this context; further calls queue new jobs.
_begun: ContextVar[Job | None] = ContextVar("begun", default=None)


class NoResult(Conflict):
    """Raised when a job has no result; `record` is None if the job has expired."""

    code = "no-result"

    def __init__(self, detail: str, record: JobRecord | None, *, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.record = record


class JobHandle(Generic[Returned]):
    """A queued job."""

    def __init__(self, job_id: str) -> None:
        self.id = job_id

    def status(self) -> str:
        """Return the state of the job, one of `STATES` or `not_found`."""
        record = fetch_job(self.id)
        return record.status if record else NOT_FOUND

    def result(self, timeout: float | None = None) -> Returned:
        """Wait for the job and return the result of the task.

        Without a timeout, a job that waits for another one blocks its worker, perhaps forever.
        Raises NoResult if the job failed, was canceled, has expired, or has not ended after
        `timeout` seconds.
        """
        started, pause = time.monotonic(), MIN_POLL_S
        while True:
            record = fetch_job(self.id)
            if record is None or record.done:
                return cast("Returned", _result_of(record))
            left = MAX_POLL_S if timeout is None else started + timeout - time.monotonic()
            if left <= 0:
                raise NoResult(
                    f"the job is {record.status} and has no result yet",
                    record,
                    code="result-not-ready",
                )
            time.sleep(min(pause, left))
            pause = min(2 * pause, MAX_POLL_S)

    def cancel(self) -> bool:
        return cancel_job(self.id)

    def __repr__(self) -> str:
        return f"JobHandle({self.id!r})"


class BackgroundTask(Generic[Parameters, Returned]):
    """A task that is queued by calling it; inside its job, the call runs the function."""

    def __init__(
        self, function: Callable[Parameters, Returned], options: JobOptions | None = None
    ) -> None:
        self.path = f"{function.__module__}.{function.__qualname__}"
        if not is_task_name(self.path):
            raise TypeError(
                f"{self.path} is not a task: no public function of a task module in {PACKAGE}/"
            )
        self._function = function
        self._options = options
        functools.update_wrapper(self, function)

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> JobHandle[Returned]:
        """Queue the task. Raises InvalidInput, Exhausted, QueueUnavailable."""
        job = get_current_job()
        if job is not None and job is not _begun.get() and job.func_name == self.path:
            return cast("JobHandle[Returned]", self._run_as(job, *args, **kwargs))
        return JobHandle(submit(self.path, args, kwargs, self._options).id)

    def call_local(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        return self._function(*args, **kwargs)

    def with_options(self, options: JobOptions) -> BackgroundTask[Parameters, Returned]:
        return BackgroundTask(self._function, options)

    def _run_as(self, job: Job, *args: Any, **kwargs: Any) -> Returned:
        if inspect.iscoroutinefunction(self._function):
            return cast("Returned", self._await_as(job, *args, **kwargs))
        token = _begun.set(job)
        try:
            return self._function(*args, **kwargs)
        finally:
            _begun.reset(token)

    async def _await_as(self, job: Job, *args: Any, **kwargs: Any) -> Any:
        # The body of a coroutine runs later, when it is awaited.
        _begun.set(job)
        return await cast("Any", self._function(*args, **kwargs))


def background_task(
    function: Callable[Parameters, Returned],
) -> BackgroundTask[Parameters, Returned]:
    """Make a function a `BackgroundTask`. Raises TypeError if it cannot be a task."""
    return BackgroundTask(function)


def _result_of(record: JobRecord | None) -> Any:
    if record is None:
        raise NoResult("job not found or expired", None)
    if record.status != "finished":
        reason = f": {record.public_error}" if record.public_error else ""
        raise NoResult(
            f"the job {record.status}{reason}" if reason else f"the job was {record.status}",
            record,
            code="task-failed",
        )
    return record.result
