"""The service itself: is it well, what is its surface, what do its problems mean."""

from components.system.main import blueprint

__all__ = ["blueprint"]
