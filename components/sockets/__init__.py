"""WebSockets: submit and follow jobs on one connection."""

from components.sockets.main import blueprint

__all__ = ["blueprint"]
