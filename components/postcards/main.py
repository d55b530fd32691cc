"""POST /postcards."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import AcceptedSchema, accepted
from components.http.submissions import OPERATIONS, Operation
from components.postcards.schemas import CreatePostcard
from libraries.job_manager import JobOptions, submit

blueprint = api_blueprint(
    "postcards", __name__, "/postcards", "Cards of 210 x 148 mm with a message."
)

DRAW = OPERATIONS.add(
    "postcard",
    Operation(
        task="workers.svg_tasks.generate_postcard_svg",
        schema=CreatePostcard.schema(),
        calls=lambda card: [card.values()],
        timeout="2m",
    ),
)
EXAMPLE = {"recipient": "John Doe", "message": "Happy Birthday!", "template_name": "birthday"}


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.arguments(CreatePostcard.schema(), example=EXAMPLE)
@blueprint.response(202, AcceptedSchema)
@blueprint.queues()
def create_postcard(postcard: CreatePostcard) -> Response:
    """Queue a postcard.

    A later card for the same recipient with the same template takes the place of the file.
    """
    job = submit(DRAW.task, kwargs=postcard.values(), options=JobOptions(job_timeout=DRAW.timeout))
    return accepted(job, "Postcard queued for generation")
