"""What the list of templates gives."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class ColumnSchema(ReplySchema):
    """A column of a table in a mail."""

    name = fields.String(
        required=True, metadata={"description": "Its name in each row.", "example": "status"}
    )
    kind = fields.String(
        required=True, metadata={"description": "What it holds.", "example": "text"}
    )
    required = fields.Boolean(
        required=True, metadata={"description": "Whether each row must have it."}
    )
    help = fields.String(
        required=True, metadata={"description": "What it is for.", "example": "How it ended."}
    )
    longest = fields.Integer(
        metadata={"description": "The most characters of a text.", "example": 40}
    )


class TemplateFieldSchema(ColumnSchema):
    """A field of a template: `text`, `link`, `texts` (a list), `rows` (a list of objects) or `counts` (names and numbers)."""

    name = fields.String(required=True, metadata={"description": "Its name.", "example": "order"})
    required = fields.Boolean(
        required=True, metadata={"description": "Whether the template needs it."}
    )
    most = fields.Integer(
        metadata={"description": "The most entries of a list or of counts.", "example": 50}
    )
    columns = fields.List(
        fields.Nested(ColumnSchema), metadata={"description": "What each row of a table has."}
    )
    example = fields.Raw(metadata={"description": "One that can be sent.", "example": "A-17"})


class PostcardTemplateSchema(ReplySchema):
    """A template of postcards."""

    name = fields.String(
        required=True, metadata={"description": "What to send as its name.", "example": "birthday"}
    )
    summary = fields.String(
        required=True, metadata={"description": "What it looks like, or is for."}
    )
    fields_ = fields.List(
        fields.Nested(TemplateFieldSchema),
        data_key="fields",
        required=True,
        metadata={"description": "What is filled in."},
    )


class MailTemplateSchema(PostcardTemplateSchema):
    """A template of mail."""

    html = fields.Boolean(
        required=True, metadata={"description": "Whether it has an HTML form beside the text."}
    )
    picture = fields.Boolean(
        required=True, metadata={"description": "Whether it shows the drawing that it is about."}
    )
    example = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "A `context` that can be sent."},
    )


class TemplateListSchema(ReplySchema):
    """All templates."""

    mail = fields.List(
        fields.Nested(MailTemplateSchema),
        required=True,
        metadata={"description": "Templates of mail."},
    )
    postcards = fields.List(
        fields.Nested(PostcardTemplateSchema),
        required=True,
        metadata={"description": "Templates of postcards."},
    )
