"""What happens on a WebSocket: jobs are queued, followed and canceled, groups are joined; a result goes to whoever asked."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, Regexp

from components.http.access import EVERYTHING, Caller
from components.http.long_connections import JobSubscription, LiveConnections
from components.http.problems import flatten
from components.http.submissions import OPERATIONS, Operation
from components.sockets.frames import Asked, BadMessage, Form
from libraries.broker.errors import QueueUnavailable
from libraries.errors import VectorError
from libraries.job_manager import (
    JobEvent,
    JobOptions,
    JobRecord,
    JobUnknown,
    WrongState,
    acting_for,
    find_job,
    stop_job,
    submit,
)
from libraries.job_manager.events import EVENT_ID, START, Followed, Message
from libraries.job_manager.representation import job_body
from libraries.live import Conversation, text_frame
from libraries.live.websocket import POLICY
from libraries.settings import Settings
from libraries.texts import EMPTY_MESSAGE

WELCOME = "🔄 Background Job Processor: Connected!"
TOO_SOON = "⏳ Please wait before sending another job"
DEFAULT = "default"
MOST_JOBS, MOST_GROUPS = 1000, 100
LONGEST_SHOWN = 200
LONGEST_TYPE = 100
GROUP = r"[A-Za-z0-9_.:-]{1,64}"


class JobMessageSchema(Schema):
    """A job that is asked for."""

    type = fields.String(load_default=DEFAULT, validate=Length(max=LONGEST_TYPE))
    content = fields.Raw(required=True)


class SubscribeSchema(Schema):
    """A job that is to be followed, from behind an event that is known."""

    job_id = fields.String(required=True, validate=Length(1, 128))
    after = fields.String(
        load_default=START, validate=Regexp(EVENT_ID, error="Must be the id of an event.")
    )


class JobIdSchema(Schema):
    """A job."""

    job_id = fields.String(required=True, validate=Length(1, 128))


class GroupSchema(Schema):
    """A group of sockets."""

    group = fields.String(
        required=True,
        validate=Regexp(rf"\A{GROUP}\Z", error="Must be 1 to 64 letters, digits or any of _.:-"),
    )


class EmptySchema(Schema):
    """Nothing."""


# What is taken with each action.
PAYLOADS: dict[str, type[Schema]] = {
    "ping": EmptySchema,
    "hello": EmptySchema,
    "job": JobMessageSchema,
    "subscribe": SubscribeSchema,
    "unsubscribe": JobIdSchema,
    "cancel": JobIdSchema,
    "join": GroupSchema,
    "leave": GroupSchema,
}


class Session:
    """One client on a WebSocket. Its methods are called in one thread at a time, but for what the feed tells."""

    def __init__(
        self, here: LiveConnections, caller: Caller, form: Form, settings: Settings
    ) -> None:
        """Make a session for a caller whose messages have this form."""
        self.id = secrets.token_hex(8)
        self._here = here
        self._caller = caller
        self._form = form
        self._settings = settings
        self._conversation: Conversation | None = None
        self._jobs: dict[str, JobSubscription] = {}
        self._asked: set[str] = set()
        self._groups: set[str] = set()
        self._lock = threading.Lock()
        self._last_job = -float("inf")

    # -- called by the conversation

    def opened(self, conversation: Conversation) -> None:
        """Greet the client, or send a stranger away."""
        self._conversation = conversation
        if not self._caller.scopes:
            conversation.close(POLICY, "a valid API key is needed")
            return
        self._say(self._form.status("connected", WELCOME))

    def heard(self, conversation: Conversation, text: str) -> None:
        """Do what a message asks for."""
        with acting_for(self._caller.name):
            try:
                asked = self._form.read(text)
                self._do(asked)
            except BadMessage as error:
                self._say(self._form.tell("error", {"detail": str(error)}))
            except Exception:
                # The log has it; the client is not left without an answer.
                self._say(self._form.tell("error", {"detail": "internal error"}))
                raise
        self._complete(event=False)

    def ended(self) -> None:
        """Follow nothing more; the jobs go on."""
        with self._lock:
            jobs, groups = list(self._jobs.values()), list(self._groups)
            self._jobs.clear()
            self._groups.clear()
        for follower in jobs:
            follower.leave(self._here.feed)
        for group in groups:
            self._here.feed.part(self._caller.name, group, self._told_group)

    # -- what can be asked for

    def _do(self, asked: Asked) -> None:
        acts: dict[str, Callable[[Asked, dict[str, Any]], None]] = {
            "ping": self._ping,
            "hello": self._hello,
            "job": self._job,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "cancel": self._cancel,
            "join": self._join,
            "leave": self._leave,
        }
        try:
            payload = PAYLOADS[asked.action](unknown="exclude").load(asked.payload)
            self._check_scope(asked.action, payload)
            acts[asked.action](asked, payload)
        except ValidationError as error:
            self._refuse(
                asked,
                "; ".join(f"{'.'.join(one.path)}: {one.detail}" for one in flatten(error.messages)),
            )
        except VectorError as error:
            self._refuse(asked, str(error))

    def _check_scope(self, action: str, payload: dict[str, Any]) -> None:
        if self._caller.scopes & EVERYTHING or action in ("ping", "hello"):
            return
        follows = action in ("subscribe", "unsubscribe")
        if not (follows and f"job:{payload['job_id']}" in self._caller.scopes):
            raise BadMessage("this token is good for following its job, and nothing else")

    def _ping(self, asked: Asked, _: dict[str, Any]) -> None:
        self._say(self._form.tell("pong", None, asked.ref))

    def _hello(self, asked: Asked, _: dict[str, Any]) -> None:
        with self._lock:
            groups = sorted(self._groups)
        # A group of its own, by which others can reach this one client.
        self._enter(own_group(self.id))
        self._say(self._form.tell("hello", {"client_id": self.id, "groups": groups}, asked.ref))

    def _job(self, asked: Asked, payload: dict[str, Any]) -> None:
        kind, content = payload["type"], payload["content"]
        if content is None or (isinstance(content, str) and not content.strip()):
            self._say(self._form.status("error", EMPTY_MESSAGE, ref=asked.ref))
            return
        if time.monotonic() - self._last_job < self._settings.sockets.socket_cooldown:
            self._say(self._form.status("error", TOO_SOON, ref=asked.ref))
            return
        self._last_job = time.monotonic()
        name, operation = operation_for(kind)
        shown = f": {excerpt(content)}" if isinstance(content, str) else ""
        parsed = parsed_content(operation, content)
        calls = operation.calls(parsed)
        options = JobOptions(
            id_prefix=name, job_timeout=operation.timeout, at_front=parsed.get("priority") == "high"
        )
        self._say(
            self._form.status(
                "queuing", f"⏳ Queuing {kind[:LONGEST_SHOWN]} job{shown}", ref=asked.ref
            )
        )
        for call in calls:
            self._queue(asked, operation.task_for(call), call, options)

    def _queue(self, asked: Asked, task: str, call: dict[str, Any], options: JobOptions) -> None:
        try:
            job = submit(task, kwargs=call, options=options)
        except VectorError as error:
            self._say(self._form.status("error", f"❌ Error queuing job: {error}", ref=asked.ref))
            return
        self._say(
            self._form.status(
                "queued", f"📋 Job {job.id} queued successfully!", job_id=job.id, ref=asked.ref
            )
        )
        self._asked.add(job.id)
        self._go_on(*self._begin(job.id, START))

    def _subscribe(self, asked: Asked, payload: dict[str, Any]) -> None:
        job = find_job(payload["job_id"])
        self._unfollow(job.id)
        followed, follower = self._begin(job.id, payload["after"])
        # Said when nothing that becomes of the job can be missed any more, and before any of it is told.
        self._say(
            self._form.tell(
                "subscribed", {"job_id": job.id, "job": job_body(followed.job)}, asked.ref
            )
        )
        self._go_on(followed, follower)

    def _unsubscribe(self, asked: Asked, payload: dict[str, Any]) -> None:
        self._unfollow(payload["job_id"])
        self._say(self._form.tell("unsubscribed", {"job_id": payload["job_id"]}, asked.ref))

    def _cancel(self, asked: Asked, payload: dict[str, Any]) -> None:
        with self._lock:
            # By its end, which is told to whoever follows it, it is followed no more.
            followed = payload["job_id"] in self._jobs
        try:
            job = stop_job(payload["job_id"])
        except WrongState as error:
            self._say(
                self._form.tell(
                    "error", {"detail": str(error), "job_status": error.status}, asked.ref
                )
            )
            return
        if not followed:
            self._say(
                self._form.status(
                    "canceled", f"🚫 Job {job.id} was {job.status}", job_id=job.id, ref=asked.ref
                )
            )

    def _join(self, asked: Asked, payload: dict[str, Any]) -> None:
        self._enter(payload["group"])
        self._say(self._form.tell("joined", {"group": payload["group"]}, asked.ref))

    def _enter(self, group: str) -> None:
        with self._lock:
            known, full = group in self._groups, len(self._groups) >= MOST_GROUPS
        if full and not known:
            raise BadMessage(f"a socket may be in {MOST_GROUPS} groups at most")
        if not known:
            self._here.feed.join(self._caller.name, group, self._told_group)
            with self._lock:
                self._groups.add(group)

    def _leave(self, asked: Asked, payload: dict[str, Any]) -> None:
        group = payload["group"]
        with self._lock:
            known = group in self._groups
            self._groups.discard(group)
        if known:
            self._here.feed.part(self._caller.name, group, self._told_group)
        self._say(self._form.tell("left", {"group": group}, asked.ref))

    # -- following

    def _begin(self, job_id: str, after: str) -> tuple[Followed, JobSubscription]:
        """Follow a job; what becomes of it waits until `_go_on` is called.

        Raises:
            BadMessage: this socket follows enough jobs.
            JobUnknown: there is no such job.
            QueueUnavailable: the broker cannot be reached.
        """
        with self._lock:
            if len(self._jobs) >= MOST_JOBS:
                raise BadMessage(f"a socket may follow {MOST_JOBS} jobs at once")
            follower = JobSubscription(job_id, after, lambda event: self._told(job_id, event))
            self._jobs[job_id] = follower
        try:
            followed = follower.start(self._here.feed)
        except QueueUnavailable:
            self._unfollow(job_id)
            raise
        if followed is None:
            self._unfollow(job_id)
            raise JobUnknown("there is no job with this id, or its record has expired")
        return followed, follower

    def _go_on(self, followed: Followed, follower: JobSubscription) -> None:
        """Tell the client of what it does not know of a job yet, and from now on of each event as it comes."""
        job_id = follower.job_id
        if followed.job.done and not followed.events:
            # The client knows how it ended.
            self._unfollow(job_id)
            return
        for event in followed.events:
            self._told(job_id, event)
        follower.open(followed.last_id)

    def _unfollow(self, job_id: str) -> None:
        with self._lock:
            follower = self._jobs.pop(job_id, None)
        if follower is not None:
            follower.leave(self._here.feed)

    def _told(self, job_id: str, event: JobEvent) -> None:
        """Tell the client of an event; called in the feed's thread."""
        if event.name == "progress":
            self._say(self._form.progress(job_id, event.id, event.data))
        elif event.name == "log":
            self._say(self._form.tell("job_log", {"job_id": job_id, **event.data}))
        elif event.last:
            self._unfollow(job_id)
            self._say(self._ending(job_id, event))
        else:
            return
        self._complete(event=True)

    def _ending(self, job_id: str, event: JobEvent) -> str:
        job = event.job
        if job is None:
            return self._form.status(
                "canceled", f"🚫 Job {job_id} was deleted", job_id=job_id, seq=event.id
            )
        with acting_for(job.owner):
            body = job_body(job)
        # The text is all that there is to say of a text job to the one who asked for it.
        known = job_id in self._asked and answer_of(job) is not None
        extra = {"job_id": job_id, "seq": event.id} | ({} if known else {"job": body})
        if job.status == "finished":
            answer = answer_of(job) or f"✅ Job {job_id} finished"
            return self._form.status("result", answer, **timestamp_of(job), **extra)
        if job.status == "failed":
            return self._form.status(
                "error", f"❌ Job {job_id} failed: {job.public_error}", **extra
            )
        return self._form.status("canceled", f"🚫 Job {job_id} was {job.status}", **extra)

    def _told_group(self, message: Message) -> None:
        """Pass a message to a group on; called in the feed's thread."""
        if message.group == own_group(self.id):
            self._say(self._form.tell("message", {"message": message.body}))
        elif self._conversation is not None:
            self._conversation.say_frame(group_frame(type(self._form), message))
        self._complete(event=True)

    # -- saying

    def _refuse(self, asked: Asked, detail: str) -> None:
        self._say(self._form.tell("error", {"detail": detail}, asked.ref))

    def _say(self, frame: str) -> None:
        if self._conversation is not None:
            self._conversation.say(frame)

    def _complete(self, *, event: bool) -> None:
        if self._settings.sockets.send_completion and (frame := self._form.complete(event=event)):
            self._say(frame)


def operation_for(kind: str) -> tuple[str, Operation]:
    """Return the operation that a job type names; an unknown type is the default one."""
    name = kind if kind in OPERATIONS else DEFAULT
    return name, OPERATIONS[name]


def parsed_content(operation: Operation, content: object) -> dict[str, Any]:
    """Return what a job is asked for with, parsed by the schema of its type.

    Raises:
        BadMessage: it is neither a text nor an object, or asks for a webhook: whoever asks here is told anyway.
        ValidationError: the schema refuses it.
    """
    if isinstance(content, str):
        content = {"content": content}
    if not isinstance(content, dict):
        raise BadMessage("the content must be a text, or an object for the job types that take one")
    parsed: dict[str, Any] = operation.schema().load(content)
    if parsed.get("webhook") is not None:
        raise BadMessage("webhook: ask for one over HTTP; here you are told of the job yourself")
    return parsed


def own_group(client_id: str) -> str:
    """Return the name of the group in which one client is alone."""
    return f"client:{client_id}"


@lru_cache(maxsize=8)
def group_frame(form: type[Form], message: Message) -> bytes:
    """Return the frame that passes a message to a group on; made once, however many sockets have joined."""
    return text_frame(
        form().tell("group_message", {"group": message.group, "message": message.body})
    )


def excerpt(text: str) -> str:
    """Return a text as it is repeated in a message: its beginning, if it is long."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def answer_of(job: JobRecord) -> str | None:
    """Return the answer of a text job, None for other jobs."""
    result = job.result
    if (
        isinstance(result, dict)
        and result.get("status") == "completed"
        and isinstance(result.get("result"), str)
    ):
        return str(result["result"])
    return None


def timestamp_of(job: JobRecord) -> dict[str, str]:
    """Return the time of a text job's answer, if it has one."""
    stamp = job.result.get("timestamp") if isinstance(job.result, dict) else None
    return {"timestamp": stamp} if isinstance(stamp, str) else {}
