"""Request schemas of data files."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from components.http.submissions import check_readable
from components.http.validators import library_check
from libraries.charts import CHARTS, MAX_SERIES, check_chart
from libraries.fields import BoundedList, TrueOrFalse
from libraries.sheets.papers import ORIENTATIONS, PAPERS, page_size
from libraries.tables import (
    DELIMITERS,
    ENCODINGS,
    FORMATS,
    QUOTES,
    check_delimiter,
    check_encoding,
    check_format,
    check_quote,
    check_source_format,
)

MAX_PATH_CHARS, MAX_COLUMN_NAME_CHARS, MAX_TITLE_CHARS = 1_000, 1_000, 120


class TableFileSchema(Schema):
    """A file with a table, and how to read it."""

    file_path = fields.String(
        required=True,
        validate=[Length(1, MAX_PATH_CHARS), library_check(check_readable)],
        metadata={
            "description": "Path in the upload folder or the output folder.",
            "example": "uploads/data.csv",
        },
    )
    encoding = fields.String(
        validate=library_check(check_encoding),
        metadata={
            "description": "Encoding of the file; detected by default.",
            "enum": list(ENCODINGS),
        },
    )
    delimiter = fields.String(
        validate=library_check(check_delimiter),
        metadata={
            "description": "Separator of the cells; detected by default.",
            "enum": list(DELIMITERS),
        },
    )


class DataFileSchema(TableFileSchema):
    """A data file to convert."""

    format = fields.String(
        required=True,
        validate=library_check(check_format),
        metadata={
            "description": "Target format. Parquet needs the packages of `requirements-parquet.txt`.",
            "enum": list(FORMATS),
            "example": "json",
        },
    )
    protect_formulas = TrueOrFalse(
        load_default=True,
        metadata={
            "description": "Prefix CSV and TSV cells that a spreadsheet would run as formulas with `'`."
        },
    )
    from_format = fields.String(
        validate=library_check(check_source_format),
        metadata={"description": "Format of the file; detected by default.", "enum": list(FORMATS)},
    )
    quote = fields.String(
        validate=library_check(check_quote),
        metadata={
            "description": "Quote character of cells that contain a delimiter; detected by default.",
            "enum": list(QUOTES),
        },
    )


class ChartSchema(TableFileSchema):
    """A data file to draw."""

    chart = fields.String(
        required=True,
        validate=library_check(check_chart),
        metadata={"description": "Type of the chart.", "enum": list(CHARTS), "example": "line"},
    )
    x = fields.String(
        validate=Length(1, MAX_COLUMN_NAME_CHARS),
        metadata={
            "description": "Column of the horizontal axis: numbers, ISO dates, or texts for bars; the row number by default. "
            "Not used by histograms.",
            "example": "day",
        },
    )
    y = BoundedList(
        fields.String(validate=Length(1, MAX_COLUMN_NAME_CHARS)),
        required=True,
        validate=Length(1, MAX_SERIES),
        metadata={
            "description": "Numeric columns to draw. Bars add up the values of the same `x`.",
            "example": ["price"],
        },
    )
    title = fields.String(
        validate=Length(0, MAX_TITLE_CHARS), metadata={"description": "Title above the chart."}
    )
    paper = fields.String(
        load_default="a5",
        validate=library_check(page_size),
        metadata={"description": "Name of the paper.", "enum": list(PAPERS), "example": "a5"},
    )
    orientation = fields.String(
        load_default="landscape",
        validate=OneOf(ORIENTATIONS),
        metadata={"description": "Orientation of the paper."},
    )
    margin = fields.Float(
        validate=Range(0, 200),
        metadata={
            "description": "Margin in mm; by default 1/13 of the shorter side, at most 15 mm."
        },
    )
    pen_width = fields.Float(
        load_default=0.3, validate=Range(0.05, 5), metadata={"description": "Pen width in mm."}
    )
    optimize = TrueOrFalse(
        load_default=True,
        metadata={"description": "Whether to order the strokes for the shortest plot."},
    )
