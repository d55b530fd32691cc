"""Storing a photo: the clean one and its small versions."""

from __future__ import annotations

from libraries.imaging import Picture, clean_photo
from libraries.storage import Artifact, output_folder


def store_photo(data: bytes, folder: str, stem: str) -> list[tuple[Artifact, Picture]]:
    """Store the photo in `data` as `clean_photo` makes it, and return what was stored: the photo, then smaller ones.

    Args:
        data: a file as it was sent.
        folder: where below the output folder.
        stem: the name of the photo's file without its end; the longer side in pixels is added to
            those of smaller ones.

    Raises:
        InvalidInput: it is no photo that can be read.
        Unavailable: there is no room.
    """
    photo = clean_photo(data)
    named = [
        (stem, photo.full),
        *((f"{stem}-{max(one.width, one.height)}", one) for one in photo.thumbnails),
    ]
    # Small photos have versions of one size, and of one name.
    files = {f"{folder}/{name}{picture.suffix}": picture for name, picture in named}
    return [
        (output_folder().publish(name, picture.data), picture) for name, picture in files.items()
    ]
