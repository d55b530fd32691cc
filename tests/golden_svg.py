"""Comparison with golden drawings: equal documents, with numbers that may differ by a thousandth."""

from __future__ import annotations

import re
from itertools import zip_longest
from pathlib import Path

import pytest
from defusedxml import ElementTree

GOLDEN = Path(__file__).parent / "golden"
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# The last decimal may differ between processors, because of their rounding of sines.
CLOSE_ENOUGH = 0.0011


def assert_like_golden(name: str, svg: str, *, update: bool) -> None:
    """Compare `svg` with `tests/golden/<name>.svg`, or write it there if `update` says so."""
    file = GOLDEN / f"{name}.svg"
    if update:
        file.write_text(svg + "\n")
    assert file.exists(), f"{file.name} is missing; write it with --update-golden and look at it"
    difference = first_difference(file.read_text(), svg)
    if difference:
        pytest.fail(
            f"{name}.svg has changed: {difference}. If that is wanted, write it with --update-golden and look at it"
        )


def first_difference(kept: str, drawn: str) -> str | None:
    """Return the first difference of two documents, None if they are the same drawing."""
    for before, after in zip_longest(parts(kept), parts(drawn)):
        if before is None or after is None:
            return f"{before or after!s:.120} is in only one of them"
        if NUMBER.sub("0", before) != NUMBER.sub("0", after):
            return f"{before:.120} became {after:.120}"
        for old, new in zip(NUMBER.findall(before), NUMBER.findall(after), strict=True):
            if abs(float(old) - float(new)) > CLOSE_ENOUGH:
                return f"{old} became {new} in {after:.120}"
    return None


def parts(svg: str) -> list[str]:
    """Return the elements of a document in order, with sorted attributes and text."""
    return [
        " ".join(
            [
                element.tag,
                *(f"{name}={value}" for name, value in sorted(element.attrib.items())),
                (element.text or "").strip(),
            ]
        )
        for element in ElementTree.fromstring(svg).iter()
    ]
