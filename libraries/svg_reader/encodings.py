"""The bytes of an SVG as UTF-8 that the XML parser accepts.

Files are decompressed and decoded, and the faults that browsers and editors tolerate are repaired:
missing namespace declarations and HTML entities. Nothing outside of the file is opened.
"""

from __future__ import annotations

import html.entities
import re
import zlib
from typing import ClassVar

from libraries.errors import InvalidInput
from libraries.settings import UploadSettings


def max_svg_bytes() -> int:
    """Return the size of the largest SVG, also after decompression."""
    return UploadSettings.current().svg_limit


class Namespaces:
    """Namespaces of editors by their usual prefixes."""

    KNOWN: ClassVar[dict[str, str]] = {
        "svg": "http://www.w3.org/2000/svg",
        "xlink": "http://www.w3.org/1999/xlink",
        "inkscape": "http://www.inkscape.org/namespaces/inkscape",
        "sodipodi": "http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd",
    }
    ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,63}:)?svg(?=[\s/>])")
    PREFIX = re.compile(rb"[\s</]([A-Za-z_][\w.-]{0,63}):[A-Za-z_]")
    DECLARED = re.compile(rb"\sxmlns:([A-Za-z_][\w.-]{0,63})\s*=")
    MAX_PREFIXES = 200


def as_utf8(source: str | bytes) -> bytes:
    """Return an SVG as UTF-8, without byte order mark and white space before the declaration.

    Raises:
        InvalidInput: it is too large, also after decompression, or its encoding is unknown.
    """
    if isinstance(source, str):
        data = source.encode("utf-8", "surrogatepass")
        _check_size(data)
        return _trimmed(data)
    if not isinstance(source, bytes):
        raise bad_svg("an SVG must be text or bytes")
    data = _decompressed(source) if source.startswith(b"\x1f\x8b") else source
    _check_size(data)
    encoding = _encoding_of(data)
    if encoding == "utf-8":
        return _trimmed(data)
    try:
        decoded = data.decode(encoding, "replace")
    except LookupError:
        raise bad_svg("unknown encoding in the XML declaration") from None
    utf8 = decoded.encode("utf-8", "replace")
    _check_size(utf8)
    return _trimmed(utf8)


def with_namespaces(data: bytes) -> bytes:
    """Return the SVG with declarations of the prefixes that its root does not declare."""
    root = Namespaces.ROOT.search(data)
    if root is None:
        return data
    end = data.find(b">", root.end())
    declared = set(Namespaces.DECLARED.findall(data[root.start() : end])) | {b"xml", b"xmlns"}
    missing = {found[1] for found in Namespaces.PREFIX.finditer(data)} - declared
    texts = []
    for prefix in sorted(missing)[: Namespaces.MAX_PREFIXES]:
        name = prefix.decode()
        texts.append(f' xmlns:{name}="{Namespaces.KNOWN.get(name, "unbound:" + name)}"')
    return data[: root.end()] + "".join(texts).encode() + data[root.end() :]


def with_characters(data: bytes) -> bytes:
    """Return the SVG with the characters of HTML entities such as `&nbsp;`.

    References to entities that nothing declares become text.
    """
    own = {
        b"amp",
        b"lt",
        b"gt",
        b"quot",
        b"apos",
        *re.findall(rb"<!ENTITY\s+([\w:.-]{1,64})\s", data),
    }

    def character(found: re.Match[bytes]) -> bytes:
        if found[1] in own:
            return found[0]
        text = html.entities.html5.get(found[1].decode() + ";")
        if text is None:
            return b"&amp;" + found[0][1:]
        return "".join(f"&#{ord(one)};" for one in text).encode()

    return re.sub(rb"&([A-Za-z_:][\w:.-]{0,63});", character, data)


def _trimmed(data: bytes) -> bytes:
    data = data.removeprefix(b"\xef\xbb\xbf")
    # Lines are counted from the declaration then.
    return data.lstrip(b" \t\r\n") if re.match(rb"\s+<\?xml", data) else data


def _check_size(data: bytes) -> None:
    if len(data) > max_svg_bytes():
        raise bad_svg(f"an SVG has at most {max_svg_bytes():,} bytes")


def _decompressed(data: bytes) -> bytes:
    """Return the content of an `svgz` file, at most one byte more than the limit."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, max_svg_bytes() + 1)
    except zlib.error:
        raise bad_svg("the compressed SVG is damaged") from None


def _encoding_of(data: bytes) -> str:
    """Return the encoding by the byte order mark, the first bytes, or the declaration."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in data[:2]:
        return "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    found = re.match(
        rb"""\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""",
        data.removeprefix(b"\xef\xbb\xbf")[:300],
    )
    named = found[1].decode().lower() if found else "utf-8"
    if named not in {"utf-8", "utf8", "us-ascii", "ascii"} and not named.startswith(
        ("utf-16", "ucs-2", "iso-10646", "utf-32", "ucs-4")
    ):
        return named
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        # Older programs write the encoding of Windows and declare none.
        return "cp1252"
    return "utf-8"


def bad_svg(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-svg", field="svg")
