"""Tasks that the tests of the HTTP side queue."""

from __future__ import annotations

from libraries.job_manager import attach
from libraries.storage import output_folder

TRIES = 1


def write_several(folder: str, names: list[str]) -> list[str]:
    """Store a file of each name, with its name in it, and attach them all."""
    return [
        attach(output_folder().publish(f"{folder}/{number}/{name}", name))
        for number, name in enumerate(names)
    ]


def once_bad(marker: str) -> str:
    """Fail at the first attempt with an internal error, then succeed."""
    name = f"{marker}.txt"
    try:
        output_folder().open_checked(name).close()
    except Exception:
        output_folder().publish(name, "tried")
        raise ValueError("boom at /secret/place") from None
    return "done"
