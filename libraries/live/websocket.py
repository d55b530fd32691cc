"""The server's side of WebSocket conversations (RFC 6455) on held connections.

Frames are parsed by the package `websockets`; messages are dealt with by a few threads, those of one conversation in order.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol as Typed

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from libraries.live.hub import Hub, Line

LONGEST_MESSAGE = 1 << 16
MOST_UNANSWERED = 64
HANDLERS = 16
# RFC 6455, 1.3: what the client's key is joined with.
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NORMAL, GOING_AWAY, UNSUPPORTED, NOT_UTF8, POLICY, TRY_LATER = 1000, 1001, 1003, 1007, 1008, 1013
log = logging.getLogger(__name__)


Header = Callable[[str], str | None]


def is_handshake(header: Header) -> bool:
    """Tell whether a request, whose headers `header` looks up, asks for a WebSocket in the one version that there is."""
    connection = {part.strip().lower() for part in (header("Connection") or "").split(",")}
    upgrade = (header("Upgrade") or "").strip().lower() == "websocket"
    return (
        "upgrade" in connection
        and upgrade
        and header("Sec-WebSocket-Version") == "13"
        and bool(_key(header))
    )


def handshake_reply(header: Header, protocol: str = "") -> dict[str, str]:
    """Return the headers that accept a handshake, and choose the subprotocol if there is one to choose."""
    digest = hashlib.sha1(f"{_key(header)}{GUID}".encode(), usedforsecurity=False).digest()
    chosen = {"Sec-WebSocket-Protocol": protocol} if protocol else {}
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": b64encode(digest).decode(),
        **chosen,
    }


def _key(header: Header) -> str:
    """Return the client's key, '' for what is none."""
    key = (header("Sec-WebSocket-Key") or "").strip()
    try:
        return key if len(b64decode(key, validate=True)) == 16 else ""  # noqa: PLR2004 - RFC 6455, 4.2.1
    except ValueError:
        return ""


def text_frame(text: str) -> bytes:
    """Return a text as the bytes of one frame; the same for every client."""
    return bytes(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))


def close_frame(code: int, reason: str = "") -> bytes:
    """Return the frame that ends a conversation; the reason is cut to what fits."""
    data = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
    return bytes(Frame(Opcode.CLOSE, data).serialize(mask=False))


class Partner(Typed):
    """Whoever answers in a conversation."""

    def opened(self, conversation: Conversation) -> None:
        """Begin."""

    def heard(self, conversation: Conversation, text: str) -> None:
        """Deal with a message; called in one thread at a time."""

    def ended(self) -> None:
        """Learn that the conversation is over."""


class Handlers:
    """The threads that deal with what clients say, for all conversations of a process."""

    def __init__(self, around: Callable[[Callable[[], None]], None] = lambda call: call()) -> None:
        """Make them; `around` calls what it is given, in whatever context that needs."""
        self._pool = ThreadPoolExecutor(HANDLERS, thread_name_prefix="socket")
        self._around = around

    def run(self, call: Callable[[], None]) -> None:
        """Have `call` called soon."""
        # A process that stops begins nothing more.
        with contextlib.suppress(RuntimeError):
            self._pool.submit(self._guarded, call)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            self._around(call)
        except Exception:
            log.exception("A message of a WebSocket could not be dealt with")


class Conversation:
    """One WebSocket. `say` and `close` may be called from any thread."""

    __slots__ = (
        "_handlers",
        "_hub",
        "_line",
        "_lock",
        "_partner",
        "_parts",
        "_protocol",
        "_unanswered",
        "_working",
        "over",
    )

    heartbeat = bytes(Frame(Opcode.PING, b"").serialize(mask=False))
    farewell = close_frame(GOING_AWAY, "the server stops")

    def __init__(self, hub: Hub, handlers: Handlers, partner: Partner) -> None:
        """Make a conversation that `partner` answers in; it begins with `begin`."""
        self._hub = hub
        self._handlers = handlers
        self._partner = partner
        self._protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=LONGEST_MESSAGE)
        self._parts: list[bytes] = []
        self._unanswered: deque[str] = deque()
        # From the greeting on: nothing is answered before it is said.
        self._working = True
        self._lock = threading.Lock()
        self._line: Line | None = None
        self.over = False

    def begin(self, line: Line) -> None:
        """Begin, on a connection whose handshake is done."""
        self._line = line
        self._handlers.run(self._open)

    def say(self, text: str) -> None:
        """Send a text message."""
        self.say_frame(text_frame(text))

    def say_frame(self, frame: bytes) -> None:
        """Send a message that is a frame already."""
        if self._line is not None and not self.over:
            self._hub.send((self._line,), frame)

    def close(self, code: int, reason: str = "") -> None:
        """End the conversation."""
        if self._line is not None:
            self._hub.send((self._line,), close_frame(code, reason), last=True)

    # -- called by the hub

    def receive(self, line: Line, data: bytes) -> bool:
        """Take what the client sent."""
        self._protocol.receive_data(data)
        # A pong comes before the answer to a message that came behind its ping.
        self._pass_on(line)
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame):
                self._take(frame)
        self._pass_on(line)
        return True

    def _pass_on(self, line: Line) -> None:
        """Send what the protocol itself has to say: pongs, and the end."""
        answer = b"".join(self._protocol.data_to_send())
        closing = self._protocol.state is not State.OPEN
        if answer or closing:
            self._hub.send((line,), answer, last=closing)

    def ended(self, line: Line) -> None:
        """Learn that the connection is over."""
        self.over = True
        with self._lock:
            if self._working:
                # Whoever answers a message sees it behind that.
                return
            self._working = True
        self._handlers.run(self._answer)

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if frame.opcode is Opcode.BINARY:
            self._fail(UNSUPPORTED, "messages are text")
            return
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message, self._parts = b"".join(self._parts), []
        try:
            self._hear(message.decode())
        except UnicodeDecodeError:
            self._fail(NOT_UTF8, "messages are UTF-8")

    def _fail(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)

    def _hear(self, text: str) -> None:
        with self._lock:
            if len(self._unanswered) >= MOST_UNANSWERED:
                self._fail(TRY_LATER, "too many messages at once")
                return
            self._unanswered.append(text)
            if self._working:
                return
            self._working = True
        self._handlers.run(self._answer)

    def _open(self) -> None:
        try:
            self._partner.opened(self)
        finally:
            self._answer()

    def _answer(self) -> None:
        while (text := self._next()) is not None:
            try:
                self._partner.heard(self, text)
            except Exception:
                log.exception("A message of a WebSocket could not be dealt with")

    def _next(self) -> str | None:
        """Return the message to deal with next, None for none; if that is because all is over, the partner learns it."""
        with self._lock:
            if not self.over:
                self._working = bool(self._unanswered)
                return self._unanswered.popleft() if self._working else None
        self._partner.ended()
        return None


__all__ = [
    "NORMAL",
    "POLICY",
    "TRY_LATER",
    "Conversation",
    "Handlers",
    "Partner",
    "close_frame",
    "handshake_reply",
    "is_handshake",
    "text_frame",
]
