"""Operations, which turn requests into jobs, and the plans of these jobs.

`ApiBlueprint.submits` declares an operation with its route. Batches, WebSockets and `POST /jobs`
look operations up in `OPERATIONS`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from marshmallow import EXCLUDE, Schema, ValidationError

from components.http.job_options import JobOptionsSchema, priority_field
from components.http.problems import BadFields, FieldError
from libraries.errors import InvalidInput, NotFound, Unavailable, did_you_mean
from libraries.fields import instance_of
from libraries.gallery import find_drawing
from libraries.gallery.arrivals import process_pending
from libraries.gallery.drawings import ID
from libraries.job_manager import (
    Batch,
    FinalJob,
    JobOptions,
    current_owner,
    find_job,
    submit,
    submit_batch,
)
from libraries.job_manager.jobs import VectorJob
from libraries.json_types import JsonObject, keywords_of
from libraries.loading import LoadError
from libraries.registry import Registry
from libraries.sheets.sources import path_of_job
from libraries.storage import open_input, own_name
from libraries.uploads.staging import jobs_writing
from libraries.vector_input import HEAD_BYTES, check_installed


class EmptySchema(Schema):
    """A request without fields, except the queue options."""

    class Meta:
        """Ignore unknown fields."""

        unknown = EXCLUDE


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """A job that an operation plans; unset attributes default to those of the operation.

    `after` lists the ids of jobs that must finish first, `members` further members of the response.
    `file` is the name of the file that the task stores; the response has the path of the job's own
    file. `on_queued` is called with the job id. The response waits `wait_s` for a short job, unless
    the request has `Prefer`.
    """

    kwargs: Mapping[str, Any] = field(default_factory=dict)
    args: Sequence[Any] = ()
    task: str = ""
    timeout: str | None = None
    message: str = ""
    id_prefix: str = ""
    notify: bool = False
    after: tuple[str, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    on_queued: Callable[[str], None] | None = None
    wait_s: int = 0

    def members_for(self, job_id: str) -> Mapping[str, Any]:
        file = {"file": f"output/{own_name(self.file, job_id)}"} if self.file else {}
        return {**self.members, **file}


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """Jobs that are queued together; their own options take precedence over those of the batch.

    `gathering` runs when all jobs have ended; `reply` returns the body of the response.
    """

    jobs: Sequence[tuple[JobPlan, JobOptions]]
    reply: Callable[[Batch], Mapping[str, Any]]
    gathering: FinalJob | None = None


Plan = Mapping[str, Any] | JobPlan | BatchPlan


def no_inputs(_: Any) -> Iterable[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A kind of request that becomes jobs.

    Attributes:
        name: its name for `POST /batches`, `POST /jobs` and WebSockets.
        body: schema of the request, without the queue options.
        call: checks the loaded body and returns the keyword arguments of the task, or a plan;
            raises InvalidInput.
        task: dotted path of the task.
        other_tasks: further tasks that a plan may name.
        message: message of the response.
        timeout: time limit of a job; None for the setting.
        inputs: returns the files that a job reads; the job waits for jobs that still store them.
        split: returns the jobs of a request in a batch, if they are not one.
        jobs: what `priority` moves to the front, for its description.
        draws: its job can draw an SVG, which `Accept` selects as the response.
        example: a request, for the documentation.
        module: dotted name of the module that declares it.
    """

    name: str
    body: type[Schema]
    call: Callable[[Any], Plan]
    module: str
    task: str = ""
    other_tasks: tuple[str, ...] = ()
    message: str = "Job queued"
    timeout: str | None = None
    inputs: Callable[[Any], Iterable[str]] = no_inputs
    split: Callable[[Any], Sequence[Mapping[str, Any]]] | None = None
    jobs: str = "the job"
    draws: bool = False
    example: Mapping[str, Any] | None = None

    @cached_property
    def schema(self) -> type[SubmissionSchema]:
        """The schema of the whole request: the body and the queue options."""
        both = sorted(set(instance_of(self.body).fields) & option_names())
        if both:
            raise LoadError(
                f"the body of {self.name} has the field {both[0]!r}, which is a queue option"
            )
        members = {
            "__doc__": self.body.__doc__,
            "__module__": self.body.__module__,
            "priority": priority_field(self.jobs),
            "body_schema": self.body,
            "json_schema": keywords_of(self.body) | keywords_of(JobOptionsSchema) | self._rules(),
        }
        # The name appears in the OpenAPI document.
        bases = (SubmissionSchema, self.body, JobOptionsSchema)
        return type(self.body.__name__, bases, members)

    def _rules(self) -> JsonObject:
        """Describe that a request of several jobs has no `unique_key`."""
        if self.jobs != "the jobs":
            return {}
        return {
            "not": {"properties": {"unique_key": {"type": "string"}}, "required": ["unique_key"]}
        }

    def ignored(self, given: Any, *path: str) -> list[FieldError]:
        """Return the members of a request that its body ignores; `path` leads to the request in the JSON body."""
        body = instance_of(self.body)
        if body.unknown != EXCLUDE or not isinstance(given, Mapping):
            return []
        known = {*body.fields, *option_names()}
        return [
            FieldError((*path, name), "Unknown field, ignored.", did_you_mean(name[:100], known))
            for name in given
            if name not in known
        ]

    def plan(self, body: Any) -> JobPlan | BatchPlan:
        plan = self.call(body)
        return plan if isinstance(plan, BatchPlan) else self._completed(plan, body)

    def plans(self, body: Any) -> list[JobPlan]:
        """Return the planned jobs of a request in a batch or on a WebSocket."""
        found = [self.call(body)] if self.split is None else self.split(body)
        return [self._completed(one, body) for one in found if not isinstance(one, BatchPlan)]

    def _completed(self, plan: Mapping[str, Any] | JobPlan, body: Any) -> JobPlan:
        if not isinstance(plan, JobPlan):
            plan = JobPlan(kwargs=plan)
        if plan.task and self.task and plan.task not in (self.task, *self.other_tasks):
            raise LookupError(f"{self.name} does not declare the task {plan.task}")
        return replace(
            plan,
            task=plan.task or self.task,
            timeout=plan.timeout or self.timeout,
            message=plan.message or self.message,
            after=(*plan.after, *jobs_writing(list(self.inputs(body)))),
        )


class Submission(NamedTuple):
    """A parsed request: the loaded body and the queue options."""

    body: Any
    options: JobOptions


class SubmissionSchema(Schema):
    """A request of an operation; loaded as a `Submission`, each part by its own schema."""

    body_schema: type[Schema]

    def load(self, data: Any, **choices: Any) -> Submission:
        """Load both parts; raise ValidationError with the errors of both."""
        errors: dict[Any, Any] = {}
        parts: list[Any] = []
        names = option_names()
        chosen = data if isinstance(data, Mapping) else {}
        body = {name: value for name, value in chosen.items() if name not in names}
        options = {name: value for name, value in chosen.items() if name in names}
        for kind, part in ((self.body_schema, body), (JobOptionsSchema, options)):
            try:
                parts.append(instance_of(kind).load(part, **choices))
            except ValidationError as error:
                messages = error.messages
                errors |= messages if isinstance(messages, dict) else {"_schema": messages}
        if errors:
            raise ValidationError(errors)
        return Submission(*parts)


@lru_cache(maxsize=1)
def option_names() -> frozenset[str]:
    return frozenset(instance_of(JobOptionsSchema).fields)


OPERATIONS: Registry[Operation] = Registry("operation")


def discard_operations(package: str) -> None:
    """Remove the operations that modules of a package have registered."""
    for name, operation in OPERATIONS.items():
        if f"{operation.module}.".startswith(f"{package}."):
            OPERATIONS.discard(name)


def queue(plan: JobPlan, options: JobOptions) -> VectorJob:
    """Queue a planned job; raises as `options_of` and `libraries.job_manager.submit`."""
    job = submit(plan.task, plan.args, plan.kwargs, options_of(plan, options))
    if plan.on_queued is not None and job.is_new:
        plan.on_queued(job.id)
    return job


def queue_batch(plan: BatchPlan, shared: JobOptions) -> Batch:
    """Queue planned jobs together; raises as `queue`."""
    plans = [one for one, _ in plan.jobs]
    options = [options_of(one, merged(own, shared)) for one, own in plan.jobs]
    return submit_batch(
        [one.task for one in plans],
        [one.kwargs for one in plans],
        options,
        final_job=plan.gathering,
    )


def options_of(plan: JobPlan, chosen: JobOptions) -> JobOptions:
    """Return the options of a planned job; raise InvalidInput if a delay excludes its inputs."""
    if plan.after and chosen.run_at is not None:
        raise InvalidInput(
            f"cannot be combined with delay or run_at: the job {plan.after[0]} must finish first",
            field="run_at",
            hint="omit them, or repeat the request when that job has finished",
        )
    return replace(
        chosen,
        job_timeout=chosen.job_timeout if chosen.job_timeout is not None else plan.timeout,
        depends_on=tuple(dict.fromkeys((*chosen.depends_on, *plan.after))),
        id_prefix=plan.id_prefix,
        notify=plan.notify,
    )


def merged(own: JobOptions, shared: JobOptions) -> JobOptions:
    """Return the options of a batch item; those it does not set are the ones of the batch.

    Its tags are added to those of the batch.
    """
    own = replace(own, tags=tuple(dict.fromkeys((*shared.tags, *own.tags))))
    given = {
        one.name: getattr(own, one.name)
        for one in fields(JobOptions)
        if getattr(own, one.name) != one.default
    }
    merged_options = replace(shared, **given)
    if "depends_on" in given:
        return replace(merged_options, run_at=None)
    return replace(merged_options, depends_on=()) if "run_at" in given else merged_options


def check_readable(path: str) -> None:
    """Raise an error as `open_input`, unless a job is about to store `path`."""
    try:
        open_input(path).close()
    except NotFound as error:
        if not jobs_writing([path]):
            text = f"{error}; upload the file with POST /uploads"
            raise NotFound(text, code=error.code) from None


class Source(NamedTuple):
    """A stored drawing for the task, and the ids of the jobs that must finish before it can be opened."""

    name: str
    after: tuple[str, ...] = ()


def find_source(source: str, *path: str) -> Source:
    """Return a drawing by the id of its job, by its `id` in the gallery, or by its path.

    `path` is the field of the request, by default `source`.

    Raises:
        BadFields: it does not exist, or is no drawing.
        InvalidInput: it needs a package that is not installed.
    """
    try:
        found = _find_source(source)
        is_stored = not found.after and not found.name.endswith(".svg")
        with open_input(found.name) if is_stored else nullcontext(io.BytesIO()) as file:
            head = file.read(HEAD_BYTES)
    except (InvalidInput, NotFound) as error:
        where = path or ("source",)
        raise BadFields([FieldError(where, str(error), getattr(error, "hint", None))]) from None
    check_installed(head, found.name)
    return found


def _find_source(source: str) -> Source:
    if "/" in source or "." in source:
        check_readable(source)
        return Source(source, jobs_writing([source]))
    if ID.fullmatch(source):
        # Without the broker, the index that lacks the newest drawings is used.
        with suppress(Unavailable):
            process_pending()
        return Source(f"output/{find_drawing(current_owner(), source).name}")
    job = find_job(source)
    return Source(path_of_job(job)) if job.done else Source(source, (source,))
