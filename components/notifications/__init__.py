"""Notifications, and an example task that gives some."""

from components.notifications.main import blueprint

__all__ = ["blueprint"]
