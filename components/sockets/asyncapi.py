"""The AsyncAPI 3.0 document, from the actions, the operations and `asyncapi.toml`.

Client generators use the titles of channels and schemas as names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.http.api import api_document
from components.http.json_schemas import Node, Schemas, constant, pascal, record
from components.http.pages import base_address
from components.sockets.declarations import ACTIONS, Action, Frame
from libraries import VERSION
from libraries.job_manager import JobRecord
from libraries.job_manager.representation import job_body

Frames = Mapping[str, Frame]
Row = Action | Frame
EXAMPLE_JOB = JobRecord(
    id="artboard_7be02d",
    status="started",
    created_at=datetime(2026, 11, 21, 21, 43, 51, tzinfo=UTC),
    task="workers.svg_tasks.generate_complex_svg",
)


def asyncapi_document(*, keyed: bool) -> Node:
    """Return the AsyncAPI document; `keyed` if the service requires API keys."""
    document = tomllib.loads(Path(__file__).with_name("asyncapi.toml").read_text("utf-8"))
    document["info"]["version"] = VERSION
    document["operations"] = {}
    describe_servers(document, keyed=keyed)
    known = document.pop("extras")
    statuses, frames, events = (
        {n: Frame(**{"name": n, "tag": tag} | row) for n, row in document.pop(table).items()}
        for table, tag in (("statuses", "jobs"), ("frames", "jobs"), ("events", "following"))
    )
    for name, frame in statuses.items():
        fields = {"status": constant(name), "message": known["message"], **frame.fields}
        statuses[name] = replace(frame, fields=fields)
    frames |= {action.reply.name: action.reply for action in ACTIONS.values() if action.reply}
    openapi = api_document()
    schemas = Schemas(openapi["components"]["schemas"])
    requests = {
        name: action.requests(schemas)
        if action.requests
        else {f"{pascal(name)}Payload": action.request(schemas.of(action.schema()))}
        for name, action in ACTIONS.items()
    }
    for name, node in document["channels"].items():
        route = openapi["paths"][node["address"]]["get"]
        channel = Channel(document, name, schemas, known, route)
        if name == "job_events":
            channel.describe_stream(events, frames)
        else:
            channel.describe_socket(statuses, frames, requests)
    document["components"]["schemas"] = schemas.all()
    return document


def describe_servers(document: Node, *, keyed: bool) -> None:
    """Set address and security of the servers from the settings, not from `Host`."""
    schemes = document["components"]["securitySchemes"]
    for name, server in document["servers"].items():
        server["host"] = base_address().removeprefix("http://")
        if keyed:
            ways = [way for way in schemes if name == "websocket" or way != "subprotocol"]
            server["security"] = [{"$ref": f"#/components/securitySchemes/{way}"} for way in ways]
    if not keyed:
        del document["components"]["securitySchemes"]


def chosen(nodes: Mapping[str, Node], values: Mapping[str, Any]) -> Node:
    """Return the example values of these members; constants need no value."""
    known = {n: node["const"] for n, node in nodes.items() if "const" in node} | {**values}
    return {name: known[name] for name in nodes if name in known}


class Channel:
    """A channel of the document: its messages, and the operations on them."""

    def __init__(
        self, document: Node, name: str, schemas: Schemas, known: Node, route: Node
    ) -> None:
        """Complete the channel; `route` is its operation in the OpenAPI document."""
        self.name, self.schemas, self.known = name, schemas, known
        self.flat = name == "background_job"
        self.operations: Node = document["operations"]
        self.node: Node = {"title": name, "summary": route["summary"], "messages": {}}
        self.node |= document["channels"][name]
        document["channels"][name] = self.node
        self.messages: Node = self.node["messages"]
        query = [one for one in route["parameters"] if one.get("in") == "query"]
        nodes = {o["name"]: {**o["schema"], "description": o["description"]} for o in query}
        self.binding = {"method": "GET", "query": record(nodes, optional=nodes)}

    def describe_socket(
        self, statuses: Frames, frames: Frames, requests: Mapping[str, Frames]
    ) -> None:
        """Add the messages of clients and of the server on a WebSocket."""
        self.node["bindings"] = {"ws": {**self.binding, "bindingVersion": "0.1.0"}}
        plain_texts = list(self.messages)
        states = self._add_statuses(statuses)
        sent = {
            name: self._add(f"{pascal(name)}Frame", frame, f"{pascal(name)}Payload")
            for name, frame in frames.items()
            if frame.has_payload or not self.flat
        }
        for name, action in ACTIONS.items():
            keys = plain_texts if name == "job" else []
            for payload, frame in requests[name].items():
                keys.append(self._add(f"{payload.removesuffix('Payload')}Request", frame, payload))
            answers = [states[status] for status in action.statuses]
            answers += [sent[action.reply.name]] if action.reply else []
            answers += [sent["error"]] if action.can_fail else []
            self._operate(f"receive_{name}", action, keys, answers)
        for name, key in states.items():
            self._operate(f"send_status_{name}", statuses[name], [key])
        for name, key in sent.items():
            self._operate(f"send_{name}", frames[name], [key])

    def describe_stream(self, events: Frames, frames: Frames) -> None:
        """Add the events of a job in an event stream."""
        gone = {"id": self.known["job_id"], **{n: self.known[n] for n in ("status", "done")}}
        whole = [self.known["job"], self.schemas.add("DeletedJob", record(gone, ["done"]))]
        for name, event in events.items():
            payload: Node = {"anyOf": whole}
            status = "started" if name == "status" else name
            example = job_body(replace(EXAMPLE_JOB, status=status))
            if frame := frames.get(f"job_{name}"):
                # Members of the frame; the id has another name here.
                nodes = self._nodes({"id": self.known["job_id"], **frame.fields})
                nodes.pop("job_id", None)
                payload = self.schemas.add(pascal(frame.name), record(nodes, frame.optional))
                example = chosen(nodes, {"id": EXAMPLE_JOB.id, **frame.examples[0]})
            key = f"{pascal(name)}Event"
            headers = {"event": constant(name), "id": self.known["event_id"]}
            self._message(key, event, payload, [example], headers=record(headers, ["id"]))
            self._operate(f"send_{name}", event, [key])
        follow = Frame(name="follow", tag="following", summary="Follow a job.")
        binding = {"http": {**self.binding, "bindingVersion": "0.3.0"}}
        self._operate("receive_follow", follow, [], list(self.messages), bindings=binding)

    def _add_statuses(self, statuses: Frames) -> dict[str, str]:
        """Add one message for all statuses, or one for each in the flat form."""
        keys = {name: f"{pascal(name)}Status" for name in statuses}
        if self.flat:
            keys["result"], fields = "JobResult", {"message": self.known["message"]}
            result = replace(statuses["result"], name="job_result", fields=fields)
            flat = {**statuses, "result": replace(result, extras=["job", "timestamp"])}
            return {name: self._add(keys[name], flat[name]) for name in flat}
        choices = [
            self.schemas.add(keys[name], record(self._nodes(one.fields), one.optional, one.summary))
            for name, one in statuses.items()
        ]
        extras = dict.fromkeys(name for frame in statuses.values() for name in frame.extras)
        summary = "A state of the connection or of a job."
        union = Frame(name="job_status", summary=summary, extras=list(extras))
        payload: Node = {"oneOf": choices, "discriminator": "status"}
        key = self._object("JobStatusFrame", union, {"payload": payload}, statuses.values())
        return dict.fromkeys(statuses, key)

    def _add(self, key: str, frame: Frame, payload_name: str = "") -> str:
        """Add the message of a frame and return its key."""
        nodes = self._nodes(frame.fields)
        if self.flat:
            return self._object(f"Flat{key}", frame, nodes, [frame])
        payload: Node = {"type": "null"}
        if nodes:
            payload = self.schemas.add(payload_name, record(nodes, frame.optional))
        return self._object(key, frame, {"payload": payload} if frame.has_payload else {}, [frame])

    def _object(self, key: str, frame: Frame, members: Node, sources: Iterable[Frame]) -> str:
        """Add an object message with the examples of `sources`."""
        names = (*frame.required_extras, *frame.extras)
        extras = {name: self.known[name] for name in names if not (self.flat and name == "seq")}
        optional = {*frame.extras, *(frame.optional if self.flat else ())}
        # Flat statuses have no `type`.
        nameless = self.flat and "const" in members.get("status", {})
        head = {} if nameless else {"type" if self.flat else "action": constant(frame.name)}
        members = head | extras | members
        examples = [self._example(one, given, members) for one in sources for given in one.examples]
        payload = self.schemas.add(key, record(members, optional, frame.summary))
        reference = {"$ref": "#/components/correlationIds/ref"}
        more = {"correlationId": reference} if "ref" in members else {}
        return self._message(key, frame, payload, examples, **more)

    def _example(self, frame: Frame, values: Mapping[str, Any], members: Node) -> Node:
        values = {**values, **({"job": job_body(EXAMPLE_JOB)} if "job" in frame.fields else {})}
        if not self.flat:
            payload = chosen(frame.fields, values)
            extras = {name: value for name, value in values.items() if name not in payload}
            values = {**extras, "payload": payload or None}
        return chosen(members, values)

    def _nodes(self, fields: Mapping[str, Node]) -> Node:
        return {name: node or self.known[name] for name, node in fields.items()}

    def _message(
        self, key: str, frame: Frame, payload: Node, examples: Iterable[Any], **more: Node
    ) -> str:
        node: Node = {"name": frame.name, "title": key, "summary": frame.summary, **more}
        node |= {"contentType": "application/json", "payload": payload}
        self.messages[key] = node | {"examples": [{"payload": one} for one in examples]}
        return key

    def _operate(
        self, name: str, row: Row, keys: list[str], answers: list[str] | None = None, **more: Node
    ) -> None:
        """Add an operation; with answers it is a received one, otherwise a sent one."""
        channel = {"$ref": f"#/channels/{self.name}"}
        node: Node = {"action": "send" if answers is None else "receive", "channel": channel}
        node |= more
        node |= {"summary": row.summary, "tags": [{"name": row.tag}]}
        node |= {"description": row.description} if row.description else {}
        node["messages"] = self._references(keys)
        if answers is not None:
            messages = self._references(dict.fromkeys(answers))
            node["reply"] = {"channel": channel, "messages": messages}
        self.operations[f"{self.name}_{name}"] = node

    def _references(self, keys: Iterable[str]) -> list[Node]:
        return [{"$ref": f"#/channels/{self.name}/messages/{key}"} for key in keys]
