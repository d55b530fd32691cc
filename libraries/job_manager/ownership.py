"""Who a job belongs to: whoever the code that queues it acts for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from libraries.storage import owner_folder

ANONYMOUS = "anonymous"
_owner: ContextVar[str] = ContextVar("owner", default=ANONYMOUS)


@contextlib.contextmanager
def as_owner(owner: str) -> Iterator[None]:
    """Let the jobs that are queued inside belong to `owner`, and the files that are read and written inside be theirs."""
    token = _owner.set(owner)
    try:
        with owner_folder("" if owner == ANONYMOUS else owner):
            yield
    finally:
        _owner.reset(token)


def current_owner() -> str:
    """Return who the running code acts for."""
    return _owner.get()
