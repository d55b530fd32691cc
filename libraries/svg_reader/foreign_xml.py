"""Parser of untrusted SVG; limits its size and loads no external entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from libraries.errors import InvalidInput

MAX_SVG_BYTES = 20_000_000
MAX_ELEMENTS = 200_000
# Attributes of other namespaces by their short names.
FOREIGN_ATTRIBUTES = {
    "http://www.w3.org/1999/xlink href": "href",
    "http://www.inkscape.org/namespaces/inkscape label": "inkscape:label",
    "http://www.inkscape.org/namespaces/inkscape groupmode": "inkscape:groupmode",
}


@dataclass
class Node:
    """An element with its name and attributes, without namespaces."""

    tag: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)


def parse_svg(source: str | bytes) -> Node:
    """Return the root of the SVG `source`, without text and elements of other namespaces.

    External document types are ignored.

    Raises:
        InvalidInput: the SVG is malformed or too large, or declares entities or a document type.
    """
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    if not isinstance(data, bytes):
        raise bad_svg("an SVG must be text or bytes")
    if len(data) > MAX_SVG_BYTES:
        raise bad_svg(f"an SVG has at most {MAX_SVG_BYTES:,} bytes")
    tree = _Tree()
    try:
        _parser(tree, "utf-8" if isinstance(source, str) else None).Parse(data, True)
    except expat.ExpatError as error:
        raise bad_svg(
            f"not well-formed XML: line {error.lineno}, column {error.offset + 1}"
        ) from None
    except (LookupError, ValueError):
        raise bad_svg("unknown encoding in the XML declaration") from None
    if tree.root is None:
        raise bad_svg("the root element must be svg")
    return tree.root


def _parser(tree: _Tree, encoding: str | None) -> expat.XMLParserType:
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = tree.begin
    parser.EndElementHandler = tree.end
    parser.StartDoctypeDeclHandler = _check_document_type
    parser.EntityDeclHandler = parser.UnparsedEntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse_external
    parser.AttlistDeclHandler = parser.ElementDeclHandler = parser.NotationDeclHandler = (
        parser.SkippedEntityHandler
    ) = _refuse
    return parser


class _Tree:
    """A tree of nodes, built by the callbacks of the parser."""

    MAX_ELEMENT_DEPTH = 64

    def __init__(self) -> None:
        self.root: Node | None = None
        # None for ignored elements.
        self._open: list[Node | None] = []
        self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= self.MAX_ELEMENT_DEPTH:
            raise bad_svg(f"elements must be nested at most {self.MAX_ELEMENT_DEPTH} deep")
        if self._count > MAX_ELEMENTS:
            raise bad_svg(f"an SVG has at most {MAX_ELEMENTS:,} elements")
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
        self._open.pop()


def _kept(attributes: dict[str, str]) -> dict[str, str]:
    return {FOREIGN_ATTRIBUTES.get(name, name): value for name, value in attributes.items()}


def _check_document_type(_: str, __: str | None, ___: str | None, own: int) -> None:
    if own:
        _refuse()


def _refuse_external(*_: object) -> int:
    _refuse()
    return 0  # expat requires a number


def _refuse(*_: object) -> None:
    raise bad_svg("entities and internal document types are not supported")


def bad_svg(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-svg", field="svg")
