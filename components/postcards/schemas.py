"""Request schema of `POST /postcards`."""

from __future__ import annotations

from libraries.sheets.postcards import Postcard


class CreatePostcard(Postcard):
    """A request for a postcard; the members are those of the postcard."""
