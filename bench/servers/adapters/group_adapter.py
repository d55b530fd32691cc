"""Messages to a WebSocket group of the product, from another process."""

from __future__ import annotations

from libraries.job_manager import current_owner
from libraries.job_manager.events import send_to_group


def publish(text: str) -> None:
    send_to_group(current_owner(), "bench", {"message": text})
