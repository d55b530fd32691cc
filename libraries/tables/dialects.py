"""How a text separates its cells: the delimiter and the quote, found in its first rows."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from libraries.errors import UnknownName
from libraries.tables.limits import MAX_RECORD_CHARS

# Names for what can stand between cells and around them; the characters themselves are names too.
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
QUOTES = {"double": '"', "single": "'", "none": ""}
SAMPLE_CHARACTERS = 100_000

# The module's own limit stops in the middle of a quoted cell and goes on reading inside it, where a line of text can pass for a
# row. Ours is checked on whole cells, so its must never be met: no cell is longer than a row.
csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_RECORD_CHARS))


class Dialect(NamedTuple):
    """What separates cells, and what is around those that hold a separator; an empty quote if nothing is."""

    delimiter: str = ","
    quote: str = '"'

    def options(self) -> dict[str, Any]:
        """Return the same as arguments of the module `csv`."""
        if not self.quote:
            return {"delimiter": self.delimiter, "quoting": csv.QUOTE_NONE, "quotechar": None}
        return {"delimiter": self.delimiter, "quotechar": self.quote, "strict": True}

    def as_record(self) -> dict[str, str]:
        """Return the dialect as clients see it."""
        return self._asdict()


def check_delimiter(name: object) -> str:
    """Return the character that a delimiter's name stands for.

    Raises:
        UnknownName: there is no such delimiter.
    """
    return _character("delimiter", name, DELIMITERS)


def check_quote(name: object) -> str:
    """Return the character that a quote's name stands for, '' for none.

    Raises:
        UnknownName: there is no such quote.
    """
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
    """Return the dialect of a text whose beginning `text` is; what is given is not looked for.

    It is the one that gives the first rows the most cells, and all of them as many; a comma in doubt. Single quotes are only
    believed where double ones do not make even rows.

    Args:
        text: the first hundred thousand characters.
        whole: whether that is all.
        delimiter: the delimiter, if it is known.
        quote: the quote, if it is known.
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
    """Return how many cells each of the first rows has, 0 if they differ."""
    records = list(itertools.islice(_cells(text, dialect), 21))
    # The last record of a cut text may be cut too.
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
    """Return the delimiter that occurs most in the first line that is not blank; a comma in doubt."""
    header = text.lstrip().partition("\n")[0]
    return max(DELIMITERS.values(), key=header.count)
