"""Damaged files end in an answer or in an error for users, never in another exception."""

from __future__ import annotations

import random

import pytest

from libraries.errors import InvalidInput
from libraries.vector_input import FORMATS, InputOptions
from tests.libraries.exporting.test_readback import drawing, exported

PIECES = (
    b"999999999999", b"1e308", b"-1", b"nan", b"\x00\xff", b"LB", b"PM;", b"SC0,0,1,1;", b"IP;", b"G2 X1 R-1\n", b"G91\n",
    b"0\nINSERT\n2\nB\n", b"0\nENDSEC\n", b">>", b"endstream", b"/F Do", b"%" * 50,
)  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 3, 20])):
        place = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[place] = rng.randrange(256)
            case 1:
                del changed[place : place + rng.randrange(1, 50)]
            case 2:
                changed[place:place] = changed[rng.randrange(len(changed)) :][:200]
            case _:
                changed[place:place] = rng.choice(PIECES)
        changed = changed or bytearray(b"x")
    return bytes(changed)


@pytest.mark.parametrize(
    ("name", "count"), [("hpgl", 100), ("gcode", 100), ("dxf", 50), ("pdf", 6)]
)
def test_a_damaged_file_is_read_or_refused(name: str, count: int) -> None:
    whole, rng = exported(name, drawing(210, 200)), random.Random(name)  # noqa: S311
    refused, codes = 0, set()
    for _ in range(count):
        try:
            reading = FORMATS[name].read(damaged(whole, rng), InputOptions())
        except InvalidInput as error:
            codes.add(error.code)
            refused += 1
        else:
            assert len(reading.document) or reading.problems
    assert codes <= {"bad-drawing", "too-many-vertices"}
    assert refused < count or name == "pdf"
