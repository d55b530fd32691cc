"""Webhooks: what was sent, and what it is signed with."""

from components.webhooks.main import blueprint

__all__ = ["blueprint"]
