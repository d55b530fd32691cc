"""Checks of the libraries as validators of fields: one rule, asked at the edge and again where the work is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from components.http.problems import HintedMessage
from libraries.errors import InvalidInput, NotFound


def library_check(check: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a marshmallow validator that lets a value pass if `check(value)` raises no InvalidInput and no NotFound."""

    def validate(value: Any) -> None:
        try:
            check(value)
        except (InvalidInput, NotFound) as error:
            raise ValidationError(HintedMessage(str(error), getattr(error, "hint", None))) from None

    return validate
