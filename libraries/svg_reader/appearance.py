"""Colours, stroke widths and lengths of elements in SVG from other programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from libraries.errors import InvalidInput
from libraries.geometry.transforms import Fit, HorizontalAlign, VerticalPosition
from libraries.svg_reader.foreign_xml import Node, bad_svg
from libraries.svg_syntax.attributes import check_colour
from libraries.svg_syntax.numbers import MAX_NUMBER

# A CSS inch has 96 pixels.
PIXEL = 25.4 / 96
PIXELS: Mapping[str, float] = {
    "": 1.0,
    "px": 1.0,
    "mm": 1 / PIXEL,
    "cm": 10 / PIXEL,
    "q": 0.25 / PIXEL,
    "in": 96.0,
    "pt": 96 / 72,
    "pc": 16.0,
    # The default font size of browsers.
    "em": 16.0,
    "ex": 8.0,
}
LENGTH = re.compile(
    r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(%|[a-zA-Z]*)\s*", re.ASCII
)
MAX_LENGTH_CHARS = 64
ALIGN: Mapping[str, HorizontalAlign] = {"Min": "left", "Mid": "center", "Max": "right"}
VERTICAL: Mapping[str, VerticalPosition] = {"Min": "top", "Mid": "middle", "Max": "bottom"}
LOOKS = frozenset({"color", "fill", "stroke", "stroke-width", "visibility"})


@dataclass(frozen=True)
class Look:
    """The appearance of an element; `width` is in its own units."""

    stroke: str = "none"
    fill: str = "#000000"
    color: str = "#000000"
    width: float = 1.0
    hidden: bool = False

    @property
    def drawn(self) -> bool:
        """Return whether the element is visible; filled shapes are drawn by their outline."""
        return not self.hidden and (self.stroke != "none" or self.fill != "none")

    @property
    def ink(self) -> str:
        """Return the colour of the pen."""
        return self.stroke if self.stroke != "none" else self.fill


def styles_of(node: Node) -> dict[str, str]:
    """Return the properties of an element; `style` overrides attributes."""
    if "style" not in node.attributes:
        return node.attributes
    inline = (part.partition(":") for part in node.attributes.get("style", "").split(";"))
    return node.attributes | {name.strip(): value.strip() for name, _, value in inline}


def look_of(styles: Mapping[str, str], outer: Look) -> Look:
    """Return the look of an element with `styles` inside an element with the look `outer`."""
    if LOOKS.isdisjoint(styles):
        return outer
    color = _colour(styles.get("color"), outer.color, outer.color)
    width = styles.get("stroke-width", "")
    return replace(
        outer,
        color=color,
        stroke=_colour(styles.get("stroke"), outer.stroke, color),
        fill=_colour(styles.get("fill"), outer.fill, color),
        width=length(width if LENGTH.fullmatch(width[:MAX_LENGTH_CHARS]) else None, outer.width),
        hidden={"hidden": True, "collapse": True, "visible": False}.get(
            styles.get("visibility", ""), outer.hidden
        ),
    )


def _colour(value: str | None, outer: str, current: str) -> str:
    """Return a hexadecimal or named colour; black for paint servers such as gradients."""
    text = (value or "").strip().lower()
    if text in ("", "inherit"):
        return outer
    if text == "currentcolor":
        return current
    found = re.fullmatch(
        r"rgb\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)", text, re.ASCII
    )
    if found:
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups())
    try:
        return check_colour(text, "colour")
    except InvalidInput:
        return "#000000"


def length(text: str | None, default: float, whole: float = 0.0) -> float:
    """Return a length in user units (pixels); percentages are of `whole`.

    Raises:
        InvalidInput: `text` is not a length, or too large.
    """
    if text is None or text.strip() in ("", "auto"):
        return default
    found = LENGTH.fullmatch(text) if len(text) <= MAX_LENGTH_CHARS else None
    unit = found[2].lower() if found else ""
    if found is None or (unit != "%" and unit not in PIXELS):
        raise bad_svg(f"{text[:20]!r} is not a length")
    value = float(found[1]) * (whole / 100 if unit == "%" else PIXELS[unit])
    if not abs(value) <= MAX_NUMBER / PIXEL:
        raise bad_svg(f"{text[:20]!r} is too large")
    return value


def lengths(node: Node, names: str, viewport: tuple[float, float]) -> list[float]:
    """Return lengths by the names of their attributes; missing ones are 0."""
    return [
        length(node.attributes.get(name), 0.0, _whole(name, viewport)) for name in names.split()
    ]


def _whole(name: str, viewport: tuple[float, float]) -> float:
    width, height = viewport
    if name == "r":
        # SVG 1.1, section 7.10: the diagonal divided by the square root of two.
        return float(((width**2 + height**2) / 2) ** 0.5)
    return width if name in ("x", "x1", "x2", "cx", "rx", "width") else height


def aspect(text: str | None) -> tuple[HorizontalAlign, VerticalPosition, Fit]:
    """Return the alignment and the fit of `preserveAspectRatio`."""
    found = re.fullmatch(
        r"\s*(?:defer\s+)?(none|x(Min|Mid|Max)Y(Min|Mid|Max))(?:\s+(meet|slice))?\s*",
        (text or "")[:MAX_LENGTH_CHARS],
        re.ASCII,
    )
    if found is None:
        return "center", "middle", "contain"
    if found[1] == "none":
        return "left", "top", "fill"
    return ALIGN[found[2]], VERTICAL[found[3]], "cover" if found[4] == "slice" else "contain"
