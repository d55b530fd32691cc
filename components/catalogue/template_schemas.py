"""Reply schemas of templates."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class ColumnSchema(ReplySchema):
    """A column of a table in a mail."""

    name = fields.String(
        required=True, metadata={"description": "Name in each row.", "example": "status"}
    )
    kind = fields.String(required=True, metadata={"description": "Type.", "example": "text"})
    required = fields.Boolean(required=True, metadata={"description": "Whether it is required."})
    help = fields.String(
        required=True, metadata={"description": "Description.", "example": "How it ended."}
    )
    longest = fields.Integer(
        metadata={"description": "Maximum number of characters.", "example": 40}
    )


class TemplateFieldSchema(ColumnSchema):
    """A field of a template: `text`, `link`, `texts` (a list), `rows` (a list of objects) or `counts` (names and numbers)."""

    name = fields.String(required=True, metadata={"description": "Name.", "example": "order"})
    most = fields.Integer(
        metadata={"description": "Maximum number of entries in a list or in counts.", "example": 50}
    )
    columns = fields.List(
        fields.Nested(ColumnSchema), metadata={"description": "Columns of each row."}
    )
    example = fields.Raw(metadata={"description": "Example value.", "example": "A-17"})


class PostcardTemplateSchema(ReplySchema):
    """A template of postcards."""

    name = fields.String(required=True, metadata={"description": "Name.", "example": "birthday"})
    summary = fields.String(required=True, metadata={"description": "Summary."})
    fields_ = fields.List(
        fields.Nested(TemplateFieldSchema),
        data_key="fields",
        required=True,
        metadata={"description": "Fields."},
    )


class MailTemplateSchema(PostcardTemplateSchema):
    """A mail template."""

    html = fields.Boolean(
        required=True,
        metadata={"description": "Whether it has an HTML version in addition to the text."},
    )
    picture = fields.Boolean(
        required=True, metadata={"description": "Whether the mail contains the drawing."}
    )
    example = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "Example `context`."}
    )


class TemplateListSchema(ReplySchema):
    """All templates."""

    mail = fields.List(
        fields.Nested(MailTemplateSchema),
        required=True,
        metadata={"description": "Mail templates."},
    )
    postcards = fields.List(
        fields.Nested(PostcardTemplateSchema),
        required=True,
        metadata={"description": "Postcard templates."},
    )
