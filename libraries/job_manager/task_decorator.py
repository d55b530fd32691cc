"""Tasks that are queued by calling them, for code that likes it so; a plain function and its dotted path do as well.

Example:
    >>> @background_task
    ... def draw_map(town: str) -> str: ...
    >>> handle = draw_map("Ulm")  # queued
    >>> path = handle.result(timeout=60)  # waited for
"""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, ParamSpec, TypeVar, cast

from rq import get_current_job
from rq.job import Job

from libraries.errors import Conflict
from libraries.job_manager.control import cancel_job
from libraries.job_manager.records import JobRecord, fetch_job
from libraries.job_manager.states import NOT_FOUND
from libraries.job_manager.submission import JobOptions, submit
from libraries.job_manager.tasks import PACKAGE

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
# Pauses between looks at a job that is waited for, in seconds.
MIN_POLL_S, MAX_POLL_S = 0.005, 0.25
TASK_PATH = re.compile(rf"{PACKAGE}\.[a-z0-9_]+_tasks\.[A-Za-z][A-Za-z0-9_]*", re.ASCII)
# The job whose own call has begun in this context: any further call in it queues a new job.
_begun: ContextVar[Job | None] = ContextVar("begun", default=None)


class NoResult(Conflict):
    """Raised when a job is asked for its result and has none to give; `record` is the job, None if it is gone."""

    code = "no-result"

    def __init__(self, detail: str, record: JobRecord | None, *, code: str | None = None) -> None:
        """Keep the job beside the text."""
        super().__init__(detail, code=code)
        self.record = record


class JobHandle(Generic[Returned]):
    """A queued job, to follow, to wait for, to cancel."""

    def __init__(self, job_id: str) -> None:
        """Stand for the job with this id."""
        self.id = job_id

    def status(self) -> str:
        """Return the job's state, one of `STATES` or `not_found`."""
        record = fetch_job(self.id)
        return record.status if record else NOT_FOUND

    def result(self, timeout: float | None = None) -> Returned:
        """Wait for the job's end, for up to `timeout` seconds, and return what the task returned.

        Do not wait without a timeout inside a job: with one worker, the job that is waited for can never begin.

        Raises:
            NoResult: the job ended without a result.
            NoResult: it has not ended yet.
            NoResult: its record is gone.
            QueueUnavailable: the broker cannot be reached.
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
        """Take the job out of the queue if it has not begun; return whether it is canceled now."""
        return cancel_job(self.id)

    def __repr__(self) -> str:
        return f"JobHandle({self.id!r})"


class BackgroundTask(Generic[Parameters, Returned]):
    """A task that is queued by calling it; in the job itself the call runs it."""

    def __init__(
        self, function: Callable[Parameters, Returned], options: JobOptions | None = None
    ) -> None:
        """Make a task of `function`.

        Raises:
            TypeError: it is no public function of a `workers/*_tasks.py` module, or a coroutine.
        """
        self.path = f"{function.__module__}.{function.__qualname__}"
        if not TASK_PATH.fullmatch(self.path) or inspect.iscoroutinefunction(function):
            raise TypeError(
                f"{self.path} cannot be a task: only a public plain function of a {PACKAGE}/*_tasks.py module can"
            )
        self._function = function
        self._options = options
        functools.update_wrapper(self, function)

    def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> JobHandle[Returned]:
        """Queue the task and return at once; the arguments are what JSON can write.

        Raises:
            InvalidInput: the task does not take these arguments, or JSON cannot write them.
            Exhausted, QueueUnavailable: as `enqueue_background_job`.
        """
        job = get_current_job()
        if job is not None and job is not _begun.get() and job.func_name == self.path:
            return cast("JobHandle[Returned]", self._run_as(job, *args, **kwargs))
        return JobHandle(submit(self.path, args, kwargs, self._options).id)

    def call_local(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        """Run the function here and now, as if it were none but a function."""
        return self._function(*args, **kwargs)

    def with_options(self, options: JobOptions) -> BackgroundTask[Parameters, Returned]:
        """Return the same task, to be queued with these options."""
        return BackgroundTask(self._function, options)

    def _run_as(self, job: Job, *args: Any, **kwargs: Any) -> Returned:
        token = _begun.set(job)
        try:
            return self._function(*args, **kwargs)
        finally:
            _begun.reset(token)


def background_task(
    function: Callable[Parameters, Returned],
) -> BackgroundTask[Parameters, Returned]:
    """Let calls of a task queue it; a decorator for public functions of `workers/*_tasks.py` modules.

    Raises:
        TypeError: the function cannot be a task.
    """
    return BackgroundTask(function)


def _result_of(record: JobRecord | None) -> Any:
    if record is None:
        raise NoResult("there is no such job, or its record has expired", None)
    if record.status != "finished":
        reason = f": {record.public_error}" if record.public_error else ""
        raise NoResult(
            f"the job {record.status}{reason}" if reason else f"the job was {record.status}",
            record,
            code="task-failed",
        )
    return record.result
