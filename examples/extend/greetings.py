"""POST /greetings: a card that says hello."""

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length

from components.http.access import Access
from components.http.api import api_blueprint

blueprint = api_blueprint("greetings", __name__, "/greetings", "Cards that say hello.")


class GreetingSchema(Schema):
    """Who is greeted."""

    name = fields.String(
        required=True,
        validate=Length(1, 20),
        metadata={"description": "Who is greeted.", "example": "Ann"},
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
    """Letter a greeting."""
    return greeting
