"""PDF in true size with a layer for each pen, after ISO 32000-1."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from libraries import VERSION
from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.document import Document, Layer, StrokeArray
from libraries.previews import rgba

POINTS_PER_MM = 72 / 25.4


@export(media_type="application/pdf", suffix=".pdf")
class Pdf(Params):
    """Write a page in true size, with a layer for each pen that programs can show and hide."""

    def write(self, document: Document) -> Iterator[bytes]:
        layers = list(document.drawn_layers())
        colours = [_colour(layer) for layer, _ in layers]
        return _blocks(document, layers, colours)


class _Objects:
    """Numbers the objects of a file and keeps their positions for the table at its end."""

    def __init__(self, header: bytes) -> None:
        self._position = len(header)
        self._positions: list[int] = []

    def added(self, content: bytes) -> bytes:
        """Return `content` as the next object."""
        self._positions.append(self._position)
        written = b"%d 0 obj\n%b\nendobj\n" % (len(self._positions), content)
        self._position += len(written)
        return written

    def table(self, root: int, info: int) -> bytes:
        count = len(self._positions) + 1
        rows = b"".join(b"%010d 00000 n \n" % position for position in self._positions)
        trailer = b"<< /Size %d /Root %d 0 R /Info %d 0 R >>" % (count, root, info)
        return b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (
            count,
            rows,
            trailer,
            self._position,
        )


def _blocks(
    document: Document, layers: list[tuple[Layer, StrokeArray]], colours: list[str]
) -> Iterator[bytes]:
    # The bytes of the second line mark a binary file.
    header = b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n"
    objects, count = _Objects(header), len(layers)
    # Catalogue, page tree, page, information and metadata; then groups, then contents.
    groups = [6 + index for index in range(count)]
    contents = [6 + count + index for index in range(count + 2)]
    yield header
    yield objects.added(_catalogue(groups))
    yield objects.added(b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
    yield objects.added(_page(document, groups, contents))
    yield objects.added(_information(document))
    yield objects.added(_stream(_metadata(document), b"/Type /Metadata /Subtype /XML"))
    for layer, _ in layers:
        yield objects.added(b"<< /Type /OCG /Name %b >>" % _text(layer.name))
    # The scale from mm to points, with y down as in the drawing; round ends and joins.
    scale = POINTS_PER_MM / _unit(document)
    height = document.height * scale
    begin = f"q {scale:.9f} 0 0 {-scale:.9f} 0 {height:.6f} cm 1 J 1 j"
    yield objects.added(_stream(begin.encode()))
    for number, ((layer, strokes), colour) in enumerate(zip(layers, colours, strict=True), 1):
        look = f"/OC /L{number} BDC {colour} RG {layer.pen.width:.3f} w\n"
        body = b"".join(_paths(strokes.coordinates, strokes.offsets))
        yield objects.added(_stream(look.encode() + body + b"EMC"))
    yield objects.added(_stream(b"Q"))
    yield objects.table(1, 4)


def _catalogue(groups: list[int]) -> bytes:
    shown = b" ".join(b"%d 0 R" % group for group in groups)
    layers = b"/OCProperties << /OCGs [%b] /D << /Order [%b] /ON [%b] >> >>" % (shown, shown, shown)
    return b"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R %b >>" % layers


def _page(document: Document, groups: list[int], contents: list[int]) -> bytes:
    unit = _unit(document)
    width, height = (
        f"{side * POINTS_PER_MM / unit:.6f}".encode() for side in (document.width, document.height)
    )
    names = b" ".join(b"/L%d %d 0 R" % (number, group) for number, group in enumerate(groups, 1))
    streams = b" ".join(b"%d 0 R" % one for one in contents)
    scaled = b" /UserUnit %d" % unit if unit > 1 else b""
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %b %b]%b "
        b"/Resources << /Properties << %b >> >> /Contents [%b] >>"
    ) % (width, height, scaled, names, streams)


def _unit(document: Document) -> int:
    """Return the length of a unit in points: a side has at most 14,400 units."""
    return math.ceil(max(document.width, document.height) * POINTS_PER_MM / 14_400)


def _information(document: Document) -> bytes:
    found = [(b"/Producer", f"vector-api {VERSION}"), (b"/Title", document.title)]
    if document.recipe_sha256:
        found.append((b"/Keywords", f"recipe {document.recipe_sha256}"))
    return b"<< %b >>" % b" ".join(b"%b %b" % (name, _text(text)) for name, text in found if text)


def _metadata(document: Document) -> bytes:
    title = f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(document.title)}</rdf:li></rdf:Alt></dc:title>'
    recipe = f"<dc:identifier>recipe {document.recipe_sha256}</dc:identifier>"
    text = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:pdf="http://ns.adobe.com/pdf/1.3/">'
        f"<pdf:Producer>vector-api {VERSION}</pdf:Producer>"
        f"{title if document.title else ''}{recipe if document.recipe_sha256 else ''}"
        '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    )
    return text.encode()


def _text(text: str) -> bytes:
    """Return a string as hexadecimal digits, which cannot end it early."""
    return b"<%b>" % ("\ufeff" + text).encode("utf-16-be", "replace").hex().encode()


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(data, 6)
    return b"<< %b /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (
        entries,
        len(packed),
        packed,
    )


def _colour(layer: Layer) -> str:
    """Return red, green and blue from 0 to 1; a pen without a colour is black."""
    red, green, blue, alpha = rgba(layer.pen.colour, "colour")
    return " ".join(f"{value / 255:.4f}" for value in ((red, green, blue) if alpha else (0, 0, 0)))


def _paths(coordinates: Floats, offsets: Integers) -> Iterator[bytes]:
    """Yield the operators of strokes; dots are lines of length 0, which round ends make visible."""
    bounds = offsets.tolist()
    for first, last in pairwise(bounds):
        points = coordinates[first:last].ravel().tolist()
        if last - first == 1:
            points *= 2
        form = b"%.3f %.3f m\n" + b"%.3f %.3f l\n" * (len(points) // 2 - 1)
        yield form % tuple(points) + b"S\n"
