"""What the catalogue of patterns gives."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Range

from components.http.replies import ReplySchema
from libraries.sheets.page import MAX_SEED


class PatternSchema(ReplySchema):
    """A pattern."""

    name = fields.String(
        required=True, metadata={"description": "What to send as `pattern`.", "example": "spiral"}
    )
    summary = fields.String(
        required=True, metadata={"description": "What it draws, in a sentence."}
    )
    description = fields.String(
        required=True, metadata={"description": "What it draws, at length."}
    )
    params = fields.Dict(
        required=True, metadata={"description": "JSON Schema of what to send as `params`."}
    )
    example = fields.Dict(
        required=True, metadata={"description": "A body for `POST /artboard/create`."}
    )
    links = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Its own address."}
    )


class PatternListSchema(ReplySchema):
    """All patterns."""

    patterns = fields.List(
        fields.Nested(PatternSchema),
        required=True,
        metadata={"description": "In alphabetical order."},
    )


class PreviewQuerySchema(Schema):
    """What a preview may be told."""

    seed = fields.Integer(
        load_default=0,
        validate=Range(0, MAX_SEED),
        metadata={"description": "Which of the variations of the pattern."},
    )
    width = fields.Integer(
        load_default=420,
        validate=Range(64, 1200),
        metadata={"description": "Width of a PNG in pixels."},
    )
