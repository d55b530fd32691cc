"""Response schemas of the queue routes."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class PausedSchema(ReplySchema):
    """The state of the queue."""

    paused = fields.Boolean(required=True, metadata={"description": "Whether the queue is paused."})


class CapacitySchema(PausedSchema):
    """The load of the queue."""

    queue_depth = fields.Integer(required=True, metadata={"description": "Number of waiting jobs."})
    active_jobs = fields.Integer(required=True, metadata={"description": "Number of running jobs."})
    workers = fields.Integer(required=True, metadata={"description": "Number of workers."})
    max_queue = fields.Integer(
        required=True,
        metadata={"description": "Limit of waiting jobs; more are rejected with 429."},
    )
    all_owners = fields.Boolean(
        required=True,
        metadata={
            "description": "False if the numbers of jobs and the limit are those of the caller."
        },
    )
    estimated_wait_s = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Estimated seconds until a new job starts; null if unknown."},
    )
