"""The owner of the current context, to whom new jobs and files belong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from libraries.storage import owner_folder

ANONYMOUS = "anonymous"
_owner: ContextVar[str] = ContextVar("owner", default=ANONYMOUS)
_guest: ContextVar[bool] = ContextVar("guest", default=False)


@contextlib.contextmanager
def as_owner(owner: str, *, guest: bool = False) -> Iterator[None]:
    """Run the block on behalf of `owner`: jobs and files in it are theirs.

    A `guest` reads what the owner shares by a link.
    """
    token, guest_token = _owner.set(owner), _guest.set(guest)
    try:
        with owner_folder("" if owner == ANONYMOUS else owner):
            yield
    finally:
        _owner.reset(token)
        _guest.reset(guest_token)


def current_owner() -> str:
    return _owner.get()


def is_guest() -> bool:
    return _guest.get()
