"""WebSockets with the client libraries `websockets` and `websocket-client`."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import websocket
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus

from libraries.texts import EMPTY_MESSAGE
from tests.conftest import Stopwatch, until
from tests.live.conftest import KEYS
from tests.live.service import Gates, Installation, Socket, Web, status_of
from tests.live.test_event_streams import as_whom

ENVELOPE, FLAT = "/ws/background_jobs", "/ws/backgroundjob"
WELCOME = "🔄 Background Job Processor: Connected!"
REPLIES = {
    ("translate", "hello"): "🌍 Translated: 'hello' → 'hola'",
    ("default", "hi"): "✅ Processed: HI",
    ("no such type", "hi"): "✅ Processed: HI",
    (
        "analyze",
        "hello",
    ): "📊 Analysis of 'hello':\n• Characters: 5\n• Words: 1\n• Vowels: 2\n• Consonants: 3",
}
Frame = dict[str, Any]


def job(content: Any, kind: str | None = "default", **more: Any) -> Frame:
    """Return a message of the envelope form that submits a job."""
    payload = {"content": content} | ({"type": kind} if kind else {})
    return {"action": "job", "payload": payload, **more}


def refusal(web: Web, path: str = ENVELOPE, **options: Any) -> int:
    """Return the status of a rejected handshake."""
    with pytest.raises(InvalidStatus) as refused, web.socket(path, **options):
        pass
    return int(refused.value.response.status_code)


def closing(client: Socket) -> tuple[int, str]:
    """Return the close code and reason; ignore earlier frames."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            client.receive()
    protocol = client.connection.protocol
    return protocol.close_code or 0, protocol.close_reason or ""


# -- the flat form


def test_the_flat_form_sends_a_greeting_and_accepts_json_and_plain_text(web: Web) -> None:
    stopwatch = Stopwatch()
    with web.socket(FLAT) as client:
        assert stopwatch.seconds() < 1
        assert client.greeting == {"status": "connected", "message": WELCOME}
        for (kind, content), expected in REPLIES.items():
            queuing = client.request({"type": kind, "content": content})
            assert queuing == {"status": "queuing", "message": f"⏳ Queuing {kind} job: {content}"}
            queued = client.receive()
            assert queued == {
                "status": "queued",
                "message": f"📋 Job {queued['job_id']} queued successfully!",
                "job_id": queued["job_id"],
            }
            result = client.receive()
            assert (result["type"], result["message"]) == ("job_result", expected)
        assert client.request("hi")["message"] == "⏳ Queuing default job: hi"
        assert client.receive()["status"] == "queued"
        assert client.receive()["message"] == "✅ Processed: HI"


@pytest.mark.parametrize("content", ["", "  \n"])
def test_an_empty_message_is_rejected(web: Web, content: str) -> None:
    with web.socket(FLAT) as flat, web.socket() as client:
        assert flat.request({"type": "translate", "content": content}) == {
            "status": "error",
            "message": EMPTY_MESSAGE,
        }
        assert flat.request(content) == {"status": "error", "message": EMPTY_MESSAGE}
        assert client.request(job(content))["payload"] == {
            "status": "error",
            "message": EMPTY_MESSAGE,
        }


def test_unusual_texts_are_the_content_of_a_job(web: Web) -> None:
    """Everything but a JSON object is a text."""
    with web.socket(FLAT) as client:
        for text in ("[1, 2]", "{", '"quoted"', "null", "\u202e🌍", '{"a": NaN}', "[" * 5000):
            assert client.request(text)["status"] == "queuing", text
            assert client.receive()["status"] == "queued"
            assert client.receive()["message"] == f"✅ Processed: {text.upper()}"


# -- the envelope form


def test_the_envelope_form_reports_the_states_of_a_job(web: Web) -> None:
    with web.socket() as client:
        assert client.greeting == {
            "action": "job_status",
            "payload": {"status": "connected", "message": WELCOME},
        }
        stopwatch = Stopwatch()
        queuing = client.request(job("hello", "translate", ref="mine"))
        assert queuing["payload"] == {
            "status": "queuing",
            "message": "⏳ Queuing translate job: hello",
        }
        queued = client.receive()
        assert stopwatch.seconds() < 0.5
        job_id = queued["payload"]["job_id"]
        assert queued["payload"] == {
            "status": "queued",
            "message": f"📋 Job {job_id} queued successfully!",
            "job_id": job_id,
        }
        assert re.match("translate_", job_id)
        assert queuing["ref"] == queued["ref"] == "mine"
        result = client.receive()
        assert result["payload"] == {
            "status": "result",
            "message": "🌍 Translated: 'hello' → 'hola'",
        }
        assert result["job_id"] == job_id
        shown = web.job(job_id)
        assert (shown["status"], shown["result"]["status"], shown["result"]["job_id"]) == (
            "finished",
            "completed",
            job_id,
        )
        assert client.request(job("hi", None))["payload"]["message"] == "⏳ Queuing default job: hi"


def test_ping_is_answered_and_errors_are_named(web: Web) -> None:
    with web.socket() as client:
        assert client.request({"action": "ping"}) == {"action": "pong", "payload": None}
        wrong = [
            {"action": "job", "payload": {"type": "translate"}},
            {"action": "job", "payload": {"type": 7, "content": "x"}},
            {"action": "job", "payload": {"content": ["x"]}},
            {"action": "job", "payload": "x"},
            {"action": "dance"},
            {"payload": {}},
            [],
            "no JSON",
            '{"action": "ping", "action": "job"}',
            '{"action": "job", "payload": {"content": "\\ud800"}}',
            {"action": "ping", "ref": "x" * 300},
            {"action": "subscribe", "payload": {"job_id": "none"}},
            {"action": "subscribe", "payload": {"job_id": "none", "after": "x"}},
            {"action": "subscribe", "payload": {"job_id": "*"}},
            {"action": "cancel", "payload": {"job_id": "none"}},
            {"action": "join", "payload": {"group": "a b"}},
            {"action": "join", "payload": {}},
        ]
        for message in wrong:
            problem = client.request(message)
            assert (problem["action"], set(problem["payload"])) == ("error", {"detail"}), message
            assert problem["payload"]["detail"]
        assert client.request({"action": "ping"})["action"] == "pong"


def test_a_drawing_can_be_submitted_and_ends_with_the_whole_job(web: Web) -> None:
    with web.socket() as client:
        for number in range(5):
            client.send(
                job(
                    {"width": 60, "height": 60, "pattern": "grid", "id": f"s{number}"},
                    "artboard",
                    ref=number,
                )
            )
        ended: list[Frame] = []
        while len(ended) < 5:
            frame = client.receive()
            assert frame["action"] in ("job_status", "job_progress")
            if status_of(frame) == "result":
                ended.append(frame)
    for frame in ended:
        assert frame["job"]["id"] == frame["job_id"]
        reply = web.request("GET", frame["job"]["links"]["result"])
        assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (200, "image/svg+xml")


def test_unknown_members_of_a_drawing_are_listed_when_it_is_queued(web: Web) -> None:
    with web.socket() as client:
        client.send(job({"width": 60, "height": 60, "patern": "grid"}, "artboard"))
        queued = client.receive_until("queued")[-1]
        assert queued["payload"]["ignored"] == [
            {"field": "patern", "hint": "did you mean 'pattern'?"}
        ]


def test_an_invalid_drawing_is_rejected_with_its_field(web: Web) -> None:
    with web.socket() as client:
        problem = client.request(job({"width": -1, "height": 60}, "artboard", ref=1))
        assert (problem["action"], problem["ref"]) == ("error", 1)
        assert "width" in problem["payload"]["detail"]


def test_a_subscription_continues_after_the_last_event(web: Web, gates: Gates) -> None:
    """Progress is sent, and the socket still answers."""
    job_id = web.submit("live_tasks.log_lines", gates.path(), 3)
    with web.socket() as client:
        subscribed = client.request(
            {"action": "subscribe", "payload": {"job_id": job_id}, "ref": 5}
        )
        assert (subscribed["action"], subscribed["ref"], subscribed["payload"]["job"]["id"]) == (
            "subscribed",
            5,
            job_id,
        )
        seconds = []
        for _ in range(5):
            requested_at = time.monotonic()
            assert client.request({"action": "ping"})["action"] == "pong"
            seconds.append(time.monotonic() - requested_at)
        assert min(seconds) < 0.2
        gates.open()
        frames = client.receive_until("result")
        assert [
            frame["payload"]["message"] for frame in frames if frame["action"] == "job_log"
        ] == [
            "line 1",
            "line 2",
            "line 3",
        ]
        (progress,) = [frame for frame in frames if frame["action"] == "job_progress"]
        assert progress["payload"] == {
            "step": 3,
            "total": 3,
            "percent": 100,
            "message": "all lines logged",
        }
        end = frames[-1]
        assert end["job"] == web.job(job_id)
    with web.socket() as client:
        client.request(
            {"action": "subscribe", "payload": {"job_id": job_id, "after": progress["seq"]}}
        )
        assert client.receive() == end
        again = client.request(
            {"action": "subscribe", "payload": {"job_id": job_id, "after": end["seq"]}}
        )
        assert again["payload"]["job"]["status"] == "finished"
        # Longer than the poll interval of followed jobs: a known end is not sent again.
        with pytest.raises(TimeoutError):
            client.receive(timeout=1.3)


def test_unsubscribing_ends_the_events_of_a_job(web: Web, gates: Gates) -> None:
    job_id = web.submit("live_tasks.log_lines", gates.path(), 3)
    with web.socket() as client:
        client.request({"action": "subscribe", "payload": {"job_id": job_id}})
        assert (
            client.request({"action": "unsubscribe", "payload": {"job_id": job_id}})["action"]
            == "unsubscribed"
        )
        gates.open()
        web.wait_for(job_id)
        assert client.is_idle()


def test_a_running_or_waiting_job_can_be_canceled(web: Web, gates: Gates) -> None:
    running, waiting = (
        web.submit("live_tasks.hold", gates.path()),
        web.submit("probe_tasks.nothing", delay=600),
    )
    web.wait_for(running, "started")
    with web.socket() as client:
        client.request({"action": "subscribe", "payload": {"job_id": running}})
        client.send({"action": "cancel", "payload": {"job_id": running}})
        assert client.receive_until("canceled")[-1]["job"]["status"] == "stopped"
        ended = client.request({"action": "cancel", "payload": {"job_id": waiting}})
        assert (status_of(ended), ended["job_id"]) == ("canceled", waiting)
        finished = web.submit("probe_tasks.nothing")
        web.wait_for(finished)
        again = client.request({"action": "cancel", "payload": {"job_id": finished}})
        assert (again["action"], again["payload"]["job_status"]) == ("error", "finished")
        assert client.is_idle()


def test_failures_and_deletions_are_reported(web: Web, gates: Gates) -> None:
    failing, deleted = (
        web.submit("live_tasks.fail_after", gates.path(), retry={"max": 0}),
        web.submit("probe_tasks.nothing", delay=600),
    )
    with web.socket() as client:
        for one in (failing, deleted):
            assert (
                client.request({"action": "subscribe", "payload": {"job_id": one}})["action"]
                == "subscribed"
            )
        gates.open()
        error = client.receive_until("error")[-1]
        assert error["payload"]["message"].startswith(f"❌ Job {failing} failed: ")
        assert "Traceback" not in json.dumps(error)
        assert web.request("DELETE", f"/jobs/{deleted}").status == 204
        assert client.receive_until("canceled")[-1]["job_id"] == deleted


def test_events_right_after_a_subscription_are_sent(web: Web) -> None:
    with web.socket() as client:
        for _ in range(20):
            deleted = web.submit("probe_tasks.nothing", delay=600)
            assert (
                client.request({"action": "subscribe", "payload": {"job_id": deleted}})["action"]
                == "subscribed"
            )
            assert web.request("DELETE", f"/jobs/{deleted}").status == 204
            ended = client.receive()
            assert (ended["payload"]["status"], ended["job_id"]) == ("canceled", deleted), ended


@pytest.fixture
def lonely() -> Iterator[Installation]:
    """Return an installation whose broker can be stopped."""
    started = Installation(SOCKET_COOLDOWN="60", SEND_COMPLETION="1")
    started.start_broker()
    yield started
    started.close()


def test_a_job_that_cannot_be_queued_is_reported(
    lonely: Installation,
) -> None:
    """With the setting, each reply ends with a completion frame."""
    web = lonely.start_web().wait_until_ready()
    until(lambda: web.request("GET", "/jobs").status == 200, what="the broker")
    broker = lonely._broker
    assert broker is not None
    broker.terminate()
    broker.wait(10)
    with web.socket() as client, web.socket(FLAT) as flat:
        client.send(job("hello", "translate"))
        statuses = client.receive_until("error")
        assert [status_of(frame) for frame in statuses] == ["queuing", "error"]
        assert statuses[-1]["payload"]["message"].startswith("❌ Error queuing job: ")
        assert client.receive() == {"action": "complete"}
        too_soon = client.request(job("hello", "translate"))
        assert too_soon["payload"] == {
            "status": "error",
            "message": "⏳ Please wait before sending another job",
        }
        assert flat.request("hi")["status"] == "queuing"
        assert flat.receive()["message"].startswith("❌ Error queuing job: ")


def test_an_image_can_be_sent_in_one_message(web: Web) -> None:
    """With more than ten thousand characters."""
    file = io.BytesIO()
    noise = np.random.default_rng(1).bytes(400 * 300 * 3)
    Image.frombytes("RGB", (400, 300), noise).save(file, "PNG")
    content = base64.b64encode(file.getvalue()).decode()
    assert len(content) > 400_000
    for path in (ENVELOPE, FLAT):
        with web.socket(path) as client:
            message = {"type": "image", "content": content}
            client.send(message if path == FLAT else {"action": "job", "payload": message})
            frames = [client.receive() for _ in range(3)]
            end = frames[-1].get("payload", frames[-1])
            assert end["message"].startswith("🖼️ Processed image: ")
            assert "PNG, 400 x 300 pixels" in end["message"]
            assert client.is_idle()


# -- recipients of results


def test_a_result_is_only_sent_to_its_requester_across_processes(web: Web, other_web: Web) -> None:
    with (
        web.socket() as asker,
        web.socket() as neighbour,
        other_web.socket() as far,
        other_web.socket(FLAT) as other_asker,
    ):
        other_asker.send("theirs")
        asker.send(job("mine"))
        assert asker.receive_until("result")[-1]["payload"]["message"] == "✅ Processed: MINE"
        assert [other_asker.receive().get("status") for _ in range(3)] == [
            "queuing",
            "queued",
            None,
        ]
        assert all(client.is_idle() for client in (asker, neighbour, far, other_asker))


def test_a_job_can_be_followed_in_another_process(web: Web, other_web: Web, gates: Gates) -> None:
    job_id = web.submit("live_tasks.log_lines", gates.path(), 1)
    with other_web.socket() as client, other_web.stream(job_id) as stream:
        client.request({"action": "subscribe", "payload": {"job_id": job_id}})
        stream.next()
        gates.open()
        assert client.receive_until("result")[-1]["job"]["status"] == "finished"
        assert stream.rest()[-1].name == "finished"


def test_a_disconnected_client_does_not_affect_its_job(web: Web) -> None:
    with web.socket() as client:
        client.send(job("hello", "translate"))
        job_id = client.receive_until("queued")[-1]["payload"]["job_id"]
        client.connection.socket.shutdown(socket.SHUT_RDWR)
    web.wait_for(job_id, "finished")
    assert web.request("GET", "/healthz").status == 200
    # The worker is alive.
    with web.socket() as client:
        client.send(job("still there"))
        assert (
            client.receive_until("result")[-1]["payload"]["message"] == "✅ Processed: STILL THERE"
        )


def test_five_jobs_submitted_together_have_five_results(web: Web) -> None:
    """On one socket and on five."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(web.socket())
        several = [stack.enter_context(web.socket()) for _ in range(5)]
        for number, client in enumerate(several):
            one.send(job(f"one {number}", ref=number))
            client.send(job(f"several {number}"))
        results = [one.receive_until("result")[-1] for _ in range(5)]
        assert sorted(frame["payload"]["message"] for frame in results) == [
            f"✅ Processed: ONE {number}" for number in range(5)
        ]
        for number, client in enumerate(several):
            (*_, end) = client.receive_until("result")
            assert end["payload"]["message"] == f"✅ Processed: SEVERAL {number}"
        assert all(client.is_idle() for client in (one, *several))


def test_two_jobs_run_at_once_where_there_are_two_workers(web: Web, gates: Gates) -> None:
    """Each of the two ends only because the other one runs."""
    first = web.submit("live_tasks.hold", gates.path("one"))
    second = web.submit("live_tasks.hold", gates.path("two"))
    for one in (first, second):
        web.wait_for(one, "started")
    for name in ("one", "two"):
        gates.open(name)
    for one in (first, second):
        web.wait_for(one, "finished")


def test_group_messages_reach_only_members_across_processes(web: Web, other_web: Web) -> None:
    with (
        web.socket() as here,
        other_web.socket() as there,
        web.socket(FLAT) as flat,
        other_web.socket() as outside,
    ):
        for client in (here, there):
            joined = client.request({"action": "join", "payload": {"group": "room:1"}, "ref": 3})
            assert joined == {"action": "joined", "payload": {"group": "room:1"}, "ref": 3}
        assert flat.request({"type": "join", "group": "room:1"}) == {
            "type": "joined",
            "group": "room:1",
        }
        sent = web.request("POST", "/groups/room:1/messages", {"message": {"n": 1}})
        # Both members of the first service may be in the same of its two processes.
        assert (sent.status, sent.body["processes"] in {2, 3}) == (202, True)
        message = {"group": "room:1", "message": {"n": 1}}
        assert here.receive() == there.receive() == {"action": "group_message", "payload": message}
        assert flat.receive() == {"type": "group_message", **message}
        assert (
            there.request({"action": "leave", "payload": {"group": "room:1"}})["action"] == "left"
        )
        other_web.request("POST", "/groups/room:1/messages", {"message": {"n": 2}})
        assert here.receive()["payload"]["message"] == {"n": 2}
        assert there.is_idle()
        assert outside.is_idle()
        own = there.request({"action": "hello"})["payload"]
        assert own["groups"] == []
        web.request(
            "POST", f"/groups/client:{own['client_id']}/messages", {"message": {"just": "you"}}
        )
        assert there.receive() == {"action": "message", "payload": {"message": {"just": "you"}}}
        assert here.is_idle()


@pytest.mark.parametrize("group", ["a b", "x" * 65, "ä"])
def test_an_invalid_group_name_is_rejected(web: Web, group: str) -> None:
    from urllib.parse import quote

    assert web.request("POST", f"/groups/{quote(group)}/messages", {"message": {}}).status in (
        404,
        422,
    )


def test_a_socket_joins_at_most_a_hundred_groups(web: Web) -> None:
    with web.socket() as client:
        for number in range(100):
            assert (
                client.request({"action": "join", "payload": {"group": str(number)}})["action"]
                == "joined"
            )
        assert (
            "100 groups"
            in client.request({"action": "join", "payload": {"group": "more"}})["payload"]["detail"]
        )
        assert client.request({"action": "join", "payload": {"group": "1"}})["action"] == "joined"


# -- owners


def test_without_a_key_a_socket_is_closed_with_a_reason(ann: Web) -> None:
    """Browsers do not expose the status of a handshake, but the close reason."""
    for path in (ENVELOPE, FLAT, f"{ENVELOPE}?token=forged"):
        with websocket_of(ann, path) as connection:
            connection.send('{"action": "ping"}')
            opcode, data = connection.recv_data()
            assert (opcode, int.from_bytes(data[:2], "big")) == (websocket.ABNF.OPCODE_CLOSE, 1008)
            assert b"key" in data[2:]


@contextlib.contextmanager
def websocket_of(web: Web, path: str = ENVELOPE, **options: Any) -> Iterator[websocket.WebSocket]:
    """Return a WebSocket opened with `websocket-client`."""
    connection = websocket.create_connection(web.address(path), timeout=15, **options)
    try:
        yield connection
    finally:
        connection.close(timeout=1)
        connection.shutdown()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("how", ["header", "bearer", "subprotocol", "two subprotocols"])
def test_a_key_is_accepted_in_a_header_or_a_subprotocol(ann: Web, how: str) -> None:
    coded = "bearer." + base64.urlsafe_b64encode(ann.key.encode()).decode().rstrip("=")
    options: dict[str, dict[str, Any]] = {
        "header": {"header": {"X-API-Key": ann.key}},
        "bearer": {"header": {"Authorization": f"Bearer {ann.key}"}},
        "subprotocol": {"subprotocols": [coded]},
        "two subprotocols": {"subprotocols": ["vector-api", coded]},
    }
    with websocket_of(ann, **options[how]) as connection:
        assert json.loads(connection.recv())["payload"]["status"] == "connected"
        chosen = {"subprotocol": coded.lower(), "two subprotocols": "vector-api"}.get(how)
        assert connection.getsubprotocol() == chosen, "this client library shows it in lower case"
        connection.send(json.dumps(job("hi")))
        frames = [json.loads(connection.recv()) for _ in range(3)]
        assert [status_of(frame) for frame in frames] == ["queuing", "queued", "result"]


@pytest.mark.parametrize(
    "offered", ["bearer.a", "bearer.====", "bearer." + "x" * 3000, "bearer.", ", ,", "bearer._w"]
)
def test_an_invalid_subprotocol_is_not_a_key(ann: Web, offered: str) -> None:
    """No value of the header causes a server error."""
    for path in ("/jobs", "/jobs/none/events"):
        assert (
            as_whom(ann, "")
            .request("GET", path, headers={"Sec-WebSocket-Protocol": offered})
            .status
            == 401
        )


def test_jobs_and_groups_of_another_key_are_inaccessible(ann: Web) -> None:
    bob = as_whom(ann, KEYS["bob"])
    job_id = ann.submit("probe_tasks.nothing", delay=600)
    with ann.socket() as mine, bob.socket() as theirs:
        for action in ("subscribe", "cancel"):
            problem = theirs.request({"action": action, "payload": {"job_id": job_id}})
            unknown = theirs.request({"action": action, "payload": {"job_id": "there_is_none"}})
            assert problem == unknown, "the two errors must not differ"
            assert problem["action"] == "error"
        for client in (mine, theirs):
            client.request({"action": "join", "payload": {"group": "room"}})
        own = mine.request({"action": "hello"})["payload"]["client_id"]
        for group in ("room", f"client:{own}"):
            bob.request("POST", f"/groups/{group}/messages", {"message": {"from": "bob"}})
        assert theirs.receive()["payload"]["message"] == {"from": "bob"}
        assert mine.is_idle()
        assert (
            status_of(mine.request({"action": "cancel", "payload": {"job_id": job_id}}))
            == "canceled"
        )


def test_a_token_only_allows_following_its_job(ann: Web, gates: Gates) -> None:
    job_id, other = (
        ann.submit("live_tasks.hold", gates.path()),
        ann.submit("probe_tasks.nothing", delay=600),
    )
    path = ann.request("POST", f"/jobs/{job_id}/token").body["links"]["socket"]
    with as_whom(ann, "").socket(path) as client:
        assert client.request({"action": "ping"})["action"] == "pong"
        forbidden = [
            job("hi"),
            {"action": "subscribe", "payload": {"job_id": other}},
            {"action": "cancel", "payload": {"job_id": job_id}},
            {"action": "join", "payload": {"group": "room"}},
        ]
        for message in forbidden:
            problem = client.request(message)
            assert (problem["action"], "token" in problem["payload"]["detail"]) == (
                "error",
                True,
            ), message
        assert (
            client.request({"action": "subscribe", "payload": {"job_id": job_id}})["action"]
            == "subscribed"
        )
        gates.open()
        assert client.receive_until("result")[-1]["job_id"] == job_id


def test_pages_of_other_origins_need_permission(ann: Web, web: Web) -> None:
    own = f"http://127.0.0.1:{ann.port}"
    for origin in (own, "https://app.example", None):
        with ann.socket(origin=origin) as client:
            assert client.request({"action": "ping"})["action"] == "pong"
    for origin in (
        "https://evil.example",
        "http://app.example",
        "null",
        f"{own}.evil.example",
        "http://127.0.0.1",
        "https://app.example.evil",
    ):
        assert refusal(ann, origin=origin) == 403, origin
    for origin in ("https://anywhere.example", "null"):
        assert refusal(web, origin=origin) == 403, origin


# -- the protocol


def test_long_and_fragmented_messages_of_both_libraries_work(web: Web) -> None:
    text = "é" * 5000
    with web.socket(FLAT) as client, websocket_of(web, FLAT) as connection:
        client.connection.send(iter([text[:10], text[10:4000], text[4000:]]))
        assert [client.receive().get("status") for _ in range(2)] == ["queuing", "queued"]
        assert client.receive()["message"] == f"✅ Processed: {text.upper()}"
        connection.recv()
        connection.send_frame(
            websocket.ABNF.create_frame(text[:1], websocket.ABNF.OPCODE_TEXT, fin=0)
        )
        connection.ping(b"between")
        connection.send_frame(
            websocket.ABNF.create_frame(text[1:].encode(), websocket.ABNF.OPCODE_CONT)
        )
        opcode, data = connection.recv_data(control_frame=True)
        assert (opcode, bytes(data)) == (websocket.ABNF.OPCODE_PONG, b"between")
        assert [json.loads(connection.recv()).get("status") for _ in range(2)] == [
            "queuing",
            "queued",
        ]
        assert json.loads(connection.recv())["message"] == f"✅ Processed: {text.upper()}"


def test_pings_are_answered_and_idle_clients_are_pinged(web: Web) -> None:
    with websocket_of(web) as connection:
        connection.recv()
        opcode, _ = connection.recv_data(control_frame=True)
        assert opcode == websocket.ABNF.OPCODE_PING
    with web.socket() as client:
        assert client.connection.ping(b"still there").wait(5)


@pytest.mark.parametrize(
    ("message", "code"),
    [("x" * 900_000, 1009), (b"binary", 1003)],
    ids=["too long", "binary"],
)
def test_an_invalid_message_ends_the_conversation_with_its_code(
    web: Web, message: str | bytes, code: int
) -> None:
    for path in (ENVELOPE, FLAT):
        with web.socket(path) as client:
            client.connection.send(message)
            assert closing(client)[0] == code


def test_a_text_that_is_not_utf_8_ends_the_conversation(web: Web) -> None:
    with web.socket() as client:
        client.connection.send(b"\xc3\x28", text=True)
        assert closing(client)[0] == 1007


def test_too_many_messages_end_only_one_conversation(web: Web) -> None:
    with web.socket() as flood, web.socket() as calm:
        with contextlib.suppress(ConnectionClosed):
            for _ in range(5000):
                flood.send({"action": "join", "payload": {"group": "flood"}})
        code, _ = closing(flood)
        assert code == 1013
        assert calm.request({"action": "ping"})["action"] == "pong"


def test_garbage_ends_only_one_conversation(web: Web) -> None:
    before = len(web.log.read_text())
    with web.socket() as calm:
        for garbage in (
            b"\x00" * 1000,
            b"\xff" * 1000,
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x81\xff" + b"\x7f" * 8,
        ):
            with websocket_of(web) as connection:
                connection.recv()
                assert connection.sock is not None
                connection.sock.sendall(garbage)
                opcode, data = connection.recv_data()
                assert opcode == websocket.ABNF.OPCODE_CLOSE
                assert int.from_bytes(data[:2], "big") in (1002, 1009)
        assert calm.request({"action": "ping"})["action"] == "pong"
    assert "Traceback" not in web.log.read_text()[before:]


def test_incomplete_and_invalid_handshakes_are_rejected(web: Web) -> None:
    reply = web.request("GET", ENVELOPE)
    assert (reply.status, reply.headers["Upgrade"], reply.body["type"]) == (
        426,
        "websocket",
        "/problems/upgrade-required",
    )
    head = "GET /ws/background_jobs HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    for rest in (
        "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n\r\n",
        "Sec-WebSocket-Version: 13\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", web.port), timeout=10) as connection:
            connection.sendall((head + rest).encode())
            assert connection.recv(12) == b"HTTP/1.1 426"
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stalled = stack.enter_context(
                socket.create_connection(("127.0.0.1", web.port), timeout=10)
            )
            stalled.sendall(head.encode())
        with web.socket() as client:
            assert client.request({"action": "ping"})["action"] == "pong"


def test_many_short_connections_leave_no_state(web: Web) -> None:
    """Each client joins a group and disconnects before the reply; the group is empty afterwards."""

    def come_and_go(number: int) -> None:
        for _ in range(5):
            with contextlib.suppress(OSError, ConnectionClosed), web.socket() as client:
                client.send({"action": "join", "payload": {"group": f"vanishing{number}"}})
                client.connection.socket.shutdown(socket.SHUT_RDWR)

    threads = [threading.Thread(target=come_and_go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def deserted() -> bool:
        sent = [
            web.request("POST", f"/groups/vanishing{number}/messages", {"message": {}}).body[
                "processes"
            ]
            for number in range(8)
        ]
        return sent == [0] * 8

    until(deserted, what="groups without members")
