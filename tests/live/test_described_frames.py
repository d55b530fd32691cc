"""Frames of the service, checked against its AsyncAPI document, and a generated client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.described import Described
from tests.docs.documents import blocks
from tests.live.service import Gates, Installation, Socket, Web

ENVELOPE, FLAT, STREAM = "background_jobs", "background_job", "job_events"
ADDRESSES = {ENVELOPE: "/ws/background_jobs", FLAT: "/ws/backgroundjob"}
GENERATED = Path(__file__).parent / "generated_client.py"


@pytest.fixture(scope="module")
def chatty(installation: Installation) -> Iterator[Web]:
    """Return a web process that sends every kind of frame."""
    started = installation.start_web(SEND_COMPLETION="1").wait_until_ready()
    yield started
    started.close()


def described(web: Web) -> Described:
    return Described(web.request("GET", "/asyncapi.json").body)


class Client:
    """A client of one of the two forms that records all messages."""

    def __init__(self, channel: str, socket: Socket) -> None:
        self.channel = channel
        self.frames = [socket.greeting]
        self._socket = socket

    def send(self, action: str, **payload: Any) -> None:
        """Send an action."""
        flat = self.channel == FLAT
        self._socket.send(
            {"type": action, **payload}
            if flat
            else {"action": action, "payload": payload, "ref": action}
        )

    def submit_job(self, kind: str, content: object) -> None:
        """Submit a job."""
        fields = {"type": kind, "content": content}
        self._socket.send(
            {**fields, "ref": 7}
            if self.channel == FLAT
            else {"action": "job", "payload": fields, "ref": 7}
        )

    def receive(self, name: str) -> dict[str, Any]:
        """Receive until a frame with that name arrives."""
        while True:
            self.frames.append(self._socket.receive())
            if name_of(self.frames[-1]) == name:
                return self.frames[-1]

    def member(self, name: str, member: str) -> Any:
        """Receive until a frame with that name arrives; return one of its members."""
        frame = self.receive(name)
        return frame.get("payload", frame)[member]


def name_of(frame: dict[str, Any]) -> str:
    """Return the name of a frame, in both forms: `status queued`, `pong`."""
    if frame.get("action") == "job_status":
        return f"status {frame['payload']['status']}"
    if "status" in frame:
        return f"status {frame['status']}"
    return (
        "status result"
        if frame.get("type") == "job_result"
        else str(frame.get("action") or frame.get("type"))
    )


def send_everything(client: Client, web: Web, gates: Gates) -> None:
    """Provoke every kind of frame."""
    client.send("ping")
    client.receive("pong")
    client.send("join", group="studio")
    client.receive("joined")
    client.send("hello")
    client_id = client.member("hello", "client_id")
    for group, frame_name in (("studio", "group_message"), (f"client:{client_id}", "message")):
        assert (
            web.request("POST", f"/groups/{group}/messages", {"message": {"text": "hello"}}).status
            == 202
        )
        client.receive(frame_name)
    client.send("leave", group="studio")
    client.receive("left")
    client.submit_job("translate", "hello")
    client.receive("status result")
    client.submit_job("artboard", {"width": 100, "height": 100, "priority": "high"})
    client.receive("status result")
    client.submit_job("artboard", {"width": -1, "height": 100})
    client.receive("error")
    client.submit_job("translate", " ")
    client.receive("status error")
    follow_jobs_of_others(client, web, gates)


def follow_jobs_of_others(client: Client, web: Web, gates: Gates) -> None:
    """Follow jobs to every kind of end, and some not to the end."""
    talking = web.submit("live_tasks.log_lines", gates.path(client.channel), 2)
    client.send("subscribe", job_id=talking)
    client.receive("subscribed")
    gates.open(client.channel)
    client.receive("job_log")
    client.receive("job_progress")
    client.receive("status result")
    client.send("cancel", job_id=talking)
    assert client.member("error", "job_status") == "finished"
    failing = web.submit("probe_tasks.boom", delay=0)
    client.send("subscribe", job_id=failing)
    client.receive("status error")
    for end in (
        lambda job: client.send("cancel", job_id=job),
        lambda job: web.request("DELETE", f"/jobs/{job}"),
    ):
        waiting = web.submit("probe_tasks.nothing", delay=600)
        client.send("subscribe", job_id=waiting)
        # The next request is answered when all of this was done.
        client.send("ping")
        client.receive("pong")
        end(waiting)
        client.receive("status canceled")
    unfollowed = web.submit("probe_tasks.nothing", delay=600)
    client.send("subscribe", job_id=unfollowed)
    client.send("unsubscribe", job_id=unfollowed)
    client.receive("unsubscribed")
    client.send("cancel", job_id=unfollowed)
    client.receive("status canceled")


@pytest.mark.parametrize("channel", ADDRESSES)
def test_sent_frames_and_documented_frames_correspond(
    chatty: Web, gates: Gates, channel: str
) -> None:
    """Every frame is valid as one message of the document, and every message is received."""
    document = described(chatty)
    with chatty.socket(ADDRESSES[channel]) as socket:
        client = Client(channel, socket)
        send_everything(client, chatty, gates)
    used = set()
    for frame in client.frames:
        valid = document.matching(channel, "send", frame)
        assert len(valid) == 1, (frame, valid)
        used.update(valid)
    assert used == document.keys(channel, "send")
    operations = {
        name.removeprefix(f"{channel}_send_")
        for name in document.document["operations"]
        if f"{channel}_send_" in name
    }
    assert {name_of(frame).replace(" ", "_") for frame in client.frames} == operations


def test_each_event_of_a_stream_is_valid(web: Web, gates: Gates) -> None:
    document = described(web)
    jobs = [web.submit("live_tasks.log_lines", gates.path(), 2), web.submit("probe_tasks.boom")]
    waiting = [web.submit("probe_tasks.nothing", delay=600) for _ in range(2)]
    gates.open()
    frames = []
    for job in jobs:
        with web.stream(job) as stream:
            frames += stream.rest()
    for job, (method, path) in zip(waiting, (("POST", "/cancel"), ("DELETE", "")), strict=True):
        with web.stream(job) as stream:
            frames.append(stream.next())
            web.request(method, f"/jobs/{job}{path}")
            frames += stream.rest()
    for event in frames:
        assert document.problems(STREAM, f"{event.name.capitalize()}Event", event.data) == [], event
    assert {f"{event.name.capitalize()}Event" for event in frames} == document.keys(STREAM, "send")


def generate(web: Web, folder: Path) -> None:
    """Generate the package `vector_client` from the document with `chanx`."""
    document, package = folder / "asyncapi.json", folder / "vector_client"
    document.write_text(json.dumps(web.request("GET", "/asyncapi.json").body))
    options = ["--schema", str(document), "--output", str(package), "--no-format"]
    run([sys.executable, "-m", "chanx.cli.main", "generate-client", *options], folder)
    assert (package / "background_jobs" / "client.py").exists()


def run(command: list[str], folder: Path) -> str:
    """Run a program with `folder` on its import path; return its output."""
    ran = subprocess.run(
        command,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("way", ["open", "keyed"])
def test_a_client_generated_from_the_document_gets_typed_results(
    request: pytest.FixtureRequest, tmp_path: Path, way: str
) -> None:
    web: Web = request.getfixturevalue({"open": "web", "keyed": "ann"}[way])
    generate(web, tmp_path)
    state = json.loads(
        run([sys.executable, "-W", "error", str(GENERATED), web.address(""), web.key], tmp_path)
    )
    assert state == {
        "connected": "🔄 Background Job Processor: Connected!",
        "pong": None,
        "translated": "🌍 Translated: 'hello' → 'hola'",
        "percent": 100,
        "drawn": {"type": "image/svg+xml", "done": True},
    }


def test_the_programs_of_the_documentation_work(web: Web, tmp_path: Path) -> None:
    generate(web, tmp_path)
    programs = blocks(REPOSITORY / "docs" / "how-to" / "websockets.md", "python")
    assert len(programs) == 2
    for program in programs:
        output = run(
            [
                sys.executable,
                "-W",
                "error",
                "-c",
                program.replace("127.0.0.1:5000", f"127.0.0.1:{web.port}"),
            ],
            tmp_path,
        )
        assert "🌍 Translated: 'hello' → 'hola'" in output


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (
            {
                "action": "job",
                "payload": {
                    "type": "artboard",
                    "content": {"width": 9, "height": 9, "webhook": {"url": "https://a.example"}},
                },
            },
            "webhook",
        ),
        ({"action": "ping", "ref": True}, "ref"),
    ],
)
def test_messages_that_the_document_does_not_allow_are_rejected(
    web: Web, message: dict[str, Any], detail: str
) -> None:
    document = described(web)
    assert document.matching(ENVELOPE, "receive", message) == []
    with web.socket() as socket:
        reply = socket.request(message)
    assert reply["action"] == "error"
    assert reply["payload"]["detail"].startswith(detail)
