"""GET /tasks."""

from __future__ import annotations

from flask import Response

from components.http import api_blueprint, json_response
from components.tasks.listing import tasks_body
from components.tasks.schemas import TaskListSchema

blueprint = api_blueprint(
    "tasks",
    __name__,
    "/tasks",
    "The tasks that can be queued, and those that are queued by themselves.",
)


@blueprint.route("")
@blueprint.response(200, TaskListSchema)
@blueprint.problems(503)
def get_tasks() -> Response:
    """List the tasks.

    `POST /jobs` queues any of them by its name. `schedules` has those that are queued again and again, with what became of them.
    """
    return json_response(tasks_body())
