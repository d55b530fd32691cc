"""What the routes of notifications take and give."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Range

from components.http.replies import ReplySchema

LATEST = 10**11


class NotificationsQuerySchema(Schema):
    """What is known already."""

    since = fields.Float(
        load_default=0.0,
        validate=Range(0, LATEST),
        metadata={
            "description": "Only what is later: the `timestamp` of the last notification that you have.",
            "example": 0,
        },
    )


class NotificationSchema(ReplySchema):
    """A notification."""

    name = fields.String(
        required=True,
        metadata={
            "description": "`task_status`, `task_progress`, or at the end `task_finished`, `task_failed`, `task_canceled`.",
            "example": "task_progress",
        },
    )
    data = fields.Dict(
        required=True,
        metadata={
            "description": "`job_id`, and what is said of the job: of its progress `step`, `total`, `percent` and `message`, "
            "otherwise `status`.",
        },
    )
    timestamp = fields.Float(
        required=True,
        metadata={
            "description": "When, in Unix seconds. No two of yours have the same.",
            "example": 1795297432.322,
        },
    )
