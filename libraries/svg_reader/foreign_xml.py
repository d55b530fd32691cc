"""Foreign SVG as a tree of plain nodes: nothing is loaded or expanded, all is limited."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from libraries.errors import InvalidInput

MAX_SVG_BYTES = 20_000_000
MAX_ELEMENTS = 200_000
MAX_ELEMENT_DEPTH = 64
# Attributes of these names are kept; they are looked up without their namespace.
FOREIGN_ATTRIBUTES = {
    "http://www.w3.org/1999/xlink href": "href",
    "http://www.inkscape.org/namespaces/inkscape label": "inkscape:label",
    "http://www.inkscape.org/namespaces/inkscape groupmode": "inkscape:groupmode",
}


@dataclass
class Node:
    """An element: its name without the namespace, its attributes, and the elements inside of it."""

    tag: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)


def parse_svg(source: str | bytes) -> Node:
    """Return the root of the SVG `source`.

    Elements of other namespaces are left out, and so is all text.

    A document type may be named, as older programs do; it is not loaded. Declarations inside of it
    are refused.

    Raises:
        InvalidInput: it is not well-formed or no SVG, declares entities or a document type of its
            own, or is too large, too deep, or of too many elements.
    """
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if not isinstance(data, bytes):
        raise InvalidInput("an SVG is text or bytes", code="bad-svg", field="svg")
    if len(data) > MAX_SVG_BYTES:
        raise InvalidInput(f"an SVG may have {MAX_SVG_BYTES:,} bytes", code="bad-svg", field="svg")
    tree = _Tree()
    parser = expat.ParserCreate(
        "utf-8" if isinstance(source, str) else None, namespace_separator=" "
    )
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = tree.begin
    parser.EndElementHandler = tree.end
    parser.StartDoctypeDeclHandler = _check_document_type
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse_external
    parser.AttlistDeclHandler = parser.ElementDeclHandler = parser.NotationDeclHandler = (
        parser.SkippedEntityHandler
    ) = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InvalidInput(
            f"this is not well-formed XML: line {error.lineno}, column {error.offset + 1}",
            code="bad-svg",
            field="svg",
        ) from None
    except (LookupError, ValueError):
        raise InvalidInput(
            "the encoding that the SVG names is not known", code="bad-svg", field="svg"
        ) from None
    if tree.root is None:
        raise InvalidInput("the outermost element is not svg", code="bad-svg", field="svg")
    return tree.root


class _Tree:
    """Builds nodes as the parser goes."""

    def __init__(self) -> None:
        self.root: Node | None = None
        # None stands for an element that is left out.
        self._open: list[Node | None] = []
        self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take in the begin of an element."""
        self._count += 1
        if len(self._open) >= MAX_ELEMENT_DEPTH:
            raise InvalidInput(
                f"elements may be nested {MAX_ELEMENT_DEPTH} deep", code="bad-svg", field="svg"
            )
        if self._count > MAX_ELEMENTS:
            raise InvalidInput(
                f"an SVG may have {MAX_ELEMENTS:,} elements", code="bad-svg", field="svg"
            )
        namespace, _, tag = name.rpartition(" ")
        parent = self._open[-1] if self._open else None
        wanted = namespace in ("", "http://www.w3.org/2000/svg") and (
            parent is not None or not self._open
        )
        node = Node(tag, _kept(attributes)) if wanted else None
        if node is not None and parent is not None:
            parent.children.append(node)
        if not self._open:
            self.root = node if tag == "svg" else None
        self._open.append(node)

    def end(self, _: str) -> None:
        """Take in the end of an element."""
        self._open.pop()


def _kept(attributes: dict[str, str]) -> dict[str, str]:
    return {FOREIGN_ATTRIBUTES.get(name, name): value for name, value in attributes.items()}


def _check_document_type(_: str, __: str | None, ___: str | None, own: int) -> None:
    if own:
        _refuse()


def _refuse_external(*_: object) -> int:
    """Refuse what lies elsewhere; the parser wants a number from whoever does load it."""
    _refuse()
    return 0


def _refuse(*_: object) -> None:
    raise InvalidInput(
        "an SVG with entities or a document type of its own is not read",
        code="bad-svg",
        field="svg",
    )
