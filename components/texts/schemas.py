"""Request and reply schemas of texts."""

from __future__ import annotations

from functools import partial
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length

from components.http.replies import AcceptedSchema
from components.http.validators import library_check
from libraries.json_types import JsonObject, keywords_of
from libraries.texts import MAX_CONTENT_CHARS, check_content, max_chars


class ContentSchema(Schema):
    """The text of a job."""

    content = fields.String(
        required=True,
        validate=library_check(check_content),
        metadata={
            "description": "The text.",
            "minLength": 1,
            "maxLength": MAX_CONTENT_CHARS,
            "example": "hello",
        },
    )


class ImageContentSchema(Schema):
    """The image of a job."""

    content = fields.String(
        required=True,
        validate=library_check(partial(check_content, kind="image")),
        metadata={
            "description": "A PNG, JPEG, WebP, GIF or BMP file as base64 or as a data URL.",
            "minLength": 1,
            "maxLength": max_chars("image"),
            "example": "R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=",
        },
    )


def content_schema(kind: str) -> type[Schema]:
    """Return the schema of the content of a type."""
    return ImageContentSchema if kind == "image" else ContentSchema


class CreateTextSchema(Schema):
    """A text with the type of its job."""

    content = fields.String(
        required=True,
        metadata={
            "description": f"The text, at most {MAX_CONTENT_CHARS:,} characters; for `image` a PNG, JPEG, WebP, GIF or BMP file "
            "as base64 or as a data URL.",
            "minLength": 1,
            "maxLength": max_chars("image"),
            "example": "hello",
            **keywords_of(check_content),
        },
    )
    type = fields.String(
        load_default="default",
        validate=Length(0, 100),
        metadata={
            "description": "`translate`, `analyze`, `generate`, `image` or `default`; unknown types use `default`.",
            "example": "translate",
        },
    )

    @validates_schema(skip_on_field_errors=False)
    def check(self, data: JsonObject, **_: Any) -> None:
        if "content" in data:
            field = content_schema(data.get("type", ""))().fields["content"]
            try:
                field.deserialize(data["content"])
            except ValidationError as error:
                raise ValidationError(error.messages, "content") from None


class TextAcceptedSchema(AcceptedSchema):
    """Reply to a text job that was queued."""

    type = fields.String(
        metadata={
            "description": "Type of the job; not for an `existing` job.",
            "example": "translate",
        }
    )
