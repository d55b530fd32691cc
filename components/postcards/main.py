"""POST /postcards."""

from __future__ import annotations

from flask import Response

from components.http import AcceptedSchema, accepted, api_blueprint
from components.postcards.schemas import CreatePostcardSchema
from libraries.job_manager import enqueue_background_job

blueprint = api_blueprint("postcards", __name__, "/postcards", "Cards of 210 x 148 mm with a message.")

DRAW, TIMEOUT = "workers.svg_tasks.generate_postcard_svg", "2m"
EXAMPLE = {"recipient": "John Doe", "message": "Happy Birthday!", "template_name": "birthday"}


@blueprint.route("", methods=["POST"])
@blueprint.arguments(CreatePostcardSchema, example=EXAMPLE)
@blueprint.response(202, AcceptedSchema)
@blueprint.problems(503)
def create_postcard(postcard: dict[str, str]) -> Response:
    """Queue a postcard.

    A later card for the same recipient with the same template takes the place of the file.
    """
    return accepted(enqueue_background_job(DRAW, job_timeout=TIMEOUT, **postcard), "Postcard queued for generation")
