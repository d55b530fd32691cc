"""The size of pages and viewports, and the names of elements."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from libraries.errors import InvalidInput
from libraries.geometry.document import MAX_LAYER_NAME_CHARS
from libraries.geometry.rectangle import Rectangle
from libraries.lettering import check_text
from libraries.svg_reader.appearance import Lengths, length
from libraries.svg_reader.foreign_xml import Node, bad_svg
from libraries.svg_reader.problems import Problems
from libraries.svg_reader.repeats import MAX_ELEMENT_DEPTH
from libraries.svg_reader.shapes import Viewport
from libraries.svg_syntax.path_data import numbers_in

# Elements that are not drawn where they are.
PASSIVE = frozenset(
    {"title", "desc", "metadata", "defs", "symbol", "style", "script", "clipPath", "mask", "marker", "#text"}
)  # fmt: skip


def page_size(root: Node, problems: Problems, dpi: float) -> Viewport:
    """Return the size of the page in pixels, `dpi` in an inch, by default that of its viewBox."""
    box = view_box(root)
    # The default size of browsers in pixels.
    fallback = (box.width, box.height) if box else (300.0, 150.0)
    given: list[float | None] = []
    for name, whole in zip(("width", "height"), fallback, strict=True):
        text = root.attributes.get(name, "auto").strip()
        value = Lengths.read(text, whole)
        if value is not None and not re.search(r"[0-9.](px|%)?\Z", text):
            value *= dpi / 96
        if value is None and text not in {"", "auto"}:
            problems.note("page-size", root.line)
        # The whole of a page that is not there yet.
        given.append(None if box and text.endswith("%") and value == whole else value)
    width, height = given
    if box and width is not None and height is None:
        height = width * box.height / box.width
    elif box and height is not None and width is None:
        width = height * box.width / box.height
    width = fallback[0] if width is None else width
    height = fallback[1] if height is None else height
    if not width > 0 or not height > 0:
        raise bad_svg("the page has no size")
    return width, height


def view_box(node: Node) -> Rectangle | None:
    """Return the `viewBox` of an element, or None without a valid one."""
    text = node.attributes.get("viewBox")
    return None if text is None else _box(text[:200])


@lru_cache(maxsize=256)
def _box(text: str) -> Rectangle | None:
    try:
        numbers = numbers_in(text).tolist()
    except InvalidInput:
        return None
    if len(numbers) != 4 or min(numbers[2:]) <= 0:  # noqa: PLR2004 - left, top, width and height
        return None
    left, top, width, height = numbers
    return Rectangle(left, top, left + width, top + height)


def own_size(node: Node, viewport: Viewport) -> Viewport:
    """Return the size of a nested viewport; raise `InvalidInput` for malformed lengths."""
    width = length(node.attributes.get("width"), viewport[0], viewport[0])
    height = length(node.attributes.get("height"), viewport[1], viewport[1])
    return width, height


def has_own_size(root: Node) -> bool:
    """Return whether an SVG says how large it is, by its viewBox or by a length."""
    if view_box(root) is not None:
        return True
    texts = [root.attributes.get(name, "auto").strip() for name in ("width", "height")]
    return any(not text.endswith("%") and Lengths.read(text) is not None for text in texts)


def top_groups(root: Node) -> dict[int, str]:
    """Return names of the groups directly below the root by the ids of their nodes.

    A group around everything is passed over.
    """
    node = root
    for _ in range(MAX_ELEMENT_DEPTH):
        drawn = [child for child in node.children if child.tag not in PASSIVE]
        if len(drawn) != 1 or drawn[0].tag != "g":
            break
        node = drawn[0]
    names: dict[int, str] = {}
    for child in node.children:
        if child.tag == "g":
            given = child.attributes.get("inkscape:label") or child.attributes.get("id", "")
            names[id(child)] = checked_name(given) or f"group {len(names) + 1}"
    return names


class Index(NamedTuple):
    """Elements by their ids, the first of duplicates; the number of all elements, and whether there is a `use`."""

    by_id: dict[str, Node]
    elements: int
    has_uses: bool

    @classmethod
    def of(cls, root: Node) -> Index:
        found: dict[str, Node] = {}
        waiting, elements, has_uses = [root], 0, False
        while waiting:
            node = waiting.pop()
            elements += 1
            if "id" in node.attributes:
                found.setdefault(node.attributes["id"], node)
            if node.tag == "use":
                has_uses = True
            if node.children:
                waiting.extend(reversed(node.children))
        return cls(found, elements, has_uses)


def layer_name(node: Node) -> str | None:
    """Return the name of an Inkscape layer, or None for other groups and invalid names."""
    if "inkscape:label" not in node.attributes:
        return None
    if node.attributes.get("inkscape:groupmode") != "layer":
        return None
    return checked_name(node.attributes["inkscape:label"])


def checked_name(text: str) -> str | None:
    """Return the name of a layer, at most 100 characters, or None for an invalid one."""
    name = text.strip()[:MAX_LAYER_NAME_CHARS]
    try:
        return check_text(name) if name else None
    except InvalidInput:
        return None
