"""POST /photos and POST /photos/plot."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from components.files.photo_schemas import PhotoUrlSchema, PlotPhoto, QueuedPlotSchema
from components.files.photo_sources import jobs_before
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.idempotency import request_random
from components.http.multipart import UploadedFile, form_body, is_form, received_file
from components.http.replies import AcceptedSchema, accepted
from components.http.strict_json import StrictParser
from components.http.webhook_fields import validate_webhook
from libraries.imaging import check_promise
from libraries.job_manager import JobOptions, enqueue_background_job, submit
from libraries.uploads import PHOTOS, stem_of

blueprint = api_blueprint(
    "photos", __name__, "/photos", "Store photos without their notes, and draw them."
)
KEEP, FETCH, PLOT = (
    f"workers.image_tasks.{name}" for name in ("keep_photo", "fetch_photo", "plot_photo")
)
TIMEOUT = "5m"
BODY = "A form with the photo in its field `file`, or where the photo is: PNG, JPEG, WebP or GIF."
EXAMPLE = {
    "photo": "https://example.com/cat.jpg",
    "paper": "a4",
    "pattern": "stipple",
    "params": {"points": 8000},
}
Source = UploadedFile | str


def takes_photo(view: Callable[[Source], Response]) -> Callable[[], Response]:
    """Hand a view the photo that the request brings, or the URL that it names."""

    @wraps(view)
    def answer() -> Response:
        if is_form():
            with received_file(PHOTOS) as received:
                return view(received)
        asked: dict[str, Any] = StrictParser().parse(PhotoUrlSchema(), request, location="json")
        return view(asked["url"])

    return answer


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.doc(requestBody=form_body(("application/json", PhotoUrlSchema), description=BODY))
@blueprint.response(202, AcceptedSchema)
@blueprint.problems(400, 413, 415)
@takes_photo
@blueprint.queues()
def store_photo(source: Source) -> Response:
    """Store a photo.

    Send it in the field `file` of a form, or send `{"url": "https://..."}` as JSON and it is fetched. It may have 10 MB, unless
    the service is set otherwise, and 25 megapixels. The reply does not wait until it is stored; the job does that.

    What is stored is upright, in sRGB, a single frame, and without notes such as the place where it was taken: a JPEG, or a PNG
    if it is transparent or came without loss. Beside it there are versions of 800 and 200 pixels. The job's result tells their
    paths and sizes, its `artifacts` where to get them.
    """
    if isinstance(source, str):
        name = stem_of(
            source.partition("://")[2].partition("/")[2].partition("?")[0], otherwise="photo"
        )
        return accepted(
            enqueue_background_job(FETCH, source, name, job_timeout=TIMEOUT),
            "Photo queued for fetching",
        )
    check_promise(source.head)
    name = stem_of(source.name, otherwise="photo")
    job = enqueue_background_job(KEEP, source.parcel.id, name, job_timeout=TIMEOUT)
    source.hand_to(job.id)
    return accepted(job, "Photo queued for storing")


@blueprint.route("/plot", access=Access.KEY, methods=["POST"])
@blueprint.arguments(PlotPhoto.schema(), example=EXAMPLE)
@blueprint.response(202, QueuedPlotSchema)
@blueprint.queues()
def plot_photo(plot: PlotPhoto) -> Response:
    """Draw a photo.

    The `photo` is named by the id of the job that stores it, which may still be under way, by the path of a file that was sent or
    made here, or by a URL to fetch it from. `pattern` is one that draws from pictures; `GET /patterns` tells what its `params`
    may be. All but `photo` and `turn` is as for `POST /artboard/create`.

    The job's result is the SVG, with what it costs on a plotter.
    """
    before, webhook = jobs_before(plot.photo), validate_webhook(plot.webhook)
    token = f"{request_random().getrandbits(128):032x}"
    name = f"photos/{token[:2]}/{token[2:]}/photo_{plot.pattern}.svg"
    options = JobOptions(job_timeout=TIMEOUT, depends_on=before, webhook=webhook)
    job = submit(
        PLOT,
        kwargs={**plot.arguments(), "output_filename": name},
        options=options,
    )
    return accepted(job, "Photo queued for drawing", file=f"output/{name}")
