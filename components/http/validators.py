"""marshmallow validators that call the libraries' own checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError

from components.http.problems import HintedMessage
from libraries.errors import InvalidInput, NotFound
from libraries.json_types import described, keywords_of


def library_check(check: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a validator that fails if `check(value)` raises InvalidInput or NotFound."""

    def validate(value: Any) -> None:
        try:
            check(value)
        except (InvalidInput, NotFound) as error:
            raise ValidationError(HintedMessage(str(error), getattr(error, "hint", None))) from None

    return described(**keywords_of(check))(validate)
