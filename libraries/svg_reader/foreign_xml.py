"""Parser of untrusted SVG; limits its size and loads no external entities."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from libraries.svg_reader.encodings import (
    as_utf8,
    bad_svg,
    with_characters,
    with_namespaces,
)
from libraries.work import Work

__all__ = ["MAX_ELEMENTS", "Node", "bad_svg", "parse_svg"]

MAX_ELEMENTS = 200_000
# Attributes of other namespaces by their short names.
FOREIGN_ATTRIBUTES = {
    "http://www.w3.org/1999/xlink href": "href",
    "http://www.w3.org/XML/1998/namespace lang": "xml:lang",
    "http://www.w3.org/XML/1998/namespace space": "xml:space",
    "http://www.inkscape.org/namespaces/inkscape label": "inkscape:label",
    "http://www.inkscape.org/namespaces/inkscape groupmode": "inkscape:groupmode",
}


@dataclass(slots=True)
class Node:
    """An element with its name and attributes, without namespaces, and its line in the file.

    Text inside of `style` and `text` elements is a child `#text` with the attribute `text`.
    """

    tag: str
    attributes: dict[str, str]
    # Most elements have none, and need no list.
    children: list[Node] | tuple[()] = ()
    line: int = 0

    def append(self, child: Node) -> None:
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]


def parse_svg(source: str | bytes, work: Work | None = None) -> Node:
    """Return the root of the SVG `source`, without elements of other namespaces.

    Compressed files, any encoding, undeclared prefixes and HTML entities are accepted. Entities of
    the document itself are expanded, unless they are nested or large; external document types are
    ignored.

    Raises:
        InvalidInput: the SVG is malformed or too large, declares other entities, or needs more than
            `work`.
    """
    work = work or Work()
    data = as_utf8(source)
    repairs = {"unbound prefix": with_namespaces, "undefined entity": with_characters}
    for _ in range(len(repairs) + 1):
        work.spend(len(data) * _Tree.STEPS_PER_BYTE)
        tree = _Tree(data, work)
        try:
            tree.parser.Parse(data, True)
            break
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            if tree.is_complete and what == "junk after document element":
                break
            repair = repairs.pop(what, None)
            if repair is None:
                place = f"line {error.lineno}, column {error.offset + 1}"
                raise bad_svg(f"not well-formed XML: {place}") from None
            data = as_utf8(repair(data))
        except _UndeclaredEntity:
            repair = repairs.pop("undefined entity", None)
            if repair is None:
                raise bad_svg("an entity is not declared") from None
            data = as_utf8(repair(data))
    if tree.root is None:
        raise bad_svg("the root element must be svg")
    return tree.root


class _UndeclaredEntity(ValueError):
    """Raised at a reference to an entity that an external document type may declare."""


class _Tree:
    """A tree of nodes, built by the callbacks of the parser."""

    MAX_ELEMENT_DEPTH = 64
    MAX_ENTITIES = 64
    MAX_ENTITY_CHARS = 4096
    MAX_EXPANDED_BYTES = 1_000_000

    # Steps of work per element, counted in blocks, and per byte.
    STEPS, BLOCK = 4, 64
    STEPS_PER_BYTE = 0.03

    def __init__(self, data: bytes, work: Work) -> None:
        self._work = work
        self.root: Node | None = None
        # None for ignored elements.
        self._open: list[Node | None] = []
        # Names without namespaces, empty for those of other namespaces.
        self._tags: dict[str, str] = {}
        self._count = 0
        self._data = data
        self._entities: dict[str, str] = {}
        # The number of open elements around the outermost one with text, or -1.
        self._text_depth = -1
        self.parser = self._prepared()

    def _prepared(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        # Defaults of attributes in the document type are not used.
        parser.specified_attributes = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self.begin
        parser.EndElementHandler = self.end
        parser.EntityDeclHandler = self._declare
        parser.EndDoctypeDeclHandler = self._check_expansion
        parser.UnparsedEntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse_external
        parser.SkippedEntityHandler = _skip
        return parser

    @property
    def is_complete(self) -> bool:
        """Return whether the end of the root has been read."""
        return self.root is not None and not self._open

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count % self.BLOCK == 0:
            self._work.spend(self.STEPS * self.BLOCK)
        depth = len(self._open)
        if depth >= self.MAX_ELEMENT_DEPTH:
            raise bad_svg(f"elements must be nested at most {self.MAX_ELEMENT_DEPTH} deep")
        if self._count > MAX_ELEMENTS:
            raise bad_svg(f"an SVG has at most {MAX_ELEMENTS:,} elements")
        tag = self._tags.get(name)
        if tag is None:
            tag = self._tags[name] = _tag_of(name)
        parent = self._open[-1] if depth else None
        node = None
        if parent is not None and tag:
            node = Node(tag, _kept(attributes), (), self.parser.CurrentLineNumber)
            parent.append(node)
        elif tag == "svg" and not depth:
            self.root = node = Node(tag, _kept(attributes), (), self.parser.CurrentLineNumber)
        if node is not None and self._text_depth < 0 and tag in {"style", "text"}:
            self._text_depth = depth
            self.parser.CharacterDataHandler = self._write
        self._open.append(node)

    def end(self, _: str) -> None:
        self._open.pop()
        if len(self._open) == self._text_depth:
            self._text_depth = -1
            self.parser.CharacterDataHandler = None

    def _write(self, text: str) -> None:
        node = self._open[-1]
        if node is not None:
            line = self.parser.CurrentLineNumber
            node.append(Node("#text", {"text": text}, (), line))

    def _declare(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        _: str | None,
        __: str | None,
        ___: str | None,
        ____: str | None,
    ) -> None:
        """Accept an entity with a short text."""
        if is_parameter or value is None or "&" in value:
            _refuse()
        elif len(value) > self.MAX_ENTITY_CHARS or len(self._entities) >= self.MAX_ENTITIES:
            raise bad_svg(
                f"a document type has at most {self.MAX_ENTITIES} entities of "
                f"{self.MAX_ENTITY_CHARS:,} characters"
            )
        else:
            self._entities[name] = value

    def _check_expansion(self) -> None:
        """Refuse entities that are referred to so often that the text gets large."""
        expanded = sum(
            self._data.count(f"&{name};".encode()) * len(value.encode())
            for name, value in self._entities.items()
        )
        if expanded > self.MAX_EXPANDED_BYTES:
            raise bad_svg(f"entities expand to more than {self.MAX_EXPANDED_BYTES:,} bytes")


def _tag_of(name: str) -> str:
    """Return the name of an element without its namespace; nothing for those of other namespaces."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace in {"", "http://www.w3.org/2000/svg"} else ""


def _kept(attributes: dict[str, str]) -> dict[str, str]:
    # Names with a namespace have a space; few elements have such attributes.
    if " " not in "".join(attributes):
        return attributes
    return {FOREIGN_ATTRIBUTES.get(name, name): value for name, value in attributes.items()}


def _refuse_external(*_: object) -> int:
    _refuse()
    return 0  # expat requires a number


def _skip(*_: object) -> None:
    raise _UndeclaredEntity


def _refuse(*_: object) -> None:
    raise bad_svg("external, parameter and nested entities are not supported")
