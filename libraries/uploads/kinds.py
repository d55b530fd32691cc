"""Kinds of files, told by their content.

What a file is called says no more than which kind of text it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from libraries.errors import InvalidInput

# Bytes from the beginning of a file that tell what it is.
HEAD = 4096


class FileKind(NamedTuple):
    """A kind of file: its name, the end that names of such files get, and its media type."""

    name: str
    suffix: str
    media_type: str


PNG = FileKind("PNG", ".png", "image/png")
JPEG = FileKind("JPEG", ".jpg", "image/jpeg")
WEBP = FileKind("WebP", ".webp", "image/webp")
GIF = FileKind("GIF", ".gif", "image/gif")
SVG = FileKind("SVG", ".svg", "image/svg+xml")
CSV = FileKind("CSV", ".csv", "text/csv")
TSV = FileKind("TSV", ".tsv", "text/tab-separated-values")
JSON = FileKind("JSON", ".json", "application/json")
NDJSON = FileKind("NDJSON", ".ndjson", "application/x-ndjson")
XLSX = FileKind(
    "XLSX", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
PARQUET = FileKind("Parquet", ".parquet", "application/vnd.apache.parquet")
PHOTOS = (PNG, JPEG, WEBP, GIF)
KINDS = (*PHOTOS, SVG, CSV, TSV, JSON, NDJSON, XLSX, PARQUET)

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"PAR1": PARQUET,
}
# The first entries of the archives that office programs write.
OFFICE_START = re.compile(
    rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/|docProps/|xl/)", re.DOTALL
)
WORKBOOK = b"xl/workbook"
# The root of an SVG, and what may come before it: a declaration, comments, a document type.
# Possessive, so that no input makes the search go back.
SVG_START = re.compile(
    r"\s*+(?:<\?.*?\?>\s*+|<!--.*?-->\s*+|<!DOCTYPE[^\[>]*+>\s*+)*+<(?:svg:)?svg[\s/>]", re.DOTALL
)
# Texts that are something else: markup, programs, documents that begin with letters.
OTHER_START = re.compile(r"\s*+(?:<|#!|%PDF-|%!PS|\{\\rtf)")
# Control characters that no text has.
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
NDJSON_NAMES = (".ndjson", ".jsonl")


class UnknownKind(InvalidInput):
    """Raised when a file is of no kind that is taken."""

    code = "unknown-kind"


def recognise(head: bytes, name: str = "", *, among: tuple[FileKind, ...] = KINDS) -> FileKind:
    """Return what kind of file begins with `head`.

    Args:
        head: the first bytes of the file: 4096, or all where it has fewer.
        name: what the file is called; it tells a CSV file from a TSV file, and a list of JSON lines
            from one that is not.
        among: the kinds that are taken.

    Raises:
        UnknownKind: it is none of these kinds.
    """
    found = _binary(head[:HEAD]) or _text(head[:HEAD], name.lower())
    if found not in among:
        raise UnknownKind(
            f"this file is none of the kinds that are taken: {', '.join(kind.name for kind in among)}"
        )
    return found


def _binary(head: bytes) -> FileKind | None:
    if re.match(rb"RIFF.{4}WEBP", head, re.DOTALL):
        return WEBP
    if OFFICE_START.match(head):
        return XLSX
    return next((kind for start, kind in SIGNATURES.items() if head.startswith(start)), None)


def _text(head: bytes, name: str) -> FileKind | None:
    text = _decoded(head)
    if text is None or CONTROL.search(text) or not text.strip():
        return None
    if SVG_START.match(text):
        return SVG
    if OTHER_START.match(text):
        return None
    return _data_text(text, name)


def _data_text(text: str, name: str) -> FileKind:
    if name.endswith((".csv", ".tsv")):
        return TSV if name.endswith(".tsv") else CSV
    if text.lstrip()[0] in "[{":
        return NDJSON if name.endswith(NDJSON_NAMES) or _is_lines(text) else JSON
    return TSV if "\t" in text.lstrip().split("\n", 1)[0] else CSV


def _is_lines(text: str) -> bool:
    """Tell whether the first line is a whole value of JSON, and another one follows."""
    first, _, rest = text.lstrip().partition("\n")
    if not rest.strip() or len(first) > HEAD:
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded(head: bytes) -> str | None:
    """Return the text that bytes stand for, None if they are no text.

    What is not UTF-8 is taken for Latin-1.
    """
    encoding = next((encoding for mark, encoding in MARKS.items() if head.startswith(mark)), None)
    if encoding is not None:
        return head.decode(encoding, "ignore")
    return None if b"\0" in head else head.decode("latin-1")


def checked(blocks: Iterable[bytes], kind: FileKind) -> Iterator[bytes]:
    """Yield the blocks of a file that began as one of `kind`, and look at them on the way.

    Raises:
        UnknownKind: an archive turns out to be no workbook.
        InvalidInput: a text has a NUL in it, or the end of a Parquet file is missing.
    """
    return CHECKS.get(kind, _unchecked)(blocks)


def _unchecked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield from blocks


def _workbook(blocks: Iterable[bytes]) -> Iterator[bytes]:
    # The names of an archive's entries stand in it as they are.
    end, found = b"", False
    for block in blocks:
        end += block
        found = found or WORKBOOK in end
        end = end[-len(WORKBOOK) :]
        yield block
    if not found:
        raise UnknownKind("this is an archive, and no XLSX workbook; archives are not taken")


def _parquet(blocks: Iterable[bytes]) -> Iterator[bytes]:
    end = b""
    for block in blocks:
        end = (end + block)[-4:]
        yield block
    if end != b"PAR1":
        raise InvalidInput("the end of this Parquet file is missing", code="broken-file")


def _plain_text(blocks: Iterable[bytes]) -> Iterator[bytes]:
    wide: bool | None = None
    for block in blocks:
        wide = block.startswith((b"\xff\xfe", b"\xfe\xff")) if wide is None else wide
        if not wide and b"\0" in block:
            raise InvalidInput("this text has a NUL in it", code="broken-file")
        yield block


Check = Callable[[Iterable[bytes]], Iterator[bytes]]
CHECKS: dict[FileKind, Check] = {
    XLSX: _workbook,
    PARQUET: _parquet,
    **dict.fromkeys((SVG, CSV, TSV, JSON, NDJSON), _plain_text),
}
