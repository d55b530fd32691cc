"""Request and reply schemas of photos."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.validators import library_check
from libraries.outbound import check_url
from libraries.settings import UploadSettings
from libraries.sheets.photos import MAX_URL_CHARS, PhotoPlot


def check_source(url: str) -> None:
    """Raise InvalidInput if `url` is not allowed; the host is not resolved."""
    check_url(url, private=UploadSettings.current().fetch_private)


class PhotoUrlSchema(Schema):
    """The URL of a photo."""

    url = fields.String(
        required=True,
        validate=[Length(1, MAX_URL_CHARS), library_check(check_source)],
        metadata={
            "description": "`http` or `https` URL on port 80, 443 or above 1023. All addresses "
            "of the host must be public.",
            "format": "uri",
            "example": "https://example.com/cat.jpg",
        },
    )


class PlotPhoto(PhotoPlot):
    """A photo with the page and the pattern to draw it."""
