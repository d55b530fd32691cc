"""Request and reply schemas of notifications."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Range

from components.http.replies import ReplySchema


class NotificationsQuerySchema(Schema):
    """Filter of notifications."""

    since = fields.Float(
        load_default=0.0,
        validate=Range(0, 10**11),
        metadata={
            "description": "Only later notifications: the last `timestamp` received.",
            "example": 0,
        },
    )


class NotificationSchema(ReplySchema):
    """A notification."""

    name = fields.String(
        required=True,
        metadata={
            "description": "`task_status`, `task_progress`, or finally `task_finished`, `task_failed` or `task_canceled`; "
            "a task may send notifications of other names.",
            "example": "task_progress",
        },
    )
    data = fields.Dict(
        required=True,
        metadata={
            "description": "`job_id` and the job's `status`; for progress `step`, `total`, `percent` and `message`. "
            "For a name that a task chose, `job_id` and what the task sent.",
        },
    )
    timestamp = fields.Float(
        required=True,
        metadata={
            "description": "Unix time in seconds, unique among your notifications.",
            "example": 1795297432.322,
        },
    )
