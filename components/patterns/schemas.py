"""What the catalogue of patterns gives."""

from __future__ import annotations

from marshmallow import fields

from components.http import ReplySchema


class PatternSchema(ReplySchema):
    """A pattern."""

    name = fields.String(required=True, metadata={"description": "What to send as `pattern`.", "example": "spiral"})
    summary = fields.String(required=True, metadata={"description": "What it draws, in a sentence."})
    description = fields.String(required=True, metadata={"description": "What it draws, at length."})
    params = fields.Dict(required=True, metadata={"description": "JSON Schema of what to send as `params`."})
    example = fields.Dict(required=True, metadata={"description": "A body for `POST /artboard/create`."})
    links = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "Its own address."})


class PatternListSchema(ReplySchema):
    """All patterns."""

    patterns = fields.List(fields.Nested(PatternSchema), required=True, metadata={"description": "In alphabetical order."})
