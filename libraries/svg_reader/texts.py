"""Text elements as the strokes of a font of the product, at the size and place of the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.lettering import MAX_TEXT_CHARS, StrokeFont, along_path, check_text, stroke_font
from libraries.lettering.layout import in_strokes, missing_from, set_line
from libraries.svg_reader.appearance import Lengths, Look, Looks
from libraries.svg_reader.foreign_xml import Node

Viewport = tuple[float, float]
# Returns the lines of a path by its id, in the units of the text.
PathLines = Callable[[str], list[Floats]]


class Written(NamedTuple):
    """The strokes of a run of text in user units, its look, and characters that the font lacks."""

    lines: list[Floats]
    look: Look
    missing: list[str]


class _Run(NamedTuple):
    """Characters of one look, with the places of the first ones."""

    text: str
    look: Look
    places: Mapping[str, list[float]]
    shift: float
    path: Node | None


class _Measures:
    """Proportions of texts."""

    # Height of capitals in font sizes, as in common fonts.
    CAPITAL = 0.7
    # How far the base line is below the place of the text, in font sizes.
    SHIFTS: Mapping[str, float] = {
        "middle": 0.25,
        "central": 0.35,
        "hanging": 0.7,
        "text-before-edge": 0.8,
        "text-top": 0.8,
        "text-after-edge": -0.2,
        "ideographic": -0.2,
    }
    ANCHORS: Mapping[str, float] = {"start": 0.0, "middle": 0.5, "end": 1.0}


class TextReader:
    """Lays out text elements."""

    def __init__(self, looks: Looks, path_lines: PathLines) -> None:
        self._looks = looks
        self._path_lines = path_lines

    def written(self, node: Node, look: Look, viewport: Viewport) -> list[Written]:
        """Return the runs of a text element, in its own units.

        Raises:
            InvalidInput: the text is too long, or too large.
        """
        runs = list(self._runs(node, look, viewport, 0.0, None))
        if sum(len(run.text) for run in runs) > MAX_TEXT_CHARS:
            raise InvalidInput("a text is too long", code="bad-text", field="svg")
        line = _Line(stroke_font(), self._path_lines)
        for run in _collapsed(runs):
            line.write(run)
        line.finish()
        wide = Lengths.read(node.attributes.get("textLength", ""), viewport[0])
        return line.stretched(wide) if wide else line.found

    def stroked(self, look: Look) -> Look:
        """Return the look of single strokes in the colour of a text."""
        ink = look.fill if look.has_fill else look.stroke
        attributes = {"stroke": ink, "fill": "none", "stroke-width": "1", "stroke-opacity": "1",
                      "stroke-dasharray": "none", "stroke-linecap": "round"}  # fmt: skip
        return self._looks.of(attributes, look)

    def _runs(
        self, node: Node, look: Look, viewport: Viewport, shift: float, path: Node | None
    ) -> Iterator[_Run]:
        attributes = node.attributes
        base = attributes.get("dominant-baseline", attributes.get("alignment-baseline", ""))
        shift = _Measures.SHIFTS.get(base.strip(), shift)
        places: dict[str, list[float]] = {
            name: _numbers(attributes[name], viewport[name.endswith("y")], look.font_size)
            for name in ("x", "y", "dx", "dy")
            if name in attributes
        }
        for child in node.children:
            if child.tag == "#text":
                yield _Run(child.attributes["text"], look, places, shift, path)
                places = {}
            elif child.attributes.get("display", "").strip() != "none":
                inner = self._looks.of(child.attributes, look)
                if child.tag in {"tspan", "a", "textPath"}:
                    if places:
                        # The places of the outer element are those of its first characters.
                        yield _Run("", look, places, shift, path)
                        places = {}
                    within = child if child.tag == "textPath" else path
                    yield from self._runs(child, inner, viewport, shift, within)


def characters_in(node: Node) -> int:
    """Return the number of characters inside of an element."""
    return len(node.attributes.get("text", "")) + sum(map(characters_in, node.children))


def _numbers(text: str, whole: float, size: float) -> list[float]:
    values = [Lengths.read(part, whole, size) for part in text.replace(",", " ").split()]
    return [value for value in values if value is not None]


def _collapsed(runs: list[_Run]) -> list[_Run]:
    """Return runs with single spaces, none at both ends."""
    collapsed: list[_Run] = []
    ends_with_space = True
    for run in runs:
        text = check_text(run.text) if run.text else ""
        text = re.sub(r"\s", " ", text)
        if not run.look.keeps_space:
            text = re.sub(" +", " ", text)
            text = text[1:] if ends_with_space and text.startswith(" ") else text
        ends_with_space = text.endswith(" ") if text else ends_with_space
        collapsed.append(run._replace(text=text))
    for place in reversed(range(len(collapsed))):
        if collapsed[place].text:
            if not collapsed[place].look.keeps_space:
                collapsed[place] = collapsed[place]._replace(text=collapsed[place].text.rstrip())
            break
    return collapsed


class _Line:
    """Places runs one after another; an absolute place begins a new part, which is anchored."""

    def __init__(self, face: StrokeFont, path_lines: PathLines) -> None:
        self.found: list[Written] = []
        self._face = face
        self._path_lines = path_lines
        self._x = self._y = self._start = 0.0
        # Index of the first run of the part, and its anchor.
        self._first = 0
        self._anchor: str | None = None
        self._waiting: dict[str, list[float]] = {}

    def write(self, run: _Run) -> None:
        places = {name: list(values) for name, values in run.places.items()}
        for name, values in self._waiting.items():
            places.setdefault(name, values)
        if not run.text:
            self._waiting = places
            return
        if run.path is not None:
            self._along(run, run.path)
            return
        count = max((len(values) for values in places.values()), default=0)
        single = [run.text] if count <= 1 else [*run.text[: count - 1], run.text[count - 1 :]]
        for place, text in enumerate(single):
            self._move({n: v[place] for n, v in places.items() if place < len(v)}, run.look)
            self._set(text, run)
        self._waiting = {n: v[len(run.text) :] for n, v in places.items() if v[len(run.text) :]}

    def _move(self, to: Mapping[str, float], look: Look) -> None:
        if "x" in to or "y" in to:
            self.finish()
            self._x, self._y = to.get("x", self._x), to.get("y", self._y)
            self._start, self._anchor = self._x, None
        self._x += to.get("dx", 0.0)
        self._y += to.get("dy", 0.0)
        if self._anchor is None:
            self._anchor = look.anchor

    def _set(self, text: str, run: _Run) -> None:
        size = run.look.font_size
        if not text or size <= 0:
            return
        scale = size * _Measures.CAPITAL / self._face.cap_height
        row = set_line(text, self._face, run.look.letter_spacing / scale)
        lines: list[Floats] = []
        if any(glyph.strokes for glyph in row.glyphs):
            counts = [len(glyph.points) for glyph in row.glyphs]
            points = np.concatenate([glyph.points for glyph in row.glyphs])
            points[:, 0] += np.repeat(row.pens, counts)
            points[:, 1] -= self._face.base_line
            points *= scale
            points += (self._x, self._y + run.shift * size)
            lines = in_strokes(points, row.glyphs)
        self.found.append(Written(lines, run.look, missing_from(row.written, self._face)))
        if row.glyphs:
            advance = float(row.pens[-1]) + row.glyphs[-1].advance
            self._x += advance * scale + run.look.letter_spacing

    def finish(self) -> None:
        """Move the runs of the part by its anchor."""
        move = (self._x - self._start) * _Measures.ANCHORS[self._anchor or "start"]
        if move:
            for place in range(self._first, len(self.found)):
                one = self.found[place]
                moved = [line - np.array([move, 0.0]) for line in one.lines]
                self.found[place] = one._replace(lines=moved)
            self._x -= move
        self._first, self._start = len(self.found), self._x

    def stretched(self, wide: float) -> list[Written]:
        """Return the text with the ink as wide as its `textLength`."""
        points = [line for one in self.found for line in one.lines if len(line)]
        if not points:
            return self.found
        across = np.concatenate(points)[:, 0]
        left, right = across.min(), across.max()
        if right <= left:
            return self.found
        by = np.array([wide / (right - left), 1.0])
        origin = np.array([left, 0.0])
        return [
            one._replace(lines=[(line - origin) * by + origin for line in one.lines])
            for one in self.found
        ]

    def _along(self, run: _Run, node: Node) -> None:
        """Write along the path that a `textPath` refers to."""
        lines = self._path_lines(node.attributes.get("href", "")[1:])
        size = run.look.font_size
        if not lines or size <= 0:
            return
        path = lines[0]
        steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        total = float(steps[-1])
        offset = Lengths.read(node.attributes.get("startOffset", "0"), total, size) or 0.0
        height = size * _Measures.CAPITAL
        scale = height / self._face.cap_height
        row = set_line(run.text, self._face, run.look.letter_spacing / scale)
        advance = (float(row.pens[-1]) + row.glyphs[-1].advance) * scale if row.glyphs else 0.0
        start = max(offset - advance * _Measures.ANCHORS[run.look.anchor], 0.0)
        if start >= total:
            return
        first = int(np.searchsorted(steps, start, side="right"))
        begin = [np.interp(start, steps, path[:, axis]) for axis in (0, 1)]
        rest = np.concatenate([[begin], path[first:]])
        block = along_path(
            run.text,
            rest,
            self._face,
            cap_height=height,
            letter_spacing=run.look.letter_spacing,
        )
        self.found.append(Written(list(block.strokes), run.look, block.missing_glyphs))
