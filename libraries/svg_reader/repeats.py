"""The number of elements of an SVG with each `use` expanded."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from libraries.svg_reader.foreign_xml import Node

# The reader stops at this depth too.
MAX_ELEMENT_DEPTH = 96
# Elements that are not drawn themselves; some are drawn by references.
SILENT = {
    "title", "desc", "metadata", "defs", "symbol", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "marker",
    "pattern", "filter", "view", "cursor", "style", "text", "#text",
}  # fmt: skip
NAMED_DROPS = {
    "script", "image", "foreignObject", "animate", "animateTransform", "animateMotion", "set", "video", "audio",
    "iframe", "canvas",
}  # fmt: skip


def conditions_hold(attributes: Mapping[str, str]) -> bool:
    """Return whether an element is drawn by conditional processing; no extensions are known."""
    if "requiredExtensions" in attributes:
        return False
    if not attributes.get("requiredFeatures", "features").strip():
        return False
    languages = attributes.get("systemLanguage")
    return languages is None or any(
        part.strip().lower().partition("-")[0] == "en" for part in languages.split(",")
    )


def shown_children(node: Node) -> Sequence[Node]:
    """Return the children that are drawn: of a `switch`, the first whose conditions hold.

    What a pen cannot draw at all is passed over there, because the next child replaces it.
    """
    if node.tag != "switch":
        return node.children
    fitting = (
        child
        for child in node.children
        if child.tag != "foreignObject" and conditions_hold(child.attributes)
    )
    return list(islice(fitting, 1))


def count_visits(root: Node, named: Mapping[str, Node], silent: Collection[str], most: int) -> int:
    """Return the number of elements visited when `root` is drawn, or `most` + 1 if more.

    Each element is counted once and cached, so the time does not depend on repetitions. `named` has
    the elements by id; children of elements in `silent` are only drawn by references.
    """
    return _Counting(named, silent, most).inside(root, 0)


class _Counting:
    """Counts elements, their children and the targets of each `use`."""

    def __init__(self, named: Mapping[str, Node], silent: Collection[str], most: int) -> None:
        self._named = named
        self._silent = silent
        self._most = most
        # 0 for elements that are being counted: recursive references are not drawn.
        self._known: dict[int, int] = {}

    def inside(self, node: Node, depth: int) -> int:
        """Return the number of elements inside an element."""
        if depth > MAX_ELEMENT_DEPTH or (not node.children and node.tag != "use"):
            return 0
        if id(node) not in self._known:
            self._known[id(node)] = 0
            self._known[id(node)] = min(self._counted(node, depth), self._most + 1)
        return self._known[id(node)]

    def _counted(self, node: Node, depth: int) -> int:
        if node.tag == "use":
            name = node.attributes.get("href", "")
            target = self._named.get(name[1:]) if name.startswith("#") else None
            return 1 + self.inside(target, depth + 1) if target is not None else 0
        shown = shown_children(node)
        return sum(1 + self._seen(child, depth + 1) for child in shown)

    def _seen(self, node: Node, depth: int) -> int:
        if node.tag in self._silent or node.attributes.get("display") == "none":
            return 0
        return self.inside(node, depth)
