"""Gallery of finished drawings, with a search index that is derived from the stored files."""

from libraries.gallery.digests import digest
from libraries.gallery.drawings import SVG_TYPE, Drawing, NewDrawing, drawing_id
from libraries.gallery.installation import gallery
from libraries.gallery.labels import Label, check_tag, check_title
from libraries.gallery.rebuild import rebuild
from libraries.gallery.search import GalleryQuery, Page
from libraries.gallery.service import (
    find_drawing,
    label_drawing,
    open_drawing,
    pin_drawing,
    remove_drawing,
)

__all__ = [
    "SVG_TYPE",
    "Drawing",
    "GalleryQuery",
    "Label",
    "NewDrawing",
    "Page",
    "check_tag",
    "check_title",
    "digest",
    "drawing_id",
    "find_drawing",
    "gallery",
    "label_drawing",
    "open_drawing",
    "pin_drawing",
    "rebuild",
    "remove_drawing",
]
