"""What the routes of the service itself give."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class AliveSchema(ReplySchema):
    """A sign of life."""

    status = fields.String(required=True, metadata={"description": "`alive`.", "example": "alive"})


class VersionSchema(ReplySchema):
    """Which version this is."""

    name = fields.String(
        required=True, metadata={"description": "The name of the service.", "example": "Vector API"}
    )
    version = fields.String(
        required=True, metadata={"description": "Its version.", "example": "0.1.0"}
    )


class IndexSchema(VersionSchema):
    """Where things are."""

    links = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Addresses."},
    )


class PartSchema(ReplySchema):
    """A part that the service needs."""

    ready = fields.Boolean(required=True, metadata={"description": "Whether it is there."})
    detail = fields.String(required=True, metadata={"description": "What was found."})
    fix = fields.String(metadata={"description": "What to do, if it is missing."})


class ReadySchema(ReplySchema):
    """Whether all parts are there."""

    status = fields.String(required=True, metadata={"description": "`ready`.", "example": "ready"})
    parts = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PartSchema),
        required=True,
        metadata={"description": "Each part by name."},
    )
