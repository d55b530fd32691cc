"""RQ's job class, restricted to running its task."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice, zip_longest
from types import MappingProxyType
from typing import Any, cast

from rq.job import Job
from rq.utils import as_text

from libraries.broker import Pipeline, Redis
from libraries.broker.keys import job_key
from libraries.errors import InvalidInput
from libraries.job_manager.errors import BadRecord
from libraries.job_manager.record_fields import damage_text, replies_with_damage
from libraries.job_manager.states import FINAL_STATES
from libraries.job_manager.task_context import job_context
from libraries.job_manager.tasks import CONTEXT, call_by_name, known_tasks, named_arguments
from libraries.json_types import JsonObject
from libraries.pickled_json import PickledJson
from libraries.redaction import Excerpt

log = logging.getLogger(__name__)


class VectorJob(Job):
    """Runs its task and none of RQ's callbacks; `extra_fields` are stored with the record.

    `index_entries` are those of the index of jobs, separated by newlines; `result_text` is the
    result if it is a text.

    `settle` returns the result of the job for that of its task. `run_at` (Unix seconds) and
    `is_internal` matter when it is queued: internal jobs are not listed, and accepted by a full
    queue. If another job has its unique key, it gets the id of that job instead of being queued,
    and is not `is_new`.
    """

    # Larger calls of records without `arguments` are not read to be shown.
    MAX_SHOWN_BYTES = 64_000

    # What RQ's own worker calls instead of a task with a context, and after each task.
    CALL_WITH_CONTEXT = "libraries.worker.rq_jobs.call_with_context"
    CALLBACKS = MappingProxyType(
        {
            "success_callback_name": "libraries.worker.rq_jobs.finish",
            "failure_callback_name": "libraries.worker.rq_jobs.fail",
            "stopped_callback_name": "libraries.worker.rq_jobs.note_end",
        }
    )

    extra_fields: Mapping[str, str] = MappingProxyType({})
    settle: Callable[[Any], Any] = staticmethod(lambda result: result)
    index_entries = result_text = ""
    run_at: float | None = None
    is_internal = False
    is_new = True

    @property
    def needs(self) -> Sequence[str]:
        """The ids of the jobs that must end before this one starts."""
        return self._dependency_ids

    def __init__(
        self,
        id: str | None = None,  # noqa: A002 - RQ's name
        connection: Redis | None = None,
        serializer: object = None,
    ) -> None:
        # Also for RQ's code, whose default runs code of the pickles that it reads.
        super().__init__(id, connection, PickledJson)

    def restore(self, raw_data: dict[bytes, bytes]) -> None:
        """Restore the job from its record; limit the size of its call."""
        if b"data" not in raw_data:
            super().restore(raw_data)  # raises NoSuchJobError
        # RQ would decompress it without a limit.
        super().restore({**raw_data, b"data": b""})
        self.data = _decompressed(raw_data[b"data"])

    def to_dict(self, include_meta: bool = True, include_result: bool = True) -> JsonObject:
        return {
            **super().to_dict(include_meta=include_meta, include_result=include_result),
            **self.CALLBACKS,
            **self.extra_fields,
        }

    def call_with_context(self) -> None:
        """Store the call so that RQ's own worker adds the context of the job to it."""
        call = (self.CALL_WITH_CONTEXT, None, [self.func_name, *self.args], self.kwargs)
        self.data = PickledJson.dumps(call)

    def _deserialize_data(self) -> None:
        super()._deserialize_data()  # type: ignore[no-untyped-call]
        if self._func_name == self.CALL_WITH_CONTEXT and isinstance(self._args, list):
            self._func_name, *self._args = self._args or [""]

    def dependencies_are_met(
        self,
        parent_job: Job | None = None,
        pipeline: Pipeline | None = None,
        exclude_job_id: str | None = None,
        refresh_job_status: bool = True,
    ) -> bool:
        """Return whether all dependencies have ended as required.

        RQ never releases a job that allows failures if a dependency was stopped or canceled.
        """
        if not self.allow_dependency_failures:
            return super().dependencies_are_met(
                parent_job, pipeline, exclude_job_id, refresh_job_status
            )
        if pipeline is not None:
            pipeline.watch(*[self.key_for(name) for name in self._dependency_ids])  # type: ignore[no-untyped-call]
        states = (
            self.connection.hget(self.key_for(name), "status") for name in self._dependency_ids
        )
        return all(state is None or as_text(state) in FINAL_STATES for state in states)

    def perform(self) -> Any:
        # Remove what an earlier attempt attached.
        self.meta.pop("artifacts", None)
        self.meta.pop("drawn", None)
        return super().perform()

    def _execute(self) -> Any:
        function = cast("Callable[..., Any]", self.func)
        context = [job_context(self)] if _takes_context(function) else []
        result = function(*context, *self.args, **self.kwargs)
        if inspect.isawaitable(result):
            result = _run_to_end(result)
        if inspect.isgenerator(result) or inspect.isasyncgen(result):
            result.close() if inspect.isgenerator(result) else None
            raise InvalidInput(
                "the task returned a generator, whose body did not run; return a list instead of "
                "using `yield`",
                code="bad-result",
            )
        # The job is still the current one, to which `attach` adds artifacts.
        return self.settle(result)

    # RQ would import and call the functions that these fields of the record name.
    @property
    def success_callback(self) -> None:
        """None: callbacks are not supported."""

    @property
    def failure_callback(self) -> None:
        """None: callbacks are not supported."""

    @property
    def stopped_callback(self) -> None:
        """None: callbacks are not supported."""


def _takes_context(function: Callable[..., Any]) -> bool:
    """Return whether the first parameter of a task is named `ctx`."""
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return bool(parameters) and parameters[0].name == CONTEXT and parameters[0].kind in kinds


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _run_to_end(awaitable: Awaitable[Any]) -> Any:
    """Run an asynchronous task in a new event loop, and return its result."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(awaitable))
    # Immediate mode, and the caller is asynchronous: a thread has one running loop at most.
    return _run_in_thread(awaitable)


def _run_in_thread(awaitable: Awaitable[Any]) -> Any:
    outcome: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(_awaited(awaitable)))
        except BaseException as error:  # raised again in the calling thread
            errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]


def _decompressed(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, PickledJson.MAX_SIZE + 1)
    except zlib.error:
        return data  # as RQ does


def stored_call(
    client: Redis, job_id: str, record: dict[bytes, bytes]
) -> tuple[list[Any], JsonObject]:
    """Return the positional and the keyword arguments of a job. Raises BadRecord."""
    job = VectorJob(job_id, connection=client)
    try:
        job.restore(record)
        return list(job.args), dict(job.kwargs)
    except Exception as error:
        raise BadRecord(damage_text(["data"])) from error


def read_call(client: Redis, job_id: str, record: dict[bytes, bytes]) -> tuple[str, JsonObject]:
    """Return the task of a job and its arguments by name; {} if the record cannot be read."""
    task = record.get(b"description", b"").decode(errors="replace")
    try:
        args, kwargs = stored_call(client, job_id, record)
    except BadRecord:
        log.warning("The arguments of job %s cannot be read", job_id)
        return task, {}
    return task, named_arguments(task, args, kwargs) if task in known_tasks() else kwargs


def shown_call(task: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> JsonObject:
    """Return the arguments of a job for people: short, and without secrets.

    `masked` and `truncated` list those that are not complete, such as `kwargs.password`. Without
    names of parameters, if `task` is empty, secrets among positional arguments are not recognized.
    """
    names: list[str] = []
    if task:
        args, kwargs = call_by_name(task, args, kwargs)
        names = list(named_arguments(task, args, {})) if args else []
    excerpt, most = Excerpt(), Excerpt.MAX_ITEMS
    shown_args = [
        excerpt.copy(f"args.{index}", name, value)
        for index, (name, value) in enumerate(
            zip_longest(names[: len(args[:most])], args[:most], fillvalue="")
        )
    ]
    shown_kwargs = {}
    for name, value in islice(kwargs.items(), most):
        shown = excerpt.shortened(name)
        shown_kwargs[shown] = excerpt.copy(f"kwargs.{shown}", name, value)
    sizes = {"args": len(args), "kwargs": len(kwargs)}
    excerpt.truncated += [name for name, size in sizes.items() if size > most]
    return {
        "args": shown_args,
        "kwargs": shown_kwargs,
        "masked": excerpt.masked,
        "truncated": excerpt.truncated,
    }


def read_arguments(client: Redis, tasks: Mapping[str, str]) -> dict[str, JsonObject]:
    """Return `shown_call` of stored calls, for jobs with these ids and tasks.

    Calls that are large, or cannot be read, are missing.
    """
    with client.pipeline(transaction=False) as pipeline:
        for job_id in tasks:
            pipeline.hstrlen(job_key(job_id), "data")
        sizes = replies_with_damage(pipeline.execute(raise_on_error=False))
        small = [
            job_id
            for job_id, size in zip(tasks, sizes, strict=True)
            if isinstance(size, int) and 0 < size <= VectorJob.MAX_SHOWN_BYTES
        ]
        for job_id in small:
            pipeline.hget(job_key(job_id), "data")
        stored = replies_with_damage(pipeline.execute(raise_on_error=False))
    known = set(known_tasks())
    found = {
        job_id: _arguments_in(client, job_id, tasks[job_id] if tasks[job_id] in known else "", data)
        for job_id, data in zip(small, stored, strict=True)
        if isinstance(data, bytes)
    }
    return {job_id: shown for job_id, shown in found.items() if shown is not None}


def _arguments_in(client: Redis, job_id: str, task: str, data: bytes) -> JsonObject | None:
    unpacked = zlib.decompressobj()
    try:
        unpacked.decompress(data, 10 * VectorJob.MAX_SHOWN_BYTES)
        if unpacked.unconsumed_tail:
            return None
        args, kwargs = stored_call(client, job_id, {b"data": data})
        return shown_call(task, args, kwargs)
    except (BadRecord, zlib.error):
        return None
