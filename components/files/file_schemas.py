"""Request schema of `POST /files/batch`."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.validators import library_check
from libraries.errors import InvalidInput, NotFound
from libraries.fields import BoundedList
from libraries.storage import open_input
from libraries.tables import MAX_FILE_NAME_CHARS, MAX_FILES, OPERATIONS, check_operation


def check_allowed(path: str) -> None:
    """Raise InvalidInput if `path` is outside the folders that tasks may read; missing files are accepted."""
    try:
        open_input(path).close()
    except (NotFound, InvalidInput) as error:
        if error.code not in {"file-missing", "bad-file"}:
            raise


class BatchSchema(Schema):
    """Files and an operation that is applied to each of them."""

    file_list = BoundedList(
        fields.String(validate=[Length(1, MAX_FILE_NAME_CHARS), library_check(check_allowed)]),
        required=True,
        validate=Length(1, MAX_FILES),
        metadata={
            "description": "Paths in the upload folder or the output folder.",
            "example": ["file1.csv", "file2.csv", "file3.csv"],
        },
    )
    operation = fields.String(
        load_default="convert_to_json",
        validate=library_check(check_operation),
        metadata={
            "description": "Operation to apply to each file.",
            "enum": list(OPERATIONS),
            "example": "convert_to_json",
        },
    )
