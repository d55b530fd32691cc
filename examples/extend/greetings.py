"""POST /greetings: a card that says hello."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.replies import AcceptedSchema, accepted
from libraries.job_manager import enqueue_background_job

blueprint = api_blueprint("greetings", __name__, "/greetings", "Cards that say hello.")


class GreetingSchema(Schema):
    """Who is greeted."""

    name = fields.String(
        required=True,
        validate=Length(1, 20),
        metadata={"description": "Who is greeted.", "example": "Ann"},
    )


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.arguments(GreetingSchema)
@blueprint.response(202, AcceptedSchema)
@blueprint.problems(503)
def create_greeting(greeting: dict[str, Any]) -> Response:
    """Letter a greeting."""
    return accepted(
        enqueue_background_job("workers.greeting_tasks.letter_greeting", **greeting),
        "Greeting queued",
    )
