"""What the batch routes take and give."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.replies import JobLinksSchema, ReplySchema
from libraries.job_manager.states import STATES

MAX_ITEMS = 500
MAX_NAME_CHARS = 200
GONE = "gone"
STATUSES = [*sorted(set(STATES.values())), GONE]


class SubmitBatchSchema(Schema):
    """Many jobs of one kind."""

    operation = fields.String(
        required=True,
        validate=Length(1, MAX_NAME_CHARS),
        metadata={
            "description": "`artboard`, `postcard` or `email`, or the dotted path of a task.",
            "example": "artboard",
        },
    )
    items = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        validate=Length(1, MAX_ITEMS),
        metadata={
            "description": "One request each, as the operation's own route takes it; for a task its arguments by name.",
            "example": [
                {"width": 100, "height": 100, "pattern": "grid"},
                {"width": 210, "height": 297},
            ],
        },
    )


class BatchLinksSchema(ReplySchema):
    """Where a batch can be followed."""

    self_ = fields.String(
        data_key="self", required=True, metadata={"description": "State of the batch."}
    )
    cancel = fields.String(
        metadata={"description": "POST here to cancel its jobs that have not begun."}
    )


class BatchAcceptedSchema(ReplySchema):
    """The reply to a batch that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    batch_id = fields.String(
        required=True,
        metadata={"description": "The id to follow the batch by.", "example": "9d2e41"},
    )
    job_ids = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Its jobs, in the order of the items."},
    )
    message = fields.String(required=True, metadata={"description": "What was queued, in words."})
    links = fields.Nested(
        BatchLinksSchema, required=True, metadata={"description": "Where to follow it."}
    )


class BatchJobSchema(ReplySchema):
    """A job of a batch."""

    id = fields.String(required=True, metadata={"description": "The id of the job."})
    status = fields.String(
        required=True,
        metadata={
            "description": f"Its state; `{GONE}` once its record has expired.",
            "enum": STATUSES,
        },
    )
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "What went wrong, if it failed."}
    )
    links = fields.Nested(
        JobLinksSchema,
        required=True,
        metadata={"description": "Where to follow it, and what can be done."},
    )


class BatchStateSchema(ReplySchema):
    """A batch as it stands."""

    id = fields.String(required=True, metadata={"description": "The id of the batch."})
    total = fields.Integer(required=True, metadata={"description": "How many jobs it has."})
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "How many are in which state."},
    )
    percent = fields.Integer(
        required=True,
        metadata={"description": "How many of a hundred have ended; 100 when all have."},
    )
    done = fields.Boolean(
        required=True, metadata={"description": "Whether all have ended, well or not."}
    )
    jobs = fields.List(
        fields.Nested(BatchJobSchema),
        required=True,
        metadata={"description": "Its jobs, in the order of the items."},
    )
    links = fields.Nested(
        BatchLinksSchema, required=True, metadata={"description": "Where to follow it."}
    )
