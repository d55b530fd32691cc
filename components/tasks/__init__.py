"""The tasks that can be queued, and those that are queued by themselves."""

from components.tasks.main import blueprint

__all__ = ["blueprint"]
