"""How what is said on the WebSockets looks in each of the two forms, as schemas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from components.sockets.frames import Envelope, Flat, Form
from components.sockets.json_schemas import Node, Schemas, constant, pascal, record
from components.sockets.messages import BESIDE, STATUSES, Told

REF = {"ref": BESIDE["ref"]}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of a channel: the name of its schema, which is also its key there, and what it says."""

    key: str
    name: str
    summary: str
    payload: Node
    examples: list[Node] = field(default_factory=list)
    content_type: str = "application/json"


class Shapes(Protocol):
    """The schemas of one form. A schema is kept in `schemas` under the name that it gets here."""

    form: Form
    schemas: Schemas

    def request(self, name: str, summary: str, payload: Node, example: Node) -> Message:
        """Return the message by which a client asks for an action."""

    def job(self, name: str, summary: str, payload: Node, examples: Sequence[Node]) -> Message:
        """Return the message by which a client asks for a job of one kind."""

    def texts(self) -> list[Message]:
        """Return the messages that are no JSON."""

    def statuses(self) -> dict[str, Message]:
        """Return the message that tells each status."""

    def told(self, row: Told) -> Message | None:
        """Return the message for a frame, None where this form has none."""


class EnvelopeShapes:
    """An action and a payload; all statuses are one message, told apart by the `status` in its payload."""

    def __init__(self, schemas: Schemas) -> None:
        """Keep the schemas in `schemas`."""
        self.form = Envelope()
        self.schemas = schemas

    def request(self, name: str, summary: str, payload: Node, example: Node) -> Message:
        """Return the message by which a client asks for an action."""
        fields = {"action": constant(name)}
        if payload.get("properties"):
            fields["payload"] = self.schemas.add(f"{pascal(name)}Payload", payload)
        return self._message(f"{pascal(name)}Request", name, summary, fields, [example] if example else [{}])

    def job(self, name: str, summary: str, payload: Node, examples: Sequence[Node]) -> Message:
        """Return the message by which a client asks for a job of one kind."""
        fields = {"action": constant("job"), "payload": self.schemas.add(f"{pascal(name)}Job", payload)}
        return self._message(f"{pascal(name)}JobRequest", "job", summary, fields, examples)

    def _message(self, key: str, name: str, summary: str, fields: dict[str, Node], examples: Sequence[Node]) -> Message:
        said = [{"action": name, **({"payload": one} if one else {}), "ref": 7} for one in examples]
        return Message(
            key=key,
            name=name,
            summary=summary,
            payload=self.schemas.add(key, record(fields | REF, ("ref",), summary)),
            examples=said,
        )

    def texts(self) -> list[Message]:
        """Return no message: all of them are JSON."""
        return []

    def statuses(self) -> dict[str, Message]:
        """Return the one message of all statuses, under the name of each."""
        choices = []
        for row in STATUSES:
            fields = {"status": constant(row.name), **row.fields}
            choices.append(self.schemas.add(f"{pascal(row.name)}Status", record(fields, description=row.summary)))
        beside = {name: node for name, node in BESIDE.items() if any(name in row.beside for row in STATUSES)}
        fields = {"action": constant("job_status"), "payload": {"oneOf": choices, "discriminator": "status"}, **beside}
        told = Message(
            key="JobStatusFrame",
            name="job_status",
            summary="What becomes of the connection or of a job.",
            payload=self.schemas.add("JobStatusFrame", record(fields, beside, "What becomes of the connection or of a job.")),
            examples=[row.example_in(self.form) for row in STATUSES],
        )
        return {row.name: told for row in STATUSES}

    def told(self, row: Told) -> Message:
        """Return the message for a frame."""
        example = row.example_in(self.form)
        key = f"{pascal(row.name)}Frame"
        fields = {"action": constant(row.name)}
        if "payload" in example:
            inner = record(row.fields, row.optional)
            fields["payload"] = self.schemas.add(f"{pascal(row.name)}Payload", inner) if row.fields else {"type": "null"}
        payload = self.schemas.add(key, record(fields | row.beside_in(), row.beside, row.summary))
        return Message(key=key, name=row.name, summary=row.summary, payload=payload, examples=[example])


class FlatShapes:
    """All fields side by side; a status is told by its own message."""

    def __init__(self, schemas: Schemas) -> None:
        """Keep the schemas in `schemas`."""
        self.form = Flat()
        self.schemas = schemas

    def request(self, name: str, summary: str, payload: Node, example: Node) -> Message:
        """Return the message by which a client asks for an action."""
        fields = {"type": constant(name), **payload.get("properties", {})}
        optional = [name for name in payload.get("properties", {}) if name not in payload.get("required", [])]
        return self._message(f"Flat{pascal(name)}Request", name, summary, fields, optional, [{"type": name, **example}])

    def job(self, name: str, summary: str, payload: Node, examples: Sequence[Node]) -> Message:
        """Return the message by which a client asks for a job of one kind."""
        optional = [name for name in payload["properties"] if name not in payload["required"]]
        return self._message(f"Flat{pascal(name)}JobRequest", "job", summary, payload["properties"], optional, examples)

    def _message(
        self, key: str, name: str, summary: str, fields: dict[str, Node], optional: Sequence[str], examples: Sequence[Node]
    ) -> Message:
        return Message(
            key=key,
            name=name,
            summary=summary,
            payload=self.schemas.add(key, record(fields | REF, ("ref", *optional), summary)),
            examples=[{**one, "ref": 7} for one in examples],
        )

    def texts(self) -> list[Message]:
        """Return the message that is nothing but the content of a `default` job."""
        payload = {"type": "string", "minLength": 1, "description": "Any text that is no JSON object."}
        summary = "Ask for a `default` job in plain text."
        return [
            Message(
                key="PlainText", name="text", summary=summary, payload=payload, examples=["hi"], content_type="text/plain"
            )
        ]

    def statuses(self) -> dict[str, Message]:
        """Return the message that tells each status."""
        return {row.name: self._status(row) for row in STATUSES}

    def _status(self, row: Told) -> Message:
        example = row.example_in(self.form)
        result = "type" in example
        key = "FlatJobResult" if result else f"Flat{pascal(row.name)}Status"
        # A result is told by its text alone, and no frame by its place among the events.
        beside = row.beside_in({"seq", "job_id"} if result else {"seq"})
        kind = {"type": constant(example["type"])} if result else {"status": constant(row.name)}
        payload = self.schemas.add(key, record({**kind, **row.fields, **beside}, row.beside, row.summary))
        return Message(key=key, name=example.get("type", row.name), summary=row.summary, payload=payload, examples=[example])

    def told(self, row: Told) -> Message | None:
        """Return the message for a frame, None for one that only envelopes have."""
        example = row.example_in(self.form)
        if not example:
            return None
        key = f"Flat{pascal(row.name)}Frame"
        fields = {"type": constant(row.name), **row.beside_in({"seq"}), **row.fields}
        payload = self.schemas.add(key, record(fields, {*row.beside, *row.optional}, row.summary))
        return Message(key=key, name=row.name, summary=row.summary, payload=payload, examples=[example])
