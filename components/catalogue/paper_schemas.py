"""Reply schemas of papers."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class PaperSchema(ReplySchema):
    """A paper in portrait orientation."""

    name = fields.String(required=True, metadata={"description": "Name.", "example": "a4"})
    title = fields.String(required=True, metadata={"description": "Title.", "example": "A4"})
    family = fields.String(
        required=True, metadata={"description": "Family of paper sizes.", "example": "ISO A"}
    )
    width = fields.Float(
        required=True,
        metadata={"description": "Shorter side in mm.", "x-unit": "mm", "example": 210},
    )
    height = fields.Float(
        required=True,
        metadata={"description": "Longer side in mm.", "x-unit": "mm", "example": 297},
    )


class PaperListSchema(ReplySchema):
    """All papers."""

    papers = fields.List(
        fields.Nested(PaperSchema), required=True, metadata={"description": "Papers by name."}
    )
    orientations = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Values of `orientation`; the first is the default."},
    )
