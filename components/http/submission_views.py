"""Views of routes that submit jobs: parse the request, plan and queue its jobs, respond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request
from marshmallow import EXCLUDE, Schema
from webargs.core import is_json

from components.http.exports import JSON_TYPE, drawn_response
from components.http.formats import accepted_type, drawing_types
from components.http.forms import URLENCODED, Form, for_browser
from components.http.idempotency import idempotent
from components.http.job_options import JobOptionsSchema, check_options
from components.http.json_schemas import pascal
from components.http.long_connections import requested_wait_s
from components.http.multipart import FORM
from components.http.replies import (
    accepted,
    json_response,
    prefers_async,
    queued_response,
    result_json,
    waited_for,
    with_ignored,
)
from components.http.strict_json import StrictParser
from components.http.submissions import (
    BatchPlan,
    EmptySchema,
    Operation,
    Submission,
    queue,
    queue_batch,
)
from libraries.errors import VectorError
from libraries.fields import instance_of
from libraries.job_manager import JobOptions, find_job
from libraries.json_types import JsonObject

Direct = Callable[[Any], Response | None]


class AnyJobOptionsSchema(JobOptionsSchema):
    """Queue options; unknown members are ignored."""

    class Meta:
        """Ignore unknown members."""

        unknown = EXCLUDE


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

    def submit(submission: Submission, *, wait: bool) -> Response:
        return answer(operation, submission, status, wait=wait)

    once = idempotent(submit)

    def view() -> Response:
        if form is not None and form.raw:
            form.read_query(operation)
        if form is not None and form.is_sent(operation):
            accepted_type([JSON_TYPE, "text/html"])
            with form.received(operation) as sent:
                return for_browser(once(sent, wait=True))
        media_type = accepted_type(media_types(operation))
        submission = parsed_request(operation)
        response = direct(submission.body) if direct else None
        if response is None:
            # The stored response for an idempotency key is JSON, also if the client gets a drawing.
            is_json = media_type == JSON_TYPE
            response = once(submission, wait=is_json)
            response = response if is_json else drawn_reply(response, media_type)
        if operation.draws:
            response.vary.add("Accept")
        return with_ignored(response, operation.ignored(g.get("json_body")))

    return view


def media_types(operation: Operation) -> list[str]:
    """Return the media types of successful responses to an operation."""
    return [JSON_TYPE, *(drawing_types() if operation.draws else ())]


def drawn_reply(response: Response, media_type: str) -> Response:
    """Return the drawing of the queued job, or `response` if it is not done within `Prefer: wait=N`.

    A job that ended without a drawing has its state in JSON. Raises as `drawn_response`; the
    problem has the `job_id`.
    """
    seconds = requested_wait_s()
    if not seconds:
        return response
    body: JsonObject = response.get_json()
    record = waited_for(body["job_id"], seconds)
    try:
        drawn = drawn_response(record, media_type) if record and record.done else None
    except VectorError as error:
        error.members = {**error.members, "job_id": body["job_id"]}
        raise
    if drawn is not None:
        drawn.headers["Location"] = body["links"]["self"]
        if "Idempotency-Replayed" in response.headers:
            drawn.headers["Idempotency-Replayed"] = "true"
        response = drawn
    elif record and record.done:
        headers = {"Location": body["links"]["self"]}
        response = json_response(body | result_json(record), headers=headers)
    response.headers["Preference-Applied"] = f"wait={seconds}"
    return response


def parsed_request(operation: Operation) -> Submission:
    """Parse the JSON body; an operation without fields needs none."""
    if operation.body is EmptySchema and not (is_json(request.mimetype) and request.get_data()):
        return Submission({}, JobOptions())
    parsed: Submission = StrictParser().parse(
        instance_of(operation.schema), request, location="json"
    )
    return parsed


def answer(
    operation: Operation, submission: Submission, status: int, *, wait: bool = True
) -> Response:
    """Queue the jobs of a request and respond, after `Prefer: wait=N` if `wait` is true.

    Raises as `check_options` and `queue`.
    """
    plan = operation.plan(submission.body)
    options = check_options(submission.options)
    if isinstance(plan, BatchPlan):
        return queued_response(plan.reply(queue_batch(plan, options)))
    job = queue(plan, options)
    if not job.is_new:
        message = "A job with this unique_key waits or runs"
        state: JsonObject = {"status": find_job(job.id).status, "existing": True}
        return accepted(job, message, status_code=200, wait=wait, **state)
    is_later = options.run_at is not None or options.depends_on
    message = f"{plan.message}, to run later" if is_later else plan.message
    # Routes that respond with 202 anyway have no choice.
    is_async = status != 202 and prefers_async()  # noqa: PLR2004
    code = 202 if is_async else status
    wait_s = 0 if is_later or "Prefer" in request.headers else plan.wait_s
    response = accepted(
        job, message, status_code=code, wait=wait, wait_s=wait_s, **plan.members_for(job.id)
    )
    if is_async:
        response.headers.add("Preference-Applied", "respond-async")
    return response


def query_parameters(operation: Operation, form: Form | None) -> list[JsonObject]:
    """Return the query parameters of a route whose body may be a file; see `Form.raw`."""
    if form is None or not form.raw:
        return []
    schema = Schema.from_dict(
        form.query_fields(operation), name=f"{pascal(operation.name)}QuerySchema"
    )
    return [{"in": "query", "schema": schema}]


def requested_body(operation: Operation, form: Form | None, description: str) -> JsonObject:
    content: JsonObject = {}
    has_fields = operation.body is not EmptySchema
    if form is not None:
        content[FORM] = form.content(operation)
        content |= {one: {"schema": form.FILE_SCHEMA} for one in form.raw_types}
    if has_fields:
        example = {} if operation.example is None else {"example": operation.example}
        content[JSON_TYPE] = {"schema": operation.schema, **example}
    elif form is None:
        content[JSON_TYPE] = {"schema": AnyJobOptionsSchema}
    if form is not None and has_fields:
        content[URLENCODED] = Form().content(operation) if form.files else content[FORM]
    about = {"description": description} if description else {}
    return {"required": form is not None or has_fields, "content": content, **about}
