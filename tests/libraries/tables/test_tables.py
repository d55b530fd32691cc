"""CSV to JSON and back, with every row converted or reported."""

from __future__ import annotations

import codecs
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from libraries.errors import CODES, InvalidInput, UnknownName, VectorError
from libraries.settings import Settings, use_settings
from libraries.tables import (
    FORMATS,
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    Reading,
    Report,
    RowError,
    conversion,
    convert,
    convert_file,
    run_operation,
)
from tests.errors import raises_code


def converted(
    source: str | bytes,
    to_format: str,
    *,
    protect_formulas: bool = True,
    from_format: str | None = None,
) -> tuple[str, Report]:
    data = source.encode() if isinstance(source, str) else source
    reading = Reading(from_format=from_format)
    blocks, report = convert(
        io.BytesIO(data), to_format, protect_formulas=protect_formulas, reading=reading
    )
    return b"".join(blocks).decode(), report


def to_json(source: str | bytes) -> tuple[list[dict[str, str]], Report]:
    text, report = converted(source, "json")
    return json.loads(text), report


def to_csv(rows: object, *, protect_formulas: bool = True) -> tuple[str, Report]:
    text = rows if isinstance(rows, str) else json.dumps(rows)
    return converted(text, "csv", protect_formulas=protect_formulas, from_format="json")


# CSV to JSON


def test_each_row_becomes_an_object_of_texts() -> None:
    rows, report = to_json("name,width\nAnn,210\nBob,007\n")
    assert rows == [{"name": "Ann", "width": "210"}, {"name": "Bob", "width": "007"}]
    assert (report.rows, report.columns, report.error_count) == (2, ["name", "width"], 0)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_a_byte_order_mark_is_not_part_of_the_first_name(encoding: str, mark: bytes) -> None:
    rows, _ = to_json(mark + "größe\nklein ✏\n".encode(encoding))
    assert rows == [{"größe": "klein ✏"}]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("data\nждём\n".encode("cp1251"), 2),
        (b"a\r\nb\r\n\xff\r\n", 3),
        (b"a\rb\rc\r\xff", 4),
        (codecs.BOM_UTF16_LE + "a\nb\n".encode("utf-16-le") + b"x", 3),
        (codecs.BOM_UTF16_LE + "a\n".encode("utf-16-le") + b"\x00\xd8", 2),
    ],
)
def test_an_ambiguous_encoding_is_rejected_with_the_line(data: bytes, line: int) -> None:
    with raises_code("unreadable-text", match=f"line {line} "):
        to_json(data)


def test_utf_32_is_not_read_as_utf_16() -> None:
    with raises_code("unreadable-text", match="UTF-32"):
        to_json("a\nb\n".encode("utf-32"))


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  \r\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_an_empty_file_is_rejected(data: bytes) -> None:
    for to_format in ("json", "csv"):
        with raises_code("bad-table", match="empty"):
            converted(data, to_format)


def test_a_header_without_rows_is_an_empty_list() -> None:
    rows, report = to_json("a,b\n")
    assert rows == []
    assert report.columns == ["a", "b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_works_and_line_ends_in_quotes_are_data(end: str) -> None:
    rows, report = to_json(f'a,b{end}1,"x{end}y"{end}2,3,4{end}{end}5,6{end}')
    assert rows == [{"a": "1", "b": f"x{end}y"}, {"a": "5", "b": "6"}]
    assert report.errors == [RowError(4, "expected 2 cells, found 3")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a;b\n1,5;2\n3;4\n", [{"a": "1,5", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a\tb\n1\t2\n", [{"a": "1", "b": "2"}]),
        ("a|b\n1|2\n", [{"a": "1", "b": "2"}]),
        ('a,b\n"x;y",1\n', [{"a": "x;y", "b": "1"}]),
        ("a,b\n1;2,3;4\n", [{"a": "1;2", "b": "3;4"}]),
        ("note\none; two\nthree\n", [{"note": "one; two"}, {"note": "three"}]),
        ("a;b;c\n1;2;3\n4;5\n", [{"a": "1", "b": "2", "c": "3"}]),
        ("a\n1\n", [{"a": "1"}]),
    ],
)
def test_the_delimiter_is_detected_and_a_comma_is_preferred(
    text: str, rows: list[dict[str, str]]
) -> None:
    assert to_json(text)[0] == rows


def test_the_delimiter_of_a_long_file_is_detected() -> None:
    rows, report = to_json("a;b\n" + "1,2;3\n" * 50_000)
    assert (len(rows), report.error_count) == (50_000, 0)
    assert rows[-1] == {"a": "1,2", "b": "3"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1", "expected 2 cells, found 1"),
        ("1,2,3", "expected 2 cells, found 3"),
        ("1,a\0b", "NUL"),
        (f"1,{'x' * (MAX_CELL_CHARS + 1)}", "131073 characters"),
        ('"1"x,2', "quote"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_the_others_are_kept(row: str, why: str) -> None:
    rows, report = to_json(f"a,b\n1,2\n{row}\n3,4\n")
    assert rows == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    (error,) = report.errors
    assert error.line == 3
    assert why in error.detail


def test_a_cell_may_be_as_long_as_the_limit() -> None:
    rows, report = to_json(f'a,b\n1,"{"x" * MAX_CELL_CHARS}"\n')
    assert len(rows[0]["b"]) == MAX_CELL_CHARS
    assert report.error_count == 0


def test_text_inside_a_cell_that_is_too_long_is_not_read_as_rows() -> None:
    inside = "7,8\n" * 50_000
    rows, report = to_json(f'a,b\n1,"{inside}"\n3,4\n')
    assert rows == [{"a": "3", "b": "4"}]
    assert report.error_count == 1


def test_an_unclosed_quote_consumes_the_rest_of_the_file_and_is_reported() -> None:
    rows, report = to_json('a,b\n1,2\n"x,3\n4,5\n6,7\n')
    assert rows == [{"a": "1", "b": "2"}]
    (error,) = report.errors
    assert error.line == 3
    assert "lines 3 to 5 are omitted" in error.detail


def test_columns_with_duplicate_or_empty_names_are_renamed() -> None:
    rows, report = to_json("a,a,,a_2,\n1,2,3,4,5\n")
    assert rows == [{"a": "1", "a_3": "2", "column_3": "3", "a_2": "4", "column_5": "5"}]
    assert len(report.notes) == 3
    assert report.columns == list(rows[0])


@pytest.mark.parametrize(
    "header",
    [
        ",".join(f"c{n}" for n in range(MAX_COLUMNS + 1)),
        "a\0,b",
        '"a"b,c',
        "x" * (MAX_CELL_CHARS + 1),
    ],
)
def test_a_file_with_an_invalid_header_is_rejected(header: str) -> None:
    with raises_code("bad-table", match="line 1"):
        to_json(f"{header}\n1,2\n")


def test_a_thousand_columns_are_allowed() -> None:
    rows, _ = to_json(
        ",".join(f"c{n}" for n in range(MAX_COLUMNS)) + "\n" + "," * (MAX_COLUMNS - 1) + "\n"
    )
    assert len(rows[0]) == MAX_COLUMNS


def test_json_to_json_is_one_object_per_line_with_the_same_types() -> None:
    text, report = converted('[{"a": 1.10, "b": null},\n{"b": [1, {"c": true}]}]', "json")
    assert text == '[\n{"a":1.10,"b":null},\n{"b":[1,{"c":true}]}\n]\n'
    assert (report.source_format, report.kinds) == ("json", ["number", "text"])


def test_a_csv_that_begins_like_json_is_read_as_csv() -> None:
    assert to_json("[id],name\n1,2\n")[0] == [{"[id]": "1", "name": "2"}]


def test_the_first_hundred_errors_are_listed_and_all_are_counted() -> None:
    _, report = to_json("a,b\n" + "1\n" * 5_000)
    assert (report.rows, report.error_count, len(report.errors)) == (0, 5_000, 100)


# JSON to CSV


def test_the_columns_are_the_keys_of_all_objects() -> None:
    text, report = to_csv([{"a": "x", "b": True}, {"c": 1.5, "a": None}, {"b": ["n", {"m": 1}]}])
    assert text == 'a,b,c\r\nx,true,\r\n,,1.5\r\n,"[""n"",{""m"":1}]",\r\n'
    assert (report.rows, report.columns, report.error_count) == (3, ["a", "b", "c"], 0)


def test_a_number_keeps_every_digit() -> None:
    text, _ = to_csv(
        '[{"a": 1.10, "b": 12345678901234567890123, "c": 1e400, "d": [0.10], "e": -0.0}]'
    )
    assert text == "a,b,c,d,e\r\n1.10,12345678901234567890123,1e400,[0.10],-0.0\r\n"


@pytest.mark.parametrize("text", ["[]", " [ ] \n"])
def test_an_empty_list_is_an_empty_file(text: str) -> None:
    result, report = to_csv(text)
    assert (result, report.rows) == ("", 0)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("3", "must be an object"),
        ("null", "must be an object"),
        ("{}", "must be an object"),
        ('[{"a": 1}]', "must be an object"),
        ('{"a": 1, "a": 2}', "duplicate key"),
        ('{"a": {"b": 1, "b": 2}}', "duplicate key"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"\\ud800": 1}', "surrogate"),
        ('{"a": ["\\ud800"]}', "invalid characters"),
        ('{"a": "\\u0000"}', "NUL"),
        (json.dumps({"a": "x" * (MAX_CELL_CHARS + 1)}), "131073 characters"),
        ('{"a": %s}' % ("[" * 300 + "]" * 300), "is nested too deeply"),
    ],
)
def test_a_bad_object_is_reported_with_its_line_and_the_others_are_kept(row: str, why: str) -> None:
    text, report = to_csv(f'[\n{{"a": 1}},\n{row},\n{{"a": 2}}\n]')
    assert text == "a\r\n1\r\n2\r\n"
    (error,) = report.errors
    assert error.line == 3
    assert why in error.detail


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1}', "list of objects"),
        ("a,b\n1,2\n", "list of objects"),
        ('[{"a": 1},]', "not JSON: line 1"),
        ('[\n{"a": 1},\n{"a" 2}]', "not JSON: line 3"),
        ('[{"a": 1}', "line 1: expected"),
        ('[{"a": 1}\n{"a": 2}]', "line 1: expected"),
        ('[{"a": 1}] []', "unexpected text"),
        ('[{"a": NaN}]', "NaN or Infinity"),
        ('[{"a": -Infinity}]', "NaN or Infinity"),
        ("[" * 100_000, "is nested too deeply"),
        ('[{"a":' * 100_000, "is nested too deeply"),
        ("[", "not JSON"),
    ],
)
def test_invalid_json_is_rejected_with_the_line(text: str, why: str) -> None:
    with raises_code("bad-table", match=why):
        to_csv(text)


def test_more_keys_than_allowed_columns_are_rejected() -> None:
    with raises_code("bad-table", match="more than 1000"):
        to_csv([{f"c{n}": n} for n in range(MAX_COLUMNS + 1)])


FORMULAS = [
    "=1+1",
    "+cmd",
    "-cmd",
    "@sum",
    "\tx",
    "\rx",
    "\nx",
    "=HYPERLINK()",
    "-",
    "+1+1",
    "-1e",
    "\uff1dx",
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_is_escaped(cell: str) -> None:
    """The names of columns are cells too."""
    text, _ = to_csv([{"a": cell, cell: "x"}])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", f"'{cell}"], [f"'{cell}", "x"]]


@pytest.mark.parametrize("cell", ["-5", "+5.", "-.5", "-1.5e-3", "5=5", "a@b", ""])
def test_numbers_and_harmless_cells_are_unchanged(cell: str) -> None:
    assert list(csv.reader(io.StringIO(to_csv([{"a": cell, "b": "c"}])[0], newline="")))[1] == [
        cell,
        "c",
    ]


@pytest.mark.parametrize("cell", FORMULAS)
def test_the_protection_can_be_turned_off(cell: str) -> None:
    assert list(
        csv.reader(io.StringIO(to_csv([{"a": cell}], protect_formulas=False)[0], newline=""))
    )[1] == [cell]


def test_formulas_are_unchanged_in_json() -> None:
    assert to_json("a\n=1+1\n")[0] == [{"a": "=1+1"}]


# Both ways, and limits

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = st.text("abcdefgh", min_size=1, max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    header = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    return header, draw(
        st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), max_size=8)
    )


def written(header: list[str], rows: list[list[str]]) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    return sink.getvalue()


@examples(deadline=None)
@given(tables())
def test_a_table_survives_conversion_to_json_and_back(
    table: tuple[list[str], list[list[str]]],
) -> None:
    header, rows = table
    as_json, report = converted(written(header, rows), "json")
    assert (report.rows, report.error_count) == (len(rows), 0)
    assert json.loads(as_json) == [dict(zip(header, row, strict=True)) for row in rows]
    if rows:
        as_csv, _ = converted(as_json, "csv", protect_formulas=False)
        assert list(csv.reader(io.StringIO(as_csv, newline=""))) == [header, *rows]


@examples(deadline=None)
@given(st.lists(st.lists(st.text("ab", max_size=3), min_size=1, max_size=4), max_size=20))
def test_every_csv_row_is_converted_or_reported(rows: list[list[str]]) -> None:
    kept, report = to_json(written(["x", "y"], rows))
    assert len(kept) == report.rows == sum(len(row) == 2 for row in rows)
    assert report.rows + report.error_count == len(rows)


@examples(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(), st.integers(), st.dictionaries(names, st.text("ab=", max_size=3), max_size=3)
        ),
        max_size=20,
    )
)
def test_every_json_object_is_converted_or_reported(rows: list[Any]) -> None:
    text, report = to_csv(rows)
    assert report.rows == sum(isinstance(row, dict) and bool(row) for row in rows)
    assert report.rows + report.error_count == len(rows)
    # The first record contains the names.
    assert max(0, len(list(csv.reader(io.StringIO(text, newline="")))) - 1) == report.rows


@examples(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text('ab,;"\r\n\t |', max_size=60).map(str.encode),
        st.text('[]{}:,"a1. \n\\u0Ne', max_size=60).map(str.encode),
    ),
    st.sampled_from(["json", "csv"]),
)
def test_arbitrary_bytes_only_raise_our_own_errors(data: bytes, to_format: str) -> None:
    try:
        text, report = converted(data, to_format)
    except VectorError:
        return
    assert report.rows >= 0
    if to_format == "json":
        assert len(json.loads(text)) == report.rows


@pytest.mark.parametrize("to_format", list(FORMATS))
def test_a_file_over_the_limit_is_rejected_before_it_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, to_format: str
) -> None:
    use_settings(settings.with_values(data_file_limit=3_000_000))
    source = io.BytesIO(b"a\n" * 1_500_001)
    with raises_code("table-too-large", match="larger than 3 MB"):
        convert(source, to_format)


def test_the_result_of_a_small_file_is_limited() -> None:
    header = ",".join(f"{'n' * 8_000}{n}" for n in range(MAX_COLUMNS))
    with raises_code("table-too-large", match="result"):
        to_json(header + "\n" + ("," * (MAX_COLUMNS - 1) + "\n") * 100)


def test_the_size_of_the_report_is_limited() -> None:
    header = ",".join("\U0001f58a" * 50 + str(n) for n in range(MAX_COLUMNS))
    _, report = converted(header + "\n" + "1\n" * 1_000, "json")
    summary = report.summary()
    assert len(json.dumps(summary)) < 60_000
    assert (summary["column_count"], summary["error_count"]) == (MAX_COLUMNS, 1_000)
    assert 0 < len(summary["columns"]) < MAX_COLUMNS


@pytest.mark.parametrize("to_format", ["xml", "", None, 5, ["json"]])
def test_an_unknown_format_is_rejected_with_the_known_ones(to_format: Any) -> None:
    with pytest.raises(UnknownName, match="csv, json, ndjson, parquet, tsv, xlsx"):
        converted("a\n", to_format)


# Files


def put(settings: Settings, name: str, text: str) -> Path:
    file = settings.storage.upload_dir / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_file_is_converted_into_the_output_folder(settings: Settings) -> None:
    put(settings, "june.sales.csv", "a\n1\n")
    artifact, report = convert_file("june.sales.csv", "json")
    assert artifact.name == "data/june.sales.json"
    assert json.loads(Path(artifact.path).read_text()) == [{"a": "1"}]
    assert report.rows == 1


def test_a_long_name_is_shortened_and_stays_distinct(settings: Settings) -> None:
    names = [f"{'x' * 95}{end}.csv" for end in "ab"]
    for name in names:
        put(settings, name, "a\n1\n")
    stored = [convert_file(name, "json")[0].name for name in names]
    assert len(set(stored)) == 2


def test_a_failed_conversion_leaves_no_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "largest_result", lambda size: 200_000)
    put(settings, "big.csv", "a\n" + "1234567890\n" * 50_000)
    with raises_code("table-too-large"):
        convert_file("big.csv", "json")
    assert [path for path in settings.storage.output_dir.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "path", ["../settings.csv", "/etc/passwd", "a\0.csv", "", "uploads/../../x"]
)
def test_a_path_outside_the_folders_is_rejected(settings: Settings, path: str) -> None:
    with raises_code("bad-file-name"):
        convert_file(path, "json")


def test_a_missing_file_is_named_in_the_error(settings: Settings) -> None:
    settings.storage.upload_dir.mkdir(parents=True)
    settings.storage.output_dir.mkdir(parents=True)
    with raises_code("file-missing", match=r"file not found: 'nowhere\.csv'"):
        convert_file("nowhere.csv", "json")


# Batches


def ignore_progress(step: int, total: int, message: str) -> None:
    """Progress is tested elsewhere."""


def test_results_of_different_files_have_different_names(settings: Settings) -> None:
    put(settings, "a/data.csv", "x\n1\n")
    put(settings, "b/data.csv", "x\n2\n")
    items = run_operation(
        ["a/data.csv", "b/data.csv", "a/data.csv"], "convert_to_json", ignore_progress
    ).items
    first, second, again = (item["path"] for item in items)
    assert first == again == "output/data/data.json"
    found = [
        json.loads((settings.storage.output_dir / path.removeprefix("output/")).read_text())
        for path in (first, second)
    ]
    assert found == [[{"x": "1"}], [{"x": "2"}]]


@pytest.mark.parametrize(
    "file_list", [[], ["a.csv"] * 501, "a.csv", None, [""], [5], ["x" * 1_001], {"a": 1}]
)
def test_a_batch_is_a_list_of_1_to_500_names(file_list: Any) -> None:
    with raises_code("bad-file-list") as refusal:
        run_operation(file_list, "convert_to_json", ignore_progress)
    assert refusal.value.field == "file_list"


@pytest.mark.parametrize("operation", ["convert_to_jsn", "", None, ["convert_to_json"]])
def test_an_unknown_operation_is_rejected_with_the_known_ones(operation: Any) -> None:
    with pytest.raises(UnknownName, match="convert_to_csv, convert_to_json"):
        run_operation(["a.csv"], operation, ignore_progress)


def test_all_errors_of_a_file_are_invalid_input() -> None:
    assert CODES["bad-table"].family is InvalidInput
    assert CODES["unreadable-text"].family is InvalidInput
