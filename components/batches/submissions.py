"""A batch as it is asked for: every item checked before the first is queued."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from marshmallow import Schema, ValidationError

from components.batches.schemas import MOST_ITEMS
from components.batches.states import batch_links
from components.http.problems import BadFields, FieldError, field_errors_of, flatten
from components.http.replies import queued_response
from components.http.submissions import OPERATIONS, Operation
from components.http.webhook_fields import validate_webhook
from libraries.errors import InvalidInput, UnknownName, did_you_mean
from libraries.job_manager import JobOptions, known_tasks, submit_batch


def queue_batch(asked: dict[str, Any]) -> Response:
    """Queue the batch that a `SubmitBatchSchema` asks for, and return the reply that says so.

    Raises:
        BadFields: the operation is unknown, or items are wrong; all of them are named. Or the webhook may not be called.
        QueueFull: there is not room for all of it; nothing was queued.
        QueueUnavailable: the broker cannot be reached.
    """
    task, timeout, calls = calls_of(asked["operation"], asked["items"])
    webhook = validate_webhook(asked["webhook"])
    batch = submit_batch(
        task,
        calls,
        JobOptions(job_timeout=timeout, at_front=asked["priority"] == "high", webhook=webhook),
    )
    count = len(batch.job_ids)
    body = {
        "status": "queued",
        "batch_id": batch.id,
        "job_ids": batch.job_ids,
        "message": f"{count} job{'' if count == 1 else 's'} queued",
        "links": batch_links(batch.id, done=False),
    }
    return queued_response(body)


def calls_of(
    operation: str, items: list[dict[str, Any]]
) -> tuple[str | list[str], str | None, list[dict[str, Any]]]:
    """Return the task of an operation, or that of each job, the timeout of its jobs, and the keyword arguments of each.

    Raises:
        BadFields: there is no such operation, or items are wrong.
    """
    if operation in OPERATIONS:
        chosen = OPERATIONS[operation]
        calls = checked_calls(chosen, items)
        return [chosen.task_for(call) for call in calls], chosen.timeout, calls
    tasks = known_tasks()
    if operation not in tasks:
        error = UnknownName("operation", operation, [*OPERATIONS, *tasks])
        raise BadFields([FieldError(("operation",), str(error), error.hint)])
    return operation, None, items


def checked_calls(operation: Operation, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the keyword arguments of the jobs that `items` become.

    Raises:
        BadFields: items are wrong, every one of them named; or they would be too many jobs.
    """
    schema = operation.schema()
    wrong: list[FieldError] = []
    calls: list[dict[str, Any]] = []
    for place, item in enumerate(items):
        try:
            calls += operation.calls(loaded_item(schema, item))
        except ValidationError as error:
            wrong += _placed(place, (_with_hint(one, schema) for one in flatten(error.messages)))
        except InvalidInput as error:
            wrong += _placed(
                place, field_errors_of(error) or [FieldError((), str(error), error.hint)]
            )
    if not wrong and len(calls) > MOST_ITEMS:
        wrong = [
            FieldError(
                ("items",), f"These would be {len(calls)} jobs; a batch has at most {MOST_ITEMS}."
            )
        ]
    if wrong:
        raise BadFields(wrong)
    return calls


def loaded_item(schema: Schema, item: dict[str, Any]) -> Any:
    """Return an item of a batch as `schema` loads it.

    Raises:
        ValidationError: fields are bad, or it has a webhook.
    """
    loaded = schema.load(item)
    if "webhook" in schema.fields and item.get("webhook") is not None:
        raise ValidationError({"webhook": ["Set `webhook` on the batch, not on an item."]})
    return loaded


def _placed(place: int, errors: Any) -> Iterator[FieldError]:
    """Yield errors of one item as errors of the whole body."""
    for one in errors:
        yield FieldError(("items", str(place), *one.path), one.detail, one.hint)


def _with_hint(error: FieldError, schema: Schema) -> FieldError:
    if len(error.path) != 1 or error.path[0] in schema.fields or error.hint:
        return error
    return FieldError(error.path, error.detail, did_you_mean(error.path[0][:100], schema.fields))
