"""Validators that use the checks of the libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import declare


def library_check(check: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return a validator from a `check` that raises InvalidInput; its hint is a second text."""

    def validate(value: Any) -> None:
        try:
            check(value)
        except InvalidInput as error:
            raise ValidationError([str(error), *([error.hint] if error.hint else [])]) from None

    return validate


class CheckedLength(Length):
    """A validator of a text's length that checks the text further where its length is right."""

    def __init__(self, least: int, most: int, check: Callable[[Any], None]) -> None:
        """Take lengths from `least` to `most`, and a `check` that raises ValidationError."""
        super().__init__(least, most)
        self.check = check

    def __call__(self, value: Any) -> Any:
        """Return `value`, or raise ValidationError."""
        super().__call__(value)
        self.check(value)
        return value


def checked_text(
    description: str,
    least: int,
    most: int,
    check: Callable[[Any], object],
    *,
    example: str | None = None,
    **options: Any,
) -> Any:
    """Declare a text of `least` to `most` characters; `options` go to `declare`."""
    metadata = {"description": description} | ({"example": example} if example else {})
    validate = CheckedLength(least, most, library_check(check))
    return declare(fields.String(validate=validate, metadata=metadata), **options)
