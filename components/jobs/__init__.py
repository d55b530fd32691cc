"""Jobs: their state, events, logs and results."""

from components.jobs.main import blueprint

__all__ = ["blueprint"]
