"""Submission of jobs by the name of a task or of an operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from marshmallow import ValidationError

from components.http.problems import (
    BadFields,
    FieldError,
    field_errors_of,
    flatten,
    shown_fields,
    with_members,
)
from components.http.submissions import OPERATIONS, BatchPlan, JobPlan, Operation
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager import UnknownTask, check_task
from libraries.json_types import JsonObject


def job_plan(body: JsonObject) -> JobPlan:
    """Return the job of a loaded `SubmitJobSchema`; raise NotFound if the task is unknown."""
    if body["task"] in OPERATIONS:
        return operation_plan(OPERATIONS[body["task"]], body)
    with unknown_task_not_found():
        check_task(body["task"])
    return JobPlan(task=body["task"], args=body["args"], kwargs=body["kwargs"])


@contextmanager
def unknown_task_not_found() -> Iterator[None]:
    """Convert UnknownTask to NotFound with the known tasks."""
    try:
        yield
    except UnknownTask as error:
        text = f"{error}; {error.hint}" if error.hint else str(error)
        raise with_members(NotFound(text, code="unknown-task"), tasks=error.choices) from None


def operation_plan(operation: Operation, body: JsonObject) -> JobPlan:
    """Return the job of an operation with the request body in `kwargs`; raise BadFields if that is invalid."""
    if body["args"]:
        raise BadFields([FieldError(("args",), "Not supported by operations; use `kwargs`.")])
    try:
        plan = operation.plan(operation.body().load(body["kwargs"]))
    except ValidationError as error:
        raise BadFields(list(_in_kwargs(flatten(error.messages)))) from None
    except InvalidInput as error:
        found = field_errors_of(error)
        if not found:
            raise
        raise BadFields(list(_in_kwargs(found))) from error
    if isinstance(plan, BatchPlan):
        raise InvalidInput("this operation creates several jobs; use its own route", field="task")
    ignored = shown_fields(operation.ignored(body["kwargs"], "kwargs"))
    return replace(plan, message="Job queued", members={"ignored": ignored} if ignored else {})


def _in_kwargs(errors: Iterable[FieldError]) -> Iterator[FieldError]:
    for one in errors:
        yield replace(one, path=("kwargs", *one.path))
