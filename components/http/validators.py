"""marshmallow validators that call the libraries' own checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from components.http.problems import HintedMessage
from libraries.errors import InvalidInput, NotFound


def library_check(check: Callable[[Any], object], **keywords: object) -> Callable[[Any], None]:
    """Return a validator that fails if `check(value)` raises InvalidInput or NotFound.

    `keywords` describe the accepted values as far as JSON Schema can, such as `pattern`.
    """

    def validate(value: Any) -> None:
        try:
            check(value)
        except (InvalidInput, NotFound) as error:
            raise ValidationError(HintedMessage(str(error), getattr(error, "hint", None))) from None

    validate.keywords = keywords  # type: ignore[attr-defined]
    return validate
