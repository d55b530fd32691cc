"""The hub and WebSocket conversations, over real TCP."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from libraries.live import Connection, Conversation, Handlers, Hub, HubFull, is_handshake
from libraries.live import hub as module
from libraries.live.websocket import close_frame
from tests.conftest import Stopwatch, until


class Quiet:
    """Records messages and ends; disconnects clients whose message ends with `!`."""

    heartbeat = b"(beat)"
    farewell = b"(bye)"

    def __init__(self) -> None:
        self.received = b""
        self.over = threading.Event()

    def receive(self, line: Connection, data: bytes) -> bool:
        self.received += data
        return not data.endswith(b"!")

    def ended(self, line: Connection) -> None:
        assert not self.over.is_set(), "called twice"
        self.over.set()


class Pair:
    """The client's socket and the hub's connection."""

    def __init__(
        self,
        hub: Hub,
        *,
        first: bytes = b"hello",
        buffer: int = 0,
        protocol: Quiet | None = None,
        who: str = "",
        **more: Any,
    ) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            self.client = socket.socket()
            if buffer:
                self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            self.client.settimeout(10)
            self.client.connect(listener.getsockname())
            self.held, _ = listener.accept()
            if buffer:
                self.held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.protocol = protocol or Quiet()
        try:
            self.line = hub.hold(self.held, self.protocol, first, client=who, **more)
        except BaseException:
            self.client.close()
            self.held.close()
            raise

    def read(self, number: int) -> bytes:
        """Read `number` bytes, or less at the end."""
        found = b""
        while len(found) < number and (got := self.client.recv(number - len(found))):
            found += got
        return found


@pytest.fixture
def hub() -> Iterator[Hub]:
    started = Hub(3)
    yield started
    started.close()


@pytest.fixture
def hold(hub: Hub) -> Iterator[Callable[..., Pair]]:
    pairs: list[Pair] = []

    def make(**options: object) -> Pair:
        pairs.append(Pair(hub, **options))  # type: ignore[arg-type]
        return pairs[-1]

    yield make
    for pair in pairs:
        pair.client.close()


def test_messages_reach_every_client_in_order(hub: Hub, hold: Callable[..., Pair]) -> None:
    pairs = [hold() for _ in range(3)]
    for number in range(200):
        hub.send([pair.line for pair in pairs], b"%3d" % number)
    expected = b"hello" + b"".join(b"%3d" % number for number in range(200))
    assert [pair.read(len(expected)) for pair in pairs] == [expected] * 3


def test_a_connection_ends_after_the_last_frame_even_if_the_client_sends(
    hub: Hub, hold: Callable[..., Pair]
) -> None:
    """Closing a socket with unread data resets it, and sent data can be lost."""
    pair = hold()
    pair.client.sendall(b"x" * 300_000)
    hub.send([pair.line], b"last", last=True)
    pair.client.sendall(b"y" * 300_000)
    hub.send([pair.line], b"too late")
    assert pair.read(100) == b"hellolast"
    pair.client.sendall(b"z")
    assert not pair.protocol.received.endswith(b"z")
    pair.client.close()
    assert pair.protocol.over.wait(5)
    until(lambda: hub.held == 0, what="the end of the connection")


def test_a_client_that_does_not_close_an_ended_connection_is_dropped(
    hub: Hub, hold: Callable[..., Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER_TIMEOUT_S", 0.1)
    pair = hold()
    hub.send([pair.line], b"last", last=True)
    assert pair.protocol.over.wait(5)
    assert hub.held == 0


def test_a_disconnected_client_is_detected_at_once(hub: Hub, hold: Callable[..., Pair]) -> None:
    pair = hold()
    pair.client.close()
    assert pair.protocol.over.wait(1)
    assert hub.held == 0
    hub.send([pair.line], b"no receiver")


def test_the_number_of_connections_is_limited(hub: Hub, hold: Callable[..., Pair]) -> None:
    pairs = [hold() for _ in range(3)]
    with pytest.raises(HubFull, match="3 event streams"):
        hold()
    with pytest.raises(HubFull):
        hub.check_room()
    pairs[0].client.close()
    until(lambda: hub.held == 2, what="room")
    assert hold().read(5) == b"hello"


def test_an_idle_connection_gets_heartbeats(
    hub: Hub, hold: Callable[..., Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT_AFTER_S", 0.5)
    pair, asked = hold(), time.monotonic()
    assert pair.read(11) == b"hello(beat)"
    assert 0.5 <= time.monotonic() - asked < 5


def test_a_connection_ends_when_the_key_that_opened_it_expires(
    hold: Callable[..., Pair],
) -> None:
    pair, other = (
        hold(expires_at=time.time() + 0.5, expiry=b"(expired)"),
        hold(expires_at=time.time() + 600),
    )
    assert pair.read(100) == b"hello(expired)"
    assert not other.protocol.over.is_set()


def test_a_client_that_does_not_read_is_dropped(hub: Hub, hold: Callable[..., Pair]) -> None:
    lazy, eager = hold(buffer=4096), hold()
    block, blocks = b"x" * 65_536, 100
    received = [0]

    def read() -> None:
        while received[0] < 5 + blocks * len(block) and (got := eager.client.recv(1 << 20)):
            received[0] += len(got)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(blocks):
        hub.send([eager.line, lazy.line], block)
        until(
            lambda number=number: received[0] > (number - 4) * len(block),  # type: ignore[misc]
            what="a reader that is fast enough",
        )
    reader.join(20)
    assert received[0] == 5 + blocks * len(block)
    assert lazy.protocol.over.wait(5)
    assert not eager.protocol.over.is_set()


def test_a_slow_reader_gets_its_backlog_before_the_end(hub: Hub, hold: Callable[..., Pair]) -> None:
    pair = hold(buffer=4096)
    hub.send([pair.line], b"x" * 900_000)
    hub.send([pair.line], b"last", last=True)
    until(lambda: pair.line.waiting > 0, what="a backlog")
    assert pair.read(2_000_000) == b"hello" + b"x" * 900_000 + b"last"


def test_an_error_of_one_client_does_not_end_the_others(
    hub: Hub,
    hold: Callable[..., Pair],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Quiet):
        def receive(self, line: Connection, data: bytes) -> bool:
            raise RuntimeError("not today")

    broken, fine = hold(protocol=Broken()), hold()
    with caplog.at_level(logging.CRITICAL):
        broken.client.sendall(b"?")
        fine.client.sendall(b"!")
        assert fine.protocol.over.wait(5)
        hub.send([broken.line], b"still")
        assert broken.read(10) == b"hellostill"


def test_a_stopping_hub_sends_farewells_and_holds_no_more() -> None:
    stop, stopped = threading.Event(), threading.Event()
    hub = Hub(5, stop.is_set)
    hub.at_stop.append(stopped.set)
    pairs = [Pair(hub) for _ in range(3)]
    asked = Stopwatch()
    stop.set()
    assert [pair.read(100) for pair in pairs] == [b"hello(bye)"] * 3
    for pair in pairs:
        pair.client.close()
    assert stopped.wait(1)
    assert all(pair.protocol.over.wait(2) for pair in pairs)
    assert asked.seconds() < 3
    with pytest.raises(HubFull):
        Pair(hub)
    hub.close()


def test_an_unused_hub_can_be_closed() -> None:
    Hub(1).close()


def test_the_client_with_the_most_connections_gives_one_up_for_another(
    hub: Hub, hold: Callable[..., Pair]
) -> None:
    greedy = [hold(who="greedy") for _ in range(3)]
    hub.check_room("modest")
    modest = hold(who="modest")
    assert modest.read(5) == b"hello"
    assert greedy[2].read(100) == b"hello(bye)"
    assert hub.held == 3
    assert hold(who="third").read(5) == b"hello"
    for client in ("greedy", "modest", "third"):
        with pytest.raises(HubFull):
            hold(who=client)
    assert greedy[0].read(5) == b"hello"
    for pair in (greedy[0], modest):
        pair.client.close()
    until(lambda: hub.held == 1, what="room")
    assert [hold(who="modest").read(5) for _ in range(2)] == [b"hello"] * 2


class Echo:
    """Records the order of calls, and answers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.current = ""
        self.over = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.greeting = threading.Event()
        self.greeting.set()

    def on_open(self, conversation: Conversation) -> None:
        self.greeting.wait(10)
        self.calls.append("opened")
        conversation.send("welcome")

    def on_message(self, conversation: Conversation, text: str) -> None:
        self.current = text
        self.gate.wait(10)
        self.calls.append(text)
        conversation.send(text)

    def on_close(self) -> None:
        self.calls.append("ended")
        self.over.set()


class WebSocketClient:
    """A conversation whose client encodes its frames itself."""

    def __init__(self, hub: Hub, handlers: Handlers) -> None:
        self.handler = Echo()
        self.conversation = Conversation(hub, handlers, self.handler)
        self.pair = Pair(hub, first=b"", protocol=self.conversation)  # type: ignore[arg-type]
        self.socket = self.pair.client

    def begin(self) -> WebSocketClient:
        self.conversation.begin(self.pair.line)
        return self

    def send(self, text: str, *, opcode: Opcode = Opcode.TEXT, fin: bool = True) -> None:
        self.socket.sendall(bytes(Frame(opcode, text.encode(), fin=fin).serialize(mask=True)))

    def read(self, text: str) -> bool:
        """Return whether the next message is this one."""
        expected = bytes(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))
        return self.pair.read(len(expected)) == expected


@pytest.fixture
def handlers() -> Iterator[Handlers]:
    started = Handlers()
    yield started
    started.close()


@pytest.fixture
def client(hub: Hub, handlers: Handlers) -> Iterator[WebSocketClient]:
    started = WebSocketClient(hub, handlers)
    yield started
    started.socket.close()


def test_the_greeting_is_sent_before_any_answer(client: WebSocketClient) -> None:
    client.handler.greeting.clear()
    client.send("early")
    client.begin()
    client.send("later")
    client.handler.greeting.set()
    assert all(client.read(text) for text in ("welcome", "early", "later"))
    assert client.handler.calls == ["opened", "early", "later"]


def test_the_end_is_reported_once_and_after_the_current_message(client: WebSocketClient) -> None:
    """Otherwise a membership in a group that the message starts would never end."""
    client.begin()
    assert client.read("welcome")
    client.handler.gate.clear()
    client.send("join")
    until(lambda: client.handler.current == "join", what="a message being handled")
    client.socket.close()
    until(lambda: client.conversation.over, what="the end of the connection")
    assert not client.handler.over.wait(0.05)
    client.handler.gate.set()
    assert client.handler.over.wait(5)
    assert client.handler.calls == ["opened", "join", "ended"]


def test_the_end_of_an_idle_conversation_is_reported_at_once(client: WebSocketClient) -> None:
    client.begin()
    assert client.read("welcome")
    client.socket.close()
    assert client.handler.over.wait(5)


def test_a_fragmented_message_with_pings_is_one_message(client: WebSocketClient) -> None:
    client.begin()
    assert client.read("welcome")
    client.send("one ", fin=False)
    client.send("are you there", opcode=Opcode.PING)
    client.send("two ", opcode=Opcode.CONT, fin=False)
    client.send("three", opcode=Opcode.CONT)
    pong = bytes(Frame(Opcode.PONG, b"are you there").serialize(mask=False))
    assert client.pair.read(len(pong)) == pong
    assert client.read("one two three")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes(Frame(Opcode.BINARY, b"x").serialize(mask=True)), 1003),
        (bytes(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True)), 1007),
        (bytes(Frame(Opcode.TEXT, b"x" * 900_000).serialize(mask=True)), 1009),
        (bytes(Frame(Opcode.TEXT, b"x").serialize(mask=False)), 1002),
        (bytes(Frame(Opcode.CONT, b"x").serialize(mask=True)), 1002),
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
        (b"\xff" * 5000, 1002),
        (close_frame(1000)[:1] + b"\x82\x00\x00\x00\x00" + close_frame(1000)[2:], 1000),
    ],
    ids=[
        "binary",
        "not UTF-8",
        "too long",
        "not masked",
        "a piece of nothing",
        "HTTP",
        "garbage",
        "a close",
    ],
)
def test_an_invalid_message_ends_the_conversation_with_its_code(
    client: WebSocketClient, data: bytes, code: int
) -> None:
    client.begin()
    assert client.read("welcome")
    with contextlib.suppress(ConnectionError):
        client.socket.sendall(data)
    answer = client.pair.read(10_000)
    assert (answer[0], int.from_bytes(answer[2:4], "big")) == (0x88, code)
    assert len(answer) == 2 + answer[1]
    client.socket.close()
    assert client.handler.over.wait(5)


def test_too_many_unanswered_messages_end_the_conversation(client: WebSocketClient) -> None:
    client.begin()
    assert client.read("welcome")
    client.handler.gate.clear()
    for number in range(1 + 64 + 1):
        client.send(str(number))
    answer = client.pair.read(4)
    assert (answer[0], int.from_bytes(answer[2:4], "big")) == (0x88, 1013)
    client.handler.gate.set()


def test_large_messages_share_the_slots_of_the_process(
    hub: Hub, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(Conversation, "LARGE_SLOTS", slots)
    slow, other, quick = (WebSocketClient(hub, handlers).begin() for _ in range(3))
    assert all(one.read("welcome") for one in (slow, other, quick))
    large = "x" * 100_000
    half = bytes(Frame(Opcode.TEXT, large.encode()).serialize(mask=True))[:80_000]
    slow.socket.sendall(half)
    until(lambda: slots._value == 0, what="an acquired slot")
    other.send(large)
    answer = other.pair.read(4)
    assert (answer[0], int.from_bytes(answer[2:4], "big")) == (0x88, 1013)
    quick.send("small")
    assert quick.read("small")
    slow.socket.close()
    assert slow.handler.over.wait(5)
    # The place is free again, also while and after a message is answered.
    for _ in range(2):
        quick.send(large)
        assert quick.read(large)
    until(lambda: slots.acquire(blocking=False), what="a free slot")
    for one in (other, quick):
        one.socket.close()


def test_unanswered_large_messages_are_limited(client: WebSocketClient) -> None:
    client.begin()
    assert client.read("welcome")
    client.handler.gate.clear()
    with contextlib.suppress(ConnectionError):
        for _ in range(4):
            client.send("x" * 700_000)
    answer = client.pair.read(4)
    assert (answer[0], int.from_bytes(answer[2:4], "big")) == (0x88, 1013)
    client.handler.gate.set()


def test_an_error_in_one_message_does_not_affect_the_next(
    client: WebSocketClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    on_message = client.handler.on_message

    def refuse(conversation: Conversation, text: str) -> None:
        if text == "bad":
            raise RuntimeError("not today")
        on_message(conversation, text)

    monkeypatch.setattr(client.handler, "on_message", refuse)
    client.begin()
    client.send("bad")
    client.send("good")
    assert client.read("welcome")
    assert client.read("good")
    assert "could not be handled" in caplog.text


GOOD = {
    "connection": "keep-alive, Upgrade",
    "upgrade": "WebSocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "x" * 22 + "==",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connection", None),
        ("connection", "keep-alive"),
        ("upgrade", "h2c"),
        ("sec-websocket-version", "8"),
        ("sec-websocket-key", ""),
        ("sec-websocket-key", "short"),
        ("sec-websocket-key", "ä" * 24),
    ],
)
def test_an_invalid_handshake_is_rejected(name: str, value: str | None) -> None:
    assert is_handshake(lambda header: GOOD.get(header.lower()))
    assert not is_handshake(
        lambda header: value if header.lower() == name else GOOD.get(header.lower())
    )
