"""Request and reply schemas of texts."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.replies import AcceptedSchema
from components.http.validators import library_check
from libraries.texts import MAX_CONTENT_CHARS, check_content


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


class CreateTextSchema(ContentSchema):
    """A text with the type of its job."""

    type = fields.String(
        load_default="default",
        validate=Length(0, 100),
        metadata={
            "description": "`translate`, `analyze`, `generate` or `default`; unknown types use `default`.",
            "example": "translate",
        },
    )


class TextAcceptedSchema(AcceptedSchema):
    """Reply to a text job that was queued."""

    type = fields.String(
        required=True, metadata={"description": "Type of the job.", "example": "translate"}
    )
