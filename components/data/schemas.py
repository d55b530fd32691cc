"""What the data route takes."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.library_checks import passes
from libraries.storage import open_input
from libraries.tables import FORMATS, check_format


def check_readable(path: str) -> None:
    """Raise an error of the storage if `path` is not a file that tasks may read."""
    open_input(path).close()


class DataFileSchema(Schema):
    """A data file to convert."""

    file_path = fields.String(
        required=True,
        validate=[Length(1, 1000), passes(check_readable)],
        metadata={"description": "A file in the upload folder or the output folder.", "example": "uploads/data.csv"},
    )
    format = fields.String(
        required=True,
        validate=passes(check_format),
        metadata={"description": "What to convert it to.", "enum": list(FORMATS), "example": "json"},
    )
    protect_formulas = fields.Boolean(
        load_default=True,
        metadata={"description": "Put `'` before cells of a CSV result that a spreadsheet would run as formulas."},
    )
