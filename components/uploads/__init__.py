"""Files that clients send."""

from components.uploads.main import blueprint

__all__ = ["blueprint"]
