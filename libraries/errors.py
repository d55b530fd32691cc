"""The error families. A family says what kind of trouble it is; a leaf class says which.

Leaves are declared next to where they are raised. Each leaf carries `code`, a short name in kebab case that is stored on a
failed job and used in the problem document of an HTTP reply. The edge maps a family to an HTTP status, nothing else does.

The text of these errors is written for users and may be shown to them. The text of any other exception is never shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class VectorError(Exception):
    """Root of every error whose text is meant for users."""

    code: ClassVar[str] = "error"


class InvalidInput(VectorError):
    """Raised when what the caller asked for cannot be done, and asking again unchanged will not help."""

    code: ClassVar[str] = "invalid-input"

    def __init__(self, detail: str, *, field: str | None = None, hint: str | None = None) -> None:
        """Keep the name of the offending `field` and a `hint` beside the text, so that the edge can point at them."""
        super().__init__(detail)
        self.field = field
        self.hint = hint


class UnknownName(InvalidInput):
    """Raised when a name is not one of the choices; the text lists them."""

    code: ClassVar[str] = "unknown-name"

    def __init__(
        self, kind: str, name: object, choices: Iterable[str], *, field: str | None = None
    ) -> None:
        """Word the error as `unknown <kind> '<name>'`, with the choices and the nearest of them as a hint."""
        self.choices = sorted(choices)
        shown = str(name)[:100]
        super().__init__(
            f"unknown {kind} {shown!r}; known: {', '.join(self.choices) or 'none'}",
            field=field,
            hint=did_you_mean(shown, self.choices),
        )


class NotFound(VectorError):
    """Raised when something named by its id does not exist (any more)."""

    code: ClassVar[str] = "not-found"


class Conflict(VectorError):
    """Raised when the thing exists, but its state does not allow what was asked."""

    code: ClassVar[str] = "conflict"


class Exhausted(VectorError):
    """Raised when more is asked for than a limit allows right now; asking again after `retry_after` seconds can help."""

    code: ClassVar[str] = "exhausted"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        """Keep when to ask again beside the text."""
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(VectorError):
    """Raised when a part that is needed is away for now; asking again later can help."""

    code: ClassVar[str] = "unavailable"


def did_you_mean(name: str, choices: Iterable[str]) -> str | None:
    """Return `did you mean '<choice>'?` for the choice nearest to `name`, or None when none is near."""
    near = difflib.get_close_matches(name.lower(), list(choices), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else None
