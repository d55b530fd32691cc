"""Storage of photos with their thumbnails."""

from __future__ import annotations

from libraries.imaging import Picture, clean_photo
from libraries.storage import Artifact, output_folder


def store_photo(data: bytes, folder: str, stem: str) -> list[tuple[Artifact, Picture]]:
    """Clean and store the photo in `data`; return the artifacts of the photo and of its thumbnails.

    The names of thumbnails are `stem` and their longer side in pixels, in `folder` of the output
    folder. Raises InvalidInput if the photo cannot be read.
    """
    photo = clean_photo(data)
    named = [
        (stem, photo.full),
        *((f"{stem}-{max(one.width, one.height)}", one) for one in photo.thumbnails),
    ]
    # Thumbnails of small photos have the same size, and so the same name.
    files = {f"{folder}/{name}{picture.suffix}": picture for name, picture in named}
    return [
        (output_folder().publish(name, picture.data), picture) for name, picture in files.items()
    ]
