"""A job that is named by its task, or by an operation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from marshmallow import ValidationError

from components.http.problems import BadFields, FieldError, field_errors_of, flatten, with_members
from components.http.submissions import OPERATIONS, BatchPlan, JobPlan, Operation
from libraries.errors import InvalidInput, NotFound
from libraries.job_manager import UnknownTask, check_task
from libraries.json_types import JsonObject


def job_plan(asked: JsonObject) -> JobPlan:
    """Return the job that a `SubmitJobSchema` describes.

    Raises:
        NotFound: there is no such task. The name is looked up in a list; nothing is imported.
        BadFields: the arguments are wrong for the operation.
    """
    if asked["task"] in OPERATIONS:
        return operation_plan(OPERATIONS[asked["task"]], asked)
    try:
        check_task(asked["task"])
    except UnknownTask as error:
        text = f"{error}; {error.hint}" if error.hint else str(error)
        raise with_members(NotFound(text, code="unknown-task"), tasks=error.choices) from None
    return JobPlan(task=asked["task"], args=asked["args"], kwargs=asked["kwargs"])


def operation_plan(operation: Operation, asked: JsonObject) -> JobPlan:
    """Return the job of an operation whose request is in `kwargs`.

    Raises:
        BadFields: the request is wrong.
    """
    if asked["args"]:
        raise BadFields([FieldError(("args",), "An operation takes its request in kwargs.")])
    try:
        plan = operation.plan(operation.body().load(asked["kwargs"]))
    except ValidationError as error:
        raise BadFields(list(_inside(flatten(error.messages)))) from None
    except InvalidInput as error:
        found = field_errors_of(error)
        if not found:
            raise
        raise BadFields(list(_inside(found))) from error
    if isinstance(plan, BatchPlan):
        raise InvalidInput("this operation makes several jobs; use its own route", field="task")
    return replace(plan, message="Job queued", members={})


def _inside(errors: Iterable[FieldError]) -> Iterator[FieldError]:
    for one in errors:
        yield replace(one, path=("kwargs", *one.path))
