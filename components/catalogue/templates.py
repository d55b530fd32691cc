"""GET /templates."""

from __future__ import annotations

from flask import Response

from components.catalogue.template_fields import all_templates
from components.catalogue.template_schemas import TemplateListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response

blueprint = api_blueprint(
    "templates", __name__, "/templates", "Templates of mail and of postcards, with their fields."
)


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, TemplateListSchema)
def list_templates() -> Response:
    """List the templates of mail and of postcards, and what can be filled into each.

    Send the name of a mail template as `template` to `POST /emails`, and its fields in `context`; that of a postcard as
    `template_name` to `POST /postcards`, and its fields beside it.
    """
    return document_response(all_templates())
