"""The AsyncAPI 3.0 document, from the actions, the operations and `asyncapi.toml`.

Titles of channels and schemas are names in generated clients.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.http import VERSION, api_document, base_address
from components.operations import OPERATIONS
from components.sockets.actions import DEFAULT_TYPE, MAX_TYPE_CHARS
from components.sockets.codecs import COMPLETIONS
from components.sockets.declarations import ACTIONS, Action, Frame, Node
from components.sockets.json_schemas import PREFIX, Schemas, constant, pascal, record
from libraries.job_manager import JobRecord
from libraries.job_manager.views import job_body
from libraries.settings import Settings

Frames = Mapping[str, Frame]
EXAMPLE_JOB = JobRecord(
    id="artboard_7be02d",
    status="finished",
    created_at=datetime(2026, 11, 21, 21, 43, 51, tzinfo=UTC),
    task="workers.svg_tasks.generate_complex_svg",
)


def asyncapi_document(settings: Settings) -> Node:
    """Return the document of the running application."""
    skeleton = Path(__file__).with_name("asyncapi.toml").read_text(encoding="utf-8")
    document = tomllib.loads(skeleton) | {"operations": {}}
    extras = document.pop("extras")
    statuses, frames, events = (
        {name: Frame(**({"name": name, "tag": "jobs"} | row)) for name, row in rows.items()}
        for rows in (document.pop(table) for table in ("statuses", "frames", "events"))
    )
    for name, frame in statuses.items():
        fields = {"status": constant(name), "message": extras["message"], **frame.fields}
        statuses[name] = replace(frame, fields=fields)
    frames |= {action.reply.name: action.reply for action in ACTIONS.values() if action.reply}
    openapi = api_document()
    schemas = Schemas(openapi["components"]["schemas"])
    jobs = job_frames(schemas, openapi["paths"])
    document["info"]["version"] = VERSION
    describe_servers(document, keyed=bool(settings.api_keys))
    for name in document["channels"]:
        channel = Channel(document, name, schemas, openapi["paths"], extras)
        if name == "job_events":
            channel.describe_stream(events)
        else:
            channel.describe_socket(statuses, frames, jobs)
    document["components"]["schemas"] = schemas.all()
    return document


def describe_servers(document: Node, *, keyed: bool) -> None:
    """Complete the servers from the settings: the `Host` of a request is the client's claim."""
    schemes = document["components"]["securitySchemes"]
    for name, server in document["servers"].items():
        server["host"] = base_address().removeprefix("http://")
        if keyed:
            ways = [way for way in schemes if name == "websocket" or way != "subprotocol"]
            server["security"] = [{"$ref": f"#/components/securitySchemes/{way}"} for way in ways]
    if not keyed:
        del document["components"]["securitySchemes"]


def job_frames(schemas: Schemas, paths: Node) -> dict[str, Frame]:
    """Return the messages that submit jobs: one for all types that take a text, one per other."""
    texts = [name for name, one in OPERATIONS.items() if set(one.schema().fields) == {"content"}]
    others = [name for name in OPERATIONS if name not in texts]
    known = ", ".join(f"`{name}`" for name in texts)
    kind: Node = {
        "type": "string",
        "description": f"{known}; any other text runs `{DEFAULT_TYPE}`.",
        "default": DEFAULT_TYPE,
        "maxLength": MAX_TYPE_CHARS,
        "examples": texts,
        **({"not": {"enum": others}} if others else {}),
    }
    job = Frame(name="job", summary=ACTIONS["job"].summary, extras=["ref"])
    content = schemas.of(OPERATIONS[DEFAULT_TYPE].schema())["properties"]["content"]
    fields = {"type": kind, "content": content}
    examples = [{"type": name, "content": "hello", "ref": 7} for name in texts]
    frames = {"text": replace(job, fields=fields, optional=["type"], examples=examples)}
    for name in others:
        schema = OPERATIONS[name].schema
        content = schemas.of(schema())
        for http_only in ("complexity", "webhook"):
            content["properties"].pop(http_only, None)
        fields = {"type": constant(name), "content": schemas.add(f"{pascal(name)}Content", content)}
        bodies = example_bodies(paths, PREFIX + schema.__name__.removesuffix("Schema"))
        examples = [{"content": body, "ref": 7} for body in bodies]
        frames[name] = replace(job, fields=fields, examples=examples)
    return frames


def example_bodies(paths: Node, reference: str) -> Iterator[Node]:
    """Yield the examples of the routes whose body has the referenced schema."""
    for route in paths.values():
        for body in route.get("post", {}).get("requestBody", {}).get("content", {}).values():
            if body["schema"].get("$ref") == reference and "example" in body:
                yield body["example"]


def chosen(nodes: Mapping[str, Node], values: Mapping[str, Any]) -> Node:
    """Return the values of an example for these members; constants need no value."""
    known = {name: node["const"] for name, node in nodes.items() if "const" in node} | values
    return {name: known[name] for name in nodes if name in known}


class Channel:
    """A channel of the document: its messages, and the operations on them."""

    def __init__(
        self, document: Node, name: str, schemas: Schemas, paths: Node, extras: Node
    ) -> None:
        """Complete the channel of this name; `paths` are those of the OpenAPI document."""
        self.name, self.schemas, self.extras = name, schemas, extras
        self.flat = name == "background_job"
        self.operations: Node = document["operations"]
        self.node: Node = document["channels"][name]
        self.messages: Node = self.node.setdefault("messages", {})
        route = paths[self.node["address"]]["get"]
        self.node |= {"title": name, "summary": self.node.get("summary", route["summary"])}
        query = [one for one in route["parameters"] if one.get("in") == "query"]
        nodes = {o["name"]: {**o["schema"], "description": o["description"]} for o in query}
        self.binding = {"method": "GET", "query": record(nodes, optional=nodes)}

    def describe_socket(self, statuses: Frames, frames: Frames, jobs: Frames) -> None:
        """Add everything that clients and the server send on a WebSocket."""
        self.node["bindings"] = {"ws": {**self.binding, "bindingVersion": "0.1.0"}}
        job_keys = list(self.messages)
        for name, frame in jobs.items():
            job_keys.append(self._add(f"{pascal(name)}JobRequest", frame, f"{pascal(name)}Job"))
        state_keys = self._add_statuses(statuses)
        frame_keys = {
            name: self._add(f"{pascal(name)}Frame", frame, f"{pascal(name)}Payload")
            for name, frame in frames.items()
            if not (self.flat and name in COMPLETIONS)
        }
        for name, action in ACTIONS.items():
            keys = job_keys if name == "job" else [self._add_request(action)]
            answers = [state_keys[status] for status in action.statuses]
            answers += [frame_keys[action.reply.name]] if action.reply else []
            answers += [frame_keys["error"]] if action.can_fail else []
            self._operate(f"receive_{name}", action, keys, answers)
        for name, key in state_keys.items():
            self._operate(f"send_status_{name}", statuses[name], [key])
        for name, key in frame_keys.items():
            self._operate(f"send_{name}", frames[name], [key])

    def describe_stream(self, events: Frames) -> None:
        """Add the events of a job, as an event stream sends them."""
        gone = {name: self.extras[name] for name in ("id", "status", "done")}
        deleted = self.schemas.add("DeletedJob", record(gone, optional=["done"]))
        for name, frame in events.items():
            payload: Node = {"anyOf": [self.extras["job"], deleted]}
            examples = frame.examples
            if frame.fields:
                payload = self.schemas.add(f"Job{pascal(name)}", self._record(frame))
            else:
                state = "started" if name == "status" else name
                examples = [job_body(replace(EXAMPLE_JOB, status=state))]
            key = f"{pascal(name)}Event"
            headers = {"event": constant(name), "id": self.extras["event_id"]}
            message = self._message(key, frame, payload, examples)
            message["headers"] = record(headers, optional=["id"])
            self._operate(f"send_{name}", frame, [key])
        follow = Frame(name="follow", tag="following", summary="Follow a job.")
        operation = self._operate("receive_follow", follow, [], self.messages)
        operation["bindings"] = {"http": {**self.binding, "bindingVersion": "0.3.0"}}

    def _add_request(self, action: Action) -> str:
        node = self.schemas.of(action.schema())
        frame = Frame(
            name=action.name,
            summary=action.summary,
            fields=node["properties"],
            optional=set(node["properties"]) - set(node.get("required", ())),
            has_payload=bool(node["properties"]),
            extras=["ref"],
            examples=[{**action.example, "ref": 7}],
        )
        return self._add(f"{pascal(action.name)}Request", frame, f"{pascal(action.name)}Payload")

    def _add_statuses(self, statuses: Frames) -> dict[str, str]:
        """Add one message for all statuses, or one for each in the flat form."""
        keys = {name: f"{pascal(name)}Status" for name in statuses}
        if self.flat:
            fields = {"message": statuses["result"].fields["message"]}
            result = replace(statuses["result"], fields=fields, extras=["job", "timestamp"])
            flat = {**statuses, "result": replace(result, name="job_result")}
            keys["result"] = "JobResult"
            return {name: self._add(keys[name], frame) for name, frame in flat.items()}
        choices = [
            self.schemas.add(keys[name], self._record(frame, frame.summary))
            for name, frame in statuses.items()
        ]
        extras = dict.fromkeys(name for frame in statuses.values() for name in frame.extras)
        summary = "A state of the connection or of a job."
        union = Frame(name="job_status", summary=summary, extras=list(extras))
        payload = {"payload": {"oneOf": choices, "discriminator": "status"}}
        key = self._object("JobStatusFrame", union, payload, statuses.values())
        return dict.fromkeys(statuses, key)

    def _add(self, key: str, frame: Frame, payload_name: str = "") -> str:
        """Add the message of a frame and return its key."""
        if self.flat:
            return self._object(f"Flat{key}", frame, self._fields(frame), [frame])
        payload: Node = {"type": "null"}
        if frame.fields:
            payload = self.schemas.add(payload_name, self._record(frame))
        members = {"payload": payload} if frame.has_payload else {}
        return self._object(key, frame, members, [frame])

    def _object(self, key: str, frame: Frame, members: Node, sources: Iterable[Frame]) -> str:
        """Add a message that is an object; the examples of `sources` are its examples."""
        extras = {name: self.extras[name] for name in (*frame.required_extras, *frame.extras)}
        optional = set(frame.extras)
        if self.flat:
            optional |= set(frame.optional)
            extras.pop("seq", None)
        # A flat status has its name as `status`, every other message has it first.
        if "const" not in members.get("status", {}):
            extras["type" if self.flat else "action"] = constant(frame.name)
        members = extras | members
        examples = [self._example(one, given, members) for one in sources for given in one.examples]
        payload = self.schemas.add(key, record(members, optional, frame.summary))
        self._message(key, frame, payload, examples)
        if "ref" in members:
            self.messages[key]["correlationId"] = {"$ref": "#/components/correlationIds/ref"}
        return key

    def _example(self, frame: Frame, given: Mapping[str, Any], members: Node) -> Node:
        values = {**given, **({"job": job_body(EXAMPLE_JOB)} if "job" in frame.fields else {})}
        if not self.flat:
            payload = chosen(frame.fields, values)
            values = {n: value for n, value in values.items() if n not in payload}
            values["payload"] = payload or None
        return chosen(members, values)

    def _fields(self, frame: Frame) -> Node:
        return {name: node or self.extras[name] for name, node in frame.fields.items()}

    def _record(self, frame: Frame, summary: str = "") -> Node:
        return record(self._fields(frame), frame.optional, summary)

    def _message(self, key: str, frame: Frame, payload: Node, examples: Iterable[Any]) -> Node:
        self.messages[key] = {
            "name": frame.name,
            "title": key,
            "summary": frame.summary,
            "contentType": "application/json",
            "payload": payload,
            "examples": [{"payload": example} for example in examples],
        }
        return self.messages[key]

    def _operate(
        self,
        name: str,
        row: Action | Frame,
        keys: Iterable[str],
        answers: Iterable[str] | None = None,
    ) -> Node:
        """Add an operation: a message that is received has answers, any other is sent."""
        here = {"$ref": f"#/channels/{self.name}"}
        node: Node = {
            "action": "send" if answers is None else "receive",
            "channel": here,
            "summary": row.summary,
            **({"description": row.description} if row.description else {}),
            "tags": [{"name": row.tag}],
            "messages": self._references(keys),
        }
        if answers is not None:
            node["reply"] = {"channel": here, "messages": self._references(answers)}
        self.operations[f"{self.name}_{name}"] = node
        return node

    def _references(self, keys: Iterable[str]) -> list[Node]:
        place = f"#/channels/{self.name}/messages"
        return [{"$ref": f"{place}/{key}"} for key in dict.fromkeys(keys)]
