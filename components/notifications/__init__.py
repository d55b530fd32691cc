"""Notifications about jobs, and an example task that sends some."""

from components.notifications.main import blueprint

__all__ = ["blueprint"]
