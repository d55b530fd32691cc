"""The options of the queue that every request for a job takes, and their checks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema
from marshmallow.validate import Length, OneOf, Range, Regexp

from components.http.problems import BadFields, FieldError
from components.http.validators import library_check
from libraries.errors import InvalidInput, Unavailable
from libraries.fields import WholeNumber
from libraries.job_manager import JobOptions, JobUnknown, find_job
from libraries.settings import parse_duration
from libraries.webhooks import (
    ENDS,
    EVENTS,
    key_of,
    public_addresses,
    read_url,
)

JOB_ID = Regexp(
    r"[A-Za-z0-9_-]{1,128}\Z",
    error="Must be 1 to 128 of the letters A-Z and a-z, digits, '_' and '-'.",
)
MAX_TIMEOUT_S = 3600
WEEK_S = 7 * 86400


class WebhookSchema(Schema):
    """Whom to tell what becomes of a job."""

    url = fields.String(
        required=True,
        validate=library_check(read_url),
        metadata={
            "description": "Where to POST: `http` or `https`, port 80, 443 or above 1023, a host with public addresses alone.",
            "format": "uri",
            "maxLength": 2048,
            "example": "https://example.com/plots",
        },
    )
    events = fields.List(
        fields.String(validate=OneOf(EVENTS)),
        load_default=lambda: list(ENDS),
        validate=Length(1, len(EVENTS)),
        metadata={
            "description": "What to tell of; by default each way in which a job ends.",
            "example": ["finished", "failed"],
        },
    )
    secret = fields.String(
        load_default=None,
        validate=library_check(key_of),
        metadata={
            "description": "What to sign with: `whsec_` and 24 to 64 random bytes in base64; by default what "
            "`GET /webhooks/secret` shows.",
            "writeOnly": True,
        },
    )


class Timeout(fields.Field[int]):
    """A duration of a second to an hour: `90s`, `5m`, or a number of seconds. Loaded as seconds."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Must be a duration of 1 second to 1 hour, such as '90s', '5m' or 300."
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            seconds = (
                parse_duration(str(value))
                if isinstance(value, str | int) and not isinstance(value, bool)
                else 0
            )
        except ValidationError:
            seconds = 0
        if not 1 <= seconds <= MAX_TIMEOUT_S:
            raise self.make_error("invalid")
        return seconds


class RetrySchema(Schema):
    """How often a job that fails is tried again."""

    max = WholeNumber(
        required=True,
        validate=Range(0, 5),
        metadata={"description": "Further attempts.", "example": 2},
    )
    interval = WholeNumber(
        load_default=None,
        validate=Range(1, 3600),
        metadata={
            "description": "Seconds before the first of them; each later pause is four times as long.",
            "example": 10,
        },
    )


def priority_field(jobs: str = "the job") -> fields.String:
    """Return the field for a schema; `jobs` is what it puts in front of others."""
    return fields.String(
        load_default="normal",
        validate=OneOf(["normal", "high"]),
        metadata={"description": f"`high` puts {jobs} in front of those that wait."},
    )


class JobOptionsSchema(Schema):
    """How a job is queued; loaded as `JobOptions`."""

    timeout = Timeout(
        load_default=None,
        metadata={
            "description": "How long it may run: seconds, or a duration such as `90s` or `5m`; at most an hour.",
            "type": ["string", "integer"],
            "example": "5m",
        },
    )
    result_ttl = WholeNumber(
        load_default=None,
        validate=Range(60, WEEK_S),
        metadata={"description": "Seconds that its record is kept once finished."},
    )
    priority = priority_field()
    delay = WholeNumber(
        load_default=None,
        validate=Range(0, WEEK_S),
        metadata={"description": "Seconds to wait before it is queued."},
    )
    run_at = fields.AwareDateTime(
        load_default=None,
        format="iso",
        default_timezone=UTC,
        metadata={
            "description": "When to queue it, at most a week ahead; UTC unless it says otherwise. Not beside `delay`."
        },
    )
    retry = fields.Nested(
        RetrySchema,
        load_default=None,
        metadata={"description": "How often it is tried; by default as its task says."},
    )
    depends_on = fields.List(
        fields.String(validate=JOB_ID),
        load_default=list,
        validate=Length(max=20),
        metadata={
            "description": "Ids of your jobs that have to finish first. Not beside `delay` or `run_at`."
        },
    )
    webhook = fields.Nested(
        WebhookSchema,
        load_default=None,
        metadata={
            "description": "Whom to tell what becomes of it: signed as Standard Webhooks has it, tried again for an hour."
        },
    )

    @validates_schema(skip_on_field_errors=False)
    def check_time(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a time too far ahead, and more than one answer to the question when it is to run."""
        run_at = data.get("run_at")
        if run_at is not None and data.get("delay") is not None:
            raise ValidationError("Cannot stand beside delay: send one of them.", "run_at")
        if run_at is not None and run_at > datetime.now(UTC) + timedelta(seconds=WEEK_S):
            raise ValidationError("Must be at most a week ahead.", "run_at")
        if data.get("depends_on") and (run_at is not None or data.get("delay") is not None):
            raise ValidationError(
                "Cannot stand beside delay or run_at: the others decide when.", "depends_on"
            )

    @post_load
    def make_options(self, data: dict[str, Any], **_: Any) -> JobOptions:
        """Return the options as the job manager takes them."""
        run_at = data["run_at"].timestamp() if data["run_at"] is not None else None
        retry = data["retry"] or {"max": None, "interval": None}
        return JobOptions(
            job_timeout=data["timeout"],
            result_ttl=data["result_ttl"],
            at_front=data["priority"] == "high",
            run_at=time.time() + data["delay"] if data["delay"] else run_at,
            retries=retry["max"],
            retry_pause=retry["interval"],
            depends_on=tuple(dict.fromkeys(data["depends_on"])),
            webhook=data["webhook"],
        )


def check_options(options: JobOptions) -> JobOptions:
    """Return options whose jobs are there and whose webhook may be called. Called last: it asks the broker and looks a host up.

    Raises:
        BadFields: a job in `depends_on` is not the caller's, or ended without a result; or the webhook may not be called.
        QueueUnavailable: the broker cannot be reached.
    """
    check_dependencies(options.depends_on)
    return replace(options, webhook=validate_webhook(options.webhook))


def check_dependencies(job_ids: Sequence[str]) -> None:
    """Let only jobs of the caller pass that have finished or still may.

    Raises:
        BadFields: one or more are unknown, somebody else's, or ended without a result.
    """
    found = [(place, dependency_error(job_id)) for place, job_id in enumerate(job_ids)]
    wrong = [FieldError(("depends_on", str(place)), reason) for place, reason in found if reason]
    if wrong:
        raise BadFields(wrong)


def dependency_error(job_id: str) -> str | None:
    """Say why a job cannot be waited for, None if it can."""
    try:
        record = find_job(job_id)
    except JobUnknown as error:
        return str(error)
    return (
        f"this job is {record.status} and will not finish"
        if record.done and record.status != "finished"
        else None
    )


def validate_webhook(asked: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what `JobOptions` takes as `webhook`, None for none. Asked last: it looks the host up, which takes a moment.

    Raises:
        BadFields: the host cannot be looked up, or has an address that is not public.
    """
    if asked is None:
        return None
    try:
        public_addresses(read_url(asked["url"]))
    except (InvalidInput, Unavailable) as error:
        raise BadFields([FieldError(("webhook", "url"), str(error))]) from None
    return {
        **{name: value for name, value in asked.items() if value is not None},
        "events": list(dict.fromkeys(asked["events"])),
    }
