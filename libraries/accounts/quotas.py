"""Limits of an owner, as far as a request has used them."""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A limit of an owner and what is left of it, in `unit`; '' for requests.

    A quota with a window is renewed in `reset_s` seconds; one without a window is a limit of what
    exists at the same time.
    """

    name: str
    limit: int
    remaining: int
    unit: str = ""
    window_s: int | None = None
    reset_s: int | None = None


_noted: ContextVar[dict[str, Quota] | None] = ContextVar("quotas", default=None)


def begin_quotas() -> None:
    """Forget the quotas of the previous request of this thread."""
    _noted.set({})


def note_quota(quota: Quota) -> None:
    """Remember a quota until the response is sent; does nothing in workers."""
    noted = _noted.get()
    if noted is not None:
        noted[quota.name] = quota


def noted_quotas() -> Collection[Quota]:
    return (_noted.get() or {}).values()
