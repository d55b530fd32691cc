"""The routes of jobs: list, queue, follow, fetch, cancel, try again, delete."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.exports import exported_reply
from components.http.replies import json_response, queued_response
from components.http.submissions import JobPlan
from components.jobs.actions import apply_to_all, cancel, delete, retry
from components.jobs.listing import list_response
from components.jobs.logs import log_response
from components.jobs.long_poll import job_response, token_response
from components.jobs.previews import preview_response
from components.jobs.representation import visible_job
from components.jobs.results import artifact_response, result_response
from components.jobs.schemas import (
    BulkReplySchema,
    BulkSchema,
    FollowQuerySchema,
    JobListQuerySchema,
    JobListSchema,
    JobQuerySchema,
    JobSchema,
    LogQuerySchema,
    ResultQuerySchema,
    SubmitJobSchema,
    TokenSchema,
)
from components.jobs.streams import stream_response
from components.jobs.submissions import job_plan
from libraries.exporting.png import Png
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "jobs", __name__, "/jobs", "Queue jobs, follow them by id, fetch what they made."
)

JOB_ID_PARAMETER = {
    "in": "path",
    "name": "job_id",
    "description": "The `job_id` of the reply to the request that queued it.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
}
FILE_NAME_PARAMETER = {
    "in": "path",
    "name": "file_name",
    "description": "The `name` of one of the job's `artifacts`.",
    "schema": {"type": "string"},
}
TEXT = {"schema": {"type": "string"}}
POSTCARD = {
    "task": "workers.svg_tasks.generate_postcard_svg",
    "kwargs": {"recipient": "Ann", "message": "Hello", "template_name": "plain"},
    "timeout": "2m",
    "delay": 10,
}


@blueprint.route("", access=Access.KEY)
@blueprint.arguments(JobListQuerySchema, location="query")
@blueprint.response(200, JobListSchema, headers={"Link": TEXT})
@blueprint.problems(503)
def get_jobs(query: JsonObject) -> Response:
    """List your jobs.

    A page may hold fewer jobs than asked for, even none, and still have a `next_cursor`: the search goes on there. `Link` holds
    the address of the next page.
    """
    return list_response(query)


@blueprint.submits(
    "",
    access=Access.KEY,
    body=SubmitJobSchema,
    jobs="it",
    problems=(404,),
    example=POSTCARD,
)
def create_job(asked: JsonObject) -> JobPlan:
    """Queue a job by the name of its task.

    `args` and `kwargs` go to the task as they are; how the job is queued is said beside them. Arguments that the
    task does not take are refused at once; their values are checked by the task when it runs.
    """
    return job_plan(asked)


@blueprint.route("/bulk", access=Access.KEY, methods=["POST"])
@blueprint.arguments(BulkSchema)
@blueprint.response(200, BulkReplySchema)
@blueprint.queues()
def change_jobs(asked: JsonObject) -> Response:
    """Cancel, try again or delete many jobs.

    Each job has its own outcome; one to which it cannot be done does not keep it from the others.
    """
    return apply_to_all(asked["action"], asked["ids"])


@blueprint.route("/<job_id>", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(JobQuerySchema, location="query")
@blueprint.response(200, JobSchema, headers={"ETag": TEXT, "Retry-After": TEXT})
@blueprint.problems(404, 410, 503)
def get_job(query: JsonObject, job_id: str) -> Response:
    """Show a job.

    Ask again after the seconds that `Retry-After` names; it is there until the job is done. Send the `ETag` of the last answer as
    `If-None-Match`, and nothing new is answered with 304 and no body.

    With `wait`, or `Prefer: wait=N`, the answer comes when the job is done, or after that many seconds; with `If-None-Match`
    beside it, as soon as something about the job has changed.
    """
    return job_response(job_id, wait=query["wait"])


@blueprint.route("/<job_id>/events", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(FollowQuerySchema, location="query")
@blueprint.response(
    200,
    content_type="text/event-stream",
    schema={"type": "string"},
    description="Events, up to the job's end",
)
@blueprint.response(
    204, description="The client knows the end already; an `EventSource` stops asking"
)
@blueprint.problems(404, 410, 503)
def get_job_events(query: JsonObject, job_id: str) -> Response:
    """Follow a job as an event stream.

    First comes `status` with the whole job, then what was kept of its events (`status`, `progress`, `log`), then each as it
    happens, and at last one of `finished`, `failed` and `canceled` with the whole job. Close the stream on that: a browser
    connects again after an end, and is answered with 204. `Last-Event-ID` gives what came behind that event.
    """
    return stream_response(job_id)


@blueprint.route("/<job_id>/logs", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(LogQuerySchema, location="query")
@blueprint.response(
    200,
    content_type="text/plain",
    schema={"type": "string"},
    description="Lines, each with its time in UTC",
)
@blueprint.problems(404, 410, 503)
def get_job_logs(query: JsonObject, job_id: str) -> Response:
    """Read how a job went.

    A line each for its queueing, the beginning and the end of every attempt, what it said and how it ended. Below an attempt that
    failed stands its trace, indented. With `follow` the answer stays open and ends with the job; while nothing happens an empty
    line comes every 15 s.
    """
    return log_response(job_id, follow=query["follow"])


@blueprint.route(
    "/<job_id>/token", access=Access.KEY, methods=["POST"], parameters=[JOB_ID_PARAMETER]
)
@blueprint.response(201, TokenSchema)
@blueprint.problems(404, 410)
@blueprint.queues()
def make_job_token(job_id: str) -> Response:
    """Get a token for reading one job where headers cannot be sent.

    For 15 minutes, `?token=` replaces the API key at the addresses in `links`: the job, its events, log, result, preview and
    files, and a WebSocket that follows it. `POST /links` makes an address that opens one of them only, for longer.
    """
    return token_response(visible_job(job_id))


@blueprint.route("/<job_id>", access=Access.KEY, methods=["DELETE"], parameters=[JOB_ID_PARAMETER])
@blueprint.response(204)
@blueprint.problems(404, 409, 503)
def delete_job(job_id: str) -> Response:
    """Delete a job and the files that it made.

    A job that runs has to be canceled first. Asked for afterwards, the job is answered with 410.
    """
    delete(job_id)
    return Response(status=204)


@blueprint.route(
    "/<job_id>/cancel", access=Access.KEY, methods=["POST"], parameters=[JOB_ID_PARAMETER]
)
@blueprint.response(200, JobSchema)
@blueprint.problems(404)
@blueprint.queues()
def cancel_job(job_id: str) -> Response:
    """Cancel a job that waits, or stop one that runs.

    The answer comes when it is so, within seconds: the job is `canceled` or `stopped` then. A job that has ended by itself, or
    does not stop, is answered with 409.
    """
    return json_response(cancel(job_id))


@blueprint.route(
    "/<job_id>/retry", access=Access.KEY, methods=["POST"], parameters=[JOB_ID_PARAMETER]
)
@blueprint.response(202, JobSchema, headers={"Location": TEXT, "Retry-After": TEXT})
@blueprint.problems(404)
@blueprint.queues()
def retry_job(job_id: str) -> Response:
    """Try a job again that failed, was stopped or was canceled.

    It keeps its id and its arguments, and may be tried as often as at first.
    """
    return queued_response(retry(job_id))


@blueprint.route("/<job_id>/result", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(ResultQuerySchema, location="query")
@blueprint.response(200)
@blueprint.doc(
    responses={
        "200": exported_reply(
            "*/*", description="The file, or the JSON value that the task returned"
        )
    }
)
@blueprint.problems(404, 406, 409, 410, 416, 422, 429, 503)
def get_job_result(query: JsonObject, job_id: str) -> Response:
    """Fetch what a finished job made.

    The first file of the job as it is, with a strong `ETag` and ranges; a job that made no file gives the value that its task
    returned, as JSON. A drawing is also given in the other media types that `Accept` may prefer; `*/*` is the file itself, and what
    excludes all of them is answered with 406. While the job is not finished the answer is 409 with `job_status`.
    """
    return result_response(visible_job(job_id), download=query["download"])


@blueprint.route(
    "/<job_id>/artifacts/<file_name>",
    access=Access.TOKEN,
    parameters=[JOB_ID_PARAMETER, FILE_NAME_PARAMETER],
)
@blueprint.arguments(ResultQuerySchema, location="query")
@blueprint.response(200, content_type="*/*", description="The file")
@blueprint.problems(404, 409, 410, 416, 503)
def get_job_artifact(query: JsonObject, job_id: str, file_name: str) -> Response:
    """Fetch one of the files that a finished job made, by its name."""
    return artifact_response(visible_job(job_id), file_name, download=query["download"])


@blueprint.route("/<job_id>/preview.png", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(Png.schema(), location="query")
@blueprint.response(
    200,
    content_type="image/png",
    schema={"type": "string", "format": "binary"},
    headers={"ETag": TEXT},
)
@blueprint.problems(404, 409, 410, 429, 503)
def get_job_preview(params: Png, job_id: str) -> Response:
    """Show what a finished job drew as a picture.

    A PNG of its first SVG, with the widths and colours of its pens. A drawing of more than 400,000 vertices is answered with
    422; fetch the drawing itself then.
    """
    return preview_response(visible_job(job_id), params)
