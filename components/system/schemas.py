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


class LoadProblemSchema(ReplySchema):
    """A module that cannot be loaded and is left out."""

    module = fields.String(
        required=True,
        metadata={"description": "Its dotted name.", "example": "libraries.patterns.rays"},
    )
    file = fields.String(required=True, metadata={"description": "The file with the mistake."})
    line = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The line, where it is known."}
    )
    mistake = fields.String(required=True, metadata={"description": "Why it cannot be loaded."})


class ReadySchema(ReplySchema):
    """Whether all parts are there."""

    status = fields.String(required=True, metadata={"description": "`ready`.", "example": "ready"})
    parts = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PartSchema),
        required=True,
        metadata={"description": "Each part by name."},
    )
    not_loaded = fields.List(
        fields.Nested(LoadProblemSchema),
        required=True,
        metadata={
            "description": "Patterns, task modules and other extensions that cannot be loaded; the service works without them."
        },
    )
