"""The page of events: what WebSockets and event streams carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Flask

from components.http.html.reference import FieldRow, Reference
from components.sockets.asyncapi import asyncapi_document
from docs.reference_pages.markdown import code, paragraphs, prose, table

TITLES = {
    "background_jobs": "WebSocket with envelopes",
    "background_job": "WebSocket with flat messages",
    "job_events": "Event stream",
}
# Members with the fields of a job or of the body of a route, which the page of routes describes.
DESCRIBED_ELSEWHERE = ("job.", "payload.job.", "payload.content.", "content.")
Node = dict[str, Any]


class Messages(Reference):
    """Reads the messages of an AsyncAPI document."""

    def fields(self, message: Node) -> list[FieldRow]:
        """Return the members of a message, without those of a job and of the body of a route."""
        rows = self._rows(message["payload"])
        return [row for row in rows if not row.name.startswith(DESCRIBED_ELSEWHERE)]

    def _with_choices(self, schema: Node) -> Node:
        """Read a discriminator as AsyncAPI writes it, the name of a member, as OpenAPI does."""
        name = schema.get("discriminator")
        if isinstance(name, str):
            values = [self._resolved(one)["properties"][name] for one in schema["oneOf"]]
            choices = {
                value.get("const") or one["$ref"].rpartition("/")[2]: one["$ref"]
                for value, one in zip(values, schema["oneOf"], strict=True)
            }
            schema = {**schema, "discriminator": {"mapping": choices}}
        return super()._with_choices(schema)


def events_page(app: Flask) -> Iterator[str]:
    """Yield the lines of the page of events, by channel: the messages of clients, then those of the server."""
    with app.test_request_context():
        document = asyncapi_document(keyed=True)
    yield "# Events\n"
    yield from paragraphs(document["info"]["description"])
    yield "For machines the same is at `/asyncapi.json` (AsyncAPI 3.0).\n"
    for name, channel in document["channels"].items():
        yield f"## {TITLES.get(name, channel['title'])}\n"
        yield f"Address: `{channel['address']}`\n"
        yield from paragraphs(channel["description"])
        here = f"#/channels/{name}"
        operations = [
            one for one in document["operations"].values() if one["channel"]["$ref"] == here
        ]
        requests = [one for one in operations if one["action"] == "receive" and one["messages"]]
        sent = [one for one in operations if one["action"] == "send"]
        if requests:
            yield "Messages of the client:\n"
        yield from table(
            ("Action", "Description", "Messages", "Answers"),
            [_request(channel, one) for one in requests],
        )
        yield "Messages of the server:\n"
        yield from table(
            ("Name", "Message", "Description"),
            [_sent(channel, one) for one in sent],
        )
        reader = Messages(document, "")
        for key in dict.fromkeys(
            _key(message) for one in [*requests, *sent] for message in one["messages"]
        ):
            yield from _message(key, channel["messages"][key], reader)


def _request(channel: Node, operation: Node) -> tuple[str, ...]:
    messages = [_key(one) for one in operation["messages"]]
    answers = [_key(one) for one in operation["reply"]["messages"]]
    return (
        code(channel["messages"][messages[-1]]["name"]),
        prose(f"{operation['summary']} {operation.get('description', '')}"),
        ", ".join(map(code, messages)),
        ", ".join(map(code, answers)),
    )


def _sent(channel: Node, operation: Node) -> tuple[str, ...]:
    key = _key(operation["messages"][0])
    text = f"{operation['summary']} {operation.get('description', '')}"
    return code(channel["messages"][key]["name"]), code(key), prose(text)


def _message(key: str, message: Node, reader: Messages) -> Iterator[str]:
    """Yield the section of a message: its members, and examples."""
    yield f"### `{key}`\n"
    yield from paragraphs(message["summary"])
    yield from table(
        ("Member", "Type", "Required", "Limits", "Description"),
        [
            (
                code(row.name),
                row.kind,
                "yes" if row.required else "",
                prose(row.limits),
                prose(row.description),
            )
            for row in reader.fields(message)
        ],
    )
    yield "```json"
    for example in message["examples"]:
        yield json.dumps(example["payload"], ensure_ascii=False)
    yield "```\n"


def _key(reference: Node) -> str:
    return str(reference["$ref"].rpartition("/")[2])
