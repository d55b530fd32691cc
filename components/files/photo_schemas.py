"""Requests and replies of photos."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.replies import AcceptedSchema
from components.http.validators import library_check
from libraries.outbound import check_url
from libraries.settings import UploadSettings
from libraries.sheets.photos import MAX_URL_CHARS, PhotoPlot


def check_source(url: str) -> None:
    """Raise an error of the library if `url` is refused without looking up its host."""
    check_url(url, private=UploadSettings.current().fetch_private)


class PhotoUrlSchema(Schema):
    """Where a photo is."""

    url = fields.String(
        required=True,
        validate=[Length(1, MAX_URL_CHARS), library_check(check_source)],
        metadata={
            "description": "Where it is: `http` or `https`, port 80, 443 or above 1023, a host "
            "with public addresses alone.",
            "format": "uri",
            "example": "https://example.com/cat.jpg",
        },
    )


class PlotPhoto(PhotoPlot):
    """A photo, and the page and the pattern that it becomes a drawing by."""


class QueuedPlotSchema(AcceptedSchema):
    """The reply to a drawing of a photo that was queued."""

    file = fields.String(
        required=True,
        metadata={
            "description": "Its path as soon as the job has finished.",
            "example": "output/photos/3f/9a2c5d/photo_stipple.svg",
        },
    )
