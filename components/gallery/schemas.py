"""Request and reply schemas of the gallery."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf, Range

from components.http.replies import ReplySchema
from components.http.validators import library_check
from libraries.fields import BoundedList
from libraries.gallery import check_tag, check_title
from libraries.gallery.labels import MAX_TAGS, MAX_TITLE_CHARS
from libraries.json_types import JsonObject, described, keywords_of
from libraries.sheets.page import MAX_SEED
from libraries.sheets.papers import PAPERS
from libraries.svg_syntax.attributes import check_colour

MAX_SIDE_MM = 10_000


@described(**keywords_of(check_colour))
def check_color(color: str) -> None:
    """Raise InvalidInput if `color` is not a CSS colour."""
    check_colour(color, "color")


def _side(description: str) -> fields.Float:
    return fields.Float(
        load_default=None,
        validate=Range(0, MAX_SIDE_MM),
        metadata={"description": f"{description} in mm."},
    )


class GalleryQuerySchema(Schema):
    """Filters and page of a gallery search; drawings must match all filters."""

    q = fields.String(
        load_default=None,
        validate=Length(max=200),
        metadata={
            "description": "Words in the title, lettering, pattern or tags.",
            "example": "lighthouse",
        },
    )
    pattern = fields.String(
        load_default=None,
        validate=Length(max=64),
        metadata={"description": "Pattern or postcard template.", "example": "flow_field"},
    )
    tag = BoundedList(
        fields.String(validate=library_check(check_tag)),
        load_default=list,
        validate=Length(max=MAX_TAGS),
        metadata={"description": "Tag; may be repeated.", "example": ["wall"]},
    )
    color = fields.String(
        load_default=None,
        validate=library_check(check_color),
        metadata={"description": "Pen colour, such as `#d33` or `tomato`.", "example": "#d33"},
    )
    paper = fields.String(
        load_default=None,
        validate=OneOf(list(PAPERS)),
        metadata={"description": "Paper in either orientation.", "example": "a4"},
    )
    min_width = _side("Smallest width")
    max_width = _side("Largest width")
    min_height = _side("Smallest height")
    max_height = _side("Largest height")
    seed = fields.Integer(
        load_default=None,
        validate=Range(0, MAX_SEED),
        metadata={"description": "Random seed.", "example": 7},
    )
    since = fields.AwareDateTime(
        load_default=None,
        format="iso",
        default_timezone=UTC,
        metadata={"description": "Finished at or after this time."},
    )
    until = fields.AwareDateTime(
        load_default=None,
        format="iso",
        default_timezone=UTC,
        metadata={"description": "Finished before this time."},
    )
    kept = fields.Boolean(
        load_default=None, metadata={"description": "`1` for kept drawings, `0` for others."}
    )
    limit = fields.Integer(
        load_default=30,
        validate=Range(1, 100),
        metadata={"description": "Maximum number of drawings."},
    )
    cursor = fields.String(
        load_default=None,
        validate=Length(max=400),
        metadata={"description": "`next_cursor` of the previous page."},
    )


@described(minProperties=1)
class LabelSchema(Schema):
    """A title and tags."""

    title = fields.String(
        validate=[Length(max=MAX_TITLE_CHARS), library_check(check_title)],
        metadata={
            "description": f"Up to {MAX_TITLE_CHARS} characters; empty for the default title.",
            "example": "Storm over Skye",
        },
    )
    tags = BoundedList(
        fields.String(validate=library_check(check_tag)),
        validate=Length(max=MAX_TAGS),
        metadata={
            "description": "All tags, each 1 to 32 of a-z, 0-9 and '-'.",
            "example": ["blue-ink", "wall"],
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def check_something(self, data: JsonObject, **_: Any) -> None:
        """Raise ValidationError if neither member is given."""
        if not data:
            raise ValidationError("Send a title, tags or both.", "title")


class DrawingLinksSchema(ReplySchema):
    """Links of a drawing."""

    self_ = fields.String(data_key="self", metadata={"description": "The drawing as JSON."})
    drawing = fields.String(metadata={"description": "The file."})
    thumbnail = fields.String(metadata={"description": "A small PNG."})
    job = fields.String(metadata={"description": "The job, if known."})


class DrawingSchema(ReplySchema):
    """A drawing."""

    id = fields.String(
        required=True, metadata={"description": "Id.", "example": "7786cb96d7a847ae493e595b"}
    )
    title = fields.String(
        required=True,
        metadata={"description": "Your title, or the default one.", "example": "Storm over Skye"},
    )
    text = fields.String(required=True, metadata={"description": "Lettering."})
    patterns = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Patterns.", "example": ["flow_field"]},
    )
    colors = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Pen colours.", "example": ["#000000"]},
    )
    tags = fields.List(
        fields.String(), required=True, metadata={"description": "Tags.", "example": ["wall"]}
    )
    width = fields.Float(required=True, metadata={"description": "Width in mm; 0 if unknown."})
    height = fields.Float(required=True, metadata={"description": "Height in mm; 0 if unknown."})
    paper = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Paper of this size.", "example": "a4"},
    )
    seed = fields.Integer(required=True, allow_none=True, metadata={"description": "Random seed."})
    size = fields.Integer(required=True, metadata={"description": "File size in bytes."})
    kept = fields.Boolean(
        required=True, metadata={"description": "Whether it stays when the job expires."}
    )
    made_at = fields.String(required=True, metadata={"description": "Time of completion, in UTC."})
    job_id = fields.String(
        required=True, allow_none=True, metadata={"description": "Id of the job."}
    )
    links = fields.Nested(DrawingLinksSchema, required=True, metadata={"description": "Links."})


class GalleryPageSchema(ReplySchema):
    """A page of drawings."""

    items = fields.List(
        fields.Nested(DrawingSchema),
        required=True,
        metadata={"description": "Drawings, newest first."},
    )
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Cursor of the next page; null on the last one."},
    )


class MarkSchema(ReplySchema):
    """A pattern, a tag or a colour."""

    value = fields.String(
        required=True, metadata={"description": "Value.", "example": "flow_field"}
    )
    drawings = fields.Integer(required=True, metadata={"description": "Number of drawings."})


class MarksSchema(ReplySchema):
    """Values by which drawings can be filtered."""

    patterns = fields.List(
        fields.Nested(MarkSchema), required=True, metadata={"description": "Patterns."}
    )
    tags = fields.List(fields.Nested(MarkSchema), required=True, metadata={"description": "Tags."})
    colors = fields.List(
        fields.Nested(MarkSchema), required=True, metadata={"description": "Colours."}
    )
