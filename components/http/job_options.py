"""Queue options that every request for a job accepts, and their validation."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema
from marshmallow.validate import Length, OneOf, Range, Regexp

from components.http.problems import BadFields, FieldError
from components.http.validators import library_check
from libraries.characters import Characters
from libraries.errors import InvalidInput, Unavailable
from libraries.fields import BoundedList, WholeNumber
from libraries.job_manager import JobOptions, JobUnknown, find_job
from libraries.json_types import JsonObject, described
from libraries.settings import parse_duration
from libraries.webhooks import ENDS, EVENTS, key_of, public_addresses, read_url

JOB_ID = Regexp(
    r"\A[A-Za-z0-9_-]{1,128}\Z",
    error="Must be 1 to 128 ASCII letters, digits, '_' or '-'.",
)
MAX_TIMEOUT_S = 3600
WEEK_S = 7 * 86400


class WebhookSchema(Schema):
    """Webhook that receives the status changes of a job."""

    url = fields.String(
        required=True,
        validate=library_check(read_url),
        metadata={
            "description": "URL that receives the POST: `http` or `https`, port 80, 443 or above "
            "1023, and a host with public addresses only.",
            "format": "uri",
            "maxLength": 2048,
            "example": "https://example.com/plots",
        },
    )
    events = BoundedList(
        fields.String(validate=OneOf(EVENTS)),
        load_default=lambda: list(ENDS),
        validate=Length(1, len(EVENTS)),
        metadata={
            "description": "Events to send; by default all final states of a job.",
            "example": ["finished", "failed"],
        },
    )
    secret = fields.String(
        load_default=None,
        validate=library_check(key_of),
        metadata={
            "description": "Signing secret: `whsec_` and 24 to 64 random bytes in base64; by "
            "default that of `GET /webhooks/secret`.",
            "writeOnly": True,
        },
    )


class Timeout(fields.Field[int]):
    """A duration from a second to an hour: `90s`, `5m`, or seconds. Loaded as seconds."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Must be a duration of 1 second to 1 hour, such as '90s', '5m' or 300."
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        seconds = 0.0
        if isinstance(value, str):
            with contextlib.suppress(ValidationError):
                seconds = parse_duration(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value
        if not 1 <= seconds <= MAX_TIMEOUT_S or seconds % 1:
            raise self.make_error("invalid")
        return int(seconds)


class RetrySchema(Schema):
    """Retries of a job that fails."""

    max = WholeNumber(
        required=True,
        validate=Range(0, 5),
        metadata={"description": "Further attempts.", "example": 2},
    )
    interval = WholeNumber(
        load_default=None,
        validate=Range(1, 3600),
        metadata={
            "description": "Delay before the first of them in seconds; each later delay is four "
            "times as long.",
            "example": 10,
        },
    )


# Tags are visible as they are, and can be listed in a form.
TAG = r"[^,{0} ](?:[^,{0}]*[^,{0} ])?".replace("{0}", Characters.INVISIBLE)


@described(pattern=f"^{TAG}$")
def check_tag(tag: str) -> None:
    """Raise ValidationError for a tag that is not visible as it is, or that a form cannot list."""
    if not re.fullmatch(TAG, tag) or re.search(f"[{Characters.SURROGATES}]", tag):
        raise ValidationError(
            "Must not contain commas or control characters, nor begin or end with a space."
        )


def tag_field(description: str) -> fields.String:
    return fields.String(
        validate=[Length(1, 64), check_tag],
        metadata={"description": description, "example": "order-17"},
    )


def key_field(description: str, *, example: str) -> fields.String:
    """Declare a key that groups jobs of the caller."""
    return fields.String(
        load_default=None,
        validate=[Length(1, 128), check_tag],
        metadata={"description": description, "example": example},
    )


def priority_field(jobs: str = "the job") -> fields.String:
    """Declare the priority; `jobs` names what is queued, for the description."""
    return fields.String(
        load_default="normal",
        validate=OneOf(["normal", "high"]),
        metadata={
            "description": f"`high` puts {jobs} before the jobs with priority `normal` in the queue."
        },
    )


@described(
    **{
        "if": {"properties": {"concurrency": {"type": "integer"}}, "required": ["concurrency"]},
        "then": {
            "properties": {"concurrency_key": {"type": "string", "minLength": 1}},
            "required": ["concurrency_key"],
        },
    }
)
class JobOptionsSchema(Schema):
    """Queue options of a job; loaded as `JobOptions`."""

    timeout = Timeout(
        load_default=None,
        metadata={
            "description": "Time limit: seconds, or a duration such as `90s` or `5m`; at most an "
            "hour.",
            "type": ["string", "integer"],
            "minimum": 1,
            "maximum": MAX_TIMEOUT_S,
            # 1 to 3600 s, 1 to 60 m, 1 h.
            "pattern": r"^_(([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)_s?"
            r"|([1-9]|[1-5][0-9]|60)_m|1_h)_$".replace("_", r"[ \t\n\r\f\v]*"),
            "example": "5m",
        },
    )
    result_ttl = WholeNumber(
        load_default=None,
        validate=Range(60, WEEK_S),
        metadata={"description": "Seconds until the record of a finished job expires."},
    )
    priority = priority_field()
    delay = WholeNumber(
        load_default=None,
        validate=Range(0, WEEK_S),
        metadata={"description": "Delay before the job is queued, in seconds."},
    )
    run_at = fields.AwareDateTime(
        load_default=None,
        format="iso",
        default_timezone=UTC,
        metadata={
            "description": "Time to queue the job, at most a week ahead; UTC by default. Cannot be "
            "combined with `delay`."
        },
    )
    retry = fields.Nested(
        RetrySchema,
        load_default=None,
        metadata={"description": "Retries of the job; by default those of its task."},
    )
    depends_on = BoundedList(
        fields.String(validate=JOB_ID),
        load_default=list,
        validate=Length(max=20),
        metadata={
            "description": "Ids of your jobs that must finish first. Cannot be combined with "
            "`delay` or `run_at`."
        },
    )
    tags = BoundedList(
        tag_field("A label."),
        load_default=list,
        validate=Length(max=10),
        metadata={
            "description": "Labels of the job, by which jobs are listed, canceled, retried and "
            "deleted.",
            "example": ["order-17", "christmas"],
        },
    )
    concurrency_key = key_field(
        "Jobs of yours with the same key run one at a time, or at most `concurrency` at a time; the "
        "others wait outside of the queue, as `queued`, and keep their order.",
        example="plotter-1",
    )
    concurrency = WholeNumber(
        load_default=None,
        validate=Range(1, 100),
        metadata={
            "description": "Maximum of jobs with the `concurrency_key` that are in the queue or run; "
            "by default 1."
        },
    )
    unique_key = key_field(
        "While a job of yours with this key waits or runs, no other one is queued: the response has "
        "the id of that job, the status 200 and `existing`. Cannot be combined with `depends_on`, "
        "and not in batches.",
        example="daily-report",
    )
    webhook = fields.Nested(
        WebhookSchema,
        load_default=None,
        metadata={
            "description": "Webhook that receives the job's status changes. Signed according to "
            "Standard Webhooks; retried for one hour."
        },
    )

    @validates_schema(skip_on_field_errors=False)
    def check_time(self, data: JsonObject, **_: Any) -> None:
        run_at = data.get("run_at")
        if run_at is not None and data.get("delay") is not None:
            raise ValidationError("Cannot be combined with delay.", "run_at")
        if run_at is not None and run_at > datetime.now(UTC) + timedelta(seconds=WEEK_S):
            raise ValidationError("Must be at most a week ahead.", "run_at")
        if data.get("depends_on") and (run_at is not None or data.get("delay") is not None):
            raise ValidationError("Cannot be combined with delay or run_at.", "depends_on")
        if data.get("concurrency") is not None and not data.get("concurrency_key"):
            raise ValidationError("Set concurrency_key as well.", "concurrency")
        if data.get("unique_key") and data.get("depends_on"):
            raise ValidationError("Cannot be combined with depends_on.", "unique_key")

    @post_load
    def make_options(self, data: JsonObject, **_: Any) -> JobOptions:
        run_at = data["run_at"].timestamp() if data["run_at"] is not None else None
        retry = data["retry"] or {"max": None, "interval": None}
        return JobOptions(
            job_timeout=data["timeout"],
            result_ttl=data["result_ttl"],
            high_priority=data["priority"] == "high",
            run_at=time.time() + data["delay"] if data["delay"] else run_at,
            retries=retry["max"],
            retry_pause=retry["interval"],
            depends_on=tuple(dict.fromkeys(data["depends_on"])),
            webhook=data["webhook"],
            tags=tuple(dict.fromkeys(data["tags"])),
            concurrency_key=data["concurrency_key"] or "",
            concurrency=data["concurrency"],
            unique_key=data["unique_key"] or "",
        )


def check_options(options: JobOptions) -> JobOptions:
    """Check dependencies and webhook; raise BadFields if one of them is not allowed.

    Contacts the broker and DNS, so call it after all other checks.
    """
    check_dependencies(options.depends_on)
    return replace(options, webhook=validate_webhook(options.webhook))


def check_dependencies(job_ids: Sequence[str]) -> None:
    """Raise BadFields for jobs of other owners and jobs that cannot finish any more."""
    found = [(index, dependency_error(job_id)) for index, job_id in enumerate(job_ids)]
    wrong = [FieldError(("depends_on", str(index)), reason) for index, reason in found if reason]
    if wrong:
        raise BadFields(wrong)


def dependency_error(job_id: str) -> str | None:
    """Return why a job cannot be a dependency, or None if it can."""
    try:
        record = find_job(job_id)
    except JobUnknown as error:
        return str(error)
    failed = record.done and record.status != "finished"
    return f"this job is {record.status} and will not finish" if failed else None


def validate_webhook(requested: Mapping[str, Any] | None) -> JsonObject | None:
    """Return the `webhook` of `JobOptions`; raise BadFields if its host is not public."""
    if requested is None:
        return None
    try:
        public_addresses(read_url(requested["url"]))
    except (InvalidInput, Unavailable) as error:
        raise BadFields([FieldError(("webhook", "url"), str(error))]) from None
    return {
        **{name: value for name, value in requested.items() if value is not None},
        "events": list(dict.fromkeys(requested["events"])),
    }


def form_rules() -> list[JsonObject]:
    """Describe in JSON Schema that `concurrency` needs a key, in a form that may have empty texts."""
    return [
        {"properties": {"concurrency": {"type": "string", "maxLength": 0}}},
        {"properties": {"concurrency_key": {"minLength": 1}}, "required": ["concurrency_key"]},
    ]
