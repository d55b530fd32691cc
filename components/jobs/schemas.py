"""Request and reply schemas of jobs."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from components.http.job_options import JOB_ID, tag_field
from components.http.parameters import owner_field
from components.http.replies import JobLinksSchema, ReplySchema
from libraries.fields import BoundedDict, BoundedList, WholeNumber
from libraries.job_manager.events import ENDS
from libraries.job_manager.states import PUBLIC_STATES

STATUSES = list(PUBLIC_STATES)
MAX_ARGUMENTS = 64
MAX_NAME_CHARS, MAX_QUERY_CHARS, MAX_CURSOR_CHARS = 200, 100, 400


class ProgressSchema(ReplySchema):
    """Progress of a running job."""

    step = fields.Integer(metadata={"description": "Completed steps."})
    total = fields.Integer(metadata={"description": "Total steps."})
    percent = fields.Integer(metadata={"description": "Percentage, 0 to 100."})
    message = fields.String(metadata={"description": "Current activity."})
    pen_up_mm = fields.Float(
        metadata={"description": "Travel with the pen up of the best order so far, in mm."}
    )
    bound_mm = fields.Float(
        allow_none=True, metadata={"description": "No order has less travel, in mm; if known."}
    )
    gap = fields.Float(
        allow_none=True,
        metadata={"description": "Travel over `bound_mm`, minus 1: 0.05 is at most 5 % too much."},
    )


class ArtifactSchema(ReplySchema):
    """A file that a job made."""

    name = fields.String(
        required=True, metadata={"description": "File name.", "example": "artboard_1.svg"}
    )
    media_type = fields.String(
        required=True, metadata={"description": "Media type.", "example": "image/svg+xml"}
    )
    download_name = fields.String(
        metadata={
            "description": "Name with which browsers save the file, if it is not `name`.",
            "example": "postcard_Jürgen_plain.svg",
        }
    )
    size = fields.Integer(required=True, metadata={"description": "Size in bytes."})
    sha256 = fields.String(required=True, metadata={"description": "SHA-256 in hex."})
    url = fields.String(required=True, metadata={"description": "URL of the file."})
    delivery_url = fields.String(
        metadata={
            "description": "Photos in Cloudflare Images only: public address, which needs no key."
        }
    )
    plot = fields.Dict(
        metadata={
            "description": "Drawings only: lengths in mm, number of pen `lifts`, `ink` per pen, the `densest` square centimetre, "
            "and the `time` in seconds by plotter."
        }
    )
    certificate = fields.Dict(
        metadata={
            "description": "Optimised drawings only: `lifts` and their minimum, travel and a lower bound as `pen_up_mm`, `ink_mm` "
            "before and after, and `stopped` if the search was ended early."
        }
    )
    problems = fields.List(
        fields.Dict(),
        metadata={
            "description": "Plots and compositions of SVG only: what was left out, hidden, cut or changed, by kind, with counts and lines; "
            "in compositions with the number of the `element`."
        },
    )
    missing_glyphs = fields.List(
        fields.String(),
        metadata={
            "description": "Drawings with text only: characters missing from the font, drawn as boxes."
        },
    )
    recipe_sha256 = fields.String(
        metadata={
            "description": "Drawings only: SHA-256 of the recipe in hex. Equal recipes give equal drawings."
        }
    )
    width = fields.Integer(metadata={"description": "Photos only: width in pixels."})
    height = fields.Integer(metadata={"description": "Photos only: height in pixels."})


class AttemptSchema(ReplySchema):
    """A failed attempt."""

    worker = fields.String(metadata={"description": "Name of the worker."})
    started_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Start time."}
    )
    ended_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Time of the failure."}
    )
    error = fields.String(required=True, metadata={"description": "Error message."})


class ArgumentsSchema(ReplySchema):
    """Arguments of a job's task, shortened and without secrets."""

    args = fields.List(
        fields.Raw(), required=True, metadata={"description": "Arguments without a name."}
    )
    kwargs = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Arguments by name."}
    )
    masked = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Arguments with secrets, which are shown as `***`.",
            "example": ["kwargs.password"],
        },
    )
    truncated = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Arguments that are not shown in full; `…` replaces the rest.",
            "example": ["kwargs.message"],
        },
    )


class JobSchema(ReplySchema):
    """State of a job."""

    id = fields.String(required=True, metadata={"description": "Id."})
    owner = fields.String(
        metadata={"description": "Owner of the job, in lists with the parameter `owner` only."}
    )
    status = fields.String(required=True, metadata={"description": "State.", "enum": STATUSES})
    result = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "Return value of the task, once finished."},
    )
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Error message, if the job failed. For an exception of the task, its type and the first line of its "
            "message; through a link, a neutral text."
        },
    )
    created_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Submission time."}
    )
    started_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Start time."}
    )
    ended_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "End time."}
    )
    done = fields.Boolean(
        required=True, metadata={"description": "Whether the job has ended, successful or not."}
    )
    error_code = fields.String(
        required=True, allow_none=True, metadata={"description": "Error code in kebab case."}
    )
    task = fields.String(required=True, metadata={"description": "Dotted path of the task."})
    position = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Number of jobs before it in the queue."},
    )
    progress = fields.Nested(
        ProgressSchema, required=True, allow_none=True, metadata={"description": "Progress."}
    )
    attempt = fields.Integer(
        required=True, metadata={"description": "Number of the attempt; 0 before the first."}
    )
    retries_left = fields.Integer(required=True, metadata={"description": "Remaining retries."})
    timeout = fields.Integer(required=True, metadata={"description": "Time limit in seconds."})
    expires_at = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Expiry time of the record."}
    )
    artifacts = fields.List(
        fields.Nested(ArtifactSchema), required=True, metadata={"description": "Files of the job."}
    )
    attempts = fields.List(
        fields.Nested(AttemptSchema),
        required=True,
        metadata={"description": "Failed attempts, at most the last ten."},
    )
    batch_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Id of the batch, if any."}
    )
    tags = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Labels from the request that queued it."},
    )
    retry_of = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Id of the job that this one repeats with changes, if any."},
    )
    arguments = fields.Nested(
        ArgumentsSchema,
        allow_none=True,
        metadata={
            "description": "Arguments of the task, for the owner only: not in events, webhooks and replies to a `token`. "
            "Null if the stored call cannot be read."
        },
    )
    links = fields.Nested(JobLinksSchema, required=True, metadata={"description": "Links."})


class JobListSchema(ReplySchema):
    """A page of jobs."""

    items = fields.List(
        fields.Nested(JobSchema),
        required=True,
        metadata={"description": "Jobs, without `position`."},
    )
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Cursor of the next page; null on the last one."},
    )
    complete = fields.Boolean(
        required=True,
        metadata={
            "description": "False while the index of jobs is rebuilt: older jobs may be missing."
        },
    )


def check_states(text: str) -> None:
    """Raise ValidationError if a text is not a state or several, separated by commas."""
    if not set(text.split(",")) <= set(STATUSES):
        raise ValidationError(f"Must be one of: {', '.join(STATUSES)}; or several with commas.")


class JobFilterSchema(Schema):
    """Conditions on jobs; a job must meet all."""

    status = fields.String(
        validate=check_states,
        metadata={
            "description": "Only jobs in this state, or in one of several, separated by commas.",
            "example": "failed,stopped",
            "pattern": f"^({'|'.join(STATUSES)})(,({'|'.join(STATUSES)}))*$",
        },
    )
    task = fields.String(
        validate=Length(1, MAX_NAME_CHARS), metadata={"description": "Only jobs of this task."}
    )
    q = fields.String(
        validate=Length(1, MAX_QUERY_CHARS),
        metadata={
            "description": "Only jobs with these words, or beginnings of words, in the task, tags, arguments, error or result, as far "
            "as these are shown, or with an id that begins with it (6 or more characters). Case and accents do not matter. Of a job "
            "the first 32 different words of tags and arguments and 16 of the error or result are searched."
        },
    )
    tag = tag_field("Only jobs with this tag.")
    batch_id = fields.String(validate=JOB_ID, metadata={"description": "Only jobs of this batch."})


class JobListQuerySchema(JobFilterSchema):
    """Filters and page of a list of jobs."""

    owner = owner_field(
        "List the jobs of this owner instead of your own; `*` lists those of all owners, one after "
        "the other.",
        "*",
    )

    limit = WholeNumber(
        load_default=50,
        validate=Range(1, 200),
        metadata={"description": "Maximum number of jobs."},
    )
    cursor = fields.String(
        load_default=None,
        validate=Length(1, MAX_CURSOR_CHARS),
        metadata={"description": "`next_cursor` of the previous page."},
    )
    order = fields.String(
        load_default="newest",
        validate=OneOf(["newest", "oldest"]),
        metadata={"description": "Order by submission time."},
    )


class SubmitJobSchema(Schema):
    """A job, by the name of its task."""

    task = fields.String(
        required=True,
        validate=Length(1, MAX_NAME_CHARS),
        metadata={
            "description": "Dotted path of the task; see `GET /tasks`.",
            "example": "workers.svg_tasks.generate_postcard_svg",
        },
    )
    args = BoundedList(
        fields.Raw(allow_none=True),
        load_default=list,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={"description": "Positional arguments of the task."},
    )
    kwargs = BoundedDict(
        keys=fields.String(),
        load_default=dict,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={
            "description": "Keyword arguments of the task.",
            "example": {"recipient": "Ann", "message": "Hello", "template_name": "plain"},
        },
    )


class ResultQuerySchema(Schema):
    """Options of a download."""

    download = fields.Boolean(
        load_default=False, metadata={"description": "`1` to save the file, `0` to show it."}
    )


class JobQuerySchema(Schema):
    """Options of `GET /jobs/<job_id>`."""

    wait = fields.Integer(
        load_default=None,
        validate=Range(0, 60),
        metadata={
            "description": "Seconds to wait until the job ends; with `If-None-Match`, until it changes."
        },
    )


class EventSchema(ReplySchema):
    """An event of a stream."""

    id = fields.String(metadata={"description": "For `Last-Event-ID`; the first event has none."})
    event = fields.String(
        required=True,
        validate=OneOf(["status", "progress", "log", *sorted(ENDS)]),
        metadata={"description": "Kind of the event."},
    )
    data = fields.String(
        required=True,
        metadata={"description": "JSON object: the job, or what happened to it."},
    )


class FollowQuerySchema(Schema):
    """Options of `GET /jobs/<job_id>/events`."""

    last_event_id = fields.String(
        load_default="",
        validate=Length(max=64),
        metadata={"description": "Alternative to the `Last-Event-ID` header."},
    )


class LogQuerySchema(Schema):
    """Options of `GET /jobs/<job_id>/logs`."""

    follow = fields.Boolean(
        load_default=False, metadata={"description": "`1` to stream the log until the job ends."}
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
        required=True, metadata={"description": "Replaces the API key, for this job only."}
    )
    expires_at = fields.String(required=True, metadata={"description": "Expiry time."})
    job_id = fields.String(required=True, metadata={"description": "Id of the job."})
    links = fields.Nested(TokenLinksSchema, metadata={"description": "URLs with the token."})
