"""Reply schemas of tasks and schedules."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class ParameterSchema(ReplySchema):
    """A parameter of a task."""

    name = fields.String(required=True, metadata={"description": "Name.", "example": "recipient"})
    required = fields.Boolean(required=True, metadata={"description": "Whether it is required."})
    type = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Python type annotation.", "example": "str"},
    )
    default = fields.String(
        required=True, allow_none=True, metadata={"description": "Default as a Python literal."}
    )


class TaskSchema(ReplySchema):
    """A task."""

    name = fields.String(
        required=True,
        metadata={
            "description": "Dotted path.",
            "example": "workers.svg_tasks.generate_postcard_svg",
        },
    )
    summary = fields.String(required=True, metadata={"description": "Summary in one sentence."})
    description = fields.String(
        required=True, metadata={"description": "Description without the summary."}
    )
    parameters = fields.List(
        fields.Nested(ParameterSchema), required=True, metadata={"description": "Parameters."}
    )
    tries = fields.Integer(required=True, metadata={"description": "Maximum number of attempts."})
    timeout = fields.Integer(
        required=True, metadata={"description": "Default time limit in seconds."}
    )
    schedules = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Names of the schedules that queue the task."},
    )


class ScheduleSchema(ReplySchema):
    """A schedule: a task that is queued repeatedly."""

    name = fields.String(
        required=True,
        metadata={"description": "Name in the schedules file.", "example": "clean-up"},
    )
    task = fields.String(required=True, metadata={"description": "Dotted path of the task."})
    when = fields.String(
        required=True, metadata={"description": "Rule, in UTC.", "example": "cron 30 3 * * *"}
    )
    timeout = fields.Integer(
        required=True, metadata={"description": "Time limit of each job in seconds."}
    )
    catch_up = fields.Boolean(
        required=True, metadata={"description": "Whether missed runs are made up for once."}
    )
    overlap = fields.Boolean(
        required=True,
        metadata={"description": "Whether a job is queued while the previous one is running."},
    )
    next_run = fields.String(required=True, metadata={"description": "Time of the next run."})
    last_run = fields.String(
        required=True, allow_none=True, metadata={"description": "Time of the last run."}
    )
    last_job = fields.String(
        required=True, allow_none=True, metadata={"description": "Id of the last job."}
    )
    last_status = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "State of the last job; null if its record has expired."},
    )
    runs = fields.Integer(required=True, metadata={"description": "Number of jobs queued."})
    missed = fields.Integer(
        required=True, metadata={"description": "Number of runs missed while no scheduler ran."}
    )
    skipped = fields.Integer(
        required=True,
        metadata={"description": "Number of runs skipped because the last job was running."},
    )


class TaskListSchema(ReplySchema):
    """All tasks and schedules."""

    tasks = fields.List(
        fields.Nested(TaskSchema), required=True, metadata={"description": "Tasks by name."}
    )
    schedules = fields.List(
        fields.Nested(ScheduleSchema),
        required=True,
        metadata={"description": "Schedules in the order of the file."},
    )
