"""A batch as it is asked for: every item checked before the first is queued."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from marshmallow import Schema, ValidationError

from components.batches.schemas import MAX_ITEMS
from components.batches.states import batch_links
from components.http.job_options import check_options
from components.http.problems import BadFields, FieldError, field_errors_of, flatten
from components.http.submissions import OPERATIONS, BatchPlan, JobPlan, Operation, Submission
from libraries.errors import InvalidInput, UnknownName, did_you_mean
from libraries.job_manager import Batch, JobOptions, known_tasks
from libraries.json_types import JsonObject

PlannedJob = tuple[JobPlan, JobOptions]


def batch_plan(asked: JsonObject) -> BatchPlan:
    """Return the jobs of the batch that a `SubmitBatchSchema` describes.

    Raises:
        BadFields: the operation is unknown, or items are wrong; all of them are named.
        QueueUnavailable: the broker cannot be reached.
    """
    return BatchPlan(jobs=planned_jobs(asked["operation"], asked["items"]), reply=batch_reply)


def batch_reply(batch: Batch) -> JsonObject:
    """Return the reply to a batch that was queued."""
    count = len(batch.job_ids)
    return {
        "status": "queued",
        "batch_id": batch.id,
        "job_ids": batch.job_ids,
        "message": f"{count} job{'' if count == 1 else 's'} queued",
        "links": batch_links(batch.id, done=False),
    }


def planned_jobs(operation: str, items: list[JsonObject]) -> list[PlannedJob]:
    """Return the jobs that `items` become, for the name of an operation or the dotted path of a task.

    Raises:
        BadFields: there is no such operation, or items are wrong.
    """
    if operation in OPERATIONS:
        return jobs_of_items(OPERATIONS[operation], items)
    tasks = known_tasks()
    if operation not in tasks:
        error = UnknownName("operation", operation, [*OPERATIONS, *tasks])
        raise BadFields([FieldError(("operation",), str(error), error.hint)])
    return [(JobPlan(task=operation, kwargs=item), JobOptions()) for item in items]


def jobs_of_items(operation: Operation, items: list[JsonObject]) -> list[PlannedJob]:
    """Return the jobs that the requests of an operation become.

    Raises:
        BadFields: items are wrong, every one of them named; or they would be too many jobs.
    """
    schema = operation.schema()
    wrong: list[FieldError] = []
    jobs: list[PlannedJob] = []
    for place, item in enumerate(items):
        try:
            submission: Submission = schema.load(item)
            options = item_options(submission.options)
            jobs += [(plan, options) for plan in operation.plans(submission.body)]
        except ValidationError as error:
            wrong += _placed(place, (_with_hint(one, schema) for one in flatten(error.messages)))
        except InvalidInput as error:
            wrong += _placed(
                place, field_errors_of(error) or [FieldError((), str(error), error.hint)]
            )
    if not wrong and len(jobs) > MAX_ITEMS:
        text = f"These would be {len(jobs)} jobs; a batch has at most {MAX_ITEMS}."
        wrong = [FieldError(("items",), text)]
    if wrong:
        raise BadFields(wrong)
    return jobs


def item_options(options: JobOptions) -> JobOptions:
    """Return the options of an item, checked.

    Raises:
        ValidationError: it has a webhook.
        BadFields: a job to wait for is not there.
    """
    if options.webhook is not None:
        raise ValidationError({"webhook": ["Belongs beside items, once for all of them."]})
    return check_options(options)


def _placed(place: int, errors: Iterable[FieldError]) -> Iterator[FieldError]:
    """Yield errors of one item as errors of the whole body."""
    for one in errors:
        yield FieldError(("items", str(place), *one.path), one.detail, one.hint)


def _with_hint(error: FieldError, schema: Schema) -> FieldError:
    if len(error.path) != 1 or error.path[0] in schema.fields or error.hint:
        return error
    return FieldError(error.path, error.detail, did_you_mean(error.path[0][:100], schema.fields))
