"""Deliveries and the signing secret of webhooks."""

from components.webhooks.main import blueprint

__all__ = ["blueprint"]
