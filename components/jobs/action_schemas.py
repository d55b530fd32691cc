"""Schemas of actions on jobs, and of their numbers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from components.http.job_options import JobOptionsSchema
from components.http.parameters import owner_field
from components.http.replies import ReplySchema
from components.http.submissions import SubmissionSchema
from components.jobs.schemas import MAX_ARGUMENTS, MAX_CURSOR_CHARS, JobFilterSchema
from libraries.fields import BoundedDict, BoundedList, TrueOrFalse
from libraries.json_types import JsonObject, described


class ChangesSchema(Schema):
    """Changes to the arguments of a job."""

    args = BoundedList(
        fields.Raw(allow_none=True),
        load_default=None,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={"description": "Positional arguments, instead of all that the job has."},
    )
    kwargs = BoundedDict(
        keys=fields.String(),
        load_default=dict,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={
            "description": "Arguments to change, by name; the others stay as they are.",
            "example": {"template_name": "plain"},
        },
    )
    unset = BoundedList(
        fields.String(),
        load_default=list,
        validate=Length(max=MAX_ARGUMENTS),
        metadata={"description": "Names of arguments to leave out; the task uses its defaults."},
    )


class RetryJobSchema(SubmissionSchema, ChangesSchema, JobOptionsSchema):
    """Changes to a job: its arguments, and queue options."""

    body_schema = ChangesSchema


@described(oneOf=[{"required": ["ids"]}, {"required": ["filter"]}])
class BulkSchema(Schema):
    """An action on many jobs: on those in `ids`, or on those that match `filter`."""

    action = fields.String(
        required=True,
        validate=OneOf(["cancel", "retry", "delete"]),
        metadata={"description": "Action.", "example": "cancel"},
    )
    ids = BoundedList(
        fields.String(validate=Length(1, 128)),
        validate=Length(1, 500),
        metadata={"description": "Ids of the jobs; duplicates are ignored.", "example": ["4f1c9a"]},
    )
    filter = fields.Nested(
        JobFilterSchema,
        metadata={
            "description": "At least one condition. Jobs whose state does not permit the action are left out.",
            "minProperties": 1,
            "example": {"tag": "christmas"},
        },
    )
    owner = owner_field("Owner of the jobs, if they are not your own.")
    dry_run = TrueOrFalse(
        load_default=False,
        metadata={"description": "Only count the jobs that match `filter`."},
    )
    cursor = fields.String(
        load_default=None,
        validate=Length(1, MAX_CURSOR_CHARS),
        metadata={"description": "`next_cursor` of the previous reply, with the same `filter`."},
    )

    @validates_schema
    def check_choice(self, data: JsonObject, **_: Any) -> None:
        if "filter" not in data:
            if "ids" not in data:
                raise ValidationError("Required unless filter is given.", "ids")
            for name in ("dry_run", "cursor"):
                if data.get(name):
                    raise ValidationError("Requires filter.", name)
        elif "ids" in data:
            raise ValidationError("Cannot be combined with filter.", "ids")
        elif not data["filter"]:
            raise ValidationError("Must have at least one condition.", "filter")


class OutcomeSchema(ReplySchema):
    """Result of the action for one job."""

    id = fields.String(required=True, metadata={"description": "Id of the job."})
    ok = fields.Boolean(required=True, metadata={"description": "Whether the action succeeded."})
    status = fields.String(metadata={"description": "New state of the job, or `deleted`."})
    code = fields.String(
        metadata={
            "description": "Error code in kebab case.",
            "example": "not-cancellable",
        }
    )
    detail = fields.String(metadata={"description": "Error message."})


class BulkReplySchema(ReplySchema):
    """Result of the action for each job."""

    action = fields.String(required=True, metadata={"description": "The requested action."})
    done = fields.Integer(required=True, metadata={"description": "Number of successes."})
    failed = fields.Integer(required=True, metadata={"description": "Number of failures."})
    items = fields.List(
        fields.Nested(OutcomeSchema),
        required=True,
        metadata={"description": "Results in the order of `ids`; for `filter`, of the list."},
    )
    matched = fields.Integer(
        metadata={"description": "With `filter`: number of jobs found by this request."}
    )
    next_cursor = fields.String(
        allow_none=True,
        metadata={
            "description": "With `filter`: `cursor` of the next request; null after the last job."
        },
    )


class CountsQuerySchema(JobFilterSchema):
    """Filter of a count, and the owner of the jobs."""

    owner = owner_field("Count the jobs of this owner instead of your own; `*` for all.", "*")


class CountsSchema(ReplySchema):
    """Numbers of jobs by state."""

    counts = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Number of jobs by state, without states of no job."},
    )
    total = fields.Integer(required=True, metadata={"description": "Sum of the numbers."})
    complete = fields.Boolean(
        required=True,
        metadata={
            "description": "False while the index of jobs is rebuilt, or if very many different words begin with `q`."
        },
    )
