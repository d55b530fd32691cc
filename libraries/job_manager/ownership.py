"""The owner of the current context, to whom new jobs and files belong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from libraries.storage import owner_folder

ANONYMOUS = "anonymous"
_owner: ContextVar[str] = ContextVar("owner", default=ANONYMOUS)


@contextlib.contextmanager
def as_owner(owner: str) -> Iterator[None]:
    """Run the block on behalf of `owner`: jobs and files in it are theirs."""
    token = _owner.set(owner)
    try:
        with owner_folder("" if owner == ANONYMOUS else owner):
            yield
    finally:
        _owner.reset(token)


def current_owner() -> str:
    return _owner.get()
