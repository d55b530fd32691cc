"""What the routes of photos take and give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from components.http.replies import AcceptedSchema
from components.http.validators import library_check
from libraries.outbound import check_url
from libraries.settings import UploadSettings
from libraries.sheets.artboard import ArtboardSchema
from libraries.sheets.photos import PHOTO_PATTERNS

LONGEST_URL = 2048


def check_source(url: str) -> None:
    """Raise an error of the library if no photo is fetched from `url`, as far as that is known without looking its host up."""
    check_url(url, private=UploadSettings.current().fetch_private)


class PhotoUrlSchema(Schema):
    """Where a photo is."""

    url = fields.String(
        required=True,
        validate=[Length(1, LONGEST_URL), library_check(check_source)],
        metadata={
            "description": "Where it is: `http` or `https`, port 80, 443 or above 1023, a host with public addresses alone.",
            "format": "uri",
            "example": "https://example.com/cat.jpg",
        },
    )


class PlotPhotoSchema(ArtboardSchema):
    """A photo, and the page and the pattern that it becomes a drawing by."""

    photo = fields.String(
        required=True,
        validate=Length(1, LONGEST_URL),
        metadata={
            "description": "The id of the job that stores it, its path below `uploads/` or `output/`, or its URL.",
            "example": "https://example.com/cat.jpg",
        },
    )
    pattern = fields.String(
        load_default="stipple",
        validate=OneOf(PHOTO_PATTERNS),
        metadata={"description": "Name of a pattern that draws from pictures."},
    )
    turn = fields.Boolean(
        load_default=True,
        metadata={"description": "Swap the sides of the page where the photo lies the other way."},
    )

    @validates_schema(skip_on_field_errors=False)
    def check_image(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a second picture."""
        if "image" in (data.get("params") or {}):
            raise ValidationError(
                {"params": {"image": ["Must not be given: the photo is the image."]}}
            )


class QueuedPlotSchema(AcceptedSchema):
    """The reply to a drawing of a photo that was queued."""

    file = fields.String(
        required=True,
        metadata={
            "description": "Its path as soon as the job has finished.",
            "example": "output/photos/3f/9a2c5d/photo_stipple.svg",
        },
    )
