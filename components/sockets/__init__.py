"""WebSockets: jobs asked for and followed on one connection."""

from components.sockets.main import blueprint

__all__ = ["blueprint"]
