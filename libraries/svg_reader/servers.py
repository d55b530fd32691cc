"""Gradients and patterns as the colour that stands for them."""

from __future__ import annotations

from collections.abc import Mapping

from libraries.svg_reader.colours import parse_colour
from libraries.svg_reader.foreign_xml import Node


def server_colours(named: Mapping[str, Node]) -> dict[str, str]:
    """Return a colour for each gradient and pattern by its id.

    It is that of the first visible stop of a gradient, or of the first painted element of a pattern;
    a gradient without stops paints nothing.
    """
    tags = {"linearGradient", "radialGradient", "pattern"}
    return {name: _colour(node, named) for name, node in named.items() if node.tag in tags}


def _colour(node: Node, named: Mapping[str, Node]) -> str:
    # Stops of another gradient may be used, and those of another again.
    for _ in range(8):
        if node.children or not node.attributes.get("href", "").startswith("#"):
            break
        following = named.get(node.attributes["href"][1:])
        if following is None:
            break
        node = following
    if node.tag == "pattern":
        paints = (
            child.attributes.get(name)
            for child in node.children
            for name in ("stroke", "fill")
            if child.attributes.get(name, "none") != "none"
        )
        found = next(filter(None, paints), "#000000")
        return found if parse_colour(found) else "#000000"
    stops = [child.attributes for child in node.children if child.tag == "stop"]
    shown = [stop for stop in stops if stop.get("stop-opacity", "1").strip() not in {"0", "0%"}]
    colours = [stop.get("stop-color", "#000000") for stop in shown]
    visible = [one for one in map(parse_colour, colours) if one is not None and one.alpha > 0]
    if not stops:
        return "none"
    return visible[0].text if visible else "transparent"
