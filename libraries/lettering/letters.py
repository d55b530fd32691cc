"""Letters without a decomposition, built from the letters of the font or drawn from scratch."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from libraries.lettering.hand import Form, Hand, Part
from libraries.lettering.hershey import Glyph
from libraries.lettering.marks import DRAWN, comma, dot
from libraries.lettering.strokes import (
    Stroke,
    Strokes,
    box_around,
    drawn,
    left_part,
    moved,
    right_part,
    scaled,
)

# Slashes and bars extend this far beyond a stem or a bowl.
REACH = 1.6
BAR = 3.6


def dotless(strokes: Strokes, x_line: float) -> Strokes:
    """Return the strokes of an i or j that reach below the top of small letters."""
    return tuple(stroke for stroke in strokes if stroke[:, 1].max() >= x_line - 1.0)


def _without_dot(base: str) -> Form:
    def form(hand: Hand) -> Glyph:
        glyph = hand.face.glyphs[base]
        return Glyph(glyph.advance, dotless(glyph.strokes, hand.small))

    return form


def _slashed(base: str) -> Form:
    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        box = part.box
        # Use the foot of the bowl: in connected fonts the link to the next letter is at the top.
        middle = sum(part.between(box.bottom - box.height / 3, box.bottom)) / 2
        half = min(box.width / 2, box.height * 0.45) + REACH / 2
        slash = hand.hairline(
            [(middle - half, box.bottom + REACH / 2), (middle + half, box.top - REACH / 2)]
        )
        return hand.finished(part.strokes + slash, part.advance)

    return form


def _barred(
    base: str,
    level: Callable[[Hand, Part], float],
    left: float,
    right: float,
    *,
    single: bool = False,
) -> Form:

    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        height = level(hand, part)
        west, east = part.between(height - 1.0, height + 1.0)
        stem = (west + east) / 2
        if not single and east - west >= hand.face.cap_height / 3:
            # A letter with a bowl or two stems has the bar on the first stem.
            stem = west + hand.face.style.breadth / 2
        bar = hand.hairline([(stem - left, height), (stem + right, height)])
        return hand.finished(part.strokes + bar, part.advance)

    return form


def _crossed_l(base: str) -> Form:
    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        height = (part.box.top + part.box.bottom) / 2
        west, east = part.between(height - 1.0, height + 1.0)
        reach = (east - west) / 2 + 3.2
        stem = (west + east) / 2
        slash = hand.hairline(
            [(stem - reach, height + reach * 0.75), (stem + reach, height - reach * 0.75)]
        )
        return hand.finished(part.strokes + slash, part.advance)

    return form


def _upper_h_bar(hand: Hand) -> Glyph:
    part = hand.letter("H")
    height = hand.cap + hand.face.cap_height * 0.24
    west, east = part.between(height - 1.0, height + 1.0)
    bar = hand.hairline([(west - REACH, height), (east + REACH, height)])
    return hand.finished(part.strokes + bar, part.advance)


def _eng(base: str) -> Form:
    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        _, right = part.between(hand.base - 3.0, hand.base + 0.1)
        _, above = part.between(hand.middle - 1.0, hand.middle + 2.0)
        stem, foot = min(right, above) - hand.face.style.breadth / 2, hand.base
        hook = [(0.0, 0.0), (0.0, 3.2), (-0.6, 5.2), (-2.0, 6.6), (-4.0, 7.0), (-5.6, 6.4)]
        strokes = hand.pen([(stem + x, foot + y) for x, y in hook])
        return hand.finished(part.strokes + strokes, part.advance)

    return form


def _ligature(first: str, second: str) -> Form:
    """Return two small letters whose bowls touch halfway up."""

    def form(hand: Hand) -> Glyph:
        one, two = hand.letter(first), hand.letter(second)
        band = hand.middle - 2.5, hand.middle + 1.5
        shift = one.between(*band)[1] - two.between(*band)[0] - hand.face.style.breadth / 2
        return hand.finished(one.strokes + two.moved(shift), shift + two.advance)

    return form


def _upper_ae(hand: Hand) -> Glyph:
    part = hand.letter("E")
    west = part.between(hand.cap + 5.0, hand.cap + 7.0)[0]
    lean = 9.0
    part = Part(part.moved(lean), part.advance + lean)
    west += lean
    left = west - lean - 2.0
    height = hand.base - hand.face.cap_height * 0.3
    along = (height - hand.cap) / hand.face.cap_height
    start = west - (west - left) * along
    leg = hand.fine_pen([(west, hand.cap), (left, hand.base)])
    leg += hand.hairline([(start, height), (west, height)])
    shift = max(0.0, 1.0 - left)
    return hand.finished(moved(part.strokes + leg, shift), part.advance + shift)


def _upper_oe(hand: Hand) -> Glyph:
    if hand.face.style.kind == "blackletter":
        return _ligature("O", "E")(hand)
    bowl, part = hand.letter("O"), hand.letter("E")
    box = bowl.box
    limit = box.left + box.width * 0.62
    stem = part.between(hand.cap + 5.0, hand.cap + 7.0)[0]
    shift = limit - stem
    return hand.finished(left_part(bowl.strokes, limit) + part.moved(shift), part.advance + shift)


def _small_thorn(hand: Hand) -> Glyph:
    part = hand.letter("p")
    west, east = part.between(hand.base + 3.0, hand.base + 5.0)
    stem = (west + east) / 2
    ascender = hand.pen([(stem, hand.small + 0.5), (stem, hand.cap)])
    return hand.finished(part.strokes + ascender, part.advance)


def _upper_thorn(hand: Hand) -> Glyph:
    if hand.face.style.kind == "blackletter":
        # Blackletter capitals have no plain stem; its printers used a larger small letter.
        small = _small_thorn(hand)
        return Glyph(small.advance * 1.2, scaled(small.strokes, 1.2, 1.2, level=hand.base))
    stem, bowl = hand.letter("I"), hand.letter("P")
    if stem.box.width > hand.face.cap_height * 0.6:
        # A stem with flourishes would hide the bowl.
        stem = Part(hand.pen([(4.0, hand.cap), (4.0, hand.base)]), 8.0)
    upright = stem.between(hand.middle - 2.0, hand.middle + 2.0)
    of_bowl = bowl.between(hand.base - 4.0, hand.base - 2.0)
    shift = sum(upright) / 2 - sum(of_bowl) / 2
    lowered = bowl.moved(shift, hand.face.cap_height * 0.22)
    # Drop the stem of the lowered P, which extends below the base line.
    without_stem = tuple(one for one in lowered if one[:, 1].max() <= hand.base)
    limit = upright[1] + 0.01
    round_part = right_part(without_stem, limit) or right_part(lowered, limit)
    return hand.finished(stem.strokes + round_part, bowl.advance + shift)


def _eth(hand: Hand) -> Glyph:
    if hand.face.style.kind == "blackletter":
        # The d of blackletter leans to the left like an eth.
        return LETTERS["đ"](hand)
    part = hand.letter("o")
    box = part.box
    centre = sum(part.between(hand.base - 4.0, hand.base)) / 2
    box = box._replace(right=min(box.right, 2 * centre - box.left))
    top = hand.cap + 0.5
    # From the right side of the bowl over its top, leaning to the left.
    neck = [
        (box.right, hand.middle),
        (box.right - 0.5, hand.middle - 4.5),
        (box.right - 2.0, hand.middle - 8.5),
        (box.right - 4.6, hand.middle - 11.8),
        (box.left + box.width * 0.16, top),
    ]
    bar = [(box.left + box.width * 0.14, top + 4.6), (box.left + box.width * 0.86, top + 0.4)]
    return hand.finished(part.strokes + hand.fine_pen(neck) + hand.hairline(bar), part.advance)


def _is_bar(stroke: Stroke, hand: Hand) -> bool:
    return bool(np.ptp(stroke[:, 1]) < 1.2 and stroke[:, 1].mean() < hand.middle)  # noqa: PLR2004


def _long_s(hand: Hand) -> Glyph:
    part = hand.letter("f")
    bars = [stroke for stroke in part.strokes if _is_bar(stroke, hand)]
    kept = tuple(stroke for stroke in part.strokes if not _is_bar(stroke, hand))
    if not bars:
        return hand.finished(kept, part.advance)
    west, _ = part.between(hand.middle - 1.0, hand.middle + 1.0)
    level = float(bars[0][0, 1])
    nub = drawn([(float(bars[0][:, 0].min()), level), (west, level)])
    return hand.finished(kept + nub, part.advance)


def _sharp_s(hand: Hand) -> Glyph:
    if hand.face.style.kind == "blackletter":
        return _long_s_with_z(hand)
    shape, style = DRAWN["signs"]["ß"], hand.face.style
    strokes = hand.fine_pen(*shape["strokes"])
    if style.breadth > style.mark_breadth:
        # A font with thick and thin strokes has a thick stem with a serif.
        x, y = shape["strokes"][0][0]
        strokes += hand.pen([(x, y), (x, shape["strokes"][0][1][1])])
        strokes += () if style.connected else hand.hairline([(x - 3.0, y), (x + 3.0, y)])
    return hand.finished(strokes, shape["advance"])


def _long_s_with_z(hand: Hand) -> Glyph:
    """Return a long s joined to a z, the ß of blackletter."""
    long_s, z = _long_s(hand), hand.letter("z")
    _, stem = Part(long_s.strokes, 0.0).between(hand.middle - 2.0, hand.middle + 2.0)
    shift = stem + 0.6 - z.box.left
    return hand.finished(long_s.strokes + z.moved(shift), z.advance + shift)


def _kra(hand: Hand) -> Glyph:
    part = hand.letter("K")
    factor = (hand.base - hand.small) / hand.face.cap_height
    across = min(1.0, factor * 1.15)
    small = scaled(part.strokes, across, factor, level=hand.base)
    return hand.finished(small, part.advance * across)


def _dotted_l(base: str) -> Form:
    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        _, stem = part.between(hand.middle - 2.0, hand.middle + 1.0)
        size = box_around(dot(hand.face))
        point = stem + 2.4 + size.width / 2
        room = max(part.advance, point + size.width / 2 + 1.5)
        return hand.finished(part.strokes + moved(dot(hand.face), point, hand.middle - 1.0), room)

    return form


def _n_after_apostrophe(hand: Hand) -> Glyph:
    part = hand.letter("n")
    mark = comma(hand.face)
    size = box_around(mark)
    room = size.width + 2.0
    raised = moved(mark, 1.5 + size.width / 2, hand.cap + size.height / 2)
    return hand.finished(raised + part.moved(room), part.advance + room)


def _side_by_side(first: str, second: str) -> Form:
    def form(hand: Hand) -> Glyph:
        one, two = hand.letter(first), hand.letter(second)
        return hand.finished(one.strokes + two.moved(one.advance), one.advance + two.advance)

    return form


def _ascender_bar(hand: Hand, part: Part) -> float:
    return part.box.top + 3.6


def _middle_bar(hand: Hand, part: Part) -> float:
    return (part.box.top + part.box.bottom) / 2


def _low_bar(hand: Hand, part: Part) -> float:
    is_small = part.box.top > hand.cap - 1 and part.advance < hand.face.cap_height * 0.75
    return hand.middle + (0.5 if is_small else -1.5)


LETTERS = MappingProxyType(
    {
        "ı": _without_dot("i"),  # noqa: RUF001
        "ȷ": _without_dot("j"),
        "ø": _slashed("o"),
        "Ø": _slashed("O"),
        "đ": _barred("d", _ascender_bar, BAR + 2.0, BAR - 0.8),
        "ħ": _barred("h", _ascender_bar, BAR - 0.8, BAR + 2.0),
        "ŧ": _barred("t", _low_bar, BAR, BAR, single=True),
        "Đ": _barred("D", _middle_bar, BAR, BAR + 1.2),
        "Ð": _barred("D", _middle_bar, BAR, BAR + 1.2),
        "Ŧ": _barred("T", _low_bar, BAR + 1.0, BAR + 1.0, single=True),
        "Ħ": _upper_h_bar,
        "ł": _crossed_l("l"),
        "Ł": _crossed_l("L"),
        "ŋ": _eng("n"),
        "Ŋ": _eng("N"),
        "æ": _ligature("a", "e"),
        "œ": _ligature("o", "e"),
        "Æ": _upper_ae,
        "Œ": _upper_oe,
        "þ": _small_thorn,
        "Þ": _upper_thorn,
        "ð": _eth,
        "ſ": _long_s,  # noqa: RUF001
        "ß": _sharp_s,
        "ẞ": _sharp_s,
        "ĸ": _kra,
        "ŀ": _dotted_l("l"),
        "Ŀ": _dotted_l("L"),
        "ŉ": _n_after_apostrophe,
        "ĳ": _side_by_side("i", "j"),
        "Ĳ": _side_by_side("I", "J"),
    }
)
