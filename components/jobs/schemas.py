"""What the job routes take and give."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from components.http.job_options import JOB_ID
from components.http.replies import JobLinksSchema, ReplySchema
from libraries.fields import WholeNumber
from libraries.job_manager.states import STATES

STATUSES = sorted(set(STATES.values()))
ACTIONS = ("cancel", "retry", "delete")
MAX_IDS = 500
MAX_ARGUMENTS = 64
MAX_ID_CHARS, MAX_NAME_CHARS, MAX_QUERY_CHARS, MAX_CURSOR_CHARS = 128, 200, 100, 400


class ProgressSchema(ReplySchema):
    """How far a running job is."""

    step = fields.Integer(metadata={"description": "Steps done."})
    total = fields.Integer(metadata={"description": "Steps in all."})
    percent = fields.Integer(metadata={"description": "Part done, 0 to 100."})
    message = fields.String(metadata={"description": "What is being done."})


class ArtifactSchema(ReplySchema):
    """A file that a job made."""

    name = fields.String(
        required=True, metadata={"description": "Its name.", "example": "artboard_1.svg"}
    )
    media_type = fields.String(
        required=True, metadata={"description": "Its kind.", "example": "image/svg+xml"}
    )
    size = fields.Integer(required=True, metadata={"description": "Its size in bytes."})
    sha256 = fields.String(required=True, metadata={"description": "SHA-256 of its bytes, in hex."})
    url = fields.String(required=True, metadata={"description": "Where to fetch it."})
    plot = fields.Dict(
        metadata={
            "description": "Of a drawing: what it costs on a plotter. Lengths in mm, `lifts`, `ink` of each pen, the `densest` "
            "square centimetre, and in `time` the seconds that each plotter takes."
        }
    )
    missing_glyphs = fields.List(
        fields.String(),
        metadata={
            "description": "Of a drawing with text: characters that the font does not have, drawn as boxes."
        },
    )
    recipe_sha256 = fields.String(
        metadata={
            "description": "Of a drawing: SHA-256 of its recipe, in hex. Equal recipes make equal drawings."
        }
    )
    width = fields.Integer(metadata={"description": "Of a photo: its width in pixels."})
    height = fields.Integer(metadata={"description": "Of a photo: its height in pixels."})


class AttemptSchema(ReplySchema):
    """An attempt that failed."""

    worker = fields.String(metadata={"description": "The worker that made it."})
    started_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it began."}
    )
    ended_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it failed."}
    )
    error = fields.String(required=True, metadata={"description": "What went wrong."})


class JobSchema(ReplySchema):
    """A job as it stands."""

    id = fields.String(required=True, metadata={"description": "The id of the job."})
    status = fields.String(required=True, metadata={"description": "Its state.", "enum": STATUSES})
    result = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "What its task returned, once finished."},
    )
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "What went wrong, if it failed."}
    )
    created_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it was asked for."}
    )
    started_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When a worker took it."}
    )
    ended_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it ended."}
    )
    done = fields.Boolean(
        required=True, metadata={"description": "Whether it has ended, well or not."}
    )
    error_code = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The kind of error, in kebab case."},
    )
    task = fields.String(required=True, metadata={"description": "What it runs."})
    position = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Jobs in front of it in the queue."},
    )
    progress = fields.Nested(
        ProgressSchema, required=True, allow_none=True, metadata={"description": "How far it is."}
    )
    attempt = fields.Integer(
        required=True,
        metadata={"description": "Which attempt this is, from 1; 0 before the first."},
    )
    retries_left = fields.Integer(
        required=True, metadata={"description": "How often it is tried again if it fails."}
    )
    timeout = fields.Integer(required=True, metadata={"description": "Seconds that it may run."})
    expires_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When its record is removed."}
    )
    artifacts = fields.List(
        fields.Nested(ArtifactSchema), required=True, metadata={"description": "The files it made."}
    )
    attempts = fields.List(
        fields.Nested(AttemptSchema),
        required=True,
        metadata={"description": "The attempts that failed, the last ten at most."},
    )
    batch_id = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The batch that it belongs to, if any."},
    )
    links = fields.Nested(
        JobLinksSchema,
        required=True,
        metadata={"description": "Where to follow it, and what can be done."},
    )


class JobListSchema(ReplySchema):
    """A page of jobs."""

    items = fields.List(
        fields.Nested(JobSchema),
        required=True,
        metadata={"description": "The jobs, without `position`."},
    )
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Send it as `cursor` for the next page; null at the end."},
    )


class JobListQuerySchema(Schema):
    """Which jobs are wanted."""

    status = fields.String(
        validate=OneOf(STATUSES), metadata={"description": "Only jobs in this state."}
    )
    task = fields.String(
        validate=Length(1, MAX_NAME_CHARS), metadata={"description": "Only jobs of this task."}
    )
    q = fields.String(
        validate=Length(1, MAX_QUERY_CHARS),
        metadata={"description": "Only jobs with this text in id, task, error or result."},
    )
    batch_id = fields.String(validate=JOB_ID, metadata={"description": "Only jobs of this batch."})
    limit = WholeNumber(
        load_default=50,
        validate=Range(1, 200),
        metadata={"description": "Jobs on a page, at most."},
    )
    cursor = fields.String(
        load_default=None,
        validate=Length(1, MAX_CURSOR_CHARS),
        metadata={"description": "`next_cursor` of the page before."},
    )
    order = fields.String(
        load_default="newest",
        validate=OneOf(["newest", "oldest"]),
        metadata={"description": "Which jobs come first."},
    )


class SubmitJobSchema(Schema):
    """A job as a client asks for it by the name of its task."""

    task = fields.String(
        required=True,
        validate=Length(1, MAX_NAME_CHARS),
        metadata={
            "description": "Dotted path of the task; an unknown one is answered with those that there are.",
            "example": "workers.svg_tasks.generate_postcard_svg",
        },
    )
    args = fields.List(
        fields.Raw(allow_none=True),
        load_default=list,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={"description": "Positional arguments of the task."},
    )
    kwargs = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={
            "description": "Arguments of the task by name; nothing in here is about the queue.",
            "example": {"recipient": "Ann", "message": "Hello", "template_name": "plain"},
        },
    )


class BulkSchema(Schema):
    """The same for many jobs."""

    action = fields.String(
        required=True,
        validate=OneOf(ACTIONS),
        metadata={"description": "What to do.", "example": "cancel"},
    )
    ids = fields.List(
        fields.String(validate=Length(1, MAX_ID_CHARS)),
        required=True,
        validate=Length(1, MAX_IDS),
        metadata={
            "description": "The jobs; one that is named twice is done once.",
            "example": ["4f1c9a"],
        },
    )


class OutcomeSchema(ReplySchema):
    """What became of one job."""

    id = fields.String(required=True, metadata={"description": "The job."})
    ok = fields.Boolean(required=True, metadata={"description": "Whether it was done."})
    status = fields.String(
        metadata={"description": "Its state now, if it was; `deleted` for one that was deleted."}
    )
    code = fields.String(
        metadata={
            "description": "Why it was not done, in kebab case.",
            "example": "not-cancellable",
        }
    )
    detail = fields.String(metadata={"description": "The same in words."})


class BulkReplySchema(ReplySchema):
    """What became of each job."""

    action = fields.String(required=True, metadata={"description": "What was asked for."})
    done = fields.Integer(required=True, metadata={"description": "How many jobs it was done to."})
    failed = fields.Integer(required=True, metadata={"description": "How many it was not done to."})
    items = fields.List(
        fields.Nested(OutcomeSchema),
        required=True,
        metadata={"description": "In the order of `ids`."},
    )


class ResultQuerySchema(Schema):
    """How to answer with a result."""

    download = fields.Boolean(
        load_default=False,
        metadata={"description": "`1` to be offered as a file to save, `0` to be shown."},
    )


class JobQuerySchema(Schema):
    """What may be asked of `GET /jobs/<job_id>`."""

    wait = fields.Integer(
        load_default=None,
        validate=Range(0, 60),
        metadata={
            "description": "Seconds to wait for the job's end, or with `If-None-Match` for a change."
        },
    )


class FollowQuerySchema(Schema):
    """What may be asked of `GET /jobs/<job_id>/events`."""

    last_event_id = fields.String(
        load_default="",
        validate=Length(max=64),
        metadata={
            "description": "What the header `Last-Event-ID` says, for a client that cannot send it."
        },
    )


class LogQuerySchema(Schema):
    """What may be asked of `GET /jobs/<job_id>/logs`."""

    follow = fields.Boolean(
        load_default=False,
        metadata={"description": "`1` to be sent further lines as they come, up to the job's end."},
    )


class TokenLinksSchema(ReplySchema):
    """The addresses that a job's token opens, besides those of its artifacts."""

    self = fields.String(metadata={"description": "The job."})
    events = fields.String(metadata={"description": "The job's event stream."})
    logs = fields.String(metadata={"description": "The job's log."})
    result = fields.String(metadata={"description": "The job's result."})
    preview = fields.String(metadata={"description": "A picture of the job's drawing."})
    socket = fields.String(metadata={"description": "A WebSocket that may follow the job."})


class TokenSchema(ReplySchema):
    """A token for reading one job."""

    token = fields.String(
        required=True, metadata={"description": "Stands for the API key, for this job only."}
    )
    expires_at = fields.String(required=True, metadata={"description": "When it is good no more."})
    job_id = fields.String(required=True, metadata={"description": "The job that it is good for."})
    links = fields.Nested(
        TokenLinksSchema, metadata={"description": "Addresses with the token in them."}
    )
