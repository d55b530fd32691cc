"""Views of routes that submit jobs: parse the request, plan and queue its jobs, respond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request
from webargs.core import is_json

from components.http.forms import URLENCODED, Form, for_browser
from components.http.idempotency import idempotent
from components.http.job_options import JobOptionsSchema, check_options
from components.http.multipart import FORM
from components.http.replies import accepted, prefers_async, queued_response, with_ignored
from components.http.strict_json import StrictParser
from components.http.submissions import (
    BatchPlan,
    EmptySchema,
    Operation,
    Submission,
    queue,
    queue_batch,
)
from libraries.job_manager import JobOptions
from libraries.json_types import JsonObject

JSON = "application/json"
Direct = Callable[[Any], Response | None]


def submission_view(
    operation: Operation,
    *,
    status: int = 202,
    form: Form | None = None,
    direct: Direct | None = None,
) -> Callable[[], Response]:
    """Return the view of a route that submits an operation.

    Args:
        operation: the operation.
        status: status of the response; `Prefer: respond-async` makes it 202.
        form: the forms that the route accepts, if any.
        direct: answers requests that need no job, and returns None for the others.
    """

    def submit(submission: Submission) -> Response:
        return answer(operation, submission, status)

    once = idempotent(submit)

    def view() -> Response:
        if form is not None and form.is_sent(operation):
            with form.received(operation) as sent:
                return for_browser(once(sent))
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


def requested_body(operation: Operation, form: Form | None, description: str) -> JsonObject:
    content: JsonObject = {}
    has_fields = operation.body is not EmptySchema
    if form is not None:
        content[FORM] = {"schema": form.schema(operation)}
    if has_fields:
        example = {} if operation.example is None else {"example": operation.example}
        content[JSON] = {"schema": operation.schema, **example}
    elif form is None:
        content[JSON] = {"schema": JobOptionsSchema}
    if form is not None and has_fields:
        content[URLENCODED] = {"schema": Form().schema(operation)}
    about = {"description": description} if description else {}
    return {"required": form is not None or has_fields, "content": content, **about}
