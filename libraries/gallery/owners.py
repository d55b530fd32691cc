"""Files of an owner, by the owner names of jobs."""

from __future__ import annotations

from contextlib import AbstractContextManager

from libraries.storage import owner_folder

# The owner name of jobs without an owner.
ANONYMOUS = "anonymous"


def files_belonging_to(owner: str) -> AbstractContextManager[None]:
    """Read and write the files of `owner` inside."""
    return owner_folder("" if owner == ANONYMOUS else owner)
