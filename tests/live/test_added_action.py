"""A new WebSocket action in a copy of the sources."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, copy_folder
from tests.described import Described
from tests.live.service import Installation, Web

ADDED = '''

class CountSchema(Schema):
    """A text."""

    text = fields.String(required=True)


@action(
    tag="connection",
    schema=CountSchema,
    example={"text": "hello"},
    reply=Frame(
        name="counted",
        summary="The number of characters.",
        fields={"characters": {"type": "integer", "description": "How many."}},
        examples=[{"characters": 5}],
    ),
    token=TokenAccess.YES,
)
def count(session: Session, message: ClientMessage) -> None:
    """Count the characters of a text.

    Spaces count too.
    """
    session.reply(message, {"characters": len(message.payload["text"])})
'''


@pytest.fixture(scope="module")
def extended_web(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """Return a web process with one more action in `components/sockets/actions.py`."""
    copy: Path = tmp_path_factory.mktemp("copy")
    for name in ("app.py", "gunicorn.conf.py"):
        shutil.copy(REPOSITORY / name, copy / name)
    for name in ("components", "libraries", "workers"):
        copy_folder(REPOSITORY / name, copy / name)
    with (copy / "components" / "sockets" / "actions.py").open("a") as actions:
        actions.write(ADDED)
    started = installation.start_web(sources=copy).wait_until_ready()
    yield started
    started.close()


def test_an_added_action_works_in_both_forms_and_is_documented(
    extended_web: Web,
) -> None:
    document = Described(extended_web.request("GET", "/asyncapi.json").body)
    with extended_web.socket() as socket:
        request = {"action": "count", "payload": {"text": "hello"}, "ref": 7}
        reply = socket.request(request)
        assert reply == {"action": "counted", "payload": {"characters": 5}, "ref": 7}
        assert document.matching("background_jobs", "receive", request) == ["CountRequest"]
        assert document.matching("background_jobs", "send", reply) == ["CountedFrame"]
        refused = socket.request({"action": "count"})["payload"]["detail"]
        assert refused == "text: Missing data for required field."
        assert "count" in socket.request({"action": "unknown"})["payload"]["detail"]
    with extended_web.socket("/ws/backgroundjob") as socket:
        request = {"type": "count", "text": "hi"}
        reply = socket.request(request)
        assert reply == {"type": "counted", "characters": 2}
        assert document.matching("background_job", "receive", request) == ["FlatCountRequest"]
        assert document.matching("background_job", "send", reply) == ["FlatCountedFrame"]
    operation = document.document["operations"]["background_jobs_receive_count"]
    assert operation["summary"] == "Count the characters of a text."
    assert operation["description"] == "Spaces count too."
    assert [one["$ref"].rpartition("/")[2] for one in operation["reply"]["messages"]] == [
        "CountedFrame",
        "ErrorFrame",
    ]
