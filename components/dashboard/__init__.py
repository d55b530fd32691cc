"""A page on which an operator sees what the service does."""

from components.dashboard.main import blueprint

__all__ = ["blueprint"]
