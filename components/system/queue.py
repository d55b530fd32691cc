"""Routes of the queue: pause, resume, capacity, workers and statistics."""

from __future__ import annotations

from flask import Response, g

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import json_response
from components.system.queue_schemas import (
    CapacitySchema,
    PausedSchema,
    StatisticsQuerySchema,
    StatisticsSchema,
    WorkersSchema,
)
from components.system.statistics import statistics_body, workers_body
from libraries.job_manager.control import (
    Capacity,
    capacity,
    own_capacity,
    pause_queue,
    resume_queue,
)
from libraries.json_types import JsonObject
from libraries.settings import Scope

blueprint = api_blueprint("queue", __name__, None, "Load of the queue; pause and resume it.")


@blueprint.route("/queue/pause", access=Access.ADMIN, methods=["POST"])
@blueprint.response(200, PausedSchema)
@blueprint.queues()
def pause() -> Response:
    """Pause the queue: workers start no new jobs.

    Running jobs continue, and jobs can still be submitted. The queue stays paused until
    `POST /queue/resume`, also after a restart.
    """
    pause_queue()
    return json_response({"paused": True})


@blueprint.route("/queue/resume", access=Access.ADMIN, methods=["POST"])
@blueprint.response(200, PausedSchema)
@blueprint.queues()
def resume() -> Response:
    """Resume the queue."""
    resume_queue()
    return json_response({"paused": False})


@blueprint.route("/capacity", access=Access.KEY)
@blueprint.response(200, CapacitySchema)
@blueprint.problems(503)
def show_capacity() -> Capacity:
    """Return the load of the queue.

    A key without the scope `admin` gets the numbers and the limit of the jobs of its owner.
    """
    return capacity() if g.caller.may(Scope.ADMIN) else own_capacity()


@blueprint.route("/workers", access=Access.KEY)
@blueprint.response(200, WorkersSchema)
@blueprint.problems(503)
def get_workers() -> Response:
    """List the workers, and what they do.

    A key without the scope `admin` sees the jobs of its owner only.
    """
    return json_response(workers_body())


@blueprint.route("/statistics", access=Access.KEY)
@blueprint.arguments(StatisticsQuerySchema, location="query")
@blueprint.response(200, StatisticsSchema)
@blueprint.problems(503)
def get_statistics(query: JsonObject) -> Response:
    """Count your ended jobs over an hour, a day or a week.

    The numbers are by time, by task and by cause of failure; with the scope `admin` also by owner. They include jobs that were
    deleted since.
    """
    return json_response(statistics_body(query))
