"""Whose drawings: the files of an owner, under the name that jobs have it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from libraries.storage import owner_folder

# Whose jobs are nobody's in particular, as the job manager calls them.
ANONYMOUS = "anonymous"


def files_belonging_to(owner: str) -> AbstractContextManager[None]:
    """Let the files that are read and written inside be those of `owner`."""
    return owner_folder("" if owner == ANONYMOUS else owner)
