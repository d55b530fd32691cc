"""The AsyncAPI document (https://www.asyncapi.com/docs/reference/specification/v3.0.0): what is said on WebSockets and event streams.

Titles of channels and schemas are made so that they can be names in code, because clients are generated from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from components.access import SCHEMES
from components.http import VERSION, api_document, base_address
from components.operations import OPERATIONS
from components.sockets.json_schemas import Node, Schemas, constant, pascal, record
from components.sockets.messages import (
    ACTIONS,
    COMPLETIONS,
    CONNECTION,
    DRAWING,
    DRAWN,
    EVENT,
    FOLLOWING,
    JOBS,
    PROGRESS,
    REPLIES,
    STATUSES,
    STEPS,
    TAGS,
    Kind,
    kinds,
    text,
)
from components.sockets.sessions import DEFAULT, LONGEST_TYPE, PAYLOADS
from components.sockets.shapes import EnvelopeShapes, FlatShapes, Message, Shapes
from libraries.job_manager.views import job_body
from libraries.settings import Settings

DESCRIPTION = (
    "Ask for jobs and follow them while they run: over a WebSocket, in one of two forms, or as an event stream over HTTP. "
    "`/openapi.json` describes all the rest. Later versions may send more fields and more kinds of frames; pass over what you do "
    "not know."
)
SOCKET = (
    " `ref`, a number or a text of your own, comes back in the replies. Jobs go on when the connection ends. Close codes: 1000 "
    "normal, 1001 the server stops, 1008 no valid key, 1009 a message of more than 64 KB, 1013 too many connections."
)
# Over a WebSocket every drawing is a job; there is no simple one at once.
NOT_HERE = frozenset({"complexity"})
STREAM = "job_events"
STREAM_PATH = "/jobs/{job_id}/events"
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
    paths = described["paths"]
    envelope = Socket("background_jobs", "/ws/background_jobs", EnvelopeShapes(schemas))
    flat = Socket("background_job", "/ws/backgroundjob", FlatShapes(schemas))
    operations = envelope.operations() | flat.operations() | stream_operations(paths)
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
        "servers": servers(keyed=bool(settings.api_keys)),
        "channels": {
            envelope.name: envelope.channel(paths, "Each message is an object with an action and a payload." + SOCKET),
            flat.name: flat.channel(paths, "Each message is a flat object, or a plain text that becomes a `default` job." + SOCKET),
            STREAM: stream_channel(schemas),
        },
        "operations": operations,
        "components": {
            "schemas": schemas.all(),
            "correlationIds": {"ref": {"description": "The client's own word.", "location": "$message.payload#/ref"}},
            **({"securitySchemes": security_schemes()} if settings.api_keys else {}),
        },
    }


def security_schemes() -> Node:
    """Return the ways in which a client can show its key, in the words of AsyncAPI."""
    header = {**SCHEMES["header"], "type": "httpApiKey"}
    return {"bearer": SCHEMES["bearer"], "header": header, **TOKENS}


def servers(*, keyed: bool) -> Node:
    """Return where the service is reached. It is told by the settings; what a request says about the host is its own claim."""
    host = base_address().removeprefix("http://")
    away = "From elsewhere, or behind a proxy, put its own address here"
    found: Node = {
        "websocket": {"host": host, "protocol": "ws", "description": f"The WebSockets. {away}, and `wss` under TLS."},
        "http": {"host": host, "protocol": "http", "description": f"The event streams. {away}, and `https` under TLS."},
    }
    if keyed:
        for name, server in found.items():
            ways = [way for way in security_schemes() if name == "websocket" or way != "subprotocol"]
            server["security"] = [{"$ref": f"#/components/securitySchemes/{way}"} for way in ways]
    return found


class Socket:
    """A WebSocket as the document has it: one channel, an operation for all that a client can ask and for each frame."""

    def __init__(self, name: str, address: str, shapes: Shapes) -> None:
        """Describe the WebSocket at `address`; its schemas are kept where `shapes` keeps them."""
        self.name = name
        self.address = address
        payloads = {name: shapes.schemas.of(schema(unknown="exclude")) for name, schema in PAYLOADS.items()}
        self.jobs = [*shapes.texts(), *(job_message(kind, shapes) for kind in kinds())]
        self.asked = {row.name: shapes.request(row.name, row.summary, payloads[row.name], row.example) for row in ACTIONS}
        self.statuses = shapes.statuses()
        rows = (PROGRESS, *REPLIES, *COMPLETIONS)
        self.told = {row.name: message for row in rows if (message := shapes.told(row)) is not None}

    def channel(self, paths: Mapping[str, Any], description: str) -> Node:
        """Return the channel; `paths` are those of the OpenAPI document."""
        messages = [*self.jobs, *self.asked.values(), *self.statuses.values(), *self.told.values()]
        return {
            "address": self.address,
            "title": self.name,
            "summary": paths[self.address]["get"]["summary"],
            "description": description,
            "messages": {message.key: described(message) for message in messages},
            "bindings": {"ws": {"method": "GET", "query": query_of(paths[self.address]["get"]), "bindingVersion": "0.1.0"}},
        }

    def operations(self) -> Node:
        """Return the operations: what the service receives, with the keys of its replies, and what it sends."""
        answers = [self.statuses[name] for name in ("queuing", "queued", "error")]
        asked = self._operation("receive", "Ask for a job.", "", JOBS, self.jobs)
        found = {"receive_job": {**asked, "reply": self._reply([*answers, self.told["error"]])}}
        for action in ACTIONS:
            asked = self._operation("receive", action.summary, action.description, action.tag, [self.asked[action.name]])
            replies = [self.statuses.get(name) or self.told[name] for name in action.answers]
            found[f"receive_{action.name}"] = {**asked, "reply": self._reply(replies)}
        for status in STATUSES:
            message = self.statuses[status.name]
            found[f"send_status_{status.name}"] = self._sent(status, message)
        for row in FRAMES:
            if row.name in self.told:
                found[f"send_{row.name}"] = self._sent(row, self.told[row.name])
        return {f"{self.name}_{name}": node for name, node in found.items()}

    def _sent(self, row: Told, message: Message) -> Node:
        return self._operation("send", row.summary, row.description, row.tag, [message])

    def _operation(self, action: str, summary: str, description: str, tag: str, messages: Iterable[Message]) -> Node:
        return operation(self.name, action, summary, description, tag) | {"messages": self._references(messages)}

    def _reply(self, messages: Iterable[Message]) -> Node:
        return {"channel": {"$ref": f"#/channels/{self.name}"}, "messages": self._references(messages)}

    def _references(self, messages: Iterable[Message]) -> list[Node]:
        return message_references(self.name, (message.key for message in messages))


def job_message(kind: Kind, shapes: Shapes) -> Message:
    """Return the message by which a client asks for a job of one kind."""
    if kind.takes_text:
        content = shapes.schemas.of(OPERATIONS[DEFAULT].schema())["properties"]["content"]
        others = sorted(name for name in OPERATIONS if name not in kind.types)
        job_type: Node = text(
            f"{', '.join(f'`{name}`' for name in kind.types)}; any other text runs `{DEFAULT}`.",
            default=DEFAULT,
            maxLength=LONGEST_TYPE,
            examples=list(kind.types),
            **({"not": {"enum": others}} if others else {}),
        )
        examples = [{"type": name, "content": "hello"} for name in kind.types]
        payload = record({"type": job_type, "content": content}, ("type",))
        return shapes.job(kind.name, "Ask for a job that takes a text.", payload, examples)
    payload = record({"type": constant(kind.name), "content": content_of(kind.name, shapes.schemas)})
    examples = [{"type": kind.name, "content": kind.content}] if kind.content else []
    return shapes.job(kind.name, f"Ask for a job of the type `{kind.name}`.", payload, examples)


def content_of(name: str, schemas: Schemas) -> Node:
    """Return a reference to the schema of what a type of job takes."""
    key = f"{pascal(name)}Content"
    if key not in schemas:
        node = schemas.of(OPERATIONS[name].schema())
        schemas.add(key, {**node, "properties": {word: one for word, one in node["properties"].items() if word not in NOT_HERE}})
    return schemas.reference(key)


def stream_channel(schemas: Schemas) -> Node:
    """Return the channel of event streams."""
    gone = record({"id": JOB_ID, "status": text("`not_found`."), "done": {"type": "boolean"}}, ("done",), "What is left of a job that was deleted.")
    whole = {"anyOf": [JOB_REF, schemas.add("DeletedJob", gone)]}
    messages = [
        *(Message(f"{pascal(name)}Event", name, summary, whole, [job_body(DRAWN)]) for name, summary in WHOLE.items())
    ]
    return {
        "address": STREAM_PATH,
        "title": STREAM,
        "summary": "Follow a job as an event stream.",
        "description": STREAMED,
        "parameters": {"job_id": {"description": "The id of the job."}},
        "messages": {message.key: described(message) for message in messages},
    }


def stream_operations(paths: Mapping[str, Any]) -> Node:
    """Return the operations of event streams; `paths` are those of the OpenAPI document."""
    return {}
