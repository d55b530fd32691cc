"""How what is said on the WebSockets looks in each of the two forms, as schemas."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from components.sockets.frames import Envelope, Flat
from components.sockets.json_schemas import Node, Schemas, constant, pascal, record
from components.sockets.messages import BESIDE, JOB, STATUSES, Action, Told

REF = {"ref": BESIDE["ref"]}


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of a channel: its key there, which is the name of its schema too, its name on the wire, and what it says."""

    key: str
    name: str
    summary: str
    payload: Node
    examples: Sequence[Any]
    content_type: str = "application/json"
    headers: Node = field(default_factory=dict)
    repeats_ref: bool = False


class Shapes(Protocol):
    """The messages of one form; their schemas are kept in `schemas`."""

    schemas: Schemas

    def texts(self) -> list[Message]:
        """Return the messages that are no JSON."""

    def job(self, name: str, payload: Node, examples: Sequence[Node]) -> Message:
        """Return the message that asks for a job of one kind; `payload` has a `type` and a `content`."""

    def request(self, row: Action, payload: Node) -> Message:
        """Return the message that asks for an action."""

    def statuses(self) -> dict[str, Message]:
        """Return the message that tells each status."""

    def told(self, row: Told) -> Message | None:
        """Return the message for a frame, None where this form has none."""


class EnvelopeShapes:
    """An action and a payload. All statuses are one message, told apart by the `status` in its payload."""

    def __init__(self, schemas: Schemas) -> None:
        """Keep the schemas in `schemas`."""
        self.schemas = schemas
        self._form = Envelope()

    def texts(self) -> list[Message]:
        """Return no message: all of them are JSON."""
        return []

    def job(self, name: str, payload: Node, examples: Sequence[Node]) -> Message:
        """Return the message that asks for a job of one kind."""
        return message(
            self.schemas,
            key=f"{pascal(name)}JobRequest",
            name=JOB.name,
            summary=JOB.summary,
            fields={
                "action": constant(JOB.name),
                "payload": self.schemas.add(f"{pascal(name)}Job", payload),
                **REF,
            },
            optional=REF,
            examples=[{"action": JOB.name, "payload": one, "ref": 7} for one in examples],
        )

    def request(self, row: Action, payload: Node) -> Message:
        """Return the message that asks for an action."""
        takes = payload["properties"]
        return message(
            self.schemas,
            key=f"{pascal(row.name)}Request",
            name=row.name,
            summary=row.summary,
            fields={
                "action": constant(row.name),
                **(
                    {"payload": self.schemas.add(f"{pascal(row.name)}Payload", payload)}
                    if takes
                    else {}
                ),
                **REF,
            },
            optional=REF,
            examples=[
                {"action": row.name, **({"payload": row.example} if takes else {}), "ref": 7}
            ],
        )

    def statuses(self) -> dict[str, Message]:
        """Return the one message of all statuses, under the name of each."""
        choices = [
            self.schemas.add(
                f"{pascal(row.name)}Status",
                record({"status": constant(row.name), **row.fields}, (), row.summary),
            )
            for row in STATUSES
        ]
        beside = {
            name: node
            for name, node in BESIDE.items()
            if any(name in row.beside for row in STATUSES)
        }
        told = message(
            self.schemas,
            key="JobStatusFrame",
            name="job_status",
            summary="What becomes of the connection, or of a job.",
            fields={
                "action": constant("job_status"),
                "payload": {"oneOf": choices, "discriminator": "status"},
                **beside,
            },
            optional=beside,
            examples=[row.example_in(self._form) for row in STATUSES],
        )
        return {row.name: told for row in STATUSES}

    def told(self, row: Told) -> Message:
        """Return the message for a frame."""
        example = row.example_in(self._form)
        payload: Node = {"type": "null"}
        if row.fields:
            payload = self.schemas.add(
                f"{pascal(row.name)}Payload", record(row.fields, row.optional)
            )
        return message(
            self.schemas,
            key=f"{pascal(row.name)}Frame",
            name=row.name,
            summary=row.summary,
            fields={
                "action": constant(row.name),
                **({"payload": payload} if "payload" in example else {}),
                **row.beside_in(),
            },
            optional=row.beside,
            examples=[example],
        )


class FlatShapes:
    """All fields side by side. Each status is a message of its own."""

    def __init__(self, schemas: Schemas) -> None:
        """Keep the schemas in `schemas`."""
        self.schemas = schemas
        self._form = Flat()

    def texts(self) -> list[Message]:
        """Return the message that is nothing but the content of a `default` job."""
        payload = {
            "type": "string",
            "minLength": 1,
            "description": "Any text that is no JSON object.",
        }
        said = "Ask for a `default` job in plain text."
        return [
            Message(
                key="PlainText",
                name="text",
                summary=said,
                payload=payload,
                examples=["hi"],
                content_type="text/plain",
            )
        ]

    def job(self, name: str, payload: Node, examples: Sequence[Node]) -> Message:
        """Return the message that asks for a job of one kind."""
        return message(
            self.schemas,
            key=f"Flat{pascal(name)}JobRequest",
            name=JOB.name,
            summary=JOB.summary,
            fields=payload["properties"] | REF,
            optional=left_out(payload) | set(REF),
            examples=[{**one, "ref": 7} for one in examples],
        )

    def request(self, row: Action, payload: Node) -> Message:
        """Return the message that asks for an action."""
        return message(
            self.schemas,
            key=f"Flat{pascal(row.name)}Request",
            name=row.name,
            summary=row.summary,
            fields={"type": constant(row.name), **payload["properties"], **REF},
            optional=left_out(payload) | set(REF),
            examples=[{"type": row.name, **row.example, "ref": 7}],
        )

    def statuses(self) -> dict[str, Message]:
        """Return the message that tells each status."""
        return {row.name: self._status(row) for row in STATUSES}

    def _status(self, row: Told) -> Message:
        example = row.example_in(self._form)
        # A result is told by its text alone, in a frame with a type.
        result = "type" in example
        name = example["type"] if result else row.name
        return message(
            self.schemas,
            key="FlatJobResult" if result else f"Flat{pascal(name)}Status",
            name=name,
            summary=row.summary,
            fields={
                "type" if result else "status": constant(name),
                **row.fields,
                **row.beside_in({"seq", "job_id"} if result else {"seq"}),
            },
            optional=row.beside,
            examples=[example],
        )

    def told(self, row: Told) -> Message | None:
        """Return the message for a frame, None for one that only envelopes have."""
        example = row.example_in(self._form)
        if not example:
            return None
        return message(
            self.schemas,
            key=f"Flat{pascal(row.name)}Frame",
            name=row.name,
            summary=row.summary,
            fields={"type": constant(row.name), **row.beside_in({"seq"}), **row.fields},
            optional={*row.beside, *row.optional},
            examples=[example],
        )


def left_out(payload: Node) -> set[str]:
    """Return the names of the fields that a client may leave out."""
    return set(payload["properties"]) - set(payload.get("required", ()))


def message(
    schemas: Schemas,
    *,
    key: str,
    name: str,
    summary: str,
    fields: Mapping[str, Node],
    optional: Collection[str],
    examples: Sequence[Node],
) -> Message:
    """Return a message that is an object with these fields; its schema is kept under the message's key."""
    payload = schemas.add(key, record(fields, optional, summary))
    return Message(
        key=key,
        name=name,
        summary=summary,
        payload=payload,
        examples=examples,
        repeats_ref="ref" in fields,
    )
