"""What the routes of the queue give."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class PausedSchema(ReplySchema):
    """Whether the queue is paused."""

    paused = fields.Boolean(
        required=True, metadata={"description": "Whether the workers leave the queue alone."}
    )


class CapacitySchema(PausedSchema):
    """How busy the queue is."""

    queue_depth = fields.Integer(required=True, metadata={"description": "Jobs that wait."})
    active_jobs = fields.Integer(required=True, metadata={"description": "Jobs that run."})
    workers = fields.Integer(required=True, metadata={"description": "Workers that are alive."})
    max_queue = fields.Integer(
        required=True, metadata={"description": "Jobs that may wait; more are refused with 429."}
    )
    estimated_wait_s = fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "Seconds until a job that is queued now begins; null while nothing is known of that."
        },
    )
