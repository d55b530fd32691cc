"""Submission of batches: all items are validated before the first is queued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from marshmallow import Schema, ValidationError

from components.batches.schemas import MAX_ITEMS
from components.batches.states import batch_links
from components.http.job_options import check_options
from components.http.problems import (
    MAX_ERRORS,
    BadFields,
    FieldError,
    field_errors_of,
    flatten,
    shown_fields,
)
from components.http.submissions import OPERATIONS, BatchPlan, JobPlan, Operation, Submission
from libraries.errors import InvalidInput, UnknownName, did_you_mean
from libraries.job_manager import Batch, JobOptions, known_tasks
from libraries.json_types import JsonObject

PlannedJob = tuple[JobPlan, JobOptions]


def batch_plan(body: JsonObject) -> BatchPlan:
    """Return the jobs of a loaded `SubmitBatchSchema`."""
    jobs = planned_jobs(body["operation"], body["items"])
    ignored = shown_fields(ignored_members(body["operation"], body["items"]))
    return BatchPlan(jobs=jobs, reply=partial(batch_reply, ignored=ignored))


def ignored_members(name: str, items: list[JsonObject]) -> list[FieldError]:
    """Return the unknown members of all items, for an operation that ignores them."""
    if name not in OPERATIONS:
        return []
    ignored = OPERATIONS[name].ignored
    return [one for index, item in enumerate(items) for one in ignored(item, "items", str(index))]


def batch_reply(batch: Batch, ignored: list[JsonObject]) -> JsonObject:
    count = len(batch.job_ids)
    return {
        "status": "queued",
        "batch_id": batch.id,
        "job_ids": batch.job_ids,
        "message": f"{count} job{'' if count == 1 else 's'} queued",
        "links": batch_links(batch.id, done=False),
        **({"ignored": ignored} if ignored else {}),
    }


def planned_jobs(operation: str, items: list[JsonObject]) -> list[PlannedJob]:
    """Return the jobs of `items` for an operation or the dotted path of a task; raise BadFields if it is unknown."""
    if operation in OPERATIONS:
        return jobs_of_items(OPERATIONS[operation], items)
    tasks = known_tasks()
    if operation not in tasks:
        error = UnknownName("operation", operation, [*OPERATIONS, *tasks])
        raise BadFields([FieldError(("operation",), str(error), error.hint)])
    return [(JobPlan(task=operation, kwargs=item), JobOptions()) for item in items]


def jobs_of_items(operation: Operation, items: list[JsonObject]) -> list[PlannedJob]:
    """Return the jobs of an operation's requests; raise BadFields with the errors of all items."""
    schema = operation.schema()
    errors: list[FieldError] = []
    jobs: list[PlannedJob] = []
    for index, item in enumerate(items):
        try:
            submission: Submission = schema.load(item)
            options = item_options(submission.options)
            jobs += [(plan, options) for plan in operation.plans(submission.body)]
        except ValidationError as error:
            errors += _in_item(index, (_with_hint(one, schema) for one in flatten(error.messages)))
        except InvalidInput as error:
            found = field_errors_of(error) or [FieldError((), str(error), error.hint)]
            errors += _in_item(index, found)
        if len(errors) >= MAX_ERRORS:
            break
    if not errors and len(jobs) > MAX_ITEMS:
        text = f"The items need {len(jobs)} jobs; a batch has at most {MAX_ITEMS}."
        errors = [FieldError(("items",), text)]
    if errors:
        raise BadFields(errors)
    return jobs


def item_options(options: JobOptions) -> JobOptions:
    """Return the checked options of an item; raise ValidationError if it has a webhook."""
    if options.webhook is not None:
        raise ValidationError({"webhook": ["Set `webhook` on the batch, not on an item."]})
    return check_options(options)


def _in_item(index: int, errors: Iterable[FieldError]) -> Iterator[FieldError]:
    """Yield errors of one item with their path in the batch."""
    for one in errors:
        yield FieldError(("items", str(index), *one.path), one.detail, one.hint)


def _with_hint(error: FieldError, schema: Schema) -> FieldError:
    if len(error.path) != 1 or error.path[0] in schema.fields or error.hint:
        return error
    return FieldError(error.path, error.detail, did_you_mean(error.path[0][:100], schema.fields))
