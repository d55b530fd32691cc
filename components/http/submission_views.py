"""Views of routes that submit jobs: parse the request, plan and queue its jobs, respond."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, g, request
from marshmallow import ValidationError, fields
from webargs.core import is_json

from components.http.idempotency import idempotent
from components.http.job_options import JobOptionsSchema, check_options
from components.http.multipart import FORM, FORM_SCHEMA, is_form, received_file
from components.http.problems import BadFields, flatten
from components.http.replies import accepted, prefers_async, queued_response, with_ignored
from components.http.strict_json import StrictParser
from components.http.submissions import (
    BatchPlan,
    EmptySchema,
    Operation,
    Submission,
    option_names,
    queue,
    queue_batch,
)
from libraries.job_manager import JobOptions
from libraries.json_types import JsonObject
from libraries.uploads import FileKind

JSON = "application/json"
Direct = Callable[[Any], Response | None]


def submission_view(
    operation: Operation,
    *,
    status: int = 202,
    files: tuple[FileKind, ...] = (),
    direct: Direct | None = None,
) -> Callable[[], Response]:
    """Return the view of a route that submits an operation.

    Args:
        operation: the operation.
        status: status of the response; `Prefer: respond-async` makes it 202.
        files: kinds of files accepted in a form; the body is then an `UploadedFile`.
        direct: answers requests that need no job, and returns None for the others.
    """

    def submit(submission: Submission) -> Response:
        return answer(operation, submission, status)

    once = idempotent(submit)

    def view() -> Response:
        if files and (is_form() or operation.body is EmptySchema):
            with received_file(files, option_names()) as (file, texts):
                return once(Submission(file, form_options(texts)))
        submission = parsed_request(operation)
        response = direct(submission.body) if direct else None
        ignored = operation.ignored(g.get("json_body"))
        return with_ignored(once(submission) if response is None else response, ignored)

    return view


def parsed_request(operation: Operation) -> Submission:
    """Parse the JSON body; an operation without fields needs none."""
    if operation.body is EmptySchema and not (is_json(request.mimetype) and request.get_data()):
        return Submission({}, JobOptions())
    parsed: Submission = StrictParser().parse(operation.schema(), request, location="json")
    return parsed


def answer(operation: Operation, submission: Submission, status: int) -> Response:
    """Queue the jobs of a request and respond; raises as `check_options` and `queue`."""
    plan = operation.plan(submission.body)
    options = check_options(submission.options)
    if isinstance(plan, BatchPlan):
        return queued_response(plan.reply(queue_batch(plan, options)))
    job = queue(plan, options)
    is_later = options.run_at is not None or options.depends_on
    message = f"{plan.message}, to run later" if is_later else plan.message
    # Routes that respond with 202 anyway have no choice.
    is_async = status != 202 and prefers_async()  # noqa: PLR2004
    response = accepted(job, message, status_code=202 if is_async else status, **plan.members)
    if is_async:
        response.headers.add("Preference-Applied", "respond-async")
    return response


def form_options(texts: Mapping[str, str]) -> JobOptions:
    """Load the queue options from the fields of a form; raise BadFields if they are invalid."""
    schema = JobOptionsSchema()
    values = {name: _value(schema.fields[name], text) for name, text in texts.items()}
    try:
        options: JobOptions = schema.load(values)
    except ValidationError as error:
        raise BadFields(list(flatten(error.messages)), location="form") from None
    return options


def _value(field: fields.Field[Any], text: str) -> Any:
    """Convert the text of a form field to its JSON value; a list may be comma-separated."""
    if isinstance(field, fields.String | fields.AwareDateTime):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if isinstance(field, fields.List) and not isinstance(value, list):
        return [one.strip() for one in text.split(",")]
    return value


def requested_body(
    operation: Operation, files: tuple[FileKind, ...], description: str
) -> JsonObject:
    content: JsonObject = {}
    if files:
        options = {
            name: {
                "type": "string",
                "description": f"{field.metadata['description']} As JSON text.",
            }
            for name, field in JobOptionsSchema().fields.items()
        }
        properties = {**FORM_SCHEMA["properties"], **options}
        content[FORM] = {"schema": {**FORM_SCHEMA, "properties": properties}}
    if operation.body is not EmptySchema:
        example = {} if operation.example is None else {"example": operation.example}
        content[JSON] = {"schema": operation.schema, **example}
    elif not files:
        content[JSON] = {"schema": JobOptionsSchema}
    required = bool(files) or operation.body is not EmptySchema
    about = {"description": description} if description else {}
    return {"required": required, "content": content, **about}
