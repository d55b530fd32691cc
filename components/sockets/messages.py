"""What is said on the WebSockets, row by row: what a client may ask for, and what it is told. The document is made from this.

The examples are written by the very forms that write the frames, so they cannot differ from what is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from components.http.submissions import OPERATIONS
from components.sockets.frames import LONGEST_REF, Form
from components.sockets.sessions import TOO_SOON, WELCOME
from libraries.job_manager import JobRecord
from libraries.job_manager.representation import job_body
from libraries.texts import EMPTY_MESSAGE

Node = dict[str, Any]

CONNECTION, JOBS, FOLLOWING, GROUPS = "connection", "jobs", "following", "groups"
TAGS = {
    CONNECTION: "The connection itself: the greeting, signs of life, refusals.",
    JOBS: "Jobs that this client asks for, and what becomes of them.",
    FOLLOWING: "Jobs that were queued elsewhere, followed here.",
    GROUPS: "Messages that others send to this client, or to a group that it joined.",
}
JOB_REF: Node = {"$ref": "#/components/schemas/Job"}
# What the examples speak of.
TRANSLATION, DRAWING, EVENT = "translate_4f1c9a", "artboard_7be02d", "1795297432322-0"
DRAWN = JobRecord(
    id=DRAWING,
    status="finished",
    result="output/artboards/artboard_1.svg",
    created_at=datetime(2026, 11, 21, 21, 43, 51, tzinfo=UTC),
    started_at=datetime(2026, 11, 21, 21, 43, 51, 20_000, tzinfo=UTC),
    ended_at=datetime(2026, 11, 21, 21, 43, 51, 90_000, tzinfo=UTC),
    task="workers.svg_tasks.generate_complex_svg",
    progress={"step": 2, "total": 2, "percent": 100, "message": "joining lines"},
    attempt=1,
    timeout=300,
    expires_at=datetime(2026, 11, 21, 22, 43, 51, tzinfo=UTC),
    artifacts=[
        {"name": "artboard_1.svg", "media_type": "image/svg+xml", "size": 8123, "sha256": "9f" * 32}
    ],
)


def text(description: str, **more: Any) -> Node:
    """Return the schema of a text."""
    return {"type": "string", "description": description, **more}


def whole(description: str, **more: Any) -> Node:
    """Return the schema of a whole number."""
    return {"type": "integer", "description": description, **more}


JOB_ID = text("The id of the job; its address is `/jobs/` and the id.")
SAID = {"message": text("The same in words, for people.")}
STEPS = {
    "step": whole("Steps done."),
    "total": whole("Steps in all."),
    "percent": whole("Part done.", minimum=0, maximum=100),
    "message": text("What is being done; empty if the task does not say."),
}
# What can stand beside the payload of an envelope, and among the fields of a flat frame.
BESIDE: dict[str, Node] = {
    "job_id": JOB_ID,
    "seq": text(
        "The id of the event. Sent as `after` with `subscribe`, it gives what came behind it."
    ),
    "ref": {
        "type": ["string", "number"],
        "maxLength": LONGEST_REF,
        "description": "The client's own word, repeated.",
    },
    "job": JOB_REF,
    "timestamp": text("When a text job answered, where RESULT_TIMESTAMPS is set."),
}


@dataclass(frozen=True)
class Row:
    """Something that is said: its name on the wire, and what it is for."""

    name: str
    tag: str
    summary: str
    description: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Action(Row):
    """Something that a client can ask for; `answers` are the names of what it is told."""

    answers: tuple[str, ...]
    example: Node = field(default_factory=dict)


@dataclass(frozen=True)
class Told(Row):
    """A frame that clients get: its fields, what may stand beside them, and which of these fields may be missing."""

    example: Callable[[Form], str]
    fields: dict[str, Node] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    beside_always: tuple[str, ...] = ()

    def beside_in(self, unsaid: Collection[str] = ()) -> dict[str, Node]:
        """Return what can stand beside the fields, but for what a form leaves unsaid."""
        return {
            name: BESIDE[name] for name in (*self.beside_always, *self.beside) if name not in unsaid
        }

    def example_in(self, form: Form) -> Node:
        """Return the example as this form writes it; empty where it has no such frame."""
        written = self.example(form)
        return dict(json.loads(written)) if written else {}


JOB = Action("job", JOBS, "Ask for a job.", ("queuing", "queued", "error"))
ACTIONS = (
    Action("ping", CONNECTION, "See whether the connection is alive.", ("pong",)),
    Action(
        "hello",
        CONNECTION,
        "Ask who this client is.",
        ("hello", "error"),
        description="From then on a message to the group `client:` and the `client_id` reaches this client alone.",
    ),
    Action(
        "subscribe",
        FOLLOWING,
        "Follow a job.",
        ("subscribed", "error"),
        {"job_id": DRAWING, "after": "0-0"},
        description="The job as it stands comes at once, then each event behind `after`, up to the end.",
    ),
    Action(
        "unsubscribe",
        FOLLOWING,
        "Follow a job no longer; it goes on.",
        ("unsubscribed", "error"),
        {"job_id": DRAWING},
    ),
    Action(
        "cancel",
        JOBS,
        "Cancel a job that waits, or stop one that runs.",
        ("canceled", "error"),
        {"job_id": TRANSLATION},
        description="A client that follows the job is told of its end once, as for any other end.",
    ),
    Action("join", GROUPS, "Join a group.", ("joined", "error"), {"group": "studio"}),
    Action("leave", GROUPS, "Leave a group.", ("left", "error"), {"group": "studio"}),
)

STATUSES = (
    Told(
        "connected",
        CONNECTION,
        "The connection is open; the first frame.",
        lambda form: form.status("connected", WELCOME),
        SAID,
    ),
    Told(
        "queuing",
        JOBS,
        "The job was understood, and is being queued.",
        lambda form: form.status("queuing", "⏳ Queuing translate job: hello", ref=7),
        SAID,
        beside=("ref",),
    ),
    Told(
        "queued",
        JOBS,
        "The job is queued.",
        lambda form: form.status(
            "queued", f"📋 Job {TRANSLATION} queued successfully!", job_id=TRANSLATION, ref=7
        ),
        SAID | {"job_id": JOB_ID},
        beside=("ref",),
        description="A mail to many is many jobs, and each is told of.",
    ),
    Told(
        "result",
        JOBS,
        "A job has finished.",
        lambda form: form.status(
            "result", "🌍 Translated: 'hello' → 'hola'", job_id=TRANSLATION, seq=EVENT
        ),
        SAID,
        beside=("job_id", "seq", "job", "timestamp"),
        description="For a text job that this client asked for, `message` is the whole answer; for others `job` has the rest.",
    ),
    Told(
        "error",
        JOBS,
        "A job could not be queued, or has failed.",
        lambda form: form.status("error", EMPTY_MESSAGE, ref=7),
        SAID,
        beside=("job_id", "seq", "job", "ref"),
        description=f"Only one that was queued has a `job_id`. Too many jobs at once are refused with `{TOO_SOON}`.",
    ),
    Told(
        "canceled",
        JOBS,
        "A job was canceled, stopped or deleted.",
        lambda form: form.status(
            "canceled", f"🚫 Job {TRANSLATION} was canceled", job_id=TRANSLATION, seq=EVENT
        ),
        SAID,
        beside=("job_id", "seq", "job", "ref"),
    ),
)

PROGRESS = Told(
    "job_progress",
    JOBS,
    "A job has come further.",
    lambda form: form.progress(
        DRAWING, EVENT, {"step": 1, "total": 2, "percent": 50, "message": "drawing the spiral"}
    ),
    STEPS,
    beside_always=("job_id", "seq"),
    description="Only of jobs whose task reports it.",
)

REPLIES = (
    Told(
        "pong",
        CONNECTION,
        "The connection is alive.",
        lambda form: form.tell("pong", None, 7),
        beside=("ref",),
    ),
    Told(
        "hello",
        CONNECTION,
        "Who this client is.",
        lambda form: form.tell("hello", {"client_id": "5f0c2a9be1d34c77", "groups": ["studio"]}, 7),
        {
            "client_id": text("Good for this connection."),
            "groups": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The groups it has joined.",
            },
        },
        beside=("ref",),
    ),
    Told(
        "error",
        CONNECTION,
        "A message was refused.",
        lambda form: form.tell("error", {"detail": "content: Missing data for required field."}, 7),
        {
            "detail": text("Why, in words."),
            "job_status": text("The state of the job that cannot be canceled."),
        },
        frozenset({"job_status"}),
        beside=("ref",),
    ),
    Told(
        "subscribed",
        FOLLOWING,
        "The job is followed; how it stands.",
        lambda form: form.tell("subscribed", {"job_id": DRAWING, "job": job_body(DRAWN)}, 7),
        {"job_id": JOB_ID, "job": JOB_REF},
        beside=("ref",),
    ),
    Told(
        "unsubscribed",
        FOLLOWING,
        "The job is not followed any more.",
        lambda form: form.tell("unsubscribed", {"job_id": DRAWING}, 7),
        {"job_id": JOB_ID},
        beside=("ref",),
    ),
    Told(
        "job_log",
        JOBS,
        "A task says something in words.",
        lambda form: form.tell("job_log", {"job_id": DRAWING, "message": "joined 40 lines"}),
        {"job_id": JOB_ID, "message": text("What it says.")},
    ),
    Told(
        "joined",
        GROUPS,
        "The group is joined.",
        lambda form: form.tell("joined", {"group": "studio"}, 7),
        {"group": text("Its name.")},
        beside=("ref",),
    ),
    Told(
        "left",
        GROUPS,
        "The group is left.",
        lambda form: form.tell("left", {"group": "studio"}, 7),
        {"group": text("Its name.")},
        beside=("ref",),
    ),
    Told(
        "message",
        GROUPS,
        "Somebody sent this client a message.",
        lambda form: form.tell("message", {"message": {"text": "hello"}}),
        {"message": {"type": "object", "description": "What was sent."}},
    ),
    Told(
        "group_message",
        GROUPS,
        "Somebody sent a message to a group.",
        lambda form: form.tell("group_message", {"group": "studio", "message": {"text": "hello"}}),
        {
            "group": text("The group."),
            "message": {"type": "object", "description": "What was sent."},
        },
    ),
)

COMPLETIONS = (
    Told(
        "complete",
        CONNECTION,
        "All frames of a reply were sent.",
        lambda form: form.complete(event=False),
        description="Only where SEND_COMPLETION is set.",
    ),
    Told(
        "event_complete",
        CONNECTION,
        "All frames of an event were sent.",
        lambda form: form.complete(event=True),
        description="Only where SEND_COMPLETION is set.",
    ),
)

FRAMES = (PROGRESS, *REPLIES, *COMPLETIONS)

CONTENTS: dict[str, Node] = {
    "artboard": {"width": 210, "height": 297, "pattern": "spiral"},
    "postcard": {"recipient": "Ann", "message": "Hello", "template_name": "plain"},
    "email": {
        "recipient": "ann@example.com",
        "subject": "Your order is ready",
        "context": {"name": "Ann", "order": "A-17"},
    },
    "convert": {"file_path": "uploads/data.csv", "format": "json"},
    "chart": {
        "file_path": "uploads/data.csv",
        "chart": "line",
        "x": "day",
        "y": ["price"],
        "title": "Prices",
    },
}


def kinds() -> tuple[list[str], dict[str, Node]]:
    """Return the types of jobs that take a text, and the others with an example of what each takes, empty where none is known."""
    texts = [name for name in OPERATIONS if set(OPERATIONS[name].schema().fields) == {"content"}]
    return texts, {name: CONTENTS.get(name, {}) for name in OPERATIONS if name not in texts}
