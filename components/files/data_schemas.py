"""What the data routes take."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from components.http.submissions import check_readable
from components.http.validators import library_check
from libraries.charts import CHARTS, MAX_SERIES, check_chart
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


def file_path_field() -> fields.String:
    """Return the field of an input file."""
    return fields.String(
        required=True,
        validate=[Length(1, MAX_PATH_CHARS), library_check(check_readable)],
        metadata={
            "description": "A file in the upload folder or the output folder.",
            "example": "uploads/data.csv",
        },
    )


def encoding_field() -> fields.String:
    """Return the field of a file's encoding."""
    return fields.String(
        validate=library_check(check_encoding),
        metadata={
            "description": "The file's encoding; found out if not given.",
            "enum": list(ENCODINGS),
        },
    )


def delimiter_field() -> fields.String:
    """Return the field of what stands between the cells of a file."""
    return fields.String(
        validate=library_check(check_delimiter),
        metadata={
            "description": "What is between cells; found out if not given.",
            "enum": list(DELIMITERS),
        },
    )


class DataFileSchema(Schema):
    """A data file to convert."""

    file_path = file_path_field()
    format = fields.String(
        required=True,
        validate=library_check(check_format),
        metadata={
            "description": "What to convert it to.",
            "enum": list(FORMATS),
            "example": "json",
        },
    )
    protect_formulas = fields.Boolean(
        load_default=True,
        metadata={
            "description": "Put `'` before cells of a CSV or TSV result that a spreadsheet would run as formulas."
        },
    )
    from_format = fields.String(
        validate=library_check(check_source_format),
        metadata={
            "description": "The file's format; found out if not given.",
            "enum": list(FORMATS),
        },
    )
    encoding = encoding_field()
    delimiter = delimiter_field()
    quote = fields.String(
        validate=library_check(check_quote),
        metadata={
            "description": "What is around cells that hold a delimiter; found out if not given.",
            "enum": list(QUOTES),
        },
    )


class ChartSchema(Schema):
    """A data file to draw."""

    file_path = file_path_field()
    chart = fields.String(
        required=True,
        validate=library_check(check_chart),
        metadata={"description": "What to draw.", "enum": list(CHARTS), "example": "line"},
    )
    x = fields.String(
        validate=Length(1, MAX_COLUMN_NAME_CHARS),
        metadata={
            "description": "The column of the horizontal axis: numbers, ISO dates, or for bars texts. The number of the row "
            "if not given; a histogram has none.",
            "example": "day",
        },
    )
    y = fields.List(
        fields.String(validate=Length(1, MAX_COLUMN_NAME_CHARS)),
        required=True,
        validate=Length(1, MAX_SERIES),
        metadata={
            "description": "The columns to draw, of numbers. Bars add up those of the same `x`.",
            "example": ["price"],
        },
    )
    title = fields.String(
        validate=Length(0, MAX_TITLE_CHARS),
        metadata={"description": "What stands above the chart."},
    )
    paper = fields.String(
        load_default="a5",
        validate=library_check(page_size),
        metadata={"description": "Name of the paper.", "enum": list(PAPERS), "example": "a5"},
    )
    orientation = fields.String(
        load_default="landscape",
        validate=OneOf(ORIENTATIONS),
        metadata={"description": "How the paper lies."},
    )
    margin = fields.Float(
        validate=Range(0, 200),
        metadata={
            "description": "Empty border in mm. A 13th of the shorter side, at most 15, if not given."
        },
    )
    pen_width = fields.Float(
        load_default=0.3,
        validate=Range(0.05, 5),
        metadata={"description": "Width of the pens' lines in mm."},
    )
    encoding = encoding_field()
    delimiter = delimiter_field()
