"""Safe names for uploaded files."""

from __future__ import annotations

from libraries.storage import filename_part


def stem_of(name: str, *, otherwise: str) -> str:
    """Return the stem of a file name without folders as a safe name, or `otherwise` if it is empty."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = base.rpartition(".")[0] or base
    return filename_part(stem) if stem.strip(". ") else otherwise
