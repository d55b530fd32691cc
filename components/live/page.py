"""The page itself: forms, progress, the finished drawing, and the log of what was said on the WebSocket."""

from __future__ import annotations

from flask import Response

from components.http import script_page
from components.operations import OPERATIONS
from libraries.sheets.artboard import LARGEST_SEED


def live_page() -> Response:
    """Return the page; it is open to all, and what it does needs a key where keys are set."""
    return script_page("live.html", types=text_types(), largest_seed=LARGEST_SEED)


def text_types() -> list[str]:
    """Return the names of the job types that take a text and nothing else, in alphabetical order."""
    return [
        name
        for name, operation in OPERATIONS.items()
        if set(operation.schema().fields) == {"content"}
    ]
