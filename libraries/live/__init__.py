"""Held connections: event streams and WebSockets, hundreds to a process, served by one thread."""

from libraries.live.hub import Hub, HubFull, Line, Talk
from libraries.live.websocket import (
    Conversation,
    Handlers,
    Partner,
    close_frame,
    handshake_reply,
    is_handshake,
    text_frame,
)

__all__ = [
    "Conversation",
    "Handlers",
    "Hub",
    "HubFull",
    "Line",
    "Partner",
    "Talk",
    "close_frame",
    "handshake_reply",
    "is_handshake",
    "text_frame",
]
