"""Delimiter and quote of delimited text, and their detection."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from libraries.errors import UnknownName
from libraries.json_types import JsonObject
from libraries.tables.limits import MAX_RECORD_CHARS

# Names of delimiters and quotes; the characters themselves are accepted too.
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
QUOTES = {"double": '"', "single": "'", "none": ""}
SAMPLE_CHARACTERS = 100_000

# The limit of `csv` stops inside a quoted cell and continues reading there, where a line of text may
# look like a row. Our limits apply to whole cells, so the module's limit must be larger.
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_RECORD_CHARS))


class Dialect(NamedTuple):
    """The delimiter between cells and the quote around them; the quote is empty if there is none."""

    delimiter: str = ","
    quote: str = '"'

    def options(self) -> JsonObject:
        """Return arguments for `csv.reader`."""
        if not self.quote:
            return {"delimiter": self.delimiter, "quoting": csv.QUOTE_NONE, "quotechar": None}
        return {"delimiter": self.delimiter, "quotechar": self.quote, "strict": True}

    def as_record(self) -> dict[str, str]:
        return self._asdict()


def check_delimiter(name: object) -> str:
    """Return the character of a delimiter's name, or raise UnknownName."""
    return _character("delimiter", name, DELIMITERS)


def check_quote(name: object) -> str:
    """Return the character of a quote's name, '' for `none`, or raise UnknownName."""
    return _character("quote", name, QUOTES)


def _character(kind: str, name: object, known: dict[str, str]) -> str:
    if isinstance(name, str) and name in known:
        return known[name]
    if isinstance(name, str) and name and name in known.values():
        return name
    raise UnknownName(kind, name, known, field=kind)


def detect_dialect(
    text: str, *, whole: bool, delimiter: str | None = None, quote: str | None = None
) -> Dialect:
    """Return the dialect of a text that begins with `text`, and is not longer if `whole`.

    The detected delimiter gives the first rows the most cells, equally many in each; the fallback
    is a comma. Single quotes are only detected if double quotes do not give even rows.
    """
    delimiters = [delimiter] if delimiter is not None else list(DELIMITERS.values())
    for mark in [quote] if quote is not None else ['"', "'"]:
        if mark == "'" and quote is None and '"' in text:
            break
        best, most = None, 1
        for candidate in delimiters:
            width = _even_width(text, Dialect(candidate, mark), whole=whole)
            if width > most:
                best, most = candidate, width
        if best is not None:
            return Dialect(best, mark)
    return Dialect(delimiter or _delimiter_of_header(text), '"' if quote is None else quote)


def _even_width(text: str, dialect: Dialect, *, whole: bool) -> int:
    """Return the number of cells in each of the first rows, 0 if it differs."""
    records = list(itertools.islice(_cells(text, dialect), 21))
    # The last record of a truncated text may be incomplete.
    widths = set(records if whole else records[:-1])
    return widths.pop() if len(widths) == 1 else 0


def _cells(text: str, dialect: Dialect) -> Iterator[int]:
    reader = csv.reader(io.StringIO(text, newline=""), **dialect.options())
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield 0
        else:
            if cells:
                yield len(cells)


def _delimiter_of_header(text: str) -> str:
    """Return the most frequent delimiter of the first non-blank line; the fallback is a comma."""
    header = text.lstrip().partition("\n")[0]
    return max(DELIMITERS.values(), key=header.count)
