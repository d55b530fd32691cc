"""WebSocket actions, each with its schema, handler and documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from marshmallow import Schema, fields
from marshmallow.validate import Length, Regexp

from components.http.job_options import check_options
from components.http.json_schemas import Node, Schemas, constant, pascal
from components.http.submissions import OPERATIONS, Operation, Submission, queue
from components.sockets.codecs import BadMessage
from components.sockets.declarations import (
    ACTIONS,
    ClientMessage,
    Frame,
    ServerMessage,
    TokenAccess,
    action,
)
from components.sockets.sessions import Session, own_group
from libraries.errors import VectorError
from libraries.job_manager import WrongState, find_job, stop_job
from libraries.job_manager.events import EVENT_ID, START
from libraries.job_manager.representation import job_body
from libraries.settings import Scope
from libraries.texts import EMPTY_MESSAGE

DEFAULT_TYPE = "default"
MAX_TYPE_CHARS = 100
GROUP = r"[A-Za-z0-9_.:-]{1,64}"
JOB_EXAMPLE, GROUP_EXAMPLE = {"job_id": "artboard_7be02d"}, {"group": "studio"}


class JobSchema(Schema):
    """A job to submit."""

    type = fields.String(load_default=DEFAULT_TYPE, validate=Length(max=MAX_TYPE_CHARS))
    content = fields.Raw(required=True)


class JobIdSchema(Schema):
    """A job."""

    job_id = fields.String(required=True, validate=Length(1, 128))


class SubscribeSchema(JobIdSchema):
    """A job to follow, and the last event that the client has."""

    after = fields.String(
        load_default=START, validate=Regexp(EVENT_ID, error="Must be the id of an event.")
    )


class GroupSchema(Schema):
    """A group of sockets."""

    group = fields.String(
        required=True,
        validate=Regexp(rf"\A{GROUP}\Z", error="Must be 1 to 64 letters, digits or any of _.:-"),
    )


def reply_frame(name: str, summary: str, example: Mapping[str, str]) -> Frame:
    """Return a reply with the members of `example`."""
    fields: dict[str, Node] = {member: {} for member in example}
    return Frame(name=name, summary=summary, fields=fields, examples=[{**example, "ref": 7}])


@action(
    tag="connection",
    reply=Frame(name="pong", summary="The connection is alive.", examples=[{"ref": 7}]),
    can_fail=False,
    token=TokenAccess.YES,
)
def ping(session: Session, message: ClientMessage) -> None:
    """Check that the connection is alive."""
    session.reply(message)


def job_requests(schemas: Schemas) -> dict[str, Frame]:
    """Return the messages that submit jobs: one for all text operations, one for each other."""
    plain = OPERATIONS[DEFAULT_TYPE].body
    texts = [name for name, one in OPERATIONS.items() if one.body is plain]
    others = [name for name in OPERATIONS if name not in texts]
    known = ", ".join(f"`{name}`" for name in texts)
    kind: Node = {
        "type": "string",
        "description": f"{known}; any other string runs `{DEFAULT_TYPE}`.",
        "default": DEFAULT_TYPE,
        "maxLength": MAX_TYPE_CHARS,
        "examples": texts,
        **({"not": {"enum": others}} if others else {}),
    }
    request = Frame(name="job", summary=ACTIONS["job"].summary, extras=["ref"])
    fields = {"type": kind, **schemas.of(plain())["properties"]}
    examples = [{"type": name, "content": "hello", "ref": 7} for name in texts]
    found = {"TextJob": replace(request, fields=fields, optional=["type"], examples=examples)}
    for name in others:
        operation = OPERATIONS[name]
        if set(operation.body().fields) == {"content"}:
            content = schemas.of(operation.body())["properties"]["content"]
            fields = {"type": constant(name), "content": content}
            examples = [{"content": one, "ref": 7} for one in content["examples"]]
            found[f"{pascal(name)}Job"] = replace(request, fields=fields, examples=examples)
            continue
        content = schemas.of(operation.schema())
        # Drawings are always jobs here, and events replace webhooks.
        for http_only in ("complexity", "webhook"):
            content["properties"].pop(http_only, None)
        fields = {"type": constant(name), "content": schemas.add(f"{pascal(name)}Content", content)}
        example = operation.example
        examples = [] if example is None else [{"content": example, "ref": 7}]
        found[f"{pascal(name)}Job"] = replace(request, fields=fields, examples=examples)
    return found


@action(
    tag="jobs",
    schema=JobSchema,
    requests=job_requests,
    statuses=("queuing", "queued", "error"),
)
def job(session: Session, message: ClientMessage) -> None:
    """Submit a job."""
    kind, content = message.payload["type"], message.payload["content"]
    if content is None or (isinstance(content, str) and not content.strip()):
        session.send_status("error", EMPTY_MESSAGE, ref=message.ref)
        return
    if not session.admit_job():
        session.send_status("error", "⏳ Please wait before sending another job", ref=message.ref)
        return
    name = kind if kind in OPERATIONS else DEFAULT_TYPE
    operation = OPERATIONS[name]
    submission = parsed_content(operation, content)
    ignored = [
        {"field": one.path[0], **({"hint": one.hint} if one.hint else {})}
        for one in operation.ignored(content)[:20]
    ]
    plans = operation.plans(submission.body)
    options = check_options(submission.options)
    shown = f": {truncated(content)}" if isinstance(content, str) else ""
    session.send_status("queuing", f"⏳ Queuing {kind} job{shown}", ref=message.ref)
    for plan in plans:
        try:
            queued = queue(replace(plan, id_prefix=name), options)
        except VectorError as error:
            session.send_status("error", f"❌ Error queuing job: {error}", ref=message.ref)
            continue
        text = f"📋 Job {queued.id} queued successfully!"
        fields = {"job_id": queued.id, **({"ignored": ignored} if ignored else {})}
        session.send_status("queued", text, fields=fields, ref=message.ref)
        session.follow_submitted(queued.id)


def parsed_content(operation: Operation, content: object) -> Submission:
    """Parse the content of a job with the schema of its operation.

    Raises BadMessage if the content has another type or a webhook, and ValidationError.
    """
    if isinstance(content, str):
        content = {"content": content}
    if not isinstance(content, dict):
        raise BadMessage("the content must be a string, or an object if the job type has one")
    submission: Submission = operation.schema().load(content)
    if submission.options.webhook is not None:
        raise BadMessage("webhook: not supported on WebSockets, which receive the job's events")
    return submission


def truncated(text: str, max_chars: int = 200) -> str:
    return text if len(text) <= max_chars else f"{text[:max_chars]}…"


@action(
    tag="following",
    schema=SubscribeSchema,
    example={"job_id": "artboard_7be02d", "after": "0-0"},
    reply=Frame(
        name="subscribed",
        summary="The job is followed; has its current state.",
        fields={"job_id": {}, "job": {}},
        examples=[{"job_id": "artboard_7be02d", "ref": 7}],
    ),
    token=TokenAccess.SAME_JOB,
    scope=Scope.READ,
)
def subscribe(session: Session, message: ClientMessage) -> None:
    """Follow a job.

    The reply has the current state of the job; then each event later than `after` is sent.
    """
    job_id = find_job(message.payload["job_id"]).id
    session.unfollow(job_id)
    followed, follower = session.follow(job_id, after=message.payload["after"])
    # Sent after the subscription is active and before the first event.
    session.reply(message, {"job_id": job_id, "job": job_body(followed.opening)})
    session.go_on(followed, follower)


@action(
    tag="following",
    schema=JobIdSchema,
    example=JOB_EXAMPLE,
    reply=reply_frame("unsubscribed", "The job is no longer followed.", JOB_EXAMPLE),
    token=TokenAccess.SAME_JOB,
    scope=Scope.READ,
)
def unsubscribe(session: Session, message: ClientMessage) -> None:
    """Stop following a job; the job continues."""
    session.unfollow(message.payload["job_id"])
    session.reply(message, {"job_id": message.payload["job_id"]})


@action(
    tag="jobs",
    schema=JobIdSchema,
    example={"job_id": "translate_4f1c9a"},
    statuses=("canceled",),
)
def cancel(session: Session, message: ClientMessage) -> None:
    """Cancel a waiting job, or stop a running one.

    A client that follows the job receives its final event as usual.
    """
    # Read before the job ends, which unsubscribes the session.
    followed = session.follows(message.payload["job_id"])
    try:
        stopped = stop_job(message.payload["job_id"])
    except WrongState as error:
        detail = {"detail": str(error), "job_status": error.status}
        session.send(ServerMessage("error", detail, ref=message.ref))
        return
    if not followed:
        text = f"🚫 Job {stopped.id} was {stopped.status}"
        session.send_status("canceled", text, job_id=stopped.id, ref=message.ref)


@action(
    tag="groups",
    schema=GroupSchema,
    example=GROUP_EXAMPLE,
    reply=reply_frame("joined", "The client is in the group.", GROUP_EXAMPLE),
    scope=Scope.READ,
)
def join(session: Session, message: ClientMessage) -> None:
    """Join a group."""
    session.join(message.payload["group"])
    session.reply(message, {"group": message.payload["group"]})


@action(
    tag="groups",
    schema=GroupSchema,
    example=GROUP_EXAMPLE,
    reply=reply_frame("left", "The client is no longer in the group.", GROUP_EXAMPLE),
    scope=Scope.READ,
)
def leave(session: Session, message: ClientMessage) -> None:
    """Leave a group."""
    session.leave(message.payload["group"])
    session.reply(message, {"group": message.payload["group"]})


@action(
    tag="connection",
    reply=Frame(
        name="hello",
        summary="The id and the groups of this client.",
        fields={
            "client_id": {"type": "string", "description": "Valid for this connection."},
            "groups": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Groups that the client has joined.",
            },
        },
        examples=[{"client_id": "5f0c2a9be1d34c77", "groups": ["studio"], "ref": 7}],
    ),
    token=TokenAccess.YES,
)
def hello(session: Session, message: ClientMessage) -> None:
    """Return the id of this client.

    From then on, messages to the group `client:<client_id>` reach only this client.
    """
    groups = session.groups
    session.join(own_group(session.id))
    session.reply(message, {"client_id": session.id, "groups": groups})
