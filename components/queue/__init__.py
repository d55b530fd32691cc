"""The queue as a whole: how busy it is, and whether the workers may take jobs from it."""

from components.queue.main import blueprint

__all__ = ["blueprint"]
