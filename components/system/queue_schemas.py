"""Response schemas of the queue routes."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from components.http.parameters import owner_field
from components.http.replies import ReplySchema
from libraries.metrics import TaskTotals
from libraries.metrics.history import Times


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


class WorkerJobSchema(ReplySchema):
    """A job that a worker runs."""

    id = fields.String(required=True, metadata={"description": "Id."})
    task = fields.String(required=True, metadata={"description": "Dotted path of the task."})
    owner = fields.String(required=True, metadata={"description": "Owner."})
    started_at = fields.String(required=True, metadata={"description": "Start time."})


class WorkerSchema(ReplySchema):
    """A worker."""

    name = fields.String(required=True, metadata={"description": "Name."})
    host = fields.String(required=True, metadata={"description": "Name of its machine."})
    born_at = fields.String(required=True, metadata={"description": "Start time of the worker."})
    state = fields.String(
        required=True,
        metadata={"description": "`idle`, `busy` or `suspended`.", "example": "busy"},
    )
    finished = fields.Integer(required=True, metadata={"description": "Number of finished jobs."})
    failed = fields.Integer(required=True, metadata={"description": "Number of failed attempts."})
    working_s = fields.Float(
        required=True, metadata={"description": "Total duration of its jobs in seconds."}
    )
    job = fields.Nested(
        WorkerJobSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The job that it runs; null if there is none that you may see."},
    )


class WorkersSchema(ReplySchema):
    """The workers."""

    workers = fields.List(
        fields.Nested(WorkerSchema), required=True, metadata={"description": "Live workers."}
    )


class StatisticsQuerySchema(Schema):
    """Period and owner of the statistics."""

    period = fields.String(
        load_default="hour",
        validate=OneOf(list(Times.PERIODS)),
        metadata={
            "description": "Period up to now: an hour in minutes, a day in quarters of an hour, or a week in hours."
        },
    )
    owner = owner_field("Owner of the jobs instead of yourself; `*` for all.", "*")


class EventsSchema(ReplySchema):
    """Numbers of ended jobs, and of failed attempts that were retried."""

    finished = fields.Integer(required=True, metadata={"description": "Finished jobs."})
    failed = fields.Integer(required=True, metadata={"description": "Failed jobs."})
    retried = fields.Integer(required=True, metadata={"description": "Retried attempts."})
    stopped = fields.Integer(required=True, metadata={"description": "Stopped jobs."})
    canceled = fields.Integer(required=True, metadata={"description": "Canceled jobs."})


class TaskFiguresSchema(EventsSchema):
    """Figures of a task."""

    task = fields.String(required=True, metadata={"description": "Dotted path of the task."})
    mean_s = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "Mean duration of an attempt in seconds; null without one."},
    )


class CauseSchema(ReplySchema):
    """Failures with the same cause."""

    task = fields.String(required=True, metadata={"description": "Dotted path of the task."})
    error_code = fields.String(required=True, metadata={"description": "Error code."})
    cause = fields.String(
        required=True,
        metadata={
            "description": "The message that they share: `#` stands for numbers and ids, `…` for names.",
            "example": "page # of '…' is not available",
        },
    )
    jobs = fields.Integer(required=True, metadata={"description": "Number of failures."})
    last_at = fields.DateTime(required=True, metadata={"description": "Time of the last one."})
    last_job = fields.String(required=True, metadata={"description": "Id of the last job."})
    q = fields.String(
        required=True,
        metadata={"description": "Value of `q` in `GET /jobs` that finds them."},
    )


class OwnerFiguresSchema(EventsSchema):
    """Figures of an owner."""

    owner = fields.String(required=True, metadata={"description": "Name of the owner."})
    waiting = fields.Integer(required=True, metadata={"description": "Waiting jobs now."})
    running = fields.Integer(required=True, metadata={"description": "Running jobs now."})


class StatisticsSchema(ReplySchema):
    """Ended jobs of a period."""

    period = fields.String(required=True, metadata={"description": "The period."})
    start = fields.DateTime(required=True, metadata={"description": "Begin of the first step."})
    step_s = fields.Integer(required=True, metadata={"description": "Seconds of a step."})
    series = fields.Dict(
        keys=fields.String(validate=OneOf(TaskTotals.EVENTS)),
        values=fields.List(fields.Integer()),
        required=True,
        metadata={"description": "Number of ends in each step, by event; the last step is now."},
    )
    tasks = fields.List(
        fields.Nested(TaskFiguresSchema), required=True, metadata={"description": "By task."}
    )
    causes = fields.List(
        fields.Nested(CauseSchema),
        required=True,
        metadata={
            "description": "Failures by cause, the most frequent first, 50 at most. They are counted by day in UTC."
        },
    )
    owners = fields.List(
        fields.Nested(OwnerFiguresSchema),
        metadata={
            "description": "By owner, the busiest first, 100 at most; with the scope `admin` only. They are counted by hour."
        },
    )
