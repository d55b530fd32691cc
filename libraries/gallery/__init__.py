"""The gallery: finished drawings, found again by what is on them.

The index is derived from the files.
"""

from libraries.gallery.catalogue import Gallery, gallery
from libraries.gallery.digests import digest
from libraries.gallery.drawings import SVG_TYPE, Arrival, Drawing, drawing_id
from libraries.gallery.labels import Label, check_tag, check_title
from libraries.gallery.rebuilding import rebuild
from libraries.gallery.searching import Page, Wanted
from libraries.gallery.shelf import (
    find_drawing,
    keep_drawing,
    label_drawing,
    open_drawing,
    remove_drawing,
)

__all__ = [
    "SVG_TYPE",
    "Arrival",
    "Drawing",
    "Gallery",
    "Label",
    "Page",
    "Wanted",
    "check_tag",
    "check_title",
    "digest",
    "drawing_id",
    "find_drawing",
    "gallery",
    "keep_drawing",
    "label_drawing",
    "open_drawing",
    "rebuild",
    "remove_drawing",
]
