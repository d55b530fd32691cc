"""What the batch route takes."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.validators import library_check
from libraries.errors import InvalidInput, NotFound
from libraries.storage import open_input
from libraries.tables import MAX_FILE_NAME_CHARS, MAX_FILES, OPERATIONS, check_operation


def check_allowed(path: str) -> None:
    """Raise BadFileName if `path` leads out of the folders that tasks may read; whether the file exists is the job's concern."""
    try:
        open_input(path).close()
    except (NotFound, InvalidInput) as error:
        if error.code not in {"file-missing", "bad-file"}:
            raise


class BatchSchema(Schema):
    """Files, and what to do to each of them."""

    file_list = fields.List(
        fields.String(validate=[Length(1, MAX_FILE_NAME_CHARS), library_check(check_allowed)]),
        required=True,
        validate=Length(1, MAX_FILES),
        metadata={
            "description": "Files in the upload folder or the output folder.",
            "example": ["file1.csv", "file2.csv", "file3.csv"],
        },
    )
    operation = fields.String(
        load_default="convert_to_json",
        validate=library_check(check_operation),
        metadata={
            "description": "What to do to each file.",
            "enum": list(OPERATIONS),
            "example": "convert_to_json",
        },
    )
