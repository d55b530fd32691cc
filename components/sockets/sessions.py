"""WebSocket sessions: run actions of the client, follow jobs, receive group messages."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from marshmallow import EXCLUDE, ValidationError

from components.http.access import Caller
from components.http.long_connections import JobSubscription, LiveConnections
from components.http.problems import flatten
from components.sockets.codecs import BadMessage, Codec
from components.sockets.declarations import (
    ACTIONS,
    Action,
    ClientMessage,
    ServerMessage,
    TokenAccess,
)
from libraries.errors import VectorError
from libraries.job_manager import JobEvent, JobRecord, JobUnknown, as_owner
from libraries.job_manager.events import START, JobSnapshot, Message
from libraries.job_manager.representation import job_body
from libraries.json_types import JsonObject
from libraries.live import CloseCode, Conversation, text_frame
from libraries.settings import Scope, SocketSettings

WELCOME = "🔄 Background Job Processor: Connected!"
MAX_JOBS, MAX_GROUPS = 1000, 100
log = logging.getLogger(__name__)


class Session:
    """One client on a WebSocket.

    Messages are handled one at a time; events of jobs and groups arrive in the thread of the feed.
    """

    def __init__(
        self,
        connections: LiveConnections,
        caller: Caller,
        codec: Codec,
        settings: SocketSettings,
        count: Callable[[], object] = lambda: True,
    ) -> None:
        """Prepare a session; `count` counts an action as a request, and returns None over the limit."""
        self.id = secrets.token_hex(8)
        self._connections = connections
        self._caller = caller
        self._codec = codec
        self._settings = settings
        self._count = count
        self._conversation: Conversation | None = None
        self._jobs: dict[str, JobSubscription] = {}
        self._submitted: set[str] = set()
        self._groups: set[str] = set()
        self._lock = threading.Lock()
        # Events that arrived while a message is answered, None at all other times.
        self._held: list[Callable[[], None]] | None = None
        self._last_job_at = -float("inf")

    # -- called by the conversation

    def on_open(self, conversation: Conversation) -> None:
        """Greet the client, or close the connection if it is not authenticated."""
        self._conversation = conversation
        if not self._caller.scopes:
            conversation.close(CloseCode.POLICY_VIOLATION, "a valid API key is required")
            return
        self.send_status("connected", WELCOME)

    def on_message(self, conversation: Conversation, text: str) -> None:
        """Run the action of a message; events are sent before or after all frames of the answer."""
        self._held = []
        try:
            self._answer(text)
        finally:
            self._send_completion("complete")
            self._release_events()

    def _answer(self, text: str) -> None:
        with as_owner(self._caller.name):
            try:
                self._run(self._codec.decode(text))
            except BadMessage as error:
                self.send(ServerMessage("error", {"detail": str(error)}))
            except Exception:
                # The conversation logs the error; the client still gets a response.
                self.send(ServerMessage("error", {"detail": "internal error"}))
                raise

    def _release_events(self) -> None:
        while True:
            with self._lock:
                held = self._held or []
                # Stop holding only when nothing arrived meanwhile, to keep the order.
                self._held = [] if held else None
            for send in held:
                try:
                    send()
                except Exception:
                    log.exception("An event could not be sent to a WebSocket")
            if not held:
                return

    def _in_order(self, send: Callable[[], None]) -> None:
        """Send an event now, or after the answer to the current message."""
        with self._lock:
            if self._held is not None:
                self._held.append(send)
                return
        send()

    def on_close(self) -> None:
        """Unsubscribe from all jobs and groups; the jobs continue."""
        with self._lock:
            followers, groups = list(self._jobs.values()), list(self._groups)
            self._jobs.clear()
            self._groups.clear()
        for follower in followers:
            follower.leave(self._connections.feed)
        for group in groups:
            self._connections.feed.part(self._caller.name, group, self._on_group_message)

    def _run(self, message: ClientMessage) -> None:
        action = ACTIONS[message.action]
        try:
            payload = action.schema(unknown=EXCLUDE).load(message.payload)
            self._check_token(action, payload)
            action.handle(self, replace(message, payload=payload))
        except ValidationError as error:
            details = [f"{'.'.join(one.path)}: {one.detail}" for one in flatten(error.messages)]
            self._refuse(message, "; ".join(details))
        except VectorError as error:
            self._refuse(message, str(error))

    def _check_token(self, action: Action, payload: JsonObject) -> None:
        caller = self._caller
        if caller.is_expired:
            raise BadMessage("the API key of this connection has expired; connect with another one")
        if self._count() is None:
            raise BadMessage("the limit of requests a minute is reached; try again in a minute")
        if action.token is TokenAccess.YES or caller.may(action.scope):
            return
        if caller.may(Scope.READ) or caller.may(Scope.DRAW):
            raise BadMessage(f"this needs an API key with the scope {action.scope}")
        same_job = (
            action.token is TokenAccess.SAME_JOB and f"job:{payload['job_id']}" in caller.scopes
        )
        if not same_job:
            raise BadMessage("this token only allows following its job")

    def _refuse(self, message: ClientMessage, detail: str) -> None:
        self.send(ServerMessage("error", {"detail": detail}, ref=message.ref))

    # -- called by actions

    def reply(self, message: ClientMessage, payload: JsonObject | None = None) -> None:
        """Send the declared reply of the action."""
        reply = ACTIONS[message.action].reply
        if reply is None:
            raise TypeError(f"the action {message.action} declares no reply")
        self.send(ServerMessage(reply.name, payload, ref=message.ref))

    def send_status(
        self, status: str, message: str, *, fields: JsonObject | None = None, **extras: Any
    ) -> None:
        """Send a `job_status` frame; `extras` are members of `ServerMessage`."""
        payload = {"status": status, "message": message, **(fields or {})}
        self.send(ServerMessage("job_status", payload, **extras))

    def send(self, message: ServerMessage) -> None:
        """Send a message if the codec supports it; thread-safe."""
        frame = self._codec.encode(message)
        if frame and self._conversation is not None:
            self._conversation.send(frame)

    def admit_job(self) -> bool:
        """Return whether the client may submit a job now; if so, start the cooldown."""
        now = time.monotonic()
        if now - self._last_job_at < self._settings.socket_cooldown:
            return False
        self._last_job_at = now
        return True

    def follow_submitted(self, job_id: str) -> None:
        self._submitted.add(job_id)
        self.go_on(*self.follow(job_id))

    def follow(self, job_id: str, after: str = START) -> tuple[JobSnapshot, JobSubscription]:
        """Buffer the events of a job after the event id `after`, until `go_on` is called.

        Raises BadMessage if the socket follows too many jobs, JobUnknown and QueueUnavailable.
        """
        with self._lock:
            if len(self._jobs) >= MAX_JOBS:
                raise BadMessage(f"a socket can follow at most {MAX_JOBS} jobs")
            follower = JobSubscription(job_id, after, partial(self._on_job_event, job_id))
            self._jobs[job_id] = follower
        snapshot = None
        try:
            snapshot = follower.start(self._connections.feed)
        finally:
            if snapshot is None:
                self.unfollow(job_id)
        if snapshot is None:
            raise JobUnknown("job not found or expired")
        return snapshot, follower

    def go_on(self, snapshot: JobSnapshot, follower: JobSubscription) -> None:
        """Send the events that the client does not have, then each new one."""
        job_id = follower.job_id
        if snapshot.job.done and not snapshot.events:
            # The client already has the final event.
            self.unfollow(job_id)
            return
        for event in snapshot.events:
            self._on_job_event(job_id, event)
        follower.open(snapshot.last_id)

    def unfollow(self, job_id: str) -> None:
        with self._lock:
            follower = self._jobs.pop(job_id, None)
        if follower is not None:
            follower.leave(self._connections.feed)

    def follows(self, job_id: str) -> bool:
        """Return whether the client will receive the final event of a job."""
        with self._lock:
            return job_id in self._jobs

    @property
    def groups(self) -> list[str]:
        with self._lock:
            return sorted(self._groups)

    def join(self, group: str) -> None:
        """Join a group; raise BadMessage if the socket is in too many."""
        with self._lock:
            known, full = group in self._groups, len(self._groups) >= MAX_GROUPS
        if full and not known:
            raise BadMessage(f"a socket can join at most {MAX_GROUPS} groups")
        if not known:
            self._connections.feed.join(self._caller.name, group, self._on_group_message)
            with self._lock:
                self._groups.add(group)

    def leave(self, group: str) -> None:
        with self._lock:
            known = group in self._groups
            self._groups.discard(group)
        if known:
            self._connections.feed.part(self._caller.name, group, self._on_group_message)

    # -- called in the feed's thread, or in that of the current message

    def _on_job_event(self, job_id: str, event: JobEvent) -> None:
        with self._lock:
            follower = self._jobs.get(job_id)
        self._in_order(partial(self._send_job_event, follower, job_id, event))

    def _on_group_message(self, message: Message) -> None:
        self._in_order(partial(self._send_group_message, message))

    def _send_job_event(
        self, follower: JobSubscription | None, job_id: str, event: JobEvent
    ) -> None:
        with self._lock:
            # The client may have unsubscribed while the event was held.
            if follower is None or self._jobs.get(job_id) is not follower:
                return
        if event.name == "progress":
            self.send(ServerMessage("job_progress", event.data, job_id=job_id, seq=event.id))
        elif event.name == "log":
            self.send(ServerMessage("job_log", {"job_id": job_id, **event.data}))
        elif event.last:
            self.unfollow(job_id)
            self._send_end(job_id, event)
        else:
            return
        self._send_completion("event_complete")

    def _send_end(self, job_id: str, event: JobEvent) -> None:
        job = event.job
        if job is None:
            deleted = f"🚫 Job {job_id} was deleted"
            self.send_status("canceled", deleted, job_id=job_id, seq=event.id)
            return
        answer = text_answer(job)
        with as_owner(job.owner):
            body = job_body(job)
        # Clients that submitted a text job get only its answer.
        complete = job_id in self._submitted and answer is not None
        extras: JsonObject = {"job_id": job_id, "seq": event.id}
        extras["job"] = None if complete else body
        if job.status == "finished":
            message = answer or f"✅ Job {job_id} finished"
            self.send_status("result", message, timestamp=answer_time(job), **extras)
        elif job.status == "failed":
            self.send_status("error", f"❌ Job {job_id} failed: {job.public_error}", **extras)
        else:
            self.send_status("canceled", f"🚫 Job {job_id} was {job.status}", **extras)

    def _send_group_message(self, message: Message) -> None:
        if message.group not in self.groups:
            return
        if message.group == own_group(self.id):
            self.send(ServerMessage("message", {"message": message.body}))
        elif self._conversation is not None:
            self._conversation.send_frame(group_frame(self._codec, message))
        self._send_completion("event_complete")

    def _send_completion(self, name: str) -> None:
        if self._settings.send_completion:
            self.send(ServerMessage(name))


def own_group(client_id: str) -> str:
    """Return the name of the group of one client."""
    return f"client:{client_id}"


@lru_cache(maxsize=8)
def group_frame(codec: Codec, message: Message) -> bytes:
    """Return the frame of a group message, encoded once for all members."""
    payload = {"group": message.group, "message": message.body}
    return text_frame(codec.encode(ServerMessage("group_message", payload)))


def text_answer(job: JobRecord) -> str | None:
    """Return the answer of a text job, or None for other jobs."""
    result = job.result if isinstance(job.result, dict) else {}
    answer = result.get("result") if result.get("status") == "completed" else None
    return answer if isinstance(answer, str) else None


def answer_time(job: JobRecord) -> str | None:
    """Return the time of a text job's answer, or None."""
    time_text = job.result.get("timestamp") if isinstance(job.result, dict) else None
    return time_text if isinstance(time_text, str) else None
