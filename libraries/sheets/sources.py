"""Stored drawings that requests name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import declare
from libraries.job_manager import JobRecord, find_job
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
    path = source if "/" in source or "." in source else path_of_job(find_job(source))
    with open_input(path) as file:
        # One byte over the limit, which the reader then reports.
        return file.read(max_svg_bytes() + 1)


def path_of_job(job: JobRecord) -> str:
    """Return the path of the drawing or the upload that a job stored; raise InvalidInput without one."""
    for one in job.artifacts:
        if one["media_type"] == "image/svg+xml":
            return f"output/{one['name']}"
    # The job of an upload returns its path.
    if isinstance(job.result, Mapping) and str(job.result.get("file", "")).startswith("uploads/"):
        return str(job.result["file"])
    raise InvalidInput("this job stored no drawing", code="no-drawing", field="source")
