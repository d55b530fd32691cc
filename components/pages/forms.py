"""GET /forms and the assets of the page."""

from __future__ import annotations

from flask import Response
from marshmallow.validate import Length

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from components.http.submissions import OPERATIONS
from libraries.imaging.photos import MAX_PHOTO_PIXELS
from libraries.settings import MailSettings, UploadSettings
from libraries.uploads import PHOTOS

blueprint = api_blueprint(
    "forms",
    __name__,
    "/forms",
    "Forms for photos and contact messages.",
    access=Access.OPEN,
    assets="forms",
)


@blueprint.route("")
@blueprint.html_response()
def show_forms() -> Response:
    """Show the page with the forms for a photo and for a message to the operator."""
    return script_page(
        "forms.html",
        form_action="'self'",
        kinds=PHOTOS,
        max_megabytes=UploadSettings.current().upload_limit / 10**6,
        max_megapixels=MAX_PHOTO_PIXELS // 10**6,
        has_recipient=bool(MailSettings.current().admin_email),
        longest=_longest("contact"),
    )


def _longest(operation: str) -> dict[str, int]:
    """Return the maximum lengths of the fields of an operation."""
    return {
        name: rule.max
        for name, field in OPERATIONS[operation].body().fields.items()
        for rule in field.validators
        if isinstance(rule, Length) and rule.max
    }
