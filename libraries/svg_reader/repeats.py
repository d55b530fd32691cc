"""The number of elements that an SVG has when each `use` is repeated."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from libraries.svg_reader.foreign_xml import Node

# Deeper than this nothing is followed; what is drawn is stopped there too.
MAX_COUNT_DEPTH = 96


def count_visits(root: Node, named: Mapping[str, Node], silent: Collection[str], most: int) -> int:
    """Return how many elements are looked at when `root` is drawn, at most `most` and one more.

    Every element is counted once and remembered, so that it takes no longer than reading the SVG
    did, however much it repeats.

    Args:
        root: the outermost element.
        named: the elements that `use` can refer to, by their ids.
        silent: the names of elements whose insides are drawn only where they are referred to.
        most: with more than this, the exact number does not matter.
    """
    return _Counting(named, silent, most).inside(root, 0)


class _Counting:
    """Counts elements, each with all inside of it and all that it refers to."""

    def __init__(self, named: Mapping[str, Node], silent: Collection[str], most: int) -> None:
        self._named = named
        self._silent = silent
        self._most = most
        # 0 stands for an element that is being counted: what refers to what it is inside of is not
        # drawn.
        self._known: dict[int, int] = {}

    def inside(self, node: Node, depth: int) -> int:
        """Return the number of elements inside an element, with the target of each `use`."""
        if not node.children and node.tag != "use":
            return 0
        if depth > MAX_COUNT_DEPTH:
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
        shown = node.children[:1] if node.tag == "switch" else node.children
        return sum(1 + self._seen(child, depth + 1) for child in shown)

    def _seen(self, node: Node, depth: int) -> int:
        if node.tag in self._silent or node.attributes.get("display") == "none":
            return 0
        return self.inside(node, depth)
