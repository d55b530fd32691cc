"""What the upload route gives."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import AcceptedSchema


class UploadSchema(AcceptedSchema):
    """The reply to a file that is on its way to where it is stored."""

    file = fields.String(
        required=True,
        metadata={
            "description": "Its path as soon as the job has finished; other requests take it as `file_path`.",
            "example": "uploads/3f/9a2c5d/towns.csv",
        },
    )
    media_type = fields.String(
        required=True,
        metadata={"description": "What it is, told by its content.", "example": "text/csv"},
    )
    size = fields.Integer(required=True, metadata={"description": "Its bytes."})
    sha256 = fields.String(required=True, metadata={"description": "Their SHA-256 in hex."})
