"""What the text route takes and gives."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.replies import AcceptedSchema
from components.http.validators import library_check
from libraries.texts import MAX_CONTENT_CHARS, check_content

MAX_TYPE_CHARS = 100


class ContentSchema(Schema):
    """The text of a job whose type is known already."""

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


class CreateTextSchema(ContentSchema):
    """A text job."""

    type = fields.String(
        load_default="default",
        validate=Length(0, MAX_TYPE_CHARS),
        metadata={
            "description": "`translate`, `analyze`, `generate` or `default`. Any other runs `default`.",
            "example": "translate",
        },
    )


class TextAcceptedSchema(AcceptedSchema):
    """The reply to a text job that was queued."""

    type = fields.String(
        required=True, metadata={"description": "The type that will run.", "example": "translate"}
    )
