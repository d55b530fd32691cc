"""POST /photos and POST /photos/plot."""

from __future__ import annotations

from components.files.photo_schemas import PhotoUrlSchema, PlotPhoto, QueuedPlotSchema
from components.files.photo_sources import jobs_before
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.idempotency import request_random
from components.http.multipart import UploadedFile
from components.http.submissions import JobPlan
from libraries.imaging import check_promise
from libraries.json_types import JsonObject
from libraries.uploads import PHOTOS, stem_of

blueprint = api_blueprint(
    "photos", __name__, "/photos", "Store photos without their notes, and draw them."
)
KEEP = "workers.image_tasks.keep_photo"
TIMEOUT = "5m"


@blueprint.submits(
    "",
    access=Access.KEY,
    name="photo",
    body=PhotoUrlSchema,
    files=PHOTOS,
    task="workers.image_tasks.fetch_photo",
    other_tasks=(KEEP,),
    timeout=TIMEOUT,
    message="Photo queued for fetching",
    example={"url": "https://example.com/cat.jpg"},
    description="A form with the photo in its field `file`, or where the photo is: PNG, JPEG, WebP or GIF.",
)
def store_photo(source: UploadedFile | JsonObject) -> JobPlan:
    """Store a photo.

    Send it in the field `file` of a form, or send `{"url": "https://..."}` as JSON and it is fetched. It may have 10 MB, unless
    the service is set otherwise, and 25 megapixels. The reply does not wait until it is stored; the job does that.

    What is stored is upright, in sRGB, a single frame, and without notes such as the place where it was taken: a JPEG, or a PNG
    if it is transparent or came without loss. Beside it there are versions of 800 and 200 pixels. The job's result tells their
    paths and sizes, its `artifacts` where to get them.
    """
    if isinstance(source, UploadedFile):
        check_promise(source.head)
        return JobPlan(
            task=KEEP,
            args=(source.staged.id, stem_of(source.name, otherwise="photo")),
            message="Photo queued for storing",
            on_queued=source.bind_to,
        )
    path = source["url"].partition("://")[2].partition("/")[2].partition("?")[0]
    return JobPlan(kwargs={"url": source["url"], "name": stem_of(path, otherwise="photo")})


@blueprint.submits(
    "/plot",
    access=Access.KEY,
    name="photo_plot",
    body=PlotPhoto.schema(),
    reply=QueuedPlotSchema,
    task="workers.image_tasks.plot_photo",
    timeout=TIMEOUT,
    message="Photo queued for drawing",
    example={
        "photo": "https://example.com/cat.jpg",
        "paper": "a4",
        "pattern": "stipple",
        "params": {"points": 8000},
    },
)
def plot_photo(plot: PlotPhoto) -> JobPlan:
    """Draw a photo.

    The `photo` is named by the id of the job that stores it, which may still be under way, by the path of a file that was sent or
    made here, or by a URL to fetch it from. `pattern` is one that draws from pictures; `GET /patterns` tells what its `params`
    may be. All but `photo` and `turn` is as for `POST /artboard/create`.

    The job's result is the SVG, with what it costs on a plotter.
    """
    before = jobs_before(plot.photo)
    token = f"{request_random().getrandbits(128):032x}"
    name = f"photos/{token[:2]}/{token[2:]}/photo_{plot.pattern}.svg"
    return JobPlan(
        kwargs={**plot.arguments(), "output_filename": name},
        after=before,
        members={"file": f"output/{name}"},
    )
