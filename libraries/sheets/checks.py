"""Fields of texts that the libraries check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.fields import declare, library_check
from libraries.json_types import described, keywords_of


class CheckedLength(Length):
    """A length validator that runs another check if the length is valid."""

    def __init__(self, min_chars: int, max_chars: int, check: Callable[[Any], None]) -> None:
        super().__init__(min_chars, max_chars)
        self.check = check
        described(**keywords_of(check))(self)

    def __call__(self, value: Any) -> Any:
        super().__call__(value)
        self.check(value)
        return value


def checked_text(
    description: str,
    min_chars: int,
    max_chars: int,
    check: Callable[[Any], object],
    *,
    example: str | None = None,
    **options: Any,
) -> Any:
    """Declare a string of `min_chars` to `max_chars` characters; `options` go to `declare`."""
    metadata = {"description": description} | ({"example": example} if example else {})
    validate = CheckedLength(min_chars, max_chars, library_check(check))
    return declare(fields.String(validate=validate, metadata=metadata), **options)
