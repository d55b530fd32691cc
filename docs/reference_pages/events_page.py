"""The page of events: what WebSockets and event streams carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Flask

from components.sockets.asyncapi import asyncapi_document
from docs.reference_pages.markdown import code, paragraphs, prose, table

TITLES = {
    "background_jobs": "WebSocket with envelopes",
    "background_job": "WebSocket with flat messages",
    "job_events": "Event stream",
}
Node = dict[str, Any]


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
        yield f"### Examples: {TITLES.get(name, channel['title'])}\n"
        yield from _examples(channel, [*requests, *sent])


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


def _examples(channel: Node, operations: list[Node]) -> Iterator[str]:
    """Yield an example of each message, in the order of the tables."""
    keys = dict.fromkeys(_key(one) for operation in operations for one in operation["messages"])
    for key in keys:
        message = channel["messages"][key]
        yield f"{code(key)}: {prose(message['summary'])}\n"
        yield "```json"
        for example in message["examples"]:
            yield json.dumps(example["payload"], ensure_ascii=False)
        yield "```\n"


def _key(reference: Node) -> str:
    return str(reference["$ref"].rpartition("/")[2])
