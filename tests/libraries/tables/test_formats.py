"""Conversion between all formats: detection, types, limits, and equal results by rows and by columns."""

from __future__ import annotations

import codecs
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from libraries.errors import UnknownName, VectorError
from libraries.tables import (
    FORMATS,
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    Reading,
    Report,
    RowError,
    conversion,
    convert,
    csv_rows,
    encoding,
    parquet,
    sheets,
)
from libraries.tables.kinds import ColumnKinds, kind_of_texts
from libraries.tables.rows import Columns, Rows
from tests.conftest import REPOSITORY
from tests.errors import raises_code

TABLE = "id,price,day,city,ok,code\n1,1.50,2024-02-29,Wien,true,007\n2,-3,2024-03-01,,false,008\n"


def converted(
    source: bytes | str, to_format: str, name: str = "", **reading: Any
) -> tuple[bytes, Report]:
    data = source.encode() if isinstance(source, str) else source
    blocks, report = convert(io.BytesIO(data), to_format, name=name, reading=Reading(**reading))
    return b"".join(blocks), report


def rows_of(source: bytes | str, **reading: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(converted(source, "json", **reading)[0])
    return found


# Between formats


@pytest.mark.parametrize("second", list(FORMATS))
@pytest.mark.parametrize("first", list(FORMATS))
def test_a_table_survives_conversion_through_any_two_formats(first: str, second: str) -> None:
    there, report = converted(TABLE, first)
    assert (report.rows, report.error_count) == (2, 0)
    onwards, report = converted(there, second)
    assert (report.rows, report.columns) == (2, ["id", "price", "day", "city", "ok", "code"])
    assert report.source_format == first
    back, _ = converted(onwards, "csv")
    first_row, second_row = back.decode().splitlines()[1:]
    assert first_row.replace("1.50", "1.5") == "1,1.5,2024-02-29,Wien,true,007"
    assert second_row.replace("-3.0", "-3") == "2,-3,2024-03-01,,false,008"


def test_parquet_columns_get_the_types_of_their_texts() -> None:
    data, report = converted(TABLE, "parquet")
    table = pq.read_table(io.BytesIO(data))
    assert table.schema.types == [
        pa.int64(),
        pa.float64(),
        pa.date32(),
        pa.string(),
        pa.bool_(),
        pa.string(),
    ]
    assert table.column("code").to_pylist() == ["007", "008"]
    assert report.kinds == ["integer", "number", "date", "text", "boolean", "text"]


def test_a_sheet_has_numbers_and_dates_but_no_formulas() -> None:
    data, _ = converted('n,day,text\n1.5,2024-02-29,=1+1\n2,,"http://x"\n', "xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("n", "day", "text")
    assert rows[1][0] == 1.5
    assert str(rows[1][1]) == "2024-02-29 00:00:00"
    assert sheet["C2"].data_type == "s"
    assert rows[2] == (2, None, "http://x")


@pytest.mark.parametrize("to_format", list(FORMATS))
def test_the_same_table_gives_the_same_bytes(to_format: str) -> None:
    assert converted(TABLE, to_format)[0] == converted(TABLE, to_format)[0]


@pytest.mark.parametrize("to_format", list(FORMATS))
def test_a_table_without_rows_can_be_written_and_read(to_format: str) -> None:
    data, report = converted("a,b\n", to_format)
    assert (report.rows, report.columns, report.kinds) == (0, ["a", "b"], ["empty", "empty"])
    if to_format not in {"json", "ndjson"}:
        assert converted(data, "csv")[0] == b"a,b\r\n"


def test_invalid_lines_of_ndjson_are_row_errors() -> None:
    data, report = converted(
        '{"a": 1}\n\n{"a": \n{"a": 2} {"a": 3}\n{"a": NaN}\n[1]\n{"a": 4}\n', "csv", name="x.ndjson"
    )
    assert data == b"a\r\n1\r\n4\r\n"
    assert [error.line for error in report.errors] == [3, 4, 5, 6]


def test_parquet_values_are_converted_to_json() -> None:
    columns = {
        "decimal": pa.array(["1.10", None]).cast(pa.decimal128(5, 2)),
        "bytes": pa.array([b"\xff", None]),
        "list": pa.array([[1, 2], None]),
        "struct": pa.array([{"a": "x"}, None]),
        "moment": pa.array([0, None], pa.timestamp("ms")),
        "time": pa.array([1, None], pa.time32("s")),
        "number": pa.array([float("nan"), None]),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    first, second = rows_of(sink.getvalue())
    assert first == {
        "decimal": 1.1,
        "bytes": "/w==",
        "list": [1, 2],
        "struct": {"a": "x"},
        "moment": "1970-01-01T00:00:00",
        "time": "00:00:01",
        "number": None,
    }
    assert set(second.values()) == {None}


def workbook(rows: list[list[Any]], *, sheets_more: int = 0) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for _ in range(sheets_more):
        book.create_sheet()
    book.save(sink)
    return sink.getvalue()


def test_a_sheet_is_read_from_its_first_non_empty_row() -> None:
    data = workbook(
        [[], ["a", None, "a"], [1, None, 2.5], [], [True, "x"], [1, 2, 3, 4]], sheets_more=1
    )
    text, report = converted(data, "json")
    assert json.loads(text) == [
        {"a": 1, "column_2": None, "a_2": 2.5},
        {"a": True, "column_2": "x", "a_2": None},
    ]
    assert report.errors == [RowError(6, "expected 3 cells, found 4")]
    assert "the workbook has 2 sheets; the first one was read" in report.notes


# Encodings and dialects


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("name\nMüller\nGröße\n", True),
        ("nom\ncrème brûlée\nfaçade\n", True),
        ("nombre\nSeñor Núñez\n¿Qué?\n", True),
        ("navn\nÅse Bjørn\n", True),
        ("preis\n5 €\n20 °C\n", True),
    ],
)
def test_windows_1252_is_only_detected_without_doubt(text: str, sure: bool) -> None:
    back, report = converted(text.encode("cp1252"), "tsv")
    assert (back.decode(), report.encoding) == (text, "windows-1252")
    assert sure


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("ящик\nждём\n", "cp1251"),
        ("ящик\nждём\n", "koi8-r"),
        ("imię\nŁukasz Żółć\n", "cp1250"),
        ("jméno\nDvořák Řehoř\n", "cp1250"),
        ("name\nMüller Größe Mädchen\n", "cp850"),
        ("name\nMüller Größe Mädchen\n", "mac-roman"),
        ("名前\n山田\n", "shift_jis"),
        ("名字\n王小明\n", "gb18030"),
        ("x\n\x01\xe9t\xe9\n", "latin-1"),
        ("čaj\n", "cp1250"),
    ],
)
def test_an_ambiguous_encoding_is_rejected_unless_it_is_given(text: str, codec: str) -> None:
    with raises_code("unreadable-text", match=r"line \d is not UTF-8"):
        converted(text.encode(codec), "json")
    names = {ours: theirs for theirs, ours in encoding.ENCODINGS.items()} | {
        "shift_jis": "shift_jis"
    }
    back, report = converted(text.encode(codec), "tsv", encoding=names[codec])
    assert back.decode() == text
    assert report.encoding == names[codec]


@pytest.mark.parametrize(
    ("codec", "name"), [("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")]
)
def test_utf_16_is_detected_without_a_byte_order_mark(
    codec: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 7)
    text = "name,x\nÖsterreich and so on,\U0001f58a\n"
    back, report = converted(text.encode(codec), "csv")
    assert (back.decode(), report.encoding) == (text.replace("\n", "\r\n"), name)


def test_the_report_contains_format_encoding_and_dialect() -> None:
    _, report = converted(codecs.BOM_UTF8 + b"a;b\n'x;y';2\n'z;w';3\n", "json")
    summary = report.summary()
    assert (summary["source_format"], summary["encoding"]) == ("csv", "utf-8")
    assert summary["dialect"] == {"delimiter": ";", "quote": "'"}
    assert summary["types"] == ["text", "integer"]


def test_a_dialect_can_be_given() -> None:
    assert rows_of("a,b;c\n1,2;3\n", delimiter="semicolon") == [{"a,b": "1,2", "c": "3"}]
    assert rows_of('a,b\n"1,2"\n', quote="none") == [{"a": '"1', "b": '2"'}]
    assert rows_of("a,b\n'1,2',3\n", quote="'") == [{"a": "1,2", "b": "3"}]


@pytest.mark.parametrize(
    "reading",
    [
        {"encoding": "utf-7"},
        {"delimiter": "x"},
        {"delimiter": ""},
        {"quote": "("},
        {"from_format": "xml"},
        {"quote": 5},
    ],
)
def test_an_unknown_option_is_rejected_with_the_known_ones(reading: Any) -> None:
    with pytest.raises(UnknownName, match="known:"):
        Reading(**reading)


# Large files are read by columns, with the same result

FAST = ["csv", "tsv", "json", "ndjson", "parquet"]
lines = st.one_of(
    st.lists(
        st.sampled_from(
            ["1", "-2", "2.5", "a", "", "=x", "+1", "é", "2024-02-30", "2024-02-28", "true", "007"]
        ),
        min_size=2,
        max_size=2,
    ),
    st.lists(
        st.sampled_from(["1", '"x"', '"', "\0", "\t", "\\", "a b", "\ufeff", "\uff1d1", "'"]),
        min_size=1,
        max_size=3,
    ),
)


@st.composite
def files(draw: st.DrawFn) -> str:
    delimiter, end = (
        draw(st.sampled_from([",", ";", "\t"])),
        draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    body = draw(st.lists(lines, max_size=30))
    text = end.join([delimiter.join(("a", "b")), *(delimiter.join(line) for line in body)])
    return text + draw(st.sampled_from(["", end, end + end]))


def by_rows_and_by_columns(data: bytes, to_format: str) -> Iterator[Any]:
    whole, block = csv_rows.MIN_COLUMNAR_BYTES, encoding.BLOCK
    for fewest, size in ((10**9, block), (0, 40), (0, block)):
        csv_rows.MIN_COLUMNAR_BYTES, encoding.BLOCK = fewest, size
        try:
            made, report = converted(data, to_format)
            yield (
                pq.read_table(io.BytesIO(made)).to_pydict() if to_format == "parquet" else made,
                report.summary(),
            )
        except VectorError as error:
            yield str(error), error.code
        finally:
            csv_rows.MIN_COLUMNAR_BYTES, encoding.BLOCK = whole, block


@examples(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files(), st.sampled_from(FAST))
def test_reading_by_columns_and_by_rows_gives_the_same_result(text: str, to_format: str) -> None:
    first, *others = by_rows_and_by_columns(text.encode(), to_format)
    assert others == [first, first]


def test_plain_lines_are_read_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the previous test would compare reading by rows with itself."""
    monkeypatch.setattr(csv_rows, "MIN_COLUMNAR_BYTES", 0)
    monkeypatch.setattr(encoding, "BLOCK", 100)
    report = Report()
    table = csv_rows.DelimitedTable(
        io.BytesIO(b"a,b\n" + b"1,2\n" * 200), encoding.Encoding("utf-8"), None, report, size=1
    )
    assert sum(isinstance(block, Columns) for block in table.blocks(report)) > 3


@examples(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "1",
                "0",
                "123456789012345678",
                "1.5",
                "1e5",
                "true",
                "2024-01-31",
                "2024-01-31 10:00:00",
                "x",
                "",
            ]
        )
    )
)
def test_the_kind_of_a_column_does_not_depend_on_the_blocks(cells: list[str]) -> None:
    cut, whole = ColumnKinds(1, textual=True), ColumnKinds(1, textual=True)
    for cell in cells:
        cut.update(Rows([[cell]]))
    whole.update(Rows([[cell] for cell in cells]))
    assert cut.kinds == whole.kinds


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["007"], "text"),
        (["1", "2.50"], "number"),
        (["12345678901234567890"], "text"),
        (["123456789012345678", "1.5"], "text"),
        (["1e400"], "text"),
        (["2023-02-29"], "text"),
        (["2024-02-29", "2024-02-29T10:00:00"], "datetime"),
        (["", ""], "empty"),
        (["nan"], "text"),
    ],
)
def test_a_kind_is_only_detected_if_no_digit_is_lost(cells: list[str], kind: str) -> None:
    assert kind_of_texts(cells) == kind


# Hostile files


def test_an_endless_row_is_rejected_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MAX_RECORD_CHARS", 100_000)
    with raises_code("bad-table", match="quote not closed"):
        converted('a,b\n"x,' + "1,2\n" * 50_000, "json")


def test_an_endless_line_is_rejected_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoding, "MAX_RECORD_CHARS", 100_000)
    monkeypatch.setattr(encoding, "BLOCK", 10_000)
    with raises_code("bad-table", match="line is longer"):
        converted(b"a" * 300_000, "json")


def zipped(size: int, *, names: int = 1) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(names):
            archive.writestr(f"{number}.xml", b"0" * size)
    return sink.getvalue()


@pytest.mark.parametrize("bomb", [zipped(3_000_000), zipped(1, names=2_001)])
def test_a_workbook_that_expands_to_too_much_is_rejected_unread(bomb: bytes) -> None:
    with raises_code("table-too-large", match="expands"):
        converted(bomb, "csv")


def test_the_total_size_of_a_workbook_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheets, "MAX_UNPACKED_BYTES", 1_000_000)
    with raises_code("table-too-large", match="expands"):
        converted(zipped(200_000, names=6), "csv")


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500, zipped(5), b"PAR1", b"PAR1" + b"x" * 50 + b"PAR1"],
)
def test_a_damaged_workbook_or_parquet_file_is_rejected(data: bytes) -> None:
    with raises_code("bad-table"):
        converted(data, "csv")


@pytest.mark.parametrize(
    "data", [b"\x1f\x8b\x08\x00", b"BZh9", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"]
)
def test_archives_are_not_unpacked(data: bytes) -> None:
    with raises_code("bad-table", match="archive"):
        converted(data, "csv")


def test_the_declared_size_of_a_sheet_is_ignored() -> None:
    data, sink = workbook([["a"], [1]]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(sink, "w") as forged:
        for name in archive.namelist():
            forged.writestr(
                name, archive.read(name).replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"')
            )
    assert rows_of(sink.getvalue()) == [{"a": 1}]


def test_more_rows_than_a_sheet_allows_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_SHEET_ROWS", 4)
    assert converted("a\n1\n2\n3\n", "xlsx")[1].rows == 3
    with raises_code("table-too-large", match="3 rows"):
        converted("a\n1\n2\n3\n4\n", "xlsx")


def test_a_cell_that_is_too_long_for_a_sheet_is_rejected() -> None:
    with raises_code("table-too-large", match="32767"):
        converted("a\n" + "x" * 40_000 + "\n", "xlsx")


def parquet_of(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def test_a_parquet_file_with_too_many_columns_is_rejected() -> None:
    with raises_code("table-too-large", match="1001 columns"):
        converted(parquet_of({f"c{n}": [1] for n in range(MAX_COLUMNS + 1)}), "csv")


def test_a_row_group_that_expands_to_too_much_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet, "MAX_GROUP_BYTES", 10_000)
    with raises_code("table-too-large", match="group"):
        converted(parquet_of({"a": [f"{n}" for n in range(5_000)]}), "csv")


def test_one_long_text_in_many_rows_is_omitted_before_it_expands() -> None:
    """With a dictionary, this is a small file that expands to some gigabytes."""
    long = "x" * (MAX_CELL_CHARS + 1)
    data = parquet_of({"a": pa.DictionaryArray.from_arrays([0] * 20_000 + [1], [long, "y"])})
    assert len(data) < 1_000_000
    text, report = converted(data, "csv")
    assert (text, report.rows, report.error_count) == (b"a\r\ny\r\n", 1, 20_000)


def test_the_result_of_a_small_parquet_file_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "largest_result", lambda size: 5_000_000)
    data = parquet_of({"a": pa.DictionaryArray.from_arrays([0] * 20_000, ["x" * 100_000])})
    with raises_code("table-too-large", match="result"):
        converted(data, "csv")


MEASURE = """
import io, re, sys
from libraries.tables import Reading, convert
with open(sys.argv[1], "rb") as source:
    blocks, report = convert(source, sys.argv[2])
    size = sum(map(len, blocks))
# Peak resident memory of this process; getrusage would include that of its parent.
peak = re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1]
print(report.rows, report.error_count, size, peak)
"""


@pytest.mark.parametrize("to_format", ["ndjson", "parquet"])
def test_a_large_file_is_converted_in_bounded_memory(
    home: Path, environ: dict[str, str], to_format: str
) -> None:
    source = home / "large.csv"
    row = "".join(
        f"{number},{number / 7:.4f},2024-05-01,some words about row {number}\n"
        for number in range(5_000)
    )
    with source.open("w") as file:
        file.write("id,share,day,note\n")
        for _ in range(180):
            file.write(row)
    assert source.stat().st_size > 40_000_000
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(source), to_format],
        env=environ,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    rows, errors, size, kilobytes = map(int, done.stdout.split())
    assert (rows, errors) == (900_000, 0)
    assert size > 1_000_000
    assert kilobytes < 300_000
