"""A limit of calculations in counted steps, so that equal input always ends at the same place."""

from __future__ import annotations

import math
from typing import ClassVar

from libraries.errors import InvalidInput


class Work:
    """Counts the steps of a calculation; a step takes about a microsecond.

    Attributes:
        IN_REQUESTS: steps while a request is answered.
        IN_JOBS: steps in a job.
    """

    IN_REQUESTS: ClassVar[int] = 300_000
    IN_JOBS: ClassVar[int] = 600_000_000
    CODE: ClassVar[str] = "too-much-work"

    def __init__(self, steps: float = math.inf, hint: str | None = None) -> None:
        """Start with a number of steps; `hint` is that of the error."""
        self.left = steps
        self._hint = hint

    def spend(self, steps: float) -> None:
        """Count steps before they are done; after an error, the next call raises again.

        Raises:
            InvalidInput: more are needed than are left (`too-much-work`).
        """
        self.left -= steps
        if self.left < 0:
            text = "this takes too long to calculate"
            raise InvalidInput(text, code=self.CODE, hint=self._hint)
