"""POST /texts."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import accepted
from components.texts.job_types import JOB_FUNCTIONS, known_type
from components.texts.schemas import CreateTextSchema, TextAcceptedSchema
from libraries.job_manager import JobOptions, submit

blueprint = api_blueprint("texts", __name__, "/texts", "Translate, analyze or answer a text.")


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.arguments(CreateTextSchema)
@blueprint.response(202, TextAcceptedSchema)
@blueprint.queues()
def create_text(text: dict[str, str]) -> Response:
    """Queue a text job.

    The id of the job begins with its type. The result says in `engine` who answered.
    """
    kind = known_type(text["type"])
    job = submit(
        JOB_FUNCTIONS[kind], kwargs={"content": text["content"]}, options=JobOptions(id_prefix=kind)
    )
    return accepted(job, f"Text queued for the job type {kind}", type=kind)
