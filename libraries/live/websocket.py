"""The server side of WebSockets (RFC 6455) on long-lived connections.

The package `websockets` parses frames; a few threads handle the messages, those of one conversation
in order.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import typing
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from libraries.live.hub import Connection, Hub

Header = Callable[[str], str | None]
log = logging.getLogger(__name__)


def is_handshake(header: Header) -> bool:
    """Return whether a request is a WebSocket handshake; `header` looks up its headers."""
    connection = {part.strip().lower() for part in (header("Connection") or "").split(",")}
    upgrade = (header("Upgrade") or "").strip().lower() == "websocket"
    return (
        "upgrade" in connection
        and upgrade
        and header("Sec-WebSocket-Version") == "13"
        and bool(_key(header))
    )


def handshake_reply(header: Header, protocol: str = "") -> dict[str, str]:
    """Return the headers that accept a handshake, with the subprotocol if it is not empty."""
    # Appended to the client's key (RFC 6455, 1.3).
    digest = hashlib.sha1(
        f"{_key(header)}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False
    ).digest()
    chosen = {"Sec-WebSocket-Protocol": protocol} if protocol else {}
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": b64encode(digest).decode(),
        **chosen,
    }


def _key(header: Header) -> str:
    """Return the client's key, '' if it is missing or invalid."""
    key = (header("Sec-WebSocket-Key") or "").strip()
    try:
        # 16 bytes (RFC 6455, 4.2.1).
        return key if len(b64decode(key, validate=True)) == 16 else ""  # noqa: PLR2004
    except ValueError:
        return ""


def text_frame(text: str) -> bytes:
    """Return a text as the bytes of one frame, which can be sent to many clients."""
    return bytes(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; a long reason is truncated."""
    data = code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()
    return bytes(Frame(Opcode.CLOSE, data).serialize(mask=False))


class MessageHandler(typing.Protocol):
    """The application side of a conversation."""

    def on_open(self, conversation: Conversation) -> None:
        """Handle the start of the conversation."""

    def on_message(self, conversation: Conversation, text: str) -> None:
        """Handle a message; called in one thread at a time."""

    def on_close(self) -> None:
        """Handle the end of the conversation."""


class Handlers:
    """The threads that handle the messages of all conversations of a process."""

    def __init__(
        self, around: Callable[[Callable[[], None]], None] = lambda call: call(), threads: int = 16
    ) -> None:
        """Create the threads; `around` calls its argument in the context that it needs."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="socket")
        self._around = around

    def run(self, call: Callable[[], None]) -> None:
        """Schedule a call."""
        # A stopping process starts no more calls.
        with contextlib.suppress(RuntimeError):
            self._pool.submit(self._guarded, call)

    def close(self) -> None:
        """Drop the calls that have not started."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            self._around(call)
        except Exception:
            log.exception("A message of a WebSocket could not be handled")


class Conversation:
    """One WebSocket. `send` and `close` may be called from any thread.

    A message may have MAX_MESSAGE_BYTES. A conversation that holds more than SMALL_BYTES, received or
    not yet answered, takes one of the slots that a process has for large messages.
    """

    MAX_UNANSWERED = 64
    MAX_MESSAGE_BYTES, SMALL_BYTES = 800_000, 1 << 16
    LARGE_SLOTS = threading.BoundedSemaphore(16)

    __slots__ = (
        "_connection",
        "_handler",
        "_handlers",
        "_has_slot",
        "_hub",
        "_incoming",
        "_lock",
        "_parts",
        "_protocol",
        "_unanswered",
        "_waiting_bytes",
        "_working",
        "over",
    )

    heartbeat = bytes(Frame(Opcode.PING, b"").serialize(mask=False))
    farewell = close_frame(CloseCode.GOING_AWAY, "the server stops")

    def __init__(self, hub: Hub, handlers: Handlers, handler: MessageHandler) -> None:
        """Prepare a conversation with `handler`; `begin` starts it."""
        self._hub = hub
        self._handlers = handlers
        self._handler = handler
        self._protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=self.MAX_MESSAGE_BYTES)
        self._parts: list[bytes] = []
        self._unanswered: deque[str] = deque()
        # Bytes of the incomplete message, and of the messages that wait for their answer.
        self._incoming = self._waiting_bytes = 0
        self._has_slot = False
        # Busy with the greeting: no message is answered before it.
        self._working = True
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self.over = False

    def begin(self, connection: Connection) -> None:
        """Start, on a connection whose handshake is done."""
        self._connection = connection
        self._handlers.run(self._open)

    def send(self, text: str) -> None:
        """Send a text message."""
        self.send_frame(text_frame(text))

    def send_frame(self, frame: bytes) -> None:
        """Send an encoded frame."""
        if self._connection is not None and not self.over:
            self._hub.send((self._connection,), frame)

    def close(self, code: int, reason: str = "") -> None:
        """End the conversation."""
        if self._connection is not None:
            self._hub.send((self._connection,), close_frame(code, reason), last=True)

    # -- called by the hub

    def receive(self, connection: Connection, data: bytes) -> bool:
        """Handle data from the client."""
        self._incoming += len(data)
        self._protocol.receive_data(data)
        # A pong is sent before the answer to a message that follows its ping.
        self._pass_on(connection)
        for frame in self._protocol.events_received():
            if isinstance(frame, Frame):
                self._take(frame)
        with self._lock:
            if not self._update_slot():
                self._fail(CloseCode.TRY_AGAIN_LATER, "too many large messages at once")
        self._pass_on(connection)
        return True

    def _pass_on(self, connection: Connection) -> None:
        """Send the frames of the protocol itself: pongs and the close frame."""
        answer = b"".join(self._protocol.data_to_send())
        closing = self._protocol.state is not State.OPEN
        if answer or closing:
            self._hub.send((connection,), answer, last=closing)

    def _update_slot(self) -> bool:
        """Acquire or release the slot for large messages; return whether the conversation may go on."""
        held = self._incoming + self._waiting_bytes
        is_large = held > self.SMALL_BYTES and not self.over
        if is_large and not self._has_slot:
            self._has_slot = self.LARGE_SLOTS.acquire(blocking=False)
        elif self._has_slot and not is_large:
            self.LARGE_SLOTS.release()
            self._has_slot = False
        return held <= 2 * self.MAX_MESSAGE_BYTES and self._has_slot == is_large

    def ended(self, connection: Connection) -> None:
        """Handle the end of the connection."""
        with self._lock:
            self.over = True
            self._unanswered.clear()
            self._update_slot()
            if self._working:
                # The thread that answers a message handles the end afterwards.
                return
            self._working = True
        self._handlers.run(self._answer)

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return
        if frame.opcode is Opcode.BINARY:
            self._fail(CloseCode.UNSUPPORTED_DATA, "messages are text")
            return
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message, self._parts, self._incoming = b"".join(self._parts), [], 0
        try:
            self._enqueue(message.decode())
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "messages are UTF-8")

    def _fail(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)

    def _enqueue(self, text: str) -> None:
        with self._lock:
            if len(self._unanswered) >= self.MAX_UNANSWERED:
                self._fail(CloseCode.TRY_AGAIN_LATER, "too many messages at once")
                return
            self._unanswered.append(text)
            self._waiting_bytes += len(text)
            if self._working:
                return
            self._working = True
        self._handlers.run(self._answer)

    def _open(self) -> None:
        try:
            self._handler.on_open(self)
        finally:
            self._answer()

    def _answer(self) -> None:
        while (text := self._next()) is not None:
            try:
                self._handler.on_message(self, text)
            except Exception:
                log.exception("A message of a WebSocket could not be handled")
            finally:
                with self._lock:
                    self._waiting_bytes -= len(text)
                    self._update_slot()

    def _next(self) -> str | None:
        """Return the next message; None if there is none, after reporting an end to the handler."""
        with self._lock:
            if not self.over:
                self._working = bool(self._unanswered)
                return self._unanswered.popleft() if self._working else None
        self._handler.on_close()
        return None
