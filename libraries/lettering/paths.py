"""Text on a path: each letter is rotated to the direction of the path."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput
from libraries.lettering.characters import check_text
from libraries.lettering.fonts import DEFAULT_FONT, StrokeFont, as_font
from libraries.lettering.layout import (
    ALIGN_SHIFT,
    MAX_DISTANCE_MM,
    Align,
    SetLine,
    TextBlock,
    check_alignment,
    check_layout,
    in_strokes,
    missing_from,
    set_line,
)
from libraries.lettering.strokes import Stroke

MAX_CORNERS = 100_000


def along_path(
    text: str,
    path: ArrayLike,
    font: str | StrokeFont = DEFAULT_FONT,
    *,
    cap_height: float,
    align: Align = "left",
    offset: float = 0.0,
    letter_spacing: float = 0.0,
) -> TextBlock:
    """Return `text` in one line along `path`; line feeds and tabs become spaces.

    Letters keep their shape. The middle of each is on the path, rotated to the chord of the path
    between its sides.

    Args:
        text: at most 10,000 characters.
        path: base line of shape (n, 2) in mm, in reading direction, at most 100,000 points.
        font: a font or its name.
        cap_height: height of a capital letter in mm.
        align: position on the path: `left` (start), `center` or `right` (end).
        offset: distance above the path in mm; negative for below.
        letter_spacing: additional distance between letters in mm.

    Returns:
        The text, without `baselines`. `overflow` contains the letters beyond the end of the path.

    Raises:
        InvalidInput: invalid path or text, a number out of range, or an unknown alignment.
        UnknownName: unknown font.
    """
    line = " ".join(check_text(text).split())
    face = as_font(font)
    check_layout(cap_height=cap_height, offset=offset, letter_spacing=letter_spacing)
    check_alignment(align, "baseline")
    corners, stations = _measured(path)
    scale = cap_height / face.cap_height
    # The last letter may exceed the end of the path slightly.
    room = (stations[-1] + 0.02 * cap_height) / scale
    row, overflow = _that_fits(set_line(line, face, letter_spacing / scale), room)
    strokes = []
    if any(glyph.strokes for glyph in row.glyphs):
        left, right = row.ink()
        start = (stations[-1] - (right - left) * scale) * ALIGN_SHIFT[align] - left * scale
        up = offset + face.base_line * scale
        strokes = _bent(row, corners, stations, scale=scale, start=start, up=up)
    return TextBlock(strokes, [], missing_from(row.written, face), [line], overflow)


def _measured(path: ArrayLike) -> tuple[Stroke, NDArray[np.float64]]:
    """Return the distinct corners of the path, and their distances along it in mm."""
    try:
        corners = np.asarray(path, dtype=np.float64)
    except (TypeError, ValueError):
        raise _bad_path("must be a list of pairs of numbers") from None
    if corners.ndim != 2 or corners.shape[1] != 2 or not 2 <= len(corners) <= MAX_CORNERS:  # noqa: PLR2004
        raise _bad_path(f"must be a list of 2 to {MAX_CORNERS} pairs of numbers")
    if not (np.abs(corners) <= MAX_DISTANCE_MM).all():
        raise _bad_path(f"must be within {MAX_DISTANCE_MM:g} mm of the origin")
    steps = np.hypot(*np.diff(corners, axis=0).T)
    if not steps.any():
        raise _bad_path("must have a length")
    stations = np.append(0.0, np.cumsum(steps[steps > 0]))
    return corners[np.append(True, steps > 0)], stations


def _bad_path(problem: str) -> InvalidInput:
    return InvalidInput(f"the path {problem}", code="bad-text-path", field="path")


def _that_fits(row: SetLine, room: float) -> tuple[SetLine, str]:
    """Return the beginning of a line whose ink fits `room`, and the text of the rest."""
    edges = np.array([glyph.ink for glyph in row.glyphs]).reshape(-1, 2)
    reach = row.pens + edges[:, 1] - row.ink()[0]
    kept = int(np.argmax(reach > room)) if (reach > room).any() else len(reach)
    rest = "".join(row.written[kept:])
    return SetLine(row.written[:kept], row.glyphs[:kept], row.pens[:kept]), rest


def _bent(
    row: SetLine,
    corners: Stroke,
    stations: NDArray[np.float64],
    *,
    scale: float,
    start: float,
    up: float,
) -> list[Stroke]:
    halves = np.array([glyph.advance / 2 for glyph in row.glyphs]) * scale
    middles = row.pens * scale + halves + start
    chord = _at(middles + halves, corners, stations) - _at(middles - halves, corners, stations)
    along = chord / np.maximum(np.hypot(*chord.T), 1e-12)[:, None]
    # If the path returns to the same point within a letter, the letter is upright.
    along[np.hypot(*chord.T) < 1e-9 * scale] = (1.0, 0.0)
    counts = [len(glyph.points) for glyph in row.glyphs]
    points = np.concatenate([glyph.points for glyph in row.glyphs]) * scale
    points[:, 0] -= np.repeat(halves, counts)
    points[:, 1] -= up
    cosine, sine = np.repeat(along, counts, axis=0).T
    turned = np.column_stack(
        (points[:, 0] * cosine - points[:, 1] * sine, points[:, 0] * sine + points[:, 1] * cosine)
    )
    turned += np.repeat(_at(middles, corners, stations), counts, axis=0)
    return in_strokes(turned, row.glyphs)


def _at(distances: NDArray[np.float64], corners: Stroke, stations: NDArray[np.float64]) -> Stroke:
    """Return the points of the path, extended straight, at `distances` mm from its beginning."""
    segment = np.clip(np.searchsorted(stations, distances, side="right") - 1, 0, len(stations) - 2)
    start, end = corners[segment], corners[segment + 1]
    part = (distances - stations[segment]) / (stations[segment + 1] - stations[segment])
    return start + (end - start) * part[:, None]
