"""Fast conversion of strokes to path elements.

orjson formats a block of numbers in one call. NumPy replaces separators in the bytes and removes
`.0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np
import orjson
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.strokes import stroke_ranges
from libraries.svg_syntax.numbers import DECIMALS

Encoding = Literal["plain", "compact"]

SCALE = 10.0**DECIMALS
# The compact encoding uses hundredths of a mm, in scaled layers.
COMPACT_UNIT = 0.01
# Vertices per block; blocks fit into the processor's cache.
BLOCK = 16_384
# Smaller numbers of 32 bits have three exact decimals and are formatted faster.
SINGLE_PRECISION = 8191.0


def stroke_blocks(
    coordinates: Floats, offsets: Integers, encoding: Encoding = "plain"
) -> Iterator[bytes]:
    """Yield the text of path elements, one per stroke, without a final line feed.

    `plain` is absolute, in mm with at most three decimals; `compact` is relative, in hundredths of
    a mm. Coordinates must be finite, and every stroke must have a vertex.
    """
    write, letter = _WRITERS[encoding]
    opening = b'<path d="' + letter
    between, begin = b'"/>\n' + opening, opening
    for first, last in stroke_ranges(offsets, BLOCK):
        bounds = offsets[first : last + 1]
        some = coordinates[bounds[0] : bounds[-1]]
        text = write(*_doubled_dots(some, bounds - bounds[0]))
        yield begin
        yield text.replace(b"|", between)
        begin = between
    if begin is between:
        yield b'"/>'


def _doubled_dots(coordinates: Floats, offsets: Integers) -> tuple[Floats, Integers]:
    """Return strokes with each dot as a line of length 0, which has round caps."""
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
    is_small = numbers.max() <= SINGLE_PRECISION and numbers.min() >= -SINGLE_PRECISION
    text = _dumped(numbers.astype(np.float32) if is_small else numbers)
    commas = np.flatnonzero(text == ord(","))
    ends = np.append(commas, len(text) - 1)
    whole = ends[text[ends - 1] == ord("0")]
    whole = whole[text[whole - 2] == ord(".")]
    text[commas[1::2]] = ord(" ")
    text[commas[2 * offsets[1:-1] - 1]] = ord("|")
    text[whole - 1] = text[whole - 2] = 0
    return text[1:-1].tobytes().replace(b"\0", b"")


def _compact(coordinates: Floats, offsets: Integers) -> bytes:
    """Return `x,y,dx-dy|x,y,...` in hundredths of a mm, without commas before a minus."""
    # Differences of rounded coordinates, so that errors do not add up.
    units = np.rint(coordinates / COMPACT_UNIT).astype(np.int64)
    steps = np.empty_like(units)
    np.subtract(units[1:], units[:-1], out=steps[1:])
    steps[offsets[:-1]] = units[offsets[:-1]]
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
