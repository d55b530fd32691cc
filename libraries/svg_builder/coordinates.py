"""Strokes as path elements, written in blocks: the fast way from arrays to text.

orjson formats a block of numbers in one call. What it leaves to do is done on the bytes with NumPy:
every other comma becomes a space, the commas between strokes become the end of one element and the
begin of the next, and `.0` goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers
from libraries.svg_syntax.numbers import DECIMALS

Encoding = Literal["plain", "compact"]

SCALE = 10.0**DECIMALS
# The compact encoding counts in hundredths of a mm, and its layers are scaled by this.
COMPACT_UNIT = 0.01
# Vertices in one block: small enough for the processor's cache, large enough that Python's share
# vanishes.
BLOCK = 16_384
# Below it, neighbouring numbers of 32 bits are nearer to each other than 0.001: they are written
# exactly as their 64 bit originals, and faster.
SINGLE_PRECISION = 8191.0


def stroke_blocks(
    coordinates: Floats, offsets: Integers, encoding: Encoding = "plain"
) -> Iterator[bytes]:
    """Yield the text of path elements, one for each stroke, without a line feed at the end.

    Args:
        coordinates: array of shape (n, 2) in mm, finite.
        offsets: array of shape (k + 1,), as in `Strokes`; every stroke has a vertex.
        encoding: `plain` is absolute, in mm with three decimals at most; `compact` is relative, in
            hundredths of a mm.
    """
    write, letter = _WRITERS[encoding]
    opening = b'<path d="' + letter
    between, begin = b'"/>\n' + opening, opening
    for some, bounds in _blocks(coordinates, offsets):
        text = write(*_doubled_dots(some, bounds))
        yield begin
        yield text.replace(b"|", between)
        begin = between
    if begin is between:
        yield b'"/>'


def _blocks(coordinates: Floats, offsets: Integers) -> Iterator[tuple[Floats, Integers]]:
    """Yield the strokes in blocks of about `BLOCK` vertices, or of one longer stroke."""
    first, count = 0, len(offsets) - 1
    while first < count:
        last = max(
            int(np.searchsorted(offsets, offsets[first] + BLOCK, side="right")) - 1, first + 1
        )
        bounds = offsets[first : last + 1]
        yield coordinates[bounds[0] : bounds[-1]], bounds - bounds[0]
        first = last


def _doubled_dots(coordinates: Floats, offsets: Integers) -> tuple[Floats, Integers]:
    """Return the strokes with every dot as a line to itself, which round caps show."""
    dots = np.diff(offsets) == 1
    if not dots.any():
        return coordinates, offsets
    times = np.ones(len(coordinates), dtype=np.int64)
    times[offsets[:-1][dots]] = 2
    return np.repeat(coordinates, times, axis=0), offsets + np.concatenate([[0], np.cumsum(dots)])


def _plain(coordinates: Floats, offsets: Integers) -> bytes:
    """Return `x,y x,y|x,y x,y`, with a bar between strokes."""
    numbers = np.rint(coordinates.reshape(-1) * SCALE)
    numbers /= SCALE
    # Adding zero turns -0.0 into 0.0.
    numbers += 0.0
    if numbers.max() <= SINGLE_PRECISION and numbers.min() >= -SINGLE_PRECISION:
        text = _dumped(numbers.astype(np.float32))
    else:
        text = _dumped(numbers)
    commas = np.flatnonzero(text == ord(","))
    ends = np.append(commas, len(text) - 1)
    whole = ends[text[ends - 1] == ord("0")]
    whole = whole[text[whole - 2] == ord(".")]
    text[commas[1::2]] = ord(" ")
    text[commas[2 * offsets[1:-1] - 1]] = ord("|")
    text[whole - 1] = text[whole - 2] = 0
    return text[1:-1].tobytes().replace(b"\0", b"")


def _compact(coordinates: Floats, offsets: Integers) -> bytes:
    """Return `x,y,dx-dy|x,y,...` in hundredths of a mm, a bar between strokes.

    There is no comma before a minus.

    Steps are differences of rounded places, so that nothing adds up along a stroke.
    """
    places = np.rint(coordinates / COMPACT_UNIT).astype(np.int64)
    steps = np.empty_like(places)
    np.subtract(places[1:], places[:-1], out=steps[1:])
    steps[offsets[:-1]] = places[offsets[:-1]]
    text = _dumped(steps.reshape(-1))
    commas = np.flatnonzero(text == ord(","))
    text[commas[2 * offsets[1:-1] - 1]] = ord("|")
    kept = np.ones(len(text), dtype=np.bool_)
    kept[commas[(text[commas + 1] == ord("-")) & (text[commas] == ord(","))]] = False
    return text[kept][1:-1].tobytes()


def _dumped(numbers: NDArray[np.generic]) -> NDArray[np.uint8]:
    return np.frombuffer(
        bytearray(orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)), dtype=np.uint8
    )


_WRITERS: Mapping[Encoding, tuple[Callable[[Floats, Integers], bytes], bytes]] = {
    "plain": (_plain, b"M"),
    "compact": (_compact, b"m"),
}
ENCODINGS = tuple(_WRITERS)
