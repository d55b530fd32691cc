"""What the gallery takes and gives."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from components.http.replies import ReplySchema
from components.http.validators import library_check
from libraries.gallery import check_tag, check_title
from libraries.gallery.labels import MAX_TAGS, MAX_TITLE_CHARS
from libraries.sheets.papers import PAPERS
from libraries.svg_syntax.attributes import check_colour as check_attribute

MAX_SEED = 2**32 - 1
MAX_SIDE_MM = 10_000
MAX_PAGE_ITEMS = 100
COLOR_HELP = "A colour on it, such as `#d33` or `tomato`."


def check_color(color: str) -> None:
    """Raise an error of the drawing library if `color` is no colour."""
    check_attribute(color, "color")


def side(what: str) -> fields.Float:
    """Return the field of a bound on a side."""
    return fields.Float(
        load_default=None,
        validate=Range(0, MAX_SIDE_MM),
        metadata={"description": f"{what}, in mm."},
    )


class GalleryQuerySchema(Schema):
    """Which drawings are wanted. All that is said must be true of them."""

    q = fields.String(
        load_default=None,
        validate=Length(max=200),
        metadata={
            "description": "Words of the title, the lettering, the pattern and the tags.",
            "example": "lighthouse",
        },
    )
    pattern = fields.String(
        load_default=None,
        validate=Length(max=64),
        metadata={
            "description": "The pattern, or the template of a postcard.",
            "example": "flow_field",
        },
    )
    tag = fields.List(
        fields.String(validate=library_check(check_tag)),
        load_default=list,
        validate=Length(max=MAX_TAGS),
        metadata={"description": "A tag; given several times, all of them.", "example": ["wall"]},
    )
    color = fields.String(
        load_default=None,
        validate=library_check(check_color),
        metadata={"description": COLOR_HELP, "example": "#d33"},
    )
    paper = fields.String(
        load_default=None,
        validate=OneOf(list(PAPERS)),
        metadata={
            "description": "Its paper, lying or standing; see `GET /papers`.",
            "example": "a4",
        },
    )
    min_width = side("Smallest width")
    max_width = side("Largest width")
    min_height = side("Smallest height")
    max_height = side("Largest height")
    seed = fields.Integer(
        load_default=None,
        validate=Range(0, MAX_SEED),
        metadata={"description": "Its seed.", "example": 7},
    )
    since = fields.AwareDateTime(
        load_default=None,
        format="iso",
        default_timezone=UTC,
        metadata={"description": "Made at this time or later."},
    )
    until = fields.AwareDateTime(
        load_default=None,
        format="iso",
        default_timezone=UTC,
        metadata={"description": "Made before this time."},
    )
    kept = fields.Boolean(
        load_default=None,
        metadata={"description": "`1` for those that are kept, `0` for the others."},
    )
    limit = fields.Integer(
        load_default=30,
        validate=Range(1, MAX_PAGE_ITEMS),
        metadata={"description": "How many drawings a page has at most."},
    )
    cursor = fields.String(
        load_default=None,
        validate=Length(max=400),
        metadata={"description": "`next_cursor` of the page before."},
    )


class LabelSchema(Schema):
    """A title and tags."""

    title = fields.String(
        validate=[Length(max=2 * MAX_TITLE_CHARS), library_check(check_title)],
        metadata={
            "description": f"At most {MAX_TITLE_CHARS} characters; empty for the drawing's own.",
            "example": "Storm over Skye",
        },
    )
    tags = fields.List(
        fields.String(validate=library_check(check_tag)),
        validate=Length(max=MAX_TAGS),
        metadata={
            "description": "All its tags, each 1 to 32 of a-z, 0-9 and '-'.",
            "example": ["blue-ink", "wall"],
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def check_something(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a request that asks for nothing."""
        if not data:
            raise ValidationError("Send a title, tags or both.", "title")


class DrawingLinksSchema(ReplySchema):
    """Where the drawing is."""

    self_ = fields.String(data_key="self", metadata={"description": "What is known of it."})
    drawing = fields.String(metadata={"description": "Its file."})
    job = fields.String(metadata={"description": "The job that drew it, while that is known."})


class DrawingSchema(ReplySchema):
    """A drawing."""

    id = fields.String(
        required=True, metadata={"description": "Its id.", "example": "7786cb96d7a847ae493e595b"}
    )
    title = fields.String(
        required=True,
        metadata={"description": "Its title: yours, or its own.", "example": "Storm over Skye"},
    )
    text = fields.String(required=True, metadata={"description": "The words on it."})
    patterns = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What is drawn.", "example": ["flow_field"]},
    )
    colors = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The colours of its pens.", "example": ["#000000"]},
    )
    tags = fields.List(
        fields.String(), required=True, metadata={"description": "Its tags.", "example": ["wall"]}
    )
    width = fields.Float(
        required=True, metadata={"description": "Width in mm, 0 if it is not known."}
    )
    height = fields.Float(
        required=True, metadata={"description": "Height in mm, 0 if it is not known."}
    )
    paper = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The paper of that size.", "example": "a4"},
    )
    seed = fields.Integer(required=True, allow_none=True, metadata={"description": "Its seed."})
    size = fields.Integer(required=True, metadata={"description": "Size of the file in bytes."})
    kept = fields.Boolean(
        required=True, metadata={"description": "Whether it stays when its job expires."}
    )
    made_at = fields.String(
        required=True, metadata={"description": "When it was finished, in UTC."}
    )
    job_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The job that drew it."}
    )
    links = fields.Nested(
        DrawingLinksSchema, required=True, metadata={"description": "Where to find it."}
    )


class GalleryPageSchema(ReplySchema):
    """Some drawings."""

    items = fields.List(
        fields.Nested(DrawingSchema), required=True, metadata={"description": "The newest first."}
    )
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Gives the next page; null at the end."},
    )


class MarkSchema(ReplySchema):
    """A pattern, a tag or a colour."""

    value = fields.String(
        required=True, metadata={"description": "What it is.", "example": "flow_field"}
    )
    drawings = fields.Integer(required=True, metadata={"description": "How many drawings have it."})


class MarksSchema(ReplySchema):
    """What drawings can be found by."""

    patterns = fields.List(
        fields.Nested(MarkSchema), required=True, metadata={"description": "Patterns."}
    )
    tags = fields.List(fields.Nested(MarkSchema), required=True, metadata={"description": "Tags."})
    colors = fields.List(
        fields.Nested(MarkSchema), required=True, metadata={"description": "Colours."}
    )
