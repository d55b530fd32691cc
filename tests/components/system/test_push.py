"""`flask push` reaches sockets from outside the web process."""

from __future__ import annotations

import queue
from typing import Any

import pytest

from components.http.long_connections import live
from libraries.broker.embedded import EmbeddedBroker
from libraries.job_manager.events import Message
from libraries.settings import Settings
from tests.watchful import application


@pytest.mark.parametrize(
    ("argument", "payload"),
    [
        ('{"pen": 2}', {"pen": 2}),
        ("ready", {"text": "ready"}),
        ("[1]", {"text": "[1]"}),
        ("{", {"text": "{"}),
    ],
)
def test_a_message_from_the_command_line_reaches_only_its_group(
    broker: EmbeddedBroker, settings: Settings, argument: str, payload: dict[str, Any]
) -> None:
    app = application(settings)
    ours: queue.Queue[Message] = queue.Queue()
    others: queue.Queue[Message] = queue.Queue()
    feed = live(app).feed
    feed.join("anonymous", "studio", ours.put)
    feed.join("anonymous", "attic", others.put)
    result = app.test_cli_runner().invoke(args=["push", "studio", argument])
    assert (result.exit_code, result.stdout) == (
        0,
        "Sent to 1 web process with a socket in the group.\n",
    )
    assert ours.get(timeout=5).body == payload
    assert others.empty()


def test_an_invalid_group_and_an_unreachable_broker_are_reported(settings: Settings) -> None:
    runner = application(settings).test_cli_runner()
    assert "must be 1 to 64 letters" in runner.invoke(args=["push", "no group", "x"]).output
    away = runner.invoke(args=["push", "studio", "x"])
    assert away.exit_code == 1
    assert "is unreachable" in away.output
