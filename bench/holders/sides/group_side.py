"""A message to a group of the product's WebSockets, from outside of its web process."""

from __future__ import annotations

from libraries.job_manager import current_owner
from libraries.job_manager.events import send_to_group


def publish(text: str) -> None:
    """Tell the group."""
    send_to_group(current_owner(), "bench", {"message": text})
