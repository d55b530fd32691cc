"""The AsyncAPI document: what is said on WebSockets and event streams.

It follows https://www.asyncapi.com/docs/reference/specification/v3.0.0. Titles of channels and schemas can be names in code:
clients are generated from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from components.http.access import SCHEMES
from components.http.api import api_document
from components.http.pages import VERSION, base_address
from components.http.submissions import OPERATIONS
from components.sockets.json_schemas import Node, Schemas, constant, pascal, record
from components.sockets.messages import (
    ACTIONS,
    DRAWING,
    DRAWN,
    EVENT,
    FOLLOWING,
    FRAMES,
    JOB,
    JOB_ID,
    JOB_REF,
    STATUSES,
    STEPS,
    TAGS,
    Row,
    kinds,
    text,
)
from components.sockets.sessions import DEFAULT, LONGEST_TYPE, PAYLOADS
from components.sockets.shapes import EnvelopeShapes, FlatShapes, Message, Shapes
from libraries.job_manager.representation import job_body
from libraries.settings import Settings

DESCRIPTION = (
    "Ask for jobs and follow them while they run: over a WebSocket, in one of two forms, or as an event stream over HTTP. "
    "`/openapi.json` describes all the rest. Later versions may send more fields and more kinds of frames; pass over what you do "
    "not know."
)
ENVELOPES = "Each message is an object with an action and a payload."
FLAT = "Each message is a flat object; a plain text is the content of a `default` job."
SOCKET = (
    " `ref`, a number or a text of your own, comes back in the replies. Jobs go on when the connection ends. Close codes: 1001 "
    "the server stops, 1008 no valid key, 1009 a message of more than 64 KB, 1013 more than 64 unanswered messages."
)
# Over a WebSocket every drawing is a job, none comes at once; and who asks is told of it, so nobody else is called.
NOT_HERE = frozenset({"complexity", "webhook"})
STREAM, STREAM_PATH = "job_events", "/jobs/{job_id}/events"
STREAMED = (
    "The payload of a message is the `data` of an event, as JSON; `id` and `event` are its other fields. First comes `status` "
    "with the whole job, then what was kept of its events, then each as it happens, and at last one of `finished`, `failed` and "
    "`canceled`. Close the stream on that. `Last-Event-ID` gives what came behind that event; a client that knows the end is "
    "answered with 204."
)
ENDED = replace(DRAWN, result=None, artifacts=[], progress=None)
WHOLE_EVENTS = {
    "status": (
        "The job as it stands.",
        replace(ENDED, status="started", ended_at=None, expires_at=None),
    ),
    "finished": ("The job has finished; nothing comes after this.", DRAWN),
    "failed": (
        "The job has failed; nothing comes after this.",
        replace(
            ENDED,
            status="failed",
            public_error="the job ran longer than its timeout allows",
            error_code="timeout",
        ),
    ),
    "canceled": (
        "The job was canceled, stopped or deleted; nothing comes after this.",
        replace(ENDED, status="canceled", started_at=None, attempt=0),
    ),
}
TOKENS: Node = {
    "token": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "`?token=`, from `POST /jobs/<job_id>/token`; good for following that job.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "For pages, which cannot set other headers: offer `vector-api`, and `bearer.` with the key in base64url.",
    },
}


def asyncapi_document(settings: Settings) -> Node:
    """Return the document of the running application."""
    described = api_document()
    schemas = Schemas(described["components"]["schemas"])
    jobs = list(job_requests(schemas))
    envelope = Socket("background_jobs", "/ws/background_jobs", EnvelopeShapes(schemas), jobs)
    flat = Socket("background_job", "/ws/backgroundjob", FlatShapes(schemas), jobs)
    paths = described["paths"]
    stream = stream_messages(schemas)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Vector API",
            "version": VERSION,
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
            "tags": [{"name": name, "description": said} for name, said in TAGS.items()],
        },
        "defaultContentType": "application/json",
        "servers": servers(keyed=bool(settings.access.api_keys)),
        "channels": {
            envelope.name: envelope.channel(paths[envelope.address]["get"], ENVELOPES + SOCKET),
            flat.name: flat.channel(paths[flat.address]["get"], FLAT + SOCKET),
            STREAM: stream_channel(stream),
        },
        "operations": envelope.operations()
        | flat.operations()
        | stream_operations(stream, paths[STREAM_PATH]["get"]),
        "components": {
            "schemas": schemas.all(),
            "correlationIds": {
                "ref": {
                    "description": "The client's own word.",
                    "location": "$message.payload#/ref",
                }
            },
            **({"securitySchemes": security_schemes()} if settings.access.api_keys else {}),
        },
    }


def security_schemes() -> Node:
    """Return the ways in which a client can show its key, in the words of AsyncAPI."""
    return {
        "bearer": SCHEMES["bearer"],
        "header": {**SCHEMES["header"], "type": "httpApiKey"},
        **TOKENS,
    }


def servers(*, keyed: bool) -> Node:
    """Return where the service is reached, as the settings tell: what a request says about the host is its own claim."""
    host = base_address().removeprefix("http://")
    elsewhere = "From another machine, or behind a proxy, use the address there"
    found: Node = {
        "websocket": {
            "host": host,
            "protocol": "ws",
            "description": f"The WebSockets. {elsewhere}, and `wss` under TLS.",
        },
        "http": {
            "host": host,
            "protocol": "http",
            "description": f"The event streams. {elsewhere}, and `https` under TLS.",
        },
    }
    if keyed:
        for name, server in found.items():
            ways = [
                way for way in security_schemes() if name == "websocket" or way != "subprotocol"
            ]
            server["security"] = [{"$ref": f"#/components/securitySchemes/{way}"} for way in ways]
    return found


def job_requests(schemas: Schemas) -> Iterable[tuple[str, Node, list[Node]]]:
    """Yield the name of each kind of job, the schema of what asks for it (`type` and `content`), and examples."""
    texts, others = kinds()
    content = schemas.of(OPERATIONS[DEFAULT].schema())["properties"]["content"]
    job_type = text(
        f"{', '.join(f'`{name}`' for name in texts)}; any other text runs `{DEFAULT}`.",
        default=DEFAULT,
        maxLength=LONGEST_TYPE,
        examples=texts,
        **({"not": {"enum": list(others)}} if others else {}),
    )
    yield (
        "text",
        record({"type": job_type, "content": content}, {"type"}),
        [{"type": one, "content": "hello"} for one in texts],
    )
    for name, example in others.items():
        node = schemas.of(OPERATIONS[name].schema())
        fields = {word: one for word, one in node["properties"].items() if word not in NOT_HERE}
        content = schemas.add(f"{pascal(name)}Content", {**node, "properties": fields})
        yield (
            name,
            record({"type": constant(name), "content": content}),
            [{"type": name, "content": example}] if example else [],
        )


class Socket:
    """A WebSocket as the document has it: one channel, and an operation for all that can be asked for and each frame."""

    def __init__(
        self, name: str, address: str, shapes: Shapes, jobs: Iterable[tuple[str, Node, list[Node]]]
    ) -> None:
        """Describe the WebSocket at `address`; its schemas are kept where `shapes` keeps them."""
        self.name = name
        self.address = address
        self.jobs = [*shapes.texts(), *(shapes.job(*job) for job in jobs)]
        self.actions = {
            row.name: shapes.request(row, shapes.schemas.of(PAYLOADS[row.name](unknown="exclude")))
            for row in ACTIONS
        }
        self.statuses = shapes.statuses()
        self.frames = {
            row.name: message for row in FRAMES if (message := shapes.told(row)) is not None
        }

    def channel(self, route: Node, description: str) -> Node:
        """Return the channel; `route` is what the OpenAPI document says of its address."""
        messages = [
            *self.jobs,
            *self.actions.values(),
            *self.statuses.values(),
            *self.frames.values(),
        ]
        return {
            "address": self.address,
            "title": self.name,
            "summary": route["summary"],
            "description": description,
            "messages": {message.key: described(message) for message in messages},
            "bindings": {
                "ws": {"method": "GET", "query": query_of(route), "bindingVersion": "0.1.0"}
            },
        }

    def operations(self) -> Node:
        """Return the operations by name: what the service receives, with its replies, and what it sends."""
        answers = [*(self.statuses[name] for name in JOB.answers), self.frames["error"]]
        found = {"receive_job": operation(self.name, JOB, self.jobs, answers)}
        for action in ACTIONS:
            answers = [self.frames.get(name) or self.statuses[name] for name in action.answers]
            found[f"receive_{action.name}"] = operation(
                self.name, action, [self.actions[action.name]], answers
            )
        for status in STATUSES:
            found[f"send_status_{status.name}"] = operation(
                self.name, status, [self.statuses[status.name]]
            )
        for frame in FRAMES:
            if frame.name in self.frames:
                found[f"send_{frame.name}"] = operation(self.name, frame, [self.frames[frame.name]])
        return {f"{self.name}_{name}": node for name, node in found.items()}


def operation(
    channel: str, row: Row, messages: Iterable[Message], answers: Iterable[Message] | None = None
) -> Node:
    """Return an operation on a channel: what has answers is received, all else is sent."""
    here = {"$ref": f"#/channels/{channel}"}
    return {
        "action": "send" if answers is None else "receive",
        "channel": here,
        "summary": row.summary,
        **({"description": row.description} if row.description else {}),
        "tags": [{"name": row.tag}],
        "messages": references_to(channel, messages),
        **(
            {}
            if answers is None
            else {"reply": {"channel": here, "messages": references_to(channel, answers)}}
        ),
    }


def references_to(channel: str, messages: Iterable[Message]) -> list[Node]:
    """Return references to messages of a channel, each once."""
    return [
        {"$ref": f"#/channels/{channel}/messages/{key}"}
        for key in dict.fromkeys(message.key for message in messages)
    ]


def described(message: Message) -> Node:
    """Return a message as a channel has it."""
    repeats = (
        {"correlationId": {"$ref": "#/components/correlationIds/ref"}}
        if message.repeats_ref
        else {}
    )
    return {
        "name": message.name,
        "title": message.key,
        "summary": message.summary,
        "contentType": message.content_type,
        **({"headers": message.headers} if message.headers else {}),
        "payload": message.payload,
        **repeats,
        "examples": [{"payload": example} for example in message.examples],
    }


def query_of(route: Node) -> Node:
    """Return the schema of what may be said behind the `?`, from what the OpenAPI document says of a route."""
    found = [one for one in route["parameters"] if one.get("in") == "query"]
    said = [{**one["schema"], "description": one.get("description", "")} for one in found]
    return record(
        {one["name"]: node for one, node in zip(found, said, strict=True)},
        {one["name"] for one in found},
    )


def stream_messages(schemas: Schemas) -> dict[str, Message]:
    """Return what is told on event streams, by the name of the event."""
    fields = {
        "id": JOB_ID,
        "status": text("`not_found`."),
        "done": {"type": "boolean", "description": "Whether it has ended."},
    }
    gone = schemas.add(
        "DeletedJob", record(fields, {"done"}, "What is left to say of a job that was deleted.")
    )
    progress = schemas.add("JobProgress", record({"id": JOB_ID, **STEPS}))
    line = schemas.add("JobLog", record({"id": JOB_ID, "message": text("What it says.")}))
    step = {"id": DRAWING, "step": 1, "total": 2, "percent": 50, "message": "drawing the spiral"}
    found = {
        name: event(name, said, {"anyOf": [JOB_REF, gone]}, job_body(job))
        for name, (said, job) in WHOLE_EVENTS.items()
    }
    found["progress"] = event("progress", "The job has come further.", progress, step)
    found["log"] = event(
        "log",
        "The task says something in words.",
        line,
        {"id": DRAWING, "message": "joined 40 lines"},
    )
    return found


def event(name: str, summary: str, payload: Node, example: Node) -> Message:
    """Return the message for an event; what stands beside its data are its headers."""
    seq = text(
        "Say it as `Last-Event-ID` for what comes behind it. The first `status` has none.",
        examples=[EVENT],
    )
    headers = record({"event": constant(name), "id": seq}, {"id"})
    return Message(
        key=f"{pascal(name)}Event",
        name=name,
        summary=summary,
        payload=payload,
        examples=[example],
        headers=headers,
    )


def stream_channel(messages: Mapping[str, Message]) -> Node:
    """Return the channel of event streams."""
    return {
        "address": STREAM_PATH,
        "title": STREAM,
        "summary": "Follow a job as an event stream.",
        "description": STREAMED,
        "parameters": {"job_id": {"description": "The id of the job."}},
        "messages": {message.key: described(message) for message in messages.values()},
    }


def stream_operations(messages: Mapping[str, Message], route: Node) -> Node:
    """Return the operations of event streams; `route` is what the OpenAPI document says of their address."""
    binding = {"method": "GET", "query": query_of(route), "bindingVersion": "0.3.0"}
    follow = operation(STREAM, Row("follow", FOLLOWING, "Follow a job."), [], messages.values())
    found = {"receive_follow": {**follow, "bindings": {"http": binding}}}
    for name, message in messages.items():
        found[f"send_{name}"] = operation(STREAM, Row(name, FOLLOWING, message.summary), [message])
    return {f"{STREAM}_{name}": node for name, node in found.items()}
