"""What the files of strangers are called here."""

from __future__ import annotations

from libraries.storage import filename_part


def stem_of(name: str, *, otherwise: str) -> str:
    """Return the part of a file's name before its last dot as a name that is safe here; `otherwise` where nothing is left.

    Folders in front are left out, whichever way they are written.
    """
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = base.rpartition(".")[0] or base
    return filename_part(stem) if stem.strip(". ") else otherwise
