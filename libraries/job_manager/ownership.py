"""The owner of the current context, to whom new jobs and files belong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from libraries.storage import owner_folder
from libraries.storage.locations import find_owner_folder_with

ANONYMOUS = "anonymous"
_owner: ContextVar[str] = ContextVar("owner")
_guest: ContextVar[bool] = ContextVar("guest", default=False)


class _Process:
    """The function that returns the owner outside of `as_owner`."""

    find_owner: Callable[[], str] = staticmethod(lambda: ANONYMOUS)


def find_owner_with(find: Callable[[], str]) -> None:
    """Set the function that returns the owner of a job in a worker that does not use `as_owner`."""
    _Process.find_owner = staticmethod(find)
    find_owner_folder_with(lambda: _folder_of(find()))


def _folder_of(owner: str) -> str:
    return "" if owner == ANONYMOUS else owner


@contextlib.contextmanager
def as_owner(owner: str, *, guest: bool = False) -> Iterator[None]:
    """Run the block on behalf of `owner`: jobs and files in it are theirs.

    A `guest` reads what the owner shares by a link.
    """
    token, guest_token = _owner.set(owner), _guest.set(guest)
    try:
        with owner_folder(_folder_of(owner)):
            yield
    finally:
        _owner.reset(token)
        _guest.reset(guest_token)


def current_owner() -> str:
    return _owner.get("") or _Process.find_owner()


def is_guest() -> bool:
    return _guest.get()
