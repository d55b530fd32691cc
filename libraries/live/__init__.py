"""Long-lived connections: event streams and WebSockets, served by one thread per process."""

from websockets.frames import CloseCode

from libraries.live.hub import Connection, Hub, HubFull, Protocol
from libraries.live.websocket import (
    Conversation,
    Handlers,
    MessageHandler,
    close_frame,
    handshake_reply,
    is_handshake,
    text_frame,
)

__all__ = [
    "CloseCode",
    "Connection",
    "Conversation",
    "Handlers",
    "Hub",
    "HubFull",
    "MessageHandler",
    "Protocol",
    "close_frame",
    "handshake_reply",
    "is_handshake",
    "text_frame",
]
