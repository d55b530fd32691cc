"""Stored SVGs that requests name."""

from __future__ import annotations

from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import declare
from libraries.job_manager import find_job
from libraries.storage import open_input
from libraries.svg_reader import max_svg_bytes


def source_field(description: str, **options: Any) -> Any:
    """Declare a stored drawing; `options` go to `declare`."""
    metadata = {"description": description, "example": "nbyj4q3x"}
    return declare(fields.String(validate=Length(1, 1000), metadata=metadata), **options)


def read_source(source: str) -> bytes:
    """Return the drawing at a path or of a job.

    Raises:
        InvalidInput: the job stored no drawing.
        NotFound: the job or the file does not exist.
    """
    path = source if "/" in source or "." in source else _path_of_job(source)
    with open_input(path) as file:
        # One byte over the limit, which the reader then reports.
        return file.read(max_svg_bytes() + 1)


def _path_of_job(job_id: str) -> str:
    drawings = [
        one["name"] for one in find_job(job_id).artifacts if one["media_type"] == "image/svg+xml"
    ]
    if not drawings:
        raise InvalidInput("the job stored no drawing", code="no-drawing", field="source")
    return f"output/{drawings[0]}"
