"""What `POST /postcards` takes."""

from __future__ import annotations

from libraries.sheets.postcards import PostcardSchema


class CreatePostcardSchema(PostcardSchema):
    """A postcard as a client asks for it: nothing beyond what a postcard is."""
