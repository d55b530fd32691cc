"""Fast path for delimited text without quotes: blocks of lines are read and rewritten as a whole.

A block that contains anything unusual, such as a row that is too short, is left to `csv_rows`, so the
result is always the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import orjson
from numpy.typing import NDArray

from libraries.tables.dialects import Dialect
from libraries.tables.limits import MAX_CELL_CHARS
from libraries.tables.rows import Columns

if TYPE_CHECKING:
    import pyarrow as pa

Positions = NDArray[np.int64]


class PlainLines:
    """Reads blocks of plain lines of one table into columns."""

    def __init__(self, columns: list[str], dialect: Dialect) -> None:
        import pyarrow as pa  # noqa: PLC0415 - heavy, and only needed for large files
        from pyarrow import csv  # noqa: PLC0415

        self._delimiter = dialect.delimiter.encode()
        # Characters that JSON escapes, except line ends and the delimiter.
        self._unusual = bytes(
            set(bytes(set(range(32)) - set(b"\r\n")) + dialect.quote.encode() + b'"\\')
            - set(self._delimiter)
        )
        self._width = len(columns)
        self._read_csv, self._buffer = csv.read_csv, pa.BufferReader
        self._parse = csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=False,
            newlines_in_values=False,
            ignore_empty_lines=False,
        )
        self._convert = csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), check_utf8=False
        )
        self._columns, self._how = columns, csv.ReadOptions

    def read(self, block: bytes) -> Columns | None:
        """Return the rows of a block, or None if it is not plain."""
        if not self._is_plain(block):
            return None
        table = self._read_csv(
            self._buffer(block),
            read_options=self._how(
                use_threads=False, block_size=len(block) + 1, column_names=self._columns
            ),
            parse_options=self._parse,
            convert_options=self._convert,
        )
        (batch,) = table.to_batches()
        return Columns(batch, block, self._delimiter)

    def _is_plain(self, block: bytes) -> bool:
        if len(block.translate(None, self._unusual)) != len(block) or block.startswith(
            b"\xef\xbb\xbf"
        ):
            return False
        returns = block.count(b"\r")
        if returns and returns != block.count(b"\r\n"):
            return False
        ends, marks = line_ends(block), positions_of(block, self._delimiter[0])
        lengths = np.diff(ends, prepend=-1) - 1
        if lengths.max() > MAX_CELL_CHARS or lengths.min() <= (1 if returns else 0):
            return False
        cells = np.diff(np.searchsorted(marks, ends), prepend=0) + 1
        return bool((cells == self._width).all())


def positions_of(block: bytes, byte: int) -> Positions:
    """Return the positions of a byte."""
    return np.flatnonzero(np.frombuffer(block, np.uint8) == byte)


def line_ends(block: bytes) -> Positions:
    """Return the positions of line ends; the end of the block is the last one."""
    ends = positions_of(block, ord("\n"))
    return ends if block.endswith(b"\n") else np.append(ends, len(block))


def rewritten(
    block: Columns, delimiter: str, line_end: str, number: re.Pattern[str] | None
) -> bytes | None:
    """Return plain lines with another delimiter and line end, None if a cell needs quotes or protection.

    A cell that begins with a sign needs protection as a formula unless it matches `number`; None
    disables the protection.
    """
    raw, wanted = block.raw, delimiter.encode()
    if not raw or (wanted != block.delimiter and wanted in raw):
        return None
    if number is not None and not _harmless(raw, block.delimiter, number):
        return None
    lines = raw if raw.endswith(b"\n") else raw + b"\n"
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    if wanted != block.delimiter:
        lines = lines.replace(block.delimiter, wanted)
    return lines if line_end == "\n" else lines.replace(b"\n", line_end.encode())


def _harmless(raw: bytes, delimiter: bytes, number: re.Pattern[str]) -> bool:
    """Return whether no cell is a formula."""
    starts = np.concatenate(([0], positions_of(raw, delimiter[0]) + 1, line_ends(raw) + 1))
    starts = starts[starts < len(raw)]
    first = np.frombuffer(raw, np.uint8)[starts]
    if np.isin(first, np.frombuffer(b"=@\t\xef", np.uint8)).any():
        return False
    signed = starts[np.isin(first, np.frombuffer(b"+-", np.uint8))]
    whole = re.compile(
        b"(?:" + number.pattern.encode() + b")(?=[\r\n" + re.escape(delimiter) + b"]|\\Z)"
    )
    return all(whole.match(raw, start) for start in signed.tolist())


def json_text(
    block: Columns, columns: list[str], *, before: bytes, after: bytes
) -> list[bytes] | None:
    """Return plain lines as JSON objects, in pieces, with `before` and `after` around each object.

    None if the lines are not plain. Plain cells need no escapes, so they are joined with constants.
    """
    if not block.raw:
        return None
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    names = [orjson.dumps(name).decode() for name in columns]
    parts = [f'{"," if index else "{"}{name}:"' for index, name in enumerate(names)]
    literals = [
        before.decode() + parts[0],
        *(f'"{part}' for part in parts[1:]),
        '"}' + after.decode(),
    ]
    largest = sum(map(len, literals)) + MAX_CELL_CHARS
    step = max(1, 8_000_000 // min(largest, sum(map(len, literals)) + len(block.raw) // len(block)))
    pieces = []
    for start in range(0, len(block), step):
        cells = block.batch.slice(start, step).columns
        mixed = [
            part for pair in zip(map(pa.scalar, literals), cells, strict=False) for part in pair
        ] + [pa.scalar(literals[-1])]
        pieces.append(_joined_bytes(pc.binary_join_element_wise(*mixed, "")))
    return pieces


def _joined_bytes(texts: pa.Array) -> bytes:
    """Return the texts of an array joined to one, which is how Arrow stores them."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[
        texts.offset : texts.offset + len(texts) + 1
    ]
    return bytes(texts.buffers()[2][int(offsets[0]) : int(offsets[-1])])
