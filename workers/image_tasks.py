"""Tasks that store photos, and draw them."""

from __future__ import annotations

from libraries.errors import InvalidInput
from libraries.imaging import MAX_IMAGE_BYTES, Picture
from libraries.job_manager import attach, find_job, own_folder, report_progress
from libraries.json_types import JsonObject
from libraries.outbound import fetch
from libraries.settings import UploadSettings
from libraries.sheets.artboard import Artboard
from libraries.sheets.photos import draw_photo
from libraries.sheets.plot_stats import plot_stats
from libraries.storage import Artifact, check_name, open_input, output_folder
from libraries.uploads import store_photo
from libraries.uploads.staging import open_staged

# Unreachable stores and servers come back.
TRIES = 3


def keep_photo(parcel: str, name: str = "photo") -> JsonObject:
    """Store a sent photo, upright and without metadata, with versions of 800 and 200 pixels.

    The result has the `path` of the photo, its `width` and `height` in pixels, and the same of its
    smaller `versions`.

    Args:
        parcel: the id under which the broker keeps the file.
        name: name of the photo without an end.

    Raises:
        NotFound: the file has expired.
        InvalidInput: it is no photo that can be read; nothing was stored.
        Unavailable: there is no room.
    """
    report_progress(0, 3, "opening")
    return _kept(b"".join(open_staged(parcel)), name)


def fetch_photo(url: str, name: str = "photo") -> JsonObject:
    """Fetch a photo from a URL, and store it as `keep_photo` does.

    Args:
        url: an address of `http` or `https` whose host is public.
        name: name of the photo without an end.

    Raises:
        InvalidInput: the address is refused, has no such file, or a file that is no photo; nothing
            was stored.
        Unavailable: the file could not be fetched for now.
        Unavailable: there is no room.
    """
    report_progress(0, 3, "fetching")
    return _kept(_fetched(url), name)


def plot_photo(
    photo: str,
    pattern: str,
    width: float,
    height: float,
    output_filename: str,
    *,
    params: JsonObject | None = None,
    seed: int | None = None,
    margin: float | None = None,
    pen_width: float | None = None,
    encoding: str | None = None,
    turn: bool = True,
    artboard: JsonObject | None = None,
) -> JsonObject:
    """Draw a photo by a pattern; return the `path` of the SVG file, its page and its statistics.

    Args:
        photo: the id of the job that stored it, its path, or its URL.
        pattern: name of a pattern that draws from pictures.
        width: width of the page in mm.
        height: height of the page in mm.
        output_filename: name of the file below the output folder.
        params: parameters of the pattern, all but `image`.
        seed: 0 to 2**32 - 1, by default 0.
        margin: empty border in mm; by default a tenth of the shorter side, at most 10.
        pen_width: width of the pen's line in mm, by default 0.3.
        encoding: how the file is written, `plain` or `compact`; by default `plain`.
        turn: swap the sides of the page if the photo has the other orientation.
        artboard: further fields of an artboard, as for `POST /photos/plot`.

    Raises:
        InvalidInput: an argument is bad, or the photo cannot be read or drawn; nothing was written.
        Unavailable: the photo could not be fetched for now.
        Unavailable: there is no room for the file.
    """
    page = Artboard.of_arguments(locals())
    check_name(output_filename, field="output_filename")
    report_progress(0, 100, "opening the photo")
    data = _opened(photo)
    report_progress(5, 100, f"drawing {pattern}")
    drawing, page = draw_photo(
        data,
        page,
        turn=turn,
        progress=lambda part: report_progress(5 + int(90 * part), 100, f"drawing {pattern}"),
    )
    report_progress(95, 100, "storing")
    stats = plot_stats(drawing, page.width, page.height)
    path = attach(output_folder().publish(output_filename, page.blocks(drawing)), plot=stats)
    report_progress(100, 100, "stored")
    size = {"width": page.width, "height": page.height}
    return {"path": path, "pattern": pattern, **size, "plot": stats}


def _kept(data: bytes, name: str) -> JsonObject:
    report_progress(1, 3, "storing")
    stored = store_photo(data, own_folder("photos"), check_name(name, field="name"))
    report_progress(3, 3, "stored")
    photo, *versions = [_shown(*one) for one in stored]
    return {**photo, "versions": versions}


def _shown(artifact: Artifact, picture: Picture) -> JsonObject:
    size = {"width": picture.width, "height": picture.height}
    return {"path": attach(artifact, **size), **size}


def _fetched(url: str) -> bytes:
    settings = UploadSettings.current()
    return fetch(url, most=settings.upload_limit, private=settings.fetch_private)


def _opened(photo: str) -> bytes:
    """Return the photo at a URL, at a path, or of a job."""
    if "://" in photo:
        return _fetched(photo)
    with open_input(photo if "/" in photo or "." in photo else _made_by(photo)) as file:
        # One byte more than the limit, so that too large a photo is noticed.
        return file.read(MAX_IMAGE_BYTES + 1)


def _made_by(job_id: str) -> str:
    made = [
        one["name"] for one in find_job(job_id).artifacts if one["media_type"].startswith("image/")
    ]
    if not made:
        raise InvalidInput("that job stored no photo", code="no-photo", field="photo")
    return f"output/{made[0]}"
