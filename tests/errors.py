"""Assertions about the errors of the product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from libraries.errors import VectorError


@contextmanager
def raises_code(
    *codes: str, match: str | re.Pattern[str] | None = None
) -> Iterator[pytest.ExceptionInfo[Any]]:
    """Expect an error with one of `codes`, whose text matches `match`."""
    with pytest.raises(VectorError, match=match) as caught:
        yield caught
    assert caught.value.code in codes
