"""POST /postcards."""

from __future__ import annotations

from components.http.access import Access
from components.http.api import api_blueprint
from components.postcards.schemas import CreatePostcard
from libraries.json_types import JsonObject

blueprint = api_blueprint(
    "postcards", __name__, "/postcards", "Cards of 210 x 148 mm with a message."
)


@blueprint.submits(
    "",
    access=Access.KEY,
    name="postcard",
    body=CreatePostcard.schema(),
    task="workers.svg_tasks.generate_postcard_svg",
    message="Postcard queued for generation",
    timeout="2m",
    draws=True,
    example={"recipient": "John Doe", "message": "Happy Birthday!", "template_name": "birthday"},
)
def create_postcard(postcard: CreatePostcard) -> JsonObject:
    """Queue a postcard.

    A later card with the same recipient and template replaces the file.
    """
    return postcard.values()
