"""The look of elements: colours, opacity, stroke widths, dashes; and lengths."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import ClassVar

from libraries.errors import InvalidInput
from libraries.geometry.transforms import Fit, HorizontalAlign, VerticalPosition
from libraries.svg_reader.colours import parse_colour
from libraries.svg_reader.encodings import bad_svg

MM_PER_INCH = 25.4
# A CSS inch has 96 pixels.
PIXEL = MM_PER_INCH / 96
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
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
}
ALIGN: Mapping[str, HorizontalAlign] = {"Min": "left", "Mid": "center", "Max": "right"}
VERTICAL: Mapping[str, VerticalPosition] = {"Min": "top", "Mid": "middle", "Max": "bottom"}


class Lengths:
    """The syntax and the range of lengths."""

    MAX_CHARS = 64
    MAX_PIXELS = 1e9
    MAX_DIGITS = 9
    FORM = re.compile(
        r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(%|[a-zA-Z]*)\s*", re.ASCII
    )
    CALC = re.compile(r"\s*calc\(\s*([^()]+?)\s*\)\s*")

    @classmethod
    def read(cls, text: str, whole: float = 0.0, font_size: float = 16.0) -> float | None:
        """Return a length in user units, or None; percentages are of `whole`."""
        found = cls.FORM.fullmatch(text) if len(text) <= cls.MAX_CHARS else None
        if found is None:
            calc = cls.CALC.fullmatch(text[: 4 * cls.MAX_CHARS])
            return cls._sum(calc[1], whole, font_size) if calc else None
        unit = found[2].lower()
        if unit == "%":
            value = float(found[1]) * whole / 100
        elif unit in {"em", "ex", "ch"}:
            value = float(found[1]) * font_size * PIXELS[unit] / 16
        elif unit in PIXELS:
            value = float(found[1]) * PIXELS[unit]
        else:
            return None
        return value if abs(value) <= cls.MAX_PIXELS else None

    @classmethod
    def _sum(cls, text: str, whole: float, font_size: float) -> float | None:
        """Return the value of a sum or difference of lengths in `calc()`."""
        parts = re.split(r"\s+([+-])\s+", text)
        values = [cls.read(part, whole, font_size) for part in parts[::2]]
        if None in values:
            return None
        signs = [1.0, *(1.0 if sign == "+" else -1.0 for sign in parts[1::2])]
        return sum(sign * (value or 0.0) for sign, value in zip(signs, values, strict=True))


@dataclass(frozen=True, eq=False)
class Look:
    """The inherited appearance of an element; lengths are in its own units.

    `stroke` and `fill` are colours or `none`; `stroke_alpha`, `fill_alpha` and `opacity` are from 0
    to 1. `fill_server` is the id of a gradient or a pattern.
    """

    stroke: str = "none"
    fill: str = "#000000"
    stroke_alpha: float = 1.0
    fill_alpha: float = 1.0
    stroke_opacity: float = 1.0
    fill_opacity: float = 1.0
    opacity: float = 1.0
    stroke_server: str = ""
    fill_server: str = ""
    color: str = "#000000"
    width: float = 1.0
    hidden: bool = False
    dashes: tuple[float, ...] = ()
    dash_offset: float = 0.0
    cap: str = "butt"
    join: str = "miter"
    fill_rule: str = "nonzero"
    clip_rule: str = "nonzero"
    fixed_width: bool = False
    markers: tuple[str, str, str] = ("", "", "")
    font_size: float = 16.0
    anchor: str = "start"
    letter_spacing: float = 0.0
    keeps_space: bool = False

    @cached_property
    def has_stroke(self) -> bool:
        """Return whether a stroke is visible."""
        return (
            self.stroke != "none"
            and self.width > 0
            and self.stroke_alpha * self.stroke_opacity * self.opacity > 0
            and not self.hidden
        )

    @cached_property
    def has_fill(self) -> bool:
        """Return whether a fill is visible."""
        return (
            self.fill != "none"
            and self.fill_alpha * self.fill_opacity * self.opacity > 0
            and not self.hidden
        )

    @cached_property
    def is_plain(self) -> bool:
        """Return whether there is a visible stroke without dashes, and no fill."""
        return self.has_stroke and not self.has_fill and not self.dashes

    @property
    def covers(self) -> bool:
        """Return whether the fill hides what is below."""
        opaque = 0.98
        return self.has_fill and self.fill_alpha * self.fill_opacity * self.opacity >= opaque

    @cached_property
    def drawn(self) -> bool:
        """Return whether the element is visible; filled shapes are drawn by their outline."""
        return self.has_stroke or self.has_fill

    @cached_property
    def ink(self) -> str:
        """Return the colour of the pen."""
        return self.stroke if self.has_stroke else self.fill


class Looks:
    """Computes looks, once for each set of properties and outer look.

    `servers` has the colours of gradients and patterns by id.
    """

    PROPERTIES = frozenset(
        {
            "color", "fill", "stroke", "stroke-width", "visibility", "opacity", "fill-opacity", "stroke-opacity",
            "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "fill-rule", "clip-rule", "vector-effect",
            "marker-start", "marker-mid", "marker-end", "font-size", "text-anchor", "letter-spacing", "white-space", "xml:space",
        }
    )  # fmt: skip
    RESET: ClassVar[frozenset[str]] = frozenset({"inherit", "unset", "revert", ""})
    # The field of each number and of each word.
    SHARES: ClassVar[dict[str, str]] = {
        "fill-opacity": "fill_opacity",
        "stroke-opacity": "stroke_opacity",
    }
    WORDS: ClassVar[dict[str, tuple[str, tuple[str, ...]]]] = {
        "stroke-linecap": ("cap", ("butt", "round", "square")),
        "stroke-linejoin": ("join", ("miter", "round", "bevel")),
        "fill-rule": ("fill_rule", ("nonzero", "evenodd")),
        "clip-rule": ("clip_rule", ("nonzero", "evenodd")),
        "text-anchor": ("anchor", ("start", "middle", "end")),
    }
    URL = re.compile(r"""\s*url\(\s*["']?\s*#([^"')]{1,200})["']?\s*\)\s*(.*)""", re.DOTALL)
    MAX_DASHES = 100

    def __init__(self, servers: Mapping[str, str], diagonal: float) -> None:
        self._servers = servers
        self._diagonal = diagonal
        self._known: dict[tuple[Look, tuple[str, ...], tuple[str, ...]], Look] = {}
        # The properties among the names of attributes.
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, attributes: Mapping[str, str], outer: Look) -> Look:
        """Return the look of an element with `attributes` inside an element with the look `outer`."""
        # Few sets of names occur.
        all_names = tuple(attributes)
        names = self._names.get(all_names)
        if names is None:
            names = tuple([name for name in all_names if name in self.PROPERTIES])
            self._names[all_names] = names
        if not names:
            return outer if outer.fixed_width is False else self._computed((), outer)
        key = outer, names, tuple([attributes[name] for name in names])
        look = self._known.get(key)
        if look is None:
            given = tuple(zip(names, key[2], strict=True))
            look = self._known[key] = self._computed(given, outer)
        return look

    def _computed(self, given: tuple[tuple[str, str], ...], outer: Look) -> Look:
        values = {
            name: "initial" if value.strip().lower() == "initial" else value.strip()
            for name, value in given
            if value.strip().lower() not in self.RESET
        }
        for name in [name for name, value in values.items() if value == "initial"]:
            values[name] = self._initial(name)
        size = self._font_size(values.get("font-size"), outer.font_size)
        color = self._plain(values.get("color"), outer.color)
        changed: dict[str, object] = {"color": color, "font_size": size, "fixed_width": False}
        for name in ("stroke", "fill"):
            changed |= self._paint(name, values.get(name), color)
        for name, own in self.SHARES.items():
            changed[own] = _share(values.get(name), getattr(outer, own))
        changed["opacity"] = outer.opacity * _share(values.get("opacity"), 1.0)
        for name, (own, words) in self.WORDS.items():
            word = values.get(name, "").lower()
            changed[own] = word if word in words else getattr(outer, own)
        changed |= self._lengths(values, outer, size)
        shown = {"hidden": True, "collapse": True, "visible": False}
        changed["hidden"] = shown.get(values.get("visibility", "").lower(), outer.hidden)
        changed["fixed_width"] = "non-scaling-stroke" in values.get("vector-effect", "")
        changed["markers"] = self._markers(values, outer)
        space = values.get("white-space", values.get("xml:space", ""))
        changed["keeps_space"] = outer.keeps_space if not space else space.startswith("pre")
        return replace(outer, **changed)  # type: ignore[arg-type]

    def _initial(self, name: str) -> str:
        return {"stroke": "none", "fill": "black", "stroke-width": "1", "visibility": "visible",
                "stroke-dasharray": "none", "color": "black", "font-size": "16px", "text-anchor": "start",
                "stroke-dashoffset": "0", "stroke-linecap": "butt", "letter-spacing": "0"}.get(name, "1")  # fmt: skip

    def _plain(self, text: str | None, outer: str) -> str:
        found = parse_colour(text) if text else None
        return found.text if found else outer

    def _paint(self, name: str, text: str | None, color: str) -> dict[str, object]:
        """Return the colour, the opacity and the server of a paint; nothing if it is inherited."""
        if text is None:
            return {}
        server = ""
        found = self.URL.match(text)
        if found:
            server, rest = found[1].strip(), found[2].strip()
            text = self._servers.get(server, rest or "none")
            server = server if server in self._servers else ""
        word = text.lower()
        if word in {"currentcolor", "context-stroke", "context-fill"}:
            word = color
        if word == "none":
            return {name: "none", f"{name}_server": "", f"{name}_alpha": 1.0}
        colour = parse_colour(word)
        if colour is None:
            # Browsers ignore what is no paint.
            return {}
        return {name: colour.text, f"{name}_server": server, f"{name}_alpha": colour.alpha}

    def _lengths(self, values: Mapping[str, str], outer: Look, size: float) -> dict[str, object]:
        def one(name: str, default: float) -> float:
            found = Lengths.read(values[name], self._diagonal, size) if name in values else None
            return default if found is None else found

        spacing = values.get("letter-spacing", "")
        return {
            "width": max(one("stroke-width", outer.width), 0.0),
            "dash_offset": one("stroke-dashoffset", outer.dash_offset),
            "dashes": self._dashes(values.get("stroke-dasharray"), outer.dashes, size),
            "letter_spacing": 0.0
            if spacing == "normal"
            else one("letter-spacing", outer.letter_spacing),
        }

    def _dashes(self, text: str | None, outer: tuple[float, ...], size: float) -> tuple[float, ...]:
        if text is None:
            return outer
        parts = text.replace(",", " ").split()[: self.MAX_DASHES]
        lengths = [Lengths.read(part, self._diagonal, size) for part in parts]
        values = [value for value in lengths if value is not None and value >= 0]
        if len(values) < len(parts) or not sum(values) > 0:
            return ()
        return tuple(values * (1 + len(values) % 2))

    def _font_size(self, text: str | None, outer: float) -> float:
        if text is None:
            return outer
        steps = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0,
                 "x-large": 24.0, "xx-large": 32.0, "smaller": outer / 1.2, "larger": outer * 1.2}  # fmt: skip
        found = steps.get(text.lower(), Lengths.read(text, outer, outer))
        return outer if found is None or found < 0 else found

    def _markers(self, values: Mapping[str, str], outer: Look) -> tuple[str, str, str]:
        chosen = list(outer.markers)
        for place, name in enumerate(("marker-start", "marker-mid", "marker-end")):
            if name in values:
                found = self.URL.match(values[name])
                chosen[place] = found[1].strip() if found else ""
        return chosen[0], chosen[1], chosen[2]


def _share(text: str | None, outer: float) -> float:
    """Return an opacity from 0 to 1, also in percent."""
    if text is None:
        return outer
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return outer
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else outer


def length(text: str | None, default: float, whole: float = 0.0) -> float:
    """Return a length in user units (pixels); percentages are of `whole`.

    Raises:
        InvalidInput: `text` is not a length, or too large.
    """
    if text is None:
        return default
    try:
        plain = float(text)
    except ValueError:
        plain = math.nan
    # Numbers without a unit are the most frequent; NaN fails this comparison.
    if abs(plain) <= Lengths.MAX_PIXELS and "_" not in text:
        return plain
    if text.strip() in {"", "auto"}:
        return default
    value = Lengths.read(text, whole)
    if value is None:
        raise bad_length(text)
    return value


def bad_length(text: str) -> InvalidInput:
    return bad_svg(f"{text[:20]!r} is not a length")


def lengths(
    attributes: Mapping[str, str], names: str, viewport: tuple[float, float]
) -> list[float]:
    """Return lengths by the names of their attributes; missing ones are 0."""
    found = []
    for name in names.split():
        text = attributes.get(name)
        if text is None:
            found.append(0.0)
        elif text.isdecimal() and len(text) < Lengths.MAX_DIGITS:
            # Much faster than the rest for the most frequent form.
            found.append(float(text))
        else:
            found.append(length(text, 0.0, _whole(name, viewport)))
    return found


def _whole(name: str, viewport: tuple[float, float]) -> float:
    width, height = viewport
    if name == "r":
        return diagonal_of(viewport)
    return width if name in ("x", "x1", "x2", "cx", "rx", "width") else height


def diagonal_of(viewport: tuple[float, float]) -> float:
    """Return the length that other percentages refer to."""
    # SVG 1.1, section 7.10: the diagonal divided by the square root of two.
    return float(((viewport[0] ** 2 + viewport[1] ** 2) / 2) ** 0.5)


@lru_cache(maxsize=256)
def aspect(text: str | None) -> tuple[HorizontalAlign, VerticalPosition, Fit]:
    """Return the alignment and the fit of `preserveAspectRatio`."""
    found = re.fullmatch(
        r"\s*(?:defer\s+)?(none|x(Min|Mid|Max)Y(Min|Mid|Max))(?:\s+(meet|slice))?\s*",
        (text or "")[: Lengths.MAX_CHARS],
        re.ASCII,
    )
    if found is None:
        return "center", "middle", "contain"
    if found[1] == "none":
        return "left", "top", "fill"
    return ALIGN[found[2]], VERTICAL[found[3]], "cover" if found[4] == "slice" else "contain"
