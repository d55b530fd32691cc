"""Reply schema of `POST /uploads`."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import AcceptedSchema


class UploadSchema(AcceptedSchema):
    """Reply to an upload that was queued; an `existing` job has no further members."""

    file = fields.String(
        metadata={
            "description": "Path of the file once the job has finished; accepted as `file_path`.",
            "example": "uploads/3f/9a2c5d/towns.csv",
        },
    )
    media_type = fields.String(
        metadata={"description": "Media type, detected from the content.", "example": "text/csv"},
    )
    size = fields.Integer(metadata={"description": "Size in bytes."})
    sha256 = fields.String(metadata={"description": "SHA-256 in hex."})
