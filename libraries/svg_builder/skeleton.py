"""SVG documents of svgwrite, with markers for strokes that are inserted later."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

import svgwrite


class Marker:
    """A placeholder in the tree of svgwrite for strokes that are inserted later."""

    elementname = "path"

    def __init__(self, number: int) -> None:
        self.number = number

    def get_xml(self) -> ET.Element:
        return ET.Element("path", d=f"@{self.number}")


def as_json(metadata: Mapping[str, object]) -> str:
    return json.dumps(metadata, sort_keys=True, allow_nan=False, separators=(",", ":"))


class Metadata:
    """A metadata element for the tree of svgwrite."""

    elementname = "metadata"

    def __init__(self, text: str) -> None:
        self._text = text

    def get_xml(self) -> ET.Element:
        element = ET.Element("metadata")
        element.text = self._text
        return element


def page(width: str, height: str, **attributes: str) -> Any:
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
    """Return a group that Inkscape and plotter programs show as the layer `label`."""
    drawing.attribs["xmlns:inkscape"] = "http://www.inkscape.org/namespaces/inkscape"
    group = drawing.g(**attributes)
    group.attribs["inkscape:groupmode"] = "layer"
    group.attribs["inkscape:label"] = label
    return group


def spliced(drawing: Any, body: Callable[[int], Iterable[bytes]]) -> Iterator[bytes]:
    """Yield the document in blocks, with `body(n)` in place of marker `n`."""
    # Odd pieces are numbers of markers. Checked path data has no at signs, and text is escaped.
    for index, piece in enumerate(re.split(r'<path d="@([0-9]+)" />', drawing.tostring())):
        if index % 2:
            yield from body(int(piece))
        else:
            yield piece.encode()
