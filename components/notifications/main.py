"""GET /notifications, GET /start-task and POST /start-task."""

from __future__ import annotations

from flask import Response, request

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.boundary import changes_state
from components.http.parameters import documented
from components.http.submissions import JobPlan
from components.notifications.schemas import NotificationSchema, NotificationsQuerySchema
from libraries.job_manager import JobOptions, submit
from libraries.json_types import JsonObject
from libraries.notifications import read_notifications
from libraries.settings import Scope

blueprint = api_blueprint(
    "notifications", __name__, None, "Notifications about long tasks, for polling clients."
)

EXAMPLE_TASK = "workers.example_tasks.example_long_task"
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.route("/notifications", access=Access.KEY)
@blueprint.arguments(NotificationsQuerySchema, location="query")
@blueprint.response(200, NotificationSchema(many=True))
@blueprint.problems(503)
def list_notifications(query: dict[str, float]) -> tuple[list[JsonObject], int, dict[str, str]]:
    """List your notifications, oldest first, at most 1000.

    Jobs queued with notifications report their states and progress, such as the job of `POST /start-task`. A task of any job may
    send further ones. To continue, set `since` to the last
    `timestamp` received.
    """
    return [notice._asdict() for notice in read_notifications(query["since"])], 200, NO_STORE


@blueprint.route("/start-task", access=Access.KEY, scope=Scope.DRAW)
@blueprint.response(302, description="Redirect to `/live`", headers=documented("Location"))
@blueprint.problems(403, 429, 503)
@changes_state
def start_task_and_watch() -> Response:
    """Start the example task and redirect to the page that shows its progress.

    The task takes ten steps of one second.
    """
    # HEAD must not have side effects.
    if request.method != "HEAD":
        submit(EXAMPLE_TASK, options=JobOptions(notify=True))
    return Response(status=302, headers={"Location": "/live", **NO_STORE})


@blueprint.submits(
    "/start-task",
    access=Access.KEY,
    name="example_task",
    task=EXAMPLE_TASK,
    example={},
    message="Example task queued: ten steps of one second",
)
def start_task(_: JsonObject) -> JobPlan:
    """Start the example task.

    The task takes ten steps of one second; `GET /notifications` lists its progress.
    """
    return JobPlan(notify=True)
