"""The AsyncAPI document; tests/live compares it with real messages."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from marshmallow import Schema, fields

from app import create_app
from components.http.submissions import OPERATIONS, Operation
from components.sockets.declarations import ACTIONS, action
from libraries.loading import LoadError
from libraries.settings import Settings, read_settings
from libraries.storage import upload_folder
from tests.conftest import REPOSITORY
from tests.described import Described
from tests.watchful import watchful_client

OFFICIAL = REPOSITORY / "tests" / "specifications" / "asyncapi" / "3.0.0.json"
SOCKETS = {"background_jobs": "/ws/background_jobs", "background_job": "/ws/backgroundjob"}
Node = dict[str, Any]


@pytest.fixture
def document(client: FlaskClient) -> Node:
    return fetch(client)


@pytest.fixture
def keyed_client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("API_KEYS", f"ann:{hashlib.sha256(b'key-of-ann').hexdigest()}")
    return watchful_client(read_settings(None))


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


def fetch(client: FlaskClient) -> Node:
    response = client.get("/asyncapi.json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    found: Node = response.get_json()
    return found


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def find(document: Node, reference: str) -> Any:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def messages(document: Node) -> Iterator[tuple[str, str, Node]]:
    for channel, node in document["channels"].items():
        for key, message in node["messages"].items():
            yield channel, key, message


def test_the_document_is_valid_asyncapi_3_0(document: Node, official: Draft7Validator) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert [
        f"{list(error.path)}: {error.message}" for error in official.iter_errors(document)
    ] == []


@pytest.mark.parametrize(
    "corrupt",
    [
        lambda document: document["info"].pop("title"),
        lambda document: document["servers"]["websocket"].pop("protocol"),
        lambda document: document["operations"]["background_jobs_receive_ping"].update(
            action="publish"
        ),
        lambda document: document["channels"]["background_jobs"]["messages"]["PongFrame"].update(
            note="x"
        ),
        lambda document: document["components"]["schemas"]["Job"]["properties"].update(
            id={"type": "text"}
        ),
    ],
)
def test_an_invalid_document_fails_the_validation(
    document: Node, official: Draft7Validator, corrupt: Callable[[Node], object]
) -> None:
    corrupted = copy.deepcopy(document)
    corrupt(corrupted)
    assert not official.is_valid(corrupted)


def test_every_reference_resolves(document: Node) -> None:
    found = set(references(document))
    assert len(found) > 50
    for reference in found:
        assert isinstance(find(document, reference), dict)


def test_operations_only_name_messages_of_their_channel(document: Node) -> None:
    for operation in document["operations"].values():
        channel = operation["channel"]["$ref"]
        for part in (operation, operation.get("reply", {"messages": []})):
            assert all(one["$ref"].startswith(f"{channel}/messages/") for one in part["messages"])


def test_the_channels_are_at_the_addresses_of_the_routes(
    client: FlaskClient, document: Node
) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    assert all(channel["address"] in paths for channel in document["channels"].values())
    assert {name: document["channels"][name]["address"] for name in SOCKETS} == SOCKETS


@pytest.mark.parametrize("channel", SOCKETS)
def test_every_action_is_described(document: Node, channel: str) -> None:
    prefix = f"{channel}_receive_"
    described = {
        name.removeprefix(prefix) for name in document["operations"] if name.startswith(prefix)
    }
    assert described == set(ACTIONS)


def test_two_actions_with_one_name_are_rejected() -> None:
    def ping() -> None:
        """Check again."""

    with pytest.raises(LoadError, match="'ping'"):
        action(tag="connection")(ping)


def test_every_operation_has_a_summary_and_a_described_tag(document: Node) -> None:
    explained = {tag["name"] for tag in document["info"]["tags"] if tag["description"]}
    for operation in document["operations"].values():
        assert operation["summary"].endswith(".")
        assert {tag["name"] for tag in operation["tags"]} <= explained


def test_every_message_is_sent_or_received_in_an_operation(document: Node) -> None:
    used = {
        one["$ref"]
        for operation in document["operations"].values()
        for one in operation["messages"]
    }
    assert used == {
        f"#/channels/{channel}/messages/{key}" for channel, key, _ in messages(document)
    }


def test_every_message_has_examples_and_each_is_valid_as_that_message_and_as_no_other(
    document: Node,
) -> None:
    described = Described(document)
    for channel, key, message in messages(document):
        examples = [example["payload"] for example in message["examples"]]
        assert examples, key
        action = "receive" if key in described.keys(channel, "receive") else "send"
        # The same object can be the data of several events, which differ in name.
        alone = channel in SOCKETS
        for example in examples:
            valid = described.matching(channel, action, example)
            assert valid == [key] if alone else key in valid, (
                key,
                described.problems(channel, key, example),
            )


def test_every_job_type_can_be_submitted_with_its_example(document: Node) -> None:
    upload_folder().publish("data.csv", "day,price\n1,2\n")
    examples = [
        example["payload"]["payload"]
        for _, key, message in messages(document)
        for example in message["examples"]
        if key.endswith("JobRequest") and not key.startswith("Flat")
    ]
    assert {example["type"] for example in examples} == set(OPERATIONS)
    for example in examples:
        content = example["content"]
        OPERATIONS[example["type"]].schema().load(
            content if isinstance(content, dict) else {"content": content}
        )


def test_a_new_job_type_is_described_without_further_declarations(
    settings: Settings, official: Draft7Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SketchSchema(Schema):
        strokes = fields.Integer(required=True)
        colours = fields.List(fields.String(), load_default=list)

    added = Operation(
        name="sketch",
        body=SketchSchema,
        task="workers.svg_tasks.generate_postcard_svg",
        call=lambda body: body,
        module=__name__,
    )
    monkeypatch.setitem(OPERATIONS._items, "sketch", added)
    # A new application: one makes its document once, with the job types that exist when it starts.
    document = fetch(watchful_client(settings, create_app(settings)))
    assert official.is_valid(document)
    schemas = document["components"]["schemas"]
    assert schemas["SketchContent"]["required"] == ["strokes"]
    assert schemas["SketchContent"]["properties"]["colours"]["default"] == []
    assert schemas["SketchJob"]["properties"]["type"]["const"] == "sketch"
    assert "sketch" in schemas["TextJob"]["properties"]["type"]["not"]["enum"]
    assert {"SketchJobRequest"} <= set(document["channels"]["background_jobs"]["messages"])
    assert {"FlatSketchJobRequest"} <= set(document["channels"]["background_job"]["messages"])


def test_a_message_without_a_type_is_a_text_job_and_needs_content(
    document: Node,
) -> None:
    described = Described(document)
    assert described.matching(
        "background_jobs", "receive", {"action": "job", "payload": {"content": "hi"}}
    ) == ["TextJobRequest"]
    assert (
        described.matching(
            "background_jobs", "receive", {"action": "job", "payload": {"type": "translate"}}
        )
        == []
    )
    assert described.matching("background_job", "receive", {"content": "hi"}) == [
        "FlatTextJobRequest"
    ]
    assert described.matching("background_job", "receive", "hi") == ["PlainText"]


def test_titles_can_be_names_in_code(document: Node) -> None:
    titles = [node["title"] for node in document["components"]["schemas"].values()]
    assert titles == list(document["components"]["schemas"])
    assert all(
        title.isidentifier()
        for title in [*titles, *(node["title"] for node in document["channels"].values())]
    )


def test_the_host_header_is_not_in_the_document(client: FlaskClient) -> None:
    response = client.get(
        "/asyncapi.json", headers={"Host": "evil.localhost", "X-Forwarded-Host": "evil.example"}
    )
    assert "evil" not in response.get_data(as_text=True)
    assert {server["host"] for server in response.get_json()["servers"].values()} == {
        "127.0.0.1:5000"
    }


def test_the_host_comes_from_the_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "8081")
    document = fetch(watchful_client(read_settings(None)))
    assert document["servers"]["websocket"]["host"] == "127.0.0.1:8081"


def test_without_keys_no_authentication_is_described(document: Node) -> None:
    assert "securitySchemes" not in document["components"]
    assert not any("security" in server for server in document["servers"].values())


def test_with_keys_the_document_is_open_and_describes_the_authentication(
    keyed_client: FlaskClient, official: Draft7Validator
) -> None:
    document = fetch(keyed_client)
    assert official.is_valid(document)
    schemes = document["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert {
        (scheme["in"], scheme["name"])
        for scheme in schemes.values()
        if scheme["type"] == "httpApiKey"
    } == {
        ("header", "X-API-Key"),
        ("query", "token"),
        ("header", "Sec-WebSocket-Protocol"),
    }
    offered = {
        name: {one["$ref"].rpartition("/")[2] for one in server["security"]}
        for name, server in document["servers"].items()
    }
    assert offered == {"websocket": set(schemes), "http": set(schemes) - {"subprotocol"}}


def test_a_client_that_has_the_document_gets_304(client: FlaskClient) -> None:
    first = client.get("/asyncapi.json")
    again = client.get("/asyncapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_the_index_links_to_the_document(client: FlaskClient) -> None:
    assert client.get("/").get_json()["links"]["asyncapi"] == "/asyncapi.json"
