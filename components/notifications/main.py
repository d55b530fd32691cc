"""GET /notifications, and /start-task in its two forms."""

from __future__ import annotations

from flask import Response, request

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.boundary import changes_state
from components.http.submissions import JobPlan
from components.notifications.schemas import NotificationSchema, NotificationsQuerySchema
from libraries.job_manager import JobOptions, submit
from libraries.json_types import JsonObject
from libraries.notifications import read_notifications

blueprint = api_blueprint(
    "notifications", __name__, None, "Hear of long tasks by asking from time to time."
)

EXAMPLE_TASK = "workers.example_tasks.example_long_task"
NOT_KEPT = {"Cache-Control": "no-store"}
TEXT = {"schema": {"type": "string"}}


@blueprint.route("/notifications", access=Access.KEY)
@blueprint.arguments(NotificationsQuerySchema, location="query")
@blueprint.response(200, NotificationSchema(many=True))
@blueprint.problems(503)
def list_notifications(query: dict[str, float]) -> tuple[list[JsonObject], int, dict[str, str]]:
    """List your notifications, the oldest first, at most 1000.

    Jobs that were queued with notifications give them: `POST /start-task` does. To miss none, ask again with `since` set to the
    last `timestamp` that you have.
    """
    return [notice._asdict() for notice in read_notifications(query["since"])], 200, NOT_KEPT


@blueprint.route("/start-task", access=Access.KEY)
@blueprint.response(
    302, description="To `/live`, which shows its progress", headers={"Location": TEXT}
)
@blueprint.problems(429, 503)
@changes_state
def start_task_and_watch() -> Response:
    """Start the example task, and go to the page that shows its progress.

    It takes ten steps, one a second.
    """
    # Whoever asks only for the headers wants nothing done.
    if request.method != "HEAD":
        submit(EXAMPLE_TASK, options=JobOptions(notify=True))
    return Response(status=302, headers={"Location": "/live", **NOT_KEPT})


@blueprint.submits(
    "/start-task",
    access=Access.KEY,
    name="example_task",
    task=EXAMPLE_TASK,
    example={},
    message="Example task queued: ten steps, one a second",
)
def start_task(_: JsonObject) -> JobPlan:
    """Start the example task.

    It takes ten steps, one a second, and `GET /notifications` tells of each.
    """
    return JobPlan(notify=True)
