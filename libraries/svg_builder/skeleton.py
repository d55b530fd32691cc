"""The frame of a document, made by svgwrite, with marks where strokes are written past it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import svgwrite


class Marker:
    """Stands in the tree of svgwrite for strokes that are written past it."""

    elementname = "path"

    def __init__(self, number: int) -> None:
        self.number = number

    def get_xml(self) -> ET.Element:
        """Return the element that `spliced` finds again."""
        return ET.Element("path", d=f"@{self.number}")


def as_json(metadata: Mapping[str, object]) -> str:
    """Return facts about a drawing as they are kept in it: the same facts give the same text."""
    return json.dumps(metadata, sort_keys=True, allow_nan=False, separators=(",", ":"))


class Metadata:
    """Stands in the tree of svgwrite for what has to stay with a drawing, as text."""

    elementname = "metadata"

    def __init__(self, text: str) -> None:
        self._text = text

    def get_xml(self) -> ET.Element:
        """Return the element."""
        element = ET.Element("metadata")
        element.text = self._text
        return element


def page(width: str, height: str, **attributes: str) -> Any:
    """Return an empty document of `width` x `height` mm, with round caps and without fill."""
    drawing = svgwrite.Drawing(
        size=(f"{width}mm", f"{height}mm"),
        viewBox=f"0 0 {width} {height}",
        fill="none",
        **attributes,
        stroke_linecap="round",
        stroke_linejoin="round",
        debug=False,
    )
    drawing.elements.remove(drawing.defs)
    return drawing


def layer_group(drawing: Any, label: str, **attributes: str) -> Any:
    """Return a group that Inkscape and plotter programs show as a layer called `label`."""
    drawing.attribs["xmlns:inkscape"] = "http://www.inkscape.org/namespaces/inkscape"
    group = drawing.g(**attributes)
    group.attribs["inkscape:groupmode"] = "layer"
    group.attribs["inkscape:label"] = label
    return group


def spliced(drawing: Any, body: Callable[[int], Iterable[bytes]]) -> Iterator[bytes]:
    """Yield the document in blocks, with `body(n)` in place of the marker number `n`."""
    # Odd pieces are the numbers of the markers, even ones what stands between.
    # No checked path data can hold an at sign, and text is escaped.
    for place, piece in enumerate(re.split(r'<path d="@([0-9]+)" />', drawing.tostring())):
        if place % 2:
            yield from body(int(piece))
        else:
            yield piece.encode()
