"""Request of `POST /postcards`."""

from __future__ import annotations

from libraries.sheets.postcards import Postcard


class CreatePostcard(Postcard):
    """A postcard as a client asks for it: nothing beyond what a postcard is."""
