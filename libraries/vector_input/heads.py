"""The first bytes of files as text."""

from __future__ import annotations

# Bytes at the beginning that are inspected.
HEAD_BYTES = 4096


class Marks:
    """Byte order marks and their encodings."""

    ENCODINGS = (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    )


def decoded_head(head: bytes) -> str | None:
    """Return the decoded bytes (Latin-1 if there is no byte order mark), None for binary data."""
    for mark, encoding in Marks.ENCODINGS:
        if head.startswith(mark):
            return head.decode(encoding, "ignore")
    if wide := wide_encoding(head):
        return head.decode(wide, "ignore")
    return None if b"\0" in head else head.decode("latin-1")


def wide_encoding(head: bytes) -> str | None:
    """Return the encoding of UTF-16 without a byte order mark that begins with markup, else None."""
    starts = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
    return starts.get(head[:2])
