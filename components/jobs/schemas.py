"""What the job routes take and give."""

from __future__ import annotations

from marshmallow import Schema, fields

from components.http import JobLinksSchema, ReplySchema
from libraries.job_manager import STATES

STATUSES = sorted(set(STATES.values()))


class ProgressSchema(ReplySchema):
    """How far a running job is."""

    step = fields.Integer(metadata={"description": "Steps done."})
    total = fields.Integer(metadata={"description": "Steps in all."})
    percent = fields.Integer(metadata={"description": "Part done, 0 to 100."})
    message = fields.String(metadata={"description": "What is being done."})


class ArtifactSchema(ReplySchema):
    """A file that a job made."""

    name = fields.String(required=True, metadata={"description": "Its name.", "example": "artboard_1.svg"})
    media_type = fields.String(required=True, metadata={"description": "Its kind.", "example": "image/svg+xml"})
    size = fields.Integer(required=True, metadata={"description": "Its size in bytes."})
    sha256 = fields.String(required=True, metadata={"description": "SHA-256 of its bytes, in hex."})
    url = fields.String(metadata={"description": "Where to fetch it; the first file has one."})


class JobSchema(ReplySchema):
    """A job as it stands."""

    id = fields.String(required=True, metadata={"description": "The id of the job."})
    status = fields.String(required=True, metadata={"description": "Its state.", "enum": STATUSES})
    result = fields.Raw(required=True, allow_none=True, metadata={"description": "What its task returned, once finished."})
    error = fields.String(required=True, allow_none=True, metadata={"description": "What went wrong, if it failed."})
    created_at = fields.DateTime(required=True, allow_none=True, metadata={"description": "When it was asked for."})
    started_at = fields.DateTime(required=True, allow_none=True, metadata={"description": "When a worker took it."})
    ended_at = fields.DateTime(required=True, allow_none=True, metadata={"description": "When it ended."})
    done = fields.Boolean(required=True, metadata={"description": "Whether it has ended, well or not."})
    error_code = fields.String(required=True, allow_none=True, metadata={"description": "The kind of error, in kebab case."})
    task = fields.String(required=True, metadata={"description": "What it runs."})
    position = fields.Integer(required=True, allow_none=True, metadata={"description": "Jobs in front of it in the queue."})
    progress = fields.Nested(ProgressSchema, required=True, allow_none=True, metadata={"description": "How far it is."})
    attempt = fields.Integer(required=True, metadata={"description": "Which attempt this is, from 1; 0 before the first."})
    retries_left = fields.Integer(required=True, metadata={"description": "How often it is tried again if it fails."})
    timeout = fields.Integer(required=True, metadata={"description": "Seconds that it may run."})
    expires_at = fields.DateTime(required=True, allow_none=True, metadata={"description": "When its record is removed."})
    artifacts = fields.List(fields.Nested(ArtifactSchema), required=True, metadata={"description": "The files it made."})
    links = fields.Nested(JobLinksSchema, required=True, metadata={"description": "Where to follow it."})


class ResultQuerySchema(Schema):
    """How to answer with a result."""

    download = fields.Boolean(
        load_default=False, metadata={"description": "`1` to be offered as a file to save, `0` to be shown."}
    )
