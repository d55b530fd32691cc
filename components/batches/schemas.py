"""Request and reply schemas of batches."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.replies import JobLinksSchema, ReplySchema, ignored_field
from libraries.fields import BoundedDict, BoundedList
from libraries.job_manager.states import PUBLIC_STATES

MAX_ITEMS = 500
MAX_NAME_CHARS = 200
GONE = "gone"


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
    items = BoundedList(
        BoundedDict(validate=Length(max=64)),
        required=True,
        validate=Length(1, MAX_ITEMS),
        metadata={
            "description": "Request bodies of the operation, or keyword arguments of the task.",
            "example": [
                {"width": 100, "height": 100, "pattern": "grid"},
                {"width": 210, "height": 297},
            ],
        },
    )


class BatchLinksSchema(ReplySchema):
    """Links of a batch."""

    self_ = fields.String(data_key="self", required=True, metadata={"description": "The batch."})
    cancel = fields.String(metadata={"description": "POST to cancel jobs that have not started."})


class BatchAcceptedSchema(ReplySchema):
    """Reply to a batch that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    batch_id = fields.String(
        required=True, metadata={"description": "Id of the batch.", "example": "9d2e41"}
    )
    job_ids = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Ids of the jobs, in the order of the items."},
    )
    message = fields.String(required=True, metadata={"description": "Summary of the batch."})
    links = fields.Nested(BatchLinksSchema, required=True, metadata={"description": "Links."})
    ignored = ignored_field()


class BatchJobSchema(ReplySchema):
    """A job of a batch."""

    id = fields.String(required=True, metadata={"description": "Id of the job."})
    status = fields.String(
        required=True,
        metadata={
            "description": f"State of the job; `{GONE}` if its record has expired.",
            "enum": [*PUBLIC_STATES, GONE],
        },
    )
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "Error message, if it failed."}
    )
    tags = fields.List(
        fields.String(), required=True, metadata={"description": "Labels of the job."}
    )
    links = fields.Nested(JobLinksSchema, required=True, metadata={"description": "Links."})


class BatchStateSchema(ReplySchema):
    """State of a batch."""

    id = fields.String(required=True, metadata={"description": "Id of the batch."})
    total = fields.Integer(required=True, metadata={"description": "Number of jobs."})
    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Number of jobs by state."},
    )
    percent = fields.Integer(
        required=True, metadata={"description": "Percentage of jobs that have ended."}
    )
    done = fields.Boolean(
        required=True, metadata={"description": "Whether all jobs have ended, successful or not."}
    )
    jobs = fields.List(
        fields.Nested(BatchJobSchema),
        required=True,
        metadata={"description": "The jobs, in the order of the items."},
    )
    links = fields.Nested(BatchLinksSchema, required=True, metadata={"description": "Links."})
