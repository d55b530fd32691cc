"""Jobs: their state and what they made."""

from components.jobs.main import blueprint

__all__ = ["blueprint"]
