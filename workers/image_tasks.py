"""Tasks that store and draw photos."""

from __future__ import annotations

from libraries.errors import InvalidInput
from libraries.imaging import MAX_IMAGE_BYTES, Picture
from libraries.job_manager import attach, find_job, own_folder, report_progress
from libraries.json_types import JsonObject
from libraries.outbound import fetch
from libraries.settings import UploadSettings
from libraries.sheets.artboard import Artboard
from libraries.sheets.photos import draw_photo
from libraries.sheets.planned import reported
from libraries.storage import Artifact, check_name, open_input, output_folder
from libraries.uploads.photos import store_photo
from libraries.uploads.staging import open_staged

# Enough for an outage of a store or a server.
TRIES = 3


def keep_photo(parcel: str, name: str = "photo") -> JsonObject:
    """Store an uploaded photo, upright and without metadata, with versions of 800 and 200 pixels.

    The result has `path`, `width`, `height` in pixels, and the same of the `versions`. `parcel` is
    the id of the staged upload, `name` has no file extension.
    """
    report_progress(0, 3, "opening")
    return _store(b"".join(open_staged(parcel)), name)


def fetch_photo(url: str, name: str = "photo") -> JsonObject:
    """Store the photo at a public `http` or `https` URL, as `keep_photo` does."""
    report_progress(0, 3, "fetching")
    return _store(_fetch(url), name)


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
    """Draw a photo with a pattern.

    The result has `path`, `pattern`, `width`, `height`, `plot` and `certificate`.

    Args:
        photo: the id of the job that stored it, its path, or its URL.
        pattern: name of a pattern that draws pictures.
        width: width of the page in mm.
        height: height of the page in mm.
        output_filename: name of the file in the output folder.
        params: parameters of the pattern except `image`.
        seed: 0 to 2**32 - 1, by default 0.
        margin: in mm; by default a tenth of the shorter side, at most 10.
        pen_width: in mm, by default 0.3.
        encoding: `plain` (default) or `compact`.
        turn: swap width and height if the photo has the other orientation.
        artboard: further fields of an artboard, as for `POST /photos/plot`.
    """
    page = Artboard.of_arguments(locals())
    check_name(output_filename, field="output_filename")
    report_progress(0, 100, "opening the photo")
    data = _read_photo(photo)
    report_progress(5, 100, f"drawing {pattern}")
    drawing, page = draw_photo(
        data,
        page,
        turn=turn,
        progress=lambda part: report_progress(5 + int(75 * part), 100, f"drawing {pattern}"),
    )
    made = page.planned(drawing.document(), watch=reported(80, 100))
    report_progress(95, 100, "storing")
    facts = made.facts()
    path = attach(output_folder().publish(output_filename, made.blocks()), **facts)
    report_progress(100, 100, "stored")
    size = {"width": page.width, "height": page.height}
    return {"path": path, "pattern": pattern, **size, **facts}


def _store(data: bytes, name: str) -> JsonObject:
    report_progress(1, 3, "storing")
    stored = store_photo(data, own_folder("photos"), check_name(name, field="name"))
    report_progress(3, 3, "stored")
    photo, *versions = [_attach(*one) for one in stored]
    return {**photo, "versions": versions}


def _attach(artifact: Artifact, picture: Picture) -> JsonObject:
    size = {"width": picture.width, "height": picture.height}
    delivery = {"delivery_url": artifact.delivery_url} if artifact.delivery_url else {}
    return {"path": attach(artifact, **size), **size, **delivery}


def _fetch(url: str) -> bytes:
    settings = UploadSettings.current()
    return fetch(url, most=settings.upload_limit, private=settings.fetch_private)


def _read_photo(photo: str) -> bytes:
    """Return the photo at a URL, at a path, or of a job."""
    if "://" in photo:
        return _fetch(photo)
    with open_input(photo if "/" in photo or "." in photo else _path_of_job(photo)) as file:
        # One byte over the limit, to detect larger photos.
        return file.read(MAX_IMAGE_BYTES + 1)


def _path_of_job(job_id: str) -> str:
    images = [
        one["name"] for one in find_job(job_id).artifacts if one["media_type"].startswith("image/")
    ]
    if not images:
        raise InvalidInput("the job stored no photo", code="no-photo", field="photo")
    return f"output/{images[0]}"
