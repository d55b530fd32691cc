"""What the list of papers gives."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class PaperSchema(ReplySchema):
    """A paper, as it stands upright."""

    name = fields.String(
        required=True, metadata={"description": "What to send as `paper`.", "example": "a4"}
    )
    title = fields.String(
        required=True, metadata={"description": "What it is called.", "example": "A4"}
    )
    family = fields.String(
        required=True, metadata={"description": "The family of sizes.", "example": "ISO A"}
    )
    width = fields.Float(
        required=True,
        metadata={"description": "Its shorter side, in mm.", "x-unit": "mm", "example": 210},
    )
    height = fields.Float(
        required=True,
        metadata={"description": "Its longer side, in mm.", "x-unit": "mm", "example": 297},
    )


class PaperListSchema(ReplySchema):
    """All papers."""

    papers = fields.List(
        fields.Nested(PaperSchema),
        required=True,
        metadata={"description": "In alphabetical order of names."},
    )
    orientations = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What to send as `orientation`; the first is the default."},
    )
