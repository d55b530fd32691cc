"""Signs outside ASCII, such as quotes, dashes, currencies and fractions, built from the font."""

from __future__ import annotations

from types import MappingProxyType

from libraries.lettering.hand import Form, Hand
from libraries.lettering.hershey import Glyph
from libraries.lettering.letters import REACH
from libraries.lettering.marks import DRAWN, MARKS, comma, dot
from libraries.lettering.strokes import (
    Strokes,
    box_around,
    circle,
    drawn,
    moved,
    scaled,
    upside_down,
)

# Scale of raised and lowered figures.
SMALL = 0.56


def _quotes(count: int, *, low: bool = False, turned: bool = False) -> Form:
    def form(hand: Hand) -> Glyph:
        mark = upside_down(comma(hand.face)) if turned else comma(hand.face)
        size = box_around(mark)
        level = hand.cap + size.height / 2
        if low:
            level = hand.base - size.height / 2 + size.height * 0.45
        step = size.width + 1.6
        quote_bearing = 1.8
        first = quote_bearing + size.width / 2
        strokes = sum((moved(mark, first + n * step, level) for n in range(count)), ())
        return Glyph(2 * quote_bearing + size.width + (count - 1) * step, strokes)

    return form


def _dash(length: float) -> Form:
    def form(hand: Hand) -> Glyph:
        level = box_around(hand.face.glyphs["-"].strokes).top
        return Glyph(length + 4.0, drawn([(2.0, level), (length + 2.0, level)]))

    return form


def _turned(base: str) -> Form:
    """Return a sign rotated by half a turn and lowered."""

    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        turned = moved(upside_down(part.strokes), y=hand.face.cap_height * 0.3)
        return hand.finished(turned, part.advance)

    return form


def _whole(sign: str) -> Form:
    def form(hand: Hand) -> Glyph:
        shape = DRAWN["signs"][sign]
        return hand.finished(hand.fine_pen(*shape["strokes"]), shape["advance"])

    return form


def _raised(base: str, *, underlined: bool = False) -> Form:
    def form(hand: Hand) -> Glyph:
        strokes = _small(hand, base, hand.cap)
        box = box_around(strokes)
        if underlined:
            strokes += drawn([(box.left, box.bottom + 2.5), (box.right, box.bottom + 2.5)])
        return hand.finished(strokes, box.right + 1.5)

    return form


def _small(hand: Hand, text: str, top: float, left: float = 1.5) -> Strokes:
    """Return characters at `SMALL` size, with their ink beginning at `left` and `top`."""
    strokes: Strokes = ()
    for character in text:
        small = scaled(hand.letter(character).strokes, SMALL, SMALL)
        box = box_around(small)
        level = box.top if character in "ao" else hand.cap * SMALL
        strokes += moved(small, left - box.left, top - level)
        left += box.width + 1.5
    return strokes


def _fraction(over: str, under: str) -> Form:
    def form(hand: Hand) -> Glyph:
        above = _small(hand, over, hand.cap)
        right = box_around(above).right
        below = _small(hand, under, hand.base - hand.face.cap_height * SMALL, right + 5.5)
        bar = drawn([(right - 2.0, hand.base), (right + 7.0, hand.cap)])
        return hand.finished(above + bar + below, box_around(below).right + 1.5)

    return form


def _dots(*points: tuple[float, float], advance: float) -> Form:
    """Return dots at (x, height above the base line in cap heights)."""

    def form(hand: Hand) -> Glyph:
        point, cap = dot(hand.face), hand.face.cap_height
        dots = (moved(point, x, hand.base - height * cap) for x, height in points)
        return Glyph(advance, sum(dots, ()))

    return form


def _ellipsis(hand: Hand) -> Glyph:
    part = hand.letter(".")
    step = part.box.width + 4.0
    strokes = sum((part.moved(index * step) for index in range(3)), ())
    return Glyph(part.advance + 2 * step, strokes)


def _over_and_under_a_line(hand: Hand) -> Glyph:
    level = box_around(hand.face.glyphs["-"].strokes).top
    point = dot(hand.face)
    line = drawn([(2.5, level), (17.5, level)])
    return Glyph(20.0, line + moved(point, 10.0, level - 5.0) + moved(point, 10.0, level + 5.0))


def _numero(hand: Hand) -> Glyph:
    part = hand.letter("N")
    small = _small(hand, "o", hand.cap + 3.0, part.box.right + 2.0)
    box = box_around(small)
    line = drawn([(box.left, box.bottom + 2.5), (box.right, box.bottom + 2.5)])
    return hand.finished(part.strokes + small + line, box.right + 2.0)


def _plus_minus(hand: Hand) -> Glyph:
    plus = hand.letter("+")
    box = plus.box
    line = drawn([(box.left, hand.base), (box.right, hand.base)])
    return hand.finished(moved(plus.strokes, y=-2.0) + line, plus.advance)


def _euro(hand: Hand) -> Glyph:
    part = hand.letter("C")
    box = part.box
    middle = (hand.cap + hand.base) / 2
    far = box.left + box.width * 0.66
    bars = drawn(*([(box.left - REACH, middle + y), (far, middle + y)] for y in (-2.0, 2.0)))
    return hand.finished(moved(part.strokes + bars, REACH / 2), part.advance + REACH / 2)


def _yen(hand: Hand) -> Glyph:
    part = hand.letter("Y")
    middle = part.box.middle
    levels = (hand.middle - 1.0, hand.middle + 3.0)
    bars = drawn(*([(middle - 5.0, level), (middle + 5.0, level)] for level in levels))
    return hand.finished(part.strokes + bars, part.advance)


def _cent(hand: Hand) -> Glyph:
    part = hand.letter("c")
    box = part.box
    stroke = drawn([(box.middle, box.top - 3.0), (box.middle, box.bottom + 3.0)])
    return hand.finished(part.strokes + stroke, part.advance)


def _broken_bar(hand: Hand) -> Glyph:
    x, middle = 4.0, (hand.cap + hand.base) / 2
    upper, lower = (hand.cap - 2.0, middle - 2.5), (middle + 2.5, hand.base + 2.0)
    return Glyph(8.0, drawn(*([(x, start), (x, end)] for start, end in (upper, lower))))


def _micro(hand: Hand) -> Glyph:
    part = hand.letter("u")
    west, _ = part.between(hand.middle - 2.0, hand.middle + 2.0)
    stem = west + hand.face.style.breadth / 2
    descender = hand.pen([(stem, hand.middle), (stem, hand.base + 7.0)])
    return hand.finished(part.strokes + descender, part.advance)


def _encircled(letter: str) -> Form:
    def form(hand: Hand) -> Glyph:
        middle = (hand.cap + hand.base) / 2
        small = scaled(hand.letter(letter).strokes, 0.5, 0.5)
        box = box_around(small)
        centre = 12.5
        inner = moved(small, centre - box.middle, middle - (box.top + box.bottom) / 2)
        return hand.finished((circle(centre, middle, 10.5, 36), *inner), 25.0)

    return form


def _mark_alone(mark: str) -> Form:
    """Return a mark without a letter, at its height above or below a small letter."""

    def form(hand: Hand) -> Glyph:
        row = MARKS[mark]
        strokes: Strokes = sum((moved(dot(hand.face), x, y) for x, y in row.get("dots", ())), ())
        strokes += hand.fine_pen(*row.get("strokes", ()))
        level = hand.small - 2.6 if row["position"] == "above" else hand.base
        return hand.finished(moved(strokes, 6.0, level), 12.0)

    return form


def _struck(base: str) -> Form:
    def form(hand: Hand) -> Glyph:
        part = hand.letter(base)
        x, y = part.box.middle, (part.box.top + part.box.bottom) / 2
        slash = drawn([(x - 4.0, y + 7.0), (x + 4.0, y - 7.0)])
        return hand.finished(part.strokes + slash, part.advance)

    return form


def _two_waves(hand: Hand) -> Glyph:
    part = hand.letter("~")
    return hand.finished(part.moved(y=-2.5) + part.moved(y=2.5), part.advance)


def _per_mille(hand: Hand) -> Glyph:
    part = hand.letter("%")
    box = part.box
    ring = (circle(box.right + 4.0, hand.base - 3.5, 3.5, 20),)
    return hand.finished(part.strokes + ring, box.right + 9.5)


SIGNS = MappingProxyType(
    {
        **{sign: _whole(sign) for sign in DRAWN["signs"] if not sign.isalpha()},
        "‘": _quotes(1, turned=True),  # noqa: RUF001
        "’": _quotes(1),  # noqa: RUF001
        "‚": _quotes(1, low=True),  # noqa: RUF001
        "‛": _quotes(1, turned=True),  # noqa: RUF001
        "“": _quotes(2, turned=True),
        "”": _quotes(2),
        "„": _quotes(2, low=True),
        "‐": _dash(8.0),  # noqa: RUF001
        "‑": _dash(8.0),  # noqa: RUF001
        "‒": _dash(13.0),  # noqa: RUF001
        "–": _dash(13.0),  # noqa: RUF001
        "—": _dash(22.0),
        "―": _dash(22.0),
        "…": _ellipsis,
        "·": _dots((4.0, 0.4), advance=8.0),
        "‧": _dots((4.0, 0.4), advance=8.0),
        "¡": _turned("!"),
        "¿": _turned("?"),
        "¹": _raised("1"),
        "²": _raised("2"),
        "³": _raised("3"),
        "⁴": _raised("4"),
        "ª": _raised("a", underlined=True),
        "º": _raised("o", underlined=True),
        "¼": _fraction("1", "4"),
        "½": _fraction("1", "2"),
        "¾": _fraction("3", "4"),
        "⅓": _fraction("1", "3"),
        "⅔": _fraction("2", "3"),
        "™": _raised("TM"),
        "№": _numero,
        "±": _plus_minus,
        "÷": _over_and_under_a_line,
        "≠": _struck("="),
        "≈": _two_waves,
        "‰": _per_mille,
        "€": _euro,
        "¥": _yen,
        "¢": _cent,
        "¦": _broken_bar,
        "µ": _micro,
        "©": _encircled("C"),
        "®": _encircled("R"),
        "¨": _mark_alone("\u0308"),
        "¯": _mark_alone("\u0304"),
        "´": _mark_alone("\u0301"),  # noqa: RUF001
        "¸": _mark_alone("\u0327"),  # noqa: RUF001
        "˘": _mark_alone("\u0306"),
        "˙": _mark_alone("\u0307"),
        "˚": _mark_alone("\u030a"),
        "ˇ": _mark_alone("\u030c"),
    }
)
