"""Request and reply schemas of patterns."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Range

from components.http.replies import ReplySchema
from libraries.sheets.page import MAX_SEED


class PresetSchema(ReplySchema):
    """Parameters of a pattern to start from."""

    name = fields.String(required=True, metadata={"description": "Name.", "example": "shell"})
    title = fields.String(
        required=True, metadata={"description": "What one sees.", "example": "Snail shell"}
    )
    params = fields.Dict(
        required=True, metadata={"description": "Parameters that differ from the defaults."}
    )


class PatternSchema(ReplySchema):
    """A pattern."""

    name = fields.String(required=True, metadata={"description": "Name.", "example": "spiral"})
    summary = fields.String(required=True, metadata={"description": "Summary in one sentence."})
    description = fields.String(required=True, metadata={"description": "Full description."})
    params = fields.Dict(required=True, metadata={"description": "JSON Schema of `params`."})
    example = fields.Dict(
        required=True, metadata={"description": "Example body for `POST /artboard/create`."}
    )
    presets = fields.List(
        fields.Nested(PresetSchema),
        required=True,
        metadata={"description": "Presets of `params`; may be empty."},
    )
    links = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "Links."}
    )


class PatternListSchema(ReplySchema):
    """All patterns."""

    patterns = fields.List(
        fields.Nested(PatternSchema), required=True, metadata={"description": "Patterns by name."}
    )


class PreviewQuerySchema(Schema):
    """Options of a preview."""

    seed = fields.Integer(
        load_default=0, validate=Range(0, MAX_SEED), metadata={"description": "Random seed."}
    )
    width = fields.Integer(
        load_default=420,
        validate=Range(64, 1200),
        metadata={"description": "Width of the PNG in pixels."},
    )
