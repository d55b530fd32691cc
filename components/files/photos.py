"""POST /photos and POST /photos/plot."""

from __future__ import annotations

from components.files.photo_schemas import PhotoUrlSchema, PlotPhoto
from components.files.photo_sources import jobs_before
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.forms import Form
from components.http.multipart import UploadedFile
from components.http.replies import AcceptedFileSchema
from components.http.submissions import JobPlan
from libraries.imaging import check_header
from libraries.json_types import JsonObject
from libraries.uploads import PHOTOS, stem_of

blueprint = api_blueprint("photos", __name__, "/photos", "Store photos and draw them.")
KEEP = "workers.image_tasks.keep_photo"
TIMEOUT = "5m"


@blueprint.submits(
    "",
    access=Access.KEY,
    name="photo",
    body=PhotoUrlSchema,
    form=Form(PHOTOS, instead_of="url"),
    task="workers.image_tasks.fetch_photo",
    other_tasks=(KEEP,),
    timeout=TIMEOUT,
    message="Photo queued for fetching",
    example={"url": "https://example.com/cat.jpg"},
    description="A form with the photo in the field `file`, or the URL of the photo: PNG, JPEG, WebP or GIF.",
)
def store_photo(source: JsonObject) -> JobPlan:
    """Store a photo.

    Send the photo in the field `file` of a form, or `{"url": "https://..."}` as JSON to have it fetched; `url` may also be a
    field of a form. The limits are 25 megapixels and, by default, 10 MB. A job stores the photo; the reply does not wait for it.
    A browser that sends a form is redirected to the page of the job.

    The stored photo is upright, in sRGB, a single frame, and without metadata such as the location: a PNG if it is transparent
    or was sent losslessly, otherwise a JPEG. Versions of 800 and 200 pixels are stored too. The job's result has their paths and
    sizes; its `artifacts` have their URLs.
    """
    file: UploadedFile | None = source.get("file")
    if file is not None:
        check_header(file.head)
        return JobPlan(
            task=KEEP,
            args=(file.staged.id, stem_of(file.name, otherwise="photo")),
            message="Photo queued for storing",
            on_queued=file.bind_to,
        )
    path = source["url"].partition("://")[2].partition("/")[2].partition("?")[0]
    return JobPlan(kwargs={"url": source["url"], "name": stem_of(path, otherwise="photo")})


@blueprint.submits(
    "/plot",
    access=Access.KEY,
    name="photo_plot",
    body=PlotPhoto.schema(),
    reply=AcceptedFileSchema,
    task="workers.image_tasks.plot_photo",
    timeout=TIMEOUT,
    message="Photo queued for drawing",
    draws=True,
    example={
        "photo": "https://example.com/cat.jpg",
        "paper": "a4",
        "pattern": "stipple",
        "params": {"points": 8000},
    },
)
def plot_photo(plot: PlotPhoto) -> JobPlan:
    """Draw a photo.

    `photo` is the id of the job that stores it (which may still be running), the path of a stored file, or a URL. `pattern` must
    be one that draws from images; `GET /patterns` describes its `params`. All other members except `turn` are as for
    `POST /artboard/create`.

    The job's result is the SVG with its plotting statistics.
    """
    name = f"photos/photo_{plot.pattern}.svg"
    return JobPlan(
        kwargs={**plot.arguments(), "output_filename": name},
        after=jobs_before(plot.photo),
        file=name,
    )
