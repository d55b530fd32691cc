"""File types, detected by content. The name only distinguishes kinds of text."""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from libraries.errors import InvalidInput
from libraries.settings import UploadSettings
from libraries.svg_reader import max_svg_bytes
from libraries.vector_input import FORMATS, VectorFormat, recognised
from libraries.vector_input.heads import HEAD_BYTES, decoded_head, wide_encoding


class FileKind(NamedTuple):
    """A file type: its name, the file name extension, its media type, and others of requests."""

    name: str
    suffix: str
    media_type: str
    aliases: tuple[str, ...] = ()


def _kind_of(form: VectorFormat) -> FileKind:
    media_type, *aliases = form.media_types
    return FileKind(form.title, form.suffixes[0], media_type, tuple(aliases))


PNG = FileKind("PNG", ".png", "image/png")
JPEG = FileKind("JPEG", ".jpg", "image/jpeg")
WEBP = FileKind("WebP", ".webp", "image/webp")
GIF = FileKind("GIF", ".gif", "image/gif")
SVG = _kind_of(FORMATS["svg"])
CSV = FileKind("CSV", ".csv", "text/csv")
TSV = FileKind("TSV", ".tsv", "text/tab-separated-values")
JSON = FileKind("JSON", ".json", "application/json")
NDJSON = FileKind("NDJSON", ".ndjson", "application/x-ndjson")
XLSX = FileKind(
    "XLSX", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
PARQUET = FileKind("Parquet", ".parquet", "application/vnd.apache.parquet")
PHOTOS = (PNG, JPEG, WEBP, GIF)
TABLES = (CSV, TSV, JSON, NDJSON, XLSX, PARQUET)
DRAWINGS = (SVG, *(_kind_of(form) for name, form in FORMATS.items() if name != "svg"))
KINDS = (*PHOTOS, *DRAWINGS, *TABLES)

SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"PAR1": PARQUET,
}
# First entries of the archives that office programs write.
OFFICE_START = re.compile(
    rb"PK\x03\x04.{26}(?:\[Content_Types\]\.xml|_rels/|docProps/|xl/)", re.DOTALL
)
WORKBOOK = b"xl/workbook"


def limit_of(kind: FileKind) -> int:
    """Return the size of the largest upload of a type in bytes."""
    limit = UploadSettings.current().upload_limit
    return max(limit, max_svg_bytes()) if kind in DRAWINGS else limit


def largest_upload() -> int:
    """Return the size of the largest upload of any type in bytes."""
    return max(map(limit_of, KINDS))


class UnknownKind(InvalidInput):
    """Raised when the type of a file is not accepted."""

    code = "unknown-kind"


def recognise(head: bytes, name: str = "", *, among: tuple[FileKind, ...] = KINDS) -> FileKind:
    """Return the type of a file that begins with `head` (4096 bytes), or raise UnknownKind.

    Its `name` distinguishes CSV from TSV and NDJSON from JSON; `among` are the accepted types.
    """
    found = (
        _binary(head[:HEAD_BYTES]) or _drawing(head, name) or _text(head[:HEAD_BYTES], name.lower())
    )
    if found not in among:
        raise UnknownKind(
            f"unsupported file type; accepted: {', '.join(kind.name for kind in among)}"
        )
    return found


def _binary(head: bytes) -> FileKind | None:
    if re.match(rb"RIFF.{4}WEBP", head, re.DOTALL):
        return WEBP
    if OFFICE_START.match(head):
        return XLSX
    return next((kind for start, kind in SIGNATURES.items() if head.startswith(start)), None)


def _drawing(head: bytes, name: str) -> FileKind | None:
    form = recognised(head, name)
    return _kind_of(form) if form is not None else None


class _Texts:
    """Texts that are no tables."""

    # Markup, scripts, PostScript, RTF.
    OTHER_START = re.compile(r"\s*+(?:<|#!|%!PS|\{\\rtf)")
    # Control characters that do not occur in text.
    CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def _text(head: bytes, name: str) -> FileKind | None:
    text = decoded_head(head)
    if text is None or _Texts.CONTROL.search(text) or not text.strip():
        return None
    if _Texts.OTHER_START.match(text):
        return None
    return _data_text(text, name)


def _data_text(text: str, name: str) -> FileKind:
    if name.endswith((".csv", ".tsv")):
        return TSV if name.endswith(".tsv") else CSV
    if text.lstrip()[0] in "[{":
        return NDJSON if name.endswith((".ndjson", ".jsonl")) or _is_lines(text) else JSON
    return TSV if "\t" in text.lstrip().split("\n", 1)[0] else CSV


def _is_lines(text: str) -> bool:
    """Return whether the first line is a complete JSON value, and another line follows."""
    first, _, rest = text.lstrip().partition("\n")
    if not rest.strip() or len(first) > HEAD_BYTES:
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def checked(blocks: Iterable[bytes], kind: FileKind) -> Iterator[bytes]:
    """Yield the blocks of a file of the type `kind`; raise InvalidInput if it is damaged or another type."""
    return CHECKS.get(kind, iter)(blocks)


def _workbook(blocks: Iterable[bytes]) -> Iterator[bytes]:
    # The archive contains the names of its entries uncompressed.
    end, found = b"", False
    for block in blocks:
        end += block
        found = found or WORKBOOK in end
        end = end[-len(WORKBOOK) :]
        yield block
    if not found:
        raise UnknownKind("the archive is not an XLSX workbook; other archives are not accepted")


def _parquet(blocks: Iterable[bytes]) -> Iterator[bytes]:
    end = b""
    for block in blocks:
        end = (end + block)[-4:]
        yield block
    if end != b"PAR1":
        raise InvalidInput("the end of the Parquet file is missing", code="broken-file")


class Packed:
    """The format of compressed SVGs."""

    MAGIC = b"\x1f\x8b"
    GZIP = zlib.MAX_WBITS | 16


def _svg(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an SVG, decompressed if it is an `svgz` file."""
    rest = iter(blocks)
    first = next(rest, b"")
    whole = itertools.chain([first], rest)
    yield from _plain_text(_unpacked(whole) if first.startswith(Packed.MAGIC) else whole)


def _unpacked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    left, unpacker = max_svg_bytes(), zlib.decompressobj(Packed.GZIP)
    try:
        for block in blocks:
            text = unpacker.decompress(block, left + 1)
            left -= len(text)
            if left < 0:
                raise InvalidInput(
                    f"the SVG exceeds {max_svg_bytes():,} bytes after decompression",
                    code="broken-file",
                )
            if text:
                yield text
    except zlib.error:
        raise InvalidInput("the compressed SVG is damaged", code="broken-file") from None
    if not unpacker.eof:
        raise InvalidInput("the end of the compressed SVG is missing", code="broken-file")


def _plain_text(blocks: Iterable[bytes]) -> Iterator[bytes]:
    wide: bool | None = None
    for block in blocks:
        if wide is None:
            wide = block.startswith((b"\xff\xfe", b"\xfe\xff")) or wide_encoding(block) is not None
        if not wide and b"\0" in block:
            raise InvalidInput("the text contains a NUL character", code="broken-file")
        yield block


Check = Callable[[Iterable[bytes]], Iterator[bytes]]
CHECKS: dict[FileKind, Check] = {
    XLSX: _workbook,
    PARQUET: _parquet,
    SVG: _svg,
    **dict.fromkeys((CSV, TSV, JSON, NDJSON), _plain_text),
}
