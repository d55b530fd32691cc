"""Response schemas of the health, version and index routes."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class AliveSchema(ReplySchema):
    """The state of the web process."""

    status = fields.String(required=True, metadata={"description": "`alive`.", "example": "alive"})


class VersionSchema(ReplySchema):
    """Name and version of the service."""

    name = fields.String(
        required=True, metadata={"description": "Name of the service.", "example": "Vector API"}
    )
    version = fields.String(
        required=True, metadata={"description": "Version of the service.", "example": "0.1.0"}
    )


class IndexSchema(VersionSchema):
    """Addresses of the service."""

    links = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Addresses by name."},
    )


class PartSchema(ReplySchema):
    """The state of a component."""

    ready = fields.Boolean(required=True, metadata={"description": "Whether it is available."})
    detail = fields.String(required=True, metadata={"description": "State of the component."})
    fix = fields.String(metadata={"description": "Remedy, if it is unavailable."})


class LoadProblemSchema(ReplySchema):
    """A module that cannot be imported and is skipped."""

    module = fields.String(
        required=True,
        metadata={"description": "Dotted name.", "example": "libraries.patterns.rays"},
    )
    file = fields.String(required=True, metadata={"description": "File with the error."})
    line = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Line of the error, if known."}
    )
    mistake = fields.String(required=True, metadata={"description": "Error message."})


class ReadySchema(ReplySchema):
    """The state of all components."""

    status = fields.String(required=True, metadata={"description": "`ready`.", "example": "ready"})
    parts = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(PartSchema),
        required=True,
        metadata={"description": "Components by name."},
    )
    not_loaded = fields.List(
        fields.Nested(LoadProblemSchema),
        required=True,
        metadata={
            "description": "Patterns, task modules and other extensions that cannot be imported; "
            "the service works without them."
        },
    )
