"""GET /tasks."""

from __future__ import annotations

from flask import Response

from components.catalogue.task_listing import tasks_body
from components.catalogue.task_schemas import TaskListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import etag_response
from components.http.parameters import documented

blueprint = api_blueprint("tasks", __name__, "/tasks", "Tasks and schedules.")


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, TaskListSchema, headers=documented("ETag"))
@blueprint.problems(503)
def get_tasks() -> Response:
    """List the tasks.

    `POST /jobs` queues any of them by name. `schedules` lists the tasks that are queued repeatedly, with their last job.
    """
    return etag_response(tasks_body(), done=True)
