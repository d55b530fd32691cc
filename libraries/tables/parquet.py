"""Reading and writing of Parquet (https://parquet.apache.org/docs/file-format/) with Arrow."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from libraries.errors import InvalidInput
from libraries.storage.zips import Pipe
from libraries.tables.kinds import EMPTY, TEXT
from libraries.tables.limits import MAX_CELL_CHARS, MAX_COLUMNS, in_mb
from libraries.tables.reports import Report, RowError
from libraries.tables.rows import MISSING, Block, Cell, Columns, as_text

if TYPE_CHECKING:
    import pyarrow as pa

# Limit of an expanded row group; expanded size of the parts that are processed at a time.
MAX_GROUP_BYTES, MAX_PART_BYTES = 1_000_000_000, 16_000_000
# Size of the row groups that are written, in memory.
GROUP_BYTES = 8_000_000


class ParquetTable:
    """A table in a Parquet file. Its columns keep their types where the other format has them.

    Raises:
        InvalidInput: the file is not Parquet, is not supported, has too many columns, or its row
            groups expand to too much.
    """

    textual = False

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._size = source.seek(0, io.SEEK_END)
        self._done = 0
        # Texts are read with a dictionary: one long text in a million rows is stored once.
        schema = _reading(lambda: self._open([]).schema_arrow)
        self._texts = [field.name for field in schema if _is_text(field.type)]
        file = _reading(lambda: self._open(self._texts))
        check_metadata(file.metadata)
        self._rows = file.metadata.num_rows
        self.columns = [field.name for field in schema]
        if len(set(self.columns)) < len(self.columns) or not self.columns:
            raise InvalidInput(
                "the file has no columns, or duplicate column names", code="bad-table"
            )
        self.kinds = [_kind_of_type(field.type) for field in schema]

    def position(self) -> int:
        return int(self._size * self._done // max(self._rows, 1))

    def blocks(self, report: Report) -> Iterator[Block]:
        self._done = 0
        file = _reading(lambda: self._open(self._texts))
        batches = file.iter_batches(batch_size=8_192, use_threads=False)
        while (batch := _reading(lambda: next(batches, None))) is not None:
            for start, part in _pieces(batch):
                kept = _without_long_texts(part, self._done + start, report)
                yield Columns(_unpacked(kept))
            self._done += batch.num_rows

    def _open(self, texts: list[str]) -> Any:
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy, and only needed here

        self._source.seek(0)
        return pq.ParquetFile(
            self._source, buffer_size=1 << 16, pre_buffer=False, read_dictionary=texts
        )


def _reading(step: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    try:
        return step()
    except (pa.ArrowException, OSError, ValueError, KeyError):
        raise InvalidInput("the file cannot be read as Parquet", code="bad-table") from None


def check_metadata(metadata: Any) -> None:
    """Raise InvalidInput if the metadata of a file exceed the limits."""
    if metadata.num_columns > MAX_COLUMNS:
        raise InvalidInput(
            f"the file has {metadata.num_columns} columns; at most {MAX_COLUMNS} are allowed",
            code="table-too-large",
        )
    for number in range(metadata.num_row_groups):
        if metadata.row_group(number).total_byte_size > MAX_GROUP_BYTES:
            raise InvalidInput(
                f"a row group expands to more than {in_mb(MAX_GROUP_BYTES)}", code="table-too-large"
            )


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types  # noqa: PLC0415

    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def _kind_of_type(kind: pa.DataType) -> str:
    from pyarrow import types  # noqa: PLC0415

    known = {
        "integer": types.is_integer,
        "number": lambda one: types.is_floating(one) or types.is_decimal(one),
        "boolean": types.is_boolean,
        "date": types.is_date,
        "datetime": types.is_timestamp,
    }
    return next((name for name, test in known.items() if test(kind)), TEXT)


def _lengths(column: pa.Array) -> pa.Array | None:
    """Return the length of each text in bytes, None if the column has another type."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_dictionary(column.type):
        return pc.take(pc.binary_length(column.dictionary), column.indices)
    return pc.binary_length(column) if _is_text(column.type) else None


def _pieces(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield parts of a batch of at most `MAX_PART_BYTES` in memory, each with the index of its first row."""
    import pyarrow.compute as pc  # noqa: PLC0415

    size = batch.num_columns * batch.num_rows * 8
    for column in batch.columns:
        lengths = _lengths(column)
        if lengths is not None:
            size += pc.sum(lengths).as_py() or 0
    step = max(1, batch.num_rows * MAX_PART_BYTES // max(size, MAX_PART_BYTES))
    for start in range(0, batch.num_rows, step):
        yield start, batch.slice(start, step)


def _without_long_texts(batch: pa.RecordBatch, before: int, report: Report) -> pa.RecordBatch:
    import pyarrow.compute as pc  # noqa: PLC0415

    kept = None
    for column in batch.columns:
        lengths = _lengths(column)
        if lengths is not None and (pc.max(lengths).as_py() or 0) > MAX_CELL_CHARS:
            short = pc.fill_null(pc.less_equal(lengths, MAX_CELL_CHARS), True)
            kept = short if kept is None else pc.and_(kept, short)
    if kept is None:
        return batch
    for index, good in enumerate(kept.to_pylist()):
        if not good:
            report.reject(
                RowError(before + index + 1, f"a cell has more than {MAX_CELL_CHARS} bytes")
            )
    return batch.filter(kept)


def _unpacked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with plain texts instead of dictionaries."""
    import pyarrow as pa  # noqa: PLC0415

    columns = [
        column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def write_parquet(
    columns: list[str], blocks: Iterable[Block], kinds: list[str], *, textual: bool
) -> Iterator[bytes]:
    """Yield a Parquet file, compressed with Zstandard.

    A column of texts of one kind gets that type, and its empty texts become null. Columns with types
    keep them.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pipe, writer = Pipe(), None
    waiting: list[pa.RecordBatch] = []
    size = 0
    for block in blocks:
        batch = _typed(block, columns, kinds, textual=textual)
        writer = writer or pq.ParquetWriter(pipe, batch.schema, compression="zstd")
        waiting.append(batch)
        size += batch.nbytes
        if size >= GROUP_BYTES:
            writer.write_table(pa.Table.from_batches(waiting))
            waiting, size = [], 0
            yield pipe.taken()
    writer = writer or pq.ParquetWriter(
        pipe, pa.schema([(name, _type_of(kind)) for name, kind in zip(columns, kinds, strict=True)])
    )
    if waiting:
        writer.write_table(pa.Table.from_batches(waiting))
    writer.close()
    yield pipe.taken()


def _type_of(kind: str) -> pa.DataType:
    import pyarrow as pa  # noqa: PLC0415

    types = {
        "integer": pa.int64(),
        "long": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
    }
    return pa.timestamp("us") if kind == "datetime" else types.get(kind, pa.string())


def _typed(block: Block, columns: list[str], kinds: list[str], *, textual: bool) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415

    if isinstance(block, Columns) and not block.raw:
        return block.batch
    if isinstance(block, Columns):
        texts = block.batch.columns
    else:
        texts = [
            pa.array([_or_null(row[index]) for row in block.values], pa.string())
            for index in range(len(columns))
        ]
    return pa.record_batch(
        [_cast(text, kind, textual=textual) for text, kind in zip(texts, kinds, strict=True)],
        names=columns,
    )


def _or_null(cell: Cell) -> str | None:
    return None if cell is None or cell is MISSING else as_text(cell)


def _cast(texts: pa.Array, kind: str, *, textual: bool) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if kind in {TEXT, EMPTY}:
        return texts
    if textual:
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    return texts.cast(_type_of(kind))
