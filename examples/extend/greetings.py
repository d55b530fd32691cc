"""POST /greetings: greeting cards."""

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.access import Access
from components.http.api import api_blueprint

blueprint = api_blueprint("greetings", __name__, "/greetings", "Greeting cards.")


class GreetingSchema(Schema):
    """Request for a greeting card."""

    name = fields.String(
        required=True,
        validate=Length(1, 20),
        metadata={"description": "Name of the recipient.", "example": "Ann"},
    )


@blueprint.submits(
    "",
    access=Access.KEY,
    name="greeting",
    body=GreetingSchema,
    task="workers.greeting_tasks.letter_greeting",
    message="Greeting queued",
)
def create_greeting(greeting: dict[str, Any]) -> dict[str, Any]:
    """Draw a greeting card."""
    return greeting
