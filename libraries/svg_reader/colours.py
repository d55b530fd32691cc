"""Colours of CSS: names, hexadecimal, `rgb()` and `hsl()`, with their opacity."""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache
from typing import NamedTuple

from PIL import ImageColor


class Colour(NamedTuple):
    """A name or `#rgb`, `#rrggbb`, and an opacity from 0 to 1."""

    text: str
    alpha: float = 1.0


class _Forms:
    """Regular expressions of colours."""

    HEXADECIMAL = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.ASCII)
    FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]{1,100})\)", re.ASCII)
    NUMBER = re.compile(
        r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)(%|deg|rad|turn|grad)?", re.ASCII
    )


@lru_cache(maxsize=4096)
def parse_colour(text: str) -> Colour | None:
    """Return a colour in lower case, or None if `text` is no colour of CSS."""
    text = text.strip().lower()
    if text == "transparent":
        return Colour("#000000", 0.0)
    if text in ImageColor.colormap:
        # The only name that is younger than SVG 1.1.
        return Colour("#663399" if text == "rebeccapurple" else text)
    if _Forms.HEXADECIMAL.fullmatch(text):
        return _hexadecimal(text)
    found = _Forms.FUNCTION.fullmatch(text)
    return _function(found[1], found[2]) if found else None


@lru_cache(maxsize=4096)
def components(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue from 0 to 255; black for what is no colour."""
    try:
        red, green, blue = ImageColor.getrgb(colour)[:3]
    except ValueError:
        return 0, 0, 0
    return red, green, blue


def _hexadecimal(text: str) -> Colour:
    digits = text[1:]
    if len(digits) in {3, 6}:
        return Colour(text)
    if len(digits) == 4:  # noqa: PLR2004 - #rgba
        return Colour("#" + digits[:3], int(2 * digits[3], 16) / 255)
    return Colour("#" + digits[:6], int(digits[6:], 16) / 255)


def _function(kind: str, text: str) -> Colour | None:
    """Return a colour of `rgb()` or `hsl()`, separated by commas, or by spaces and a slash."""
    parts = text.replace(",", " ").replace("/", " ").split()
    found = [_Forms.NUMBER.fullmatch("0" if part == "none" else part) for part in parts]
    values = [(float(one[1]), one[2] or "") for one in found if one is not None]
    if len(values) != len(parts) or len(values) not in {3, 4}:
        return None
    alpha = 1.0
    if len(values) == 4:  # noqa: PLR2004 - with opacity
        number, unit = values.pop()
        alpha = _within(number / 100 if unit == "%" else number)
    if kind == "rgb":
        rgb = [_within(number / (100 if unit == "%" else 255)) for number, unit in values]
    else:
        turns = {"deg": 360.0, "rad": 6.283185307179586, "turn": 1.0, "grad": 400.0}
        hue = values[0][0] / turns.get(values[0][1], 360.0)
        saturation, lightness = (_within(number / 100) for number, _ in values[1:])
        rgb = list(colorsys.hls_to_rgb(hue % 1.0, lightness, saturation))
    # Halves are rounded up, as in browsers.
    return Colour("#" + "".join(f"{int(part * 255 + 0.5):02x}" for part in rgb), alpha)


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
