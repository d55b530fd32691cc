"""From the bytes of a data file to its text."""

from __future__ import annotations

import codecs
from typing import IO

from libraries.tables.limits import LARGEST_FILE, BadTable, TableTooLarge, UnreadableText

UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
NAMES = {"utf-16": "UTF-16", "utf-8-sig": "UTF-8"}
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(source: IO[bytes]) -> str:
    """Return the text of `source`: UTF-16 if it begins with that mark, else UTF-8 with or without one. The mark is removed.

    Other encodings are not guessed: a wrong guess would change the data without a word.

    Raises:
        TableTooLarge: there are more than 10 MB.
        BadTable: there is nothing but space.
        UnreadableText: the bytes are neither; the error names the first line that is not.
    """
    data = source.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise TableTooLarge(f"the file is larger than {LARGEST_FILE // 1_000_000} MB")
    encoding = _encoding_of(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        line = 1 + before.count("\n") + before.replace("\r\n", "").count("\r")
        raise UnreadableText(f"line {line} is not {NAMES[encoding]} text; save the file as UTF-8 and try again") from None
    if not text or text.isspace():
        raise BadTable("the file is empty")
    return text


def _encoding_of(data: bytes) -> str:
    # The little-endian mark of UTF-32 begins with that of UTF-16.
    if data.startswith(UTF32_MARKS):
        raise UnreadableText("the file is UTF-32; save it as UTF-8 and try again")
    return "utf-16" if data.startswith(UTF16_MARKS) else "utf-8-sig"
