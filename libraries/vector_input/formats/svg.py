"""SVG, plain or compressed."""

from __future__ import annotations

import re
import zlib

from libraries.svg_reader import Reading, read_svg
from libraries.vector_input.catalogue import InputOptions, VectorFormat, register
from libraries.vector_input.heads import HEAD_BYTES, decoded_head


class _Start:
    """The beginning of files."""

    GZIP = b"\x1f\x8b"
    # The root element, after an optional declaration, comments and document type, which may declare
    # entities. Possessive quantifiers prevent backtracking.
    PROLOG = r"\s*+(?:<\?.*?\?>\s*+|<!--.*?-->\s*+|<!DOCTYPE[^\[>]*+(?:\[[^\]]*+\][^>]*+)?+>\s*+)*+"
    ROOT = re.compile(PROLOG + r"<(?:[A-Za-z_][\w.-]{0,63}:)?svg[\s/>]", re.DOTALL)
    # A comment or a document type that is longer than what is inspected.
    LONG = re.compile(PROLOG + r"<!(?:--(?:(?!-->).)*+|DOCTYPE\s++svg\s.*+)\Z", re.DOTALL)
    CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def matches(head: bytes) -> bool:
    """Return whether a file begins as an SVG or as a compressed one."""
    if head.startswith(_Start.GZIP):
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
        except zlib.error:
            return False
    text = decoded_head(head)
    if text is None or _Start.CONTROL.search(text):
        return False
    is_long = len(head) >= HEAD_BYTES and _Start.LONG.match(text) is not None
    return is_long or _Start.ROOT.match(text) is not None


def read(data: bytes, options: InputOptions) -> Reading:
    """Return the visible strokes of an SVG; see `read_svg`."""
    return read_svg(
        data, tolerance=options.fineness, options=options, enlargement=options.enlargement
    )


register(
    "svg",
    VectorFormat(
        title="SVG",
        suffixes=(".svg",),
        media_types=("image/svg+xml",),
        matches=matches,
        read=read,
    ),
)
