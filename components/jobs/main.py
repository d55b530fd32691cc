"""Routes of jobs."""

from __future__ import annotations

from flask import Response

from components.http.access import Access, acting_for
from components.http.api import PREFER_PARAMETER, api_blueprint
from components.http.formats import ExportQuery, export_query_schema, exported_reply
from components.http.pages import SVG_TYPE
from components.http.parameters import (
    JOB_ID_PARAMETER,
    documented,
    header_parameter,
    partial_reply,
    path_parameter,
    range_parameter,
)
from components.http.replies import json_response, queued_response
from components.http.submissions import JobPlan, Submission
from components.jobs.action_schemas import (
    BulkReplySchema,
    BulkSchema,
    CountsQuerySchema,
    CountsSchema,
    RetryJobSchema,
)
from components.jobs.actions import (
    apply_to_all,
    apply_to_matching,
    cancel,
    delete,
    finish,
    retry,
    retry_changed,
)
from components.jobs.listing import counts_response, list_response
from components.jobs.logs import log_response
from components.jobs.long_poll import job_response, token_response
from components.jobs.previews import preview_response
from components.jobs.representation import visible_job
from components.jobs.results import artifact_response, result_response
from components.jobs.schemas import (
    EventSchema,
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
from libraries.settings import Scope

blueprint = api_blueprint(
    "jobs", __name__, "/jobs", "Queue jobs, follow them and fetch their results."
)

POSTCARD = {
    "task": "workers.svg_tasks.generate_postcard_svg",
    "kwargs": {"recipient": "Ann", "message": "Hello", "template_name": "plain"},
    "timeout": "2m",
    "delay": 10,
}


@blueprint.route("", access=Access.KEY)
@blueprint.arguments(JobListQuerySchema, location="query")
@blueprint.response(200, JobListSchema, headers=documented("Link"))
@blueprint.problems(503)
def get_jobs(query: JsonObject) -> Response:
    """List your jobs, or with the scope `admin` those of others.

    `Link` has the URL of the next page. Use `next_cursor` with the same filter and order.
    """
    return list_response(query)


@blueprint.submits(
    "",
    access=Access.KEY,
    body=SubmitJobSchema,
    jobs="it",
    draws=True,
    problems=(404,),
    example=POSTCARD,
)
def create_job(body: JsonObject) -> JobPlan:
    """Queue a task by name.

    `args` and `kwargs` are passed to the task; the other members control the queue. Arguments that do not match the signature of
    the task are rejected immediately; the task validates their values when it runs.
    """
    return job_plan(body)


@blueprint.route("/bulk", access=Access.KEY, methods=["POST"])
@blueprint.arguments(BulkSchema)
@blueprint.response(200, BulkReplySchema)
@blueprint.queues()
def change_jobs(body: JsonObject) -> Response:
    """Cancel, retry or delete many jobs.

    The reply reports the result for each job; a failure does not affect the others. With `filter`, a request handles a part of your
    jobs: repeat it with the `next_cursor` of its reply as `cursor` until that is null. With `dry_run` the jobs are only counted.
    Workers delete the files of deleted jobs within seconds.
    """
    with acting_for(body.get("owner")):
        if "filter" in body:
            return apply_to_matching(body)
        return apply_to_all(body["action"], body["ids"])


@blueprint.route("/counts", access=Access.KEY)
@blueprint.arguments(CountsQuerySchema, location="query")
@blueprint.response(200, CountsSchema)
@blueprint.problems(503)
def get_job_counts(query: JsonObject) -> Response:
    """Count your jobs by state, all or those that match a filter; with the scope `admin` those of others."""
    return counts_response(query)


@blueprint.route("/<job_id>", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.doc(parameters=[PREFER_PARAMETER])
@blueprint.arguments(JobQuerySchema, location="query")
@blueprint.response(200, JobSchema, headers=documented("ETag", "Retry-After"))
@blueprint.doc(responses={200: exported_reply(SVG_TYPE, page=True)})
@blueprint.problems(404, 406, 409, 410, 429, 503)
def get_job(query: JsonObject, job_id: str) -> Response:
    """Show a job.

    Poll again after `Retry-After` seconds; the header is absent once the job is done. If the `ETag` of the last response is sent
    as `If-None-Match` and nothing has changed, the response is 304 without a body.

    With `wait` or `Prefer: wait=N`, the response is delayed until the job is done, for at most that many seconds; together with
    `If-None-Match`, until the job has changed.

    With `Accept: image/svg+xml`, or another media type of drawings, the response is the drawing of the job once it is finished,
    and 409 if it ended without a result. Until then it is the state of the job. Browsers get a page that shows the job.
    """
    return job_response(job_id, wait=query["wait"])


@blueprint.route("/<job_id>/events", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.doc(
    parameters=[header_parameter("Last-Event-ID", "The `id` of the last event received.")]
)
@blueprint.arguments(FollowQuerySchema, location="query")
@blueprint.response(
    200,
    content_type="text/event-stream",
    schema=EventSchema,
    description="Events, until the job ends; the schema describes one of them",
)
@blueprint.response(
    204, description="The client has the final event; an `EventSource` stops reconnecting"
)
@blueprint.problems(404, 410, 503)
def get_job_events(query: JsonObject, job_id: str) -> Response:
    """Follow a job as server-sent events.

    The first event is `status` with the complete job, followed by the stored events (`status`, `progress`, `log`), then new
    events. The last event is `finished`, `failed` or `canceled`, with the complete job; close the stream then, since browsers
    reconnect otherwise (and get 204). With `Last-Event-ID`, the stream resumes after that event.
    """
    return stream_response(job_id)


@blueprint.route("/<job_id>/logs", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(LogQuerySchema, location="query")
@blueprint.response(
    200,
    content_type="text/plain",
    schema={"type": "string"},
    description="Log lines with their time in UTC",
)
@blueprint.problems(404, 410, 503)
def get_job_logs(query: JsonObject, job_id: str) -> Response:
    """Read the log of a job.

    One line each for submission, start and end of every attempt, log messages and the final state. The traceback of a failed
    attempt follows, indented. With `follow`, the log is streamed until the job ends, with an empty line every 15 s as heartbeat.
    """
    return log_response(job_id, follow=query["follow"])


@blueprint.route(
    "/<job_id>/token",
    access=Access.KEY,
    scope=Scope.READ,
    methods=["POST"],
    parameters=[JOB_ID_PARAMETER],
)
@blueprint.response(201, TokenSchema)
@blueprint.problems(404, 410)
@blueprint.queues()
def make_job_token(job_id: str) -> Response:
    """Create a token for reading one job where headers cannot be sent.

    For 15 minutes, `?token=` replaces the API key at the addresses in `links`: the job, its events, log, result, preview and
    files, and a WebSocket that follows it. `POST /links` makes an address that opens one of them only, for longer.
    """
    return token_response(visible_job(job_id))


@blueprint.route("/<job_id>", access=Access.KEY, methods=["DELETE"], parameters=[JOB_ID_PARAMETER])
@blueprint.response(204)
@blueprint.problems(404, 409, 503)
def delete_job(job_id: str) -> Response:
    """Delete a job and its files.

    Cancel a running job first. Later requests for the job are answered with 410.
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
    """Cancel a waiting job or stop a running one.

    The response is sent once the job is `canceled` or `stopped`, within seconds; it is 409 if the job had ended already or does
    not stop.
    """
    return json_response(cancel(job_id))


@blueprint.route(
    "/<job_id>/finish", access=Access.KEY, methods=["POST"], parameters=[JOB_ID_PARAMETER]
)
@blueprint.response(202, JobSchema)
@blueprint.problems(404)
@blueprint.queues()
def finish_job(job_id: str) -> Response:
    """Finish a job early, with the best result so far.

    The job ends `finished` soon after. This applies to jobs that search for a better result, such as `POST /plots`; others
    continue. The response is 409 if the job had ended already.
    """
    return json_response(finish(job_id), status_code=202)


@blueprint.route(
    "/<job_id>/retry", access=Access.KEY, methods=["POST"], parameters=[JOB_ID_PARAMETER]
)
@blueprint.response(202, JobSchema, headers=documented("Location", "Retry-After"))
@blueprint.problems(404)
@blueprint.optional_arguments(RetryJobSchema)
@blueprint.queues()
def retry_job(requested: Submission | None, job_id: str) -> Response:
    """Retry a failed, stopped or canceled job.

    Without a body the job keeps its id and arguments; its number of attempts starts again.

    With changes, a new job is queued: `retry_of` is the id of the old one, which stays in the list and may also have finished. Omitted
    arguments and options are those of the old job, except `priority`, `delay`, `run_at`, `retry` and `depends_on`.
    """
    return queued_response(retry(job_id) if requested is None else retry_changed(job_id, requested))


@blueprint.route("/<job_id>/result", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(export_query_schema(), location="query")
@blueprint.response(200)
@blueprint.doc(
    parameters=[range_parameter()],
    responses={
        "200": exported_reply(
            "*/*",
            description="The file, or the return value of the task as JSON",
            headers=documented("Content-Disposition", "ETag"),
        ),
        "206": partial_reply(),
    },
)
@blueprint.problems(404, 406, 409, 410, 416, 422, 429, 503)
def get_job_result(query: ExportQuery, job_id: str) -> Response:
    """Download the result of a finished job.

    Returns the first file of the job, with a strong `ETag` and range support; if the job has no files, the return value of its
    task as JSON. Until the job is finished, the response is 409 with `job_status`.

    Drawings have further formats: `format` selects one by name, with its parameters; otherwise `Accept` selects a media type, and
    `*/*` the file itself. 406 means that no available type is accepted, 503 that two other drawings are being exported. Exports
    have at most 500,000 vertices. `GET /formats` lists the formats.
    """
    return result_response(visible_job(job_id), query)


@blueprint.route(
    "/<job_id>/artifacts/<file_name>",
    access=Access.TOKEN,
    parameters=[
        JOB_ID_PARAMETER,
        path_parameter("file_name", "The `name` of one of the job's `artifacts`."),
    ],
)
@blueprint.arguments(ResultQuerySchema, location="query")
@blueprint.response(
    200,
    content_type="*/*",
    description="The file",
    headers=documented("Content-Disposition", "ETag"),
)
@blueprint.doc(parameters=[range_parameter()], responses={"206": partial_reply()})
@blueprint.problems(404, 406, 409, 410, 416, 503)
def get_job_artifact(query: JsonObject, job_id: str, file_name: str) -> Response:
    """Download a file of a finished job by name."""
    return artifact_response(visible_job(job_id), file_name, download=query["download"])


@blueprint.route("/<job_id>/preview.png", access=Access.TOKEN, parameters=[JOB_ID_PARAMETER])
@blueprint.arguments(Png.schema(), location="query")
@blueprint.response(
    200,
    content_type="image/png",
    schema={"type": "string", "format": "binary"},
    headers=documented("ETag"),
)
@blueprint.problems(404, 409, 410, 429, 503)
def get_job_preview(params: Png, job_id: str) -> Response:
    """Show the drawing of a finished job as PNG.

    Renders its first SVG with the widths and colours of the pens. Drawings with more than 500,000 vertices are rejected with 422;
    download the SVG instead.
    """
    return preview_response(visible_job(job_id), params)
