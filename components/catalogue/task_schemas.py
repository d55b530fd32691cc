"""What is said of tasks."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class ParameterSchema(ReplySchema):
    """An argument of a task."""

    name = fields.String(
        required=True, metadata={"description": "Its name.", "example": "recipient"}
    )
    required = fields.Boolean(required=True, metadata={"description": "Whether it must be given."})
    type = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What it is, in Python's words.", "example": "str"},
    )
    default = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What it is otherwise, in Python's words."},
    )


class TaskSchema(ReplySchema):
    """A task."""

    name = fields.String(
        required=True,
        metadata={
            "description": "Its dotted path.",
            "example": "workers.svg_tasks.generate_postcard_svg",
        },
    )
    summary = fields.String(
        required=True, metadata={"description": "What it does, in one sentence."}
    )
    description = fields.String(
        required=True, metadata={"description": "The rest of what there is to say."}
    )
    parameters = fields.List(
        fields.Nested(ParameterSchema), required=True, metadata={"description": "What it takes."}
    )
    tries = fields.Integer(
        required=True, metadata={"description": "How often it is tried before its job fails."}
    )
    timeout = fields.Integer(
        required=True,
        metadata={"description": "Seconds that it may take, unless its job says otherwise."},
    )
    schedules = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Names of the schedules that queue it."},
    )


class ScheduleSchema(ReplySchema):
    """A schedule: a task that is queued again and again."""

    name = fields.String(
        required=True,
        metadata={"description": "Its name in the schedules file.", "example": "clean-up"},
    )
    task = fields.String(required=True, metadata={"description": "The task that it queues."})
    when = fields.String(
        required=True, metadata={"description": "When, in UTC.", "example": "cron 30 3 * * *"}
    )
    timeout = fields.Integer(
        required=True, metadata={"description": "Seconds that each of its jobs may take."}
    )
    catch_up = fields.Boolean(
        required=True, metadata={"description": "Whether a missed due time is made up for, once."}
    )
    overlap = fields.Boolean(
        required=True,
        metadata={"description": "Whether a job is queued while the last one goes on."},
    )
    next_run = fields.String(required=True, metadata={"description": "Its next due time."})
    last_run = fields.String(
        required=True, allow_none=True, metadata={"description": "The due time of its last job."}
    )
    last_job = fields.String(
        required=True, allow_none=True, metadata={"description": "The id of its last job."}
    )
    last_status = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The state of that job, while its record is kept."},
    )
    runs = fields.Integer(required=True, metadata={"description": "How many jobs it has queued."})
    missed = fields.Integer(
        required=True,
        metadata={"description": "Due times that nobody was there for and that were left out."},
    )
    skipped = fields.Integer(
        required=True, metadata={"description": "Due times left out because the last job went on."}
    )


class TaskListSchema(ReplySchema):
    """All tasks and all schedules."""

    tasks = fields.List(
        fields.Nested(TaskSchema), required=True, metadata={"description": "In alphabetical order."}
    )
    schedules = fields.List(
        fields.Nested(ScheduleSchema),
        required=True,
        metadata={"description": "In the order of the file."},
    )
