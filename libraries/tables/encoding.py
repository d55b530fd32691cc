"""Detection of a data file's encoding, and its text as blocks of UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO, NamedTuple

from libraries.errors import InvalidInput, UnknownName
from libraries.tables.limits import MAX_RECORD_CHARS, in_mb
from libraries.tables.western import is_windows_1252

BLOCK = 1 << 21
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Accepted in requests; names of the Encoding Standard (https://encoding.spec.whatwg.org).
ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "windows-1253": "cp1253",
    "windows-1254": "cp1254",
    "iso-8859-1": "latin-1",
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "ibm850": "cp850",
    "macintosh": "mac-roman",
    "koi8-r": "koi8-r",
    "shift_jis": "cp932",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc-kr": "euc-kr",
}


class Encoding(NamedTuple):
    """A name of `ENCODINGS`, and the length of the byte order mark in bytes."""

    name: str
    mark: int = 0

    @property
    def codec(self) -> str:
        """The name of the Python codec."""
        return ENCODINGS[self.name]


def check_encoding(name: object) -> str:
    """Return `name` if it is a supported encoding, or raise UnknownName."""
    if not isinstance(name, str) or name not in ENCODINGS:
        raise UnknownName("encoding", name, ENCODINGS, field="encoding")
    return name


def detect_encoding(source: IO[bytes], wanted: str | None = None) -> Encoding:
    """Return the encoding of a file: that of its byte order mark, else UTF-8, UTF-16 or Windows-1252.

    Reads the whole file, unless `wanted` gives the encoding; raises InvalidInput if it is ambiguous.
    """
    source.seek(0)
    head = source.read(4096)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InvalidInput("the file is UTF-32; save it as UTF-8", code="unreadable-text")
    if not head:
        raise InvalidInput("the file is empty", code="bad-table")
    marked = next(
        (Encoding(name, len(mark)) for mark, name in MARKS if head.startswith(mark)), None
    )
    if wanted is not None:
        name = check_encoding(wanted)
        return Encoding(name, marked.mark if marked and marked.name == name else 0)
    if marked is not None:
        return marked
    return _sixteen_bits(head) or _unmarked(source)


def _sixteen_bits(head: bytes) -> Encoding | None:
    half = len(head) // 2
    even, odd = head[0 : 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        # Mostly ASCII text in UTF-16 has a zero in nearly every second byte.
        if half > 1 and zeros >= 0.8 * half and others <= 0.05 * half:
            return Encoding(name)
    return None


def _unmarked(source: IO[bytes]) -> Encoding:
    try:
        for _ in _decoded(source, Encoding("utf-8")):
            pass
    except InvalidInput as error:
        if error.code == "unreadable-text" and is_windows_1252(_raw_blocks(source, 0)):
            return Encoding("windows-1252")
        raise
    return Encoding("utf-8")


def utf8_blocks(source: IO[bytes], encoding: Encoding, size: int | None = None) -> Iterator[bytes]:
    """Yield a file as UTF-8, without its byte order mark, in blocks that end at a line end.

    Raises InvalidInput for a line over 12 million bytes, and for the first invalid line.
    """
    rest = b""
    for part in _decoded(source, encoding, size or BLOCK):
        # The end of a line, but not a CR that may be followed by LF.
        cut = part.rfind(b"\n") + 1 or part.rfind(b"\r", 0, -1) + 1
        if cut:
            yield rest + part[:cut]
            rest = part[cut:]
        else:
            rest += part
        if len(rest) > MAX_RECORD_CHARS:
            raise InvalidInput(f"a line is longer than {in_mb(MAX_RECORD_CHARS)}", code="bad-table")
    if rest:
        yield rest


def _decoded(source: IO[bytes], encoding: Encoding, size: int = BLOCK) -> Iterator[bytes]:
    """Yield the text as UTF-8 in blocks that may end between any two characters."""
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    pending = False
    try:
        for block in _raw_blocks(source, encoding.mark, size):
            if encoding.name == "utf-8" and not pending and block.isascii():
                yield block
                continue
            yield decoder.decode(block).encode()
            pending = bool(decoder.getstate()[0])
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:
        # Some decoders accept a lone surrogate; no encoder does.
        line = _first_bad_line(source, encoding)
        raise InvalidInput(
            f"line {line} is not {encoding.name.upper()} text; save the file as UTF-8, or set its encoding",
            field="encoding",
            code="unreadable-text",
        ) from None


def _raw_blocks(source: IO[bytes], start: int, size: int = BLOCK) -> Iterator[bytes]:
    source.seek(start)
    while block := source.read(size):
        yield block


def _first_bad_line(source: IO[bytes], encoding: Encoding) -> int:
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    lines, after_cr, undecoded = 1, False, b""
    for block in _raw_blocks(source, encoding.mark):
        try:
            undecoded = decoder.getstate()[0]
            text = decoder.decode(block)
            text.encode()
        except UnicodeError as error:
            valid = _valid_part(undecoded + block, error, encoding)
            return lines + _line_ends(valid, after_cr=after_cr)
        lines += _line_ends(text, after_cr=after_cr)
        after_cr = text.endswith("\r")
    return lines


def _valid_part(data: bytes, error: UnicodeError, encoding: Encoding) -> str:
    """Return the text before an encoding error."""
    if isinstance(error, UnicodeDecodeError):
        return data[: error.start].decode(encoding.codec, "replace")
    text = data.decode(encoding.codec, "replace")
    return text[: getattr(error, "start", 0)]


def _line_ends(text: str, *, after_cr: bool) -> int:
    ends = text.count("\n") + text.count("\r") - text.count("\r\n")
    return ends - 1 if after_cr and text.startswith("\n") else ends
