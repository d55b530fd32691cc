"""GET /templates."""

from __future__ import annotations

from flask import Response

from components.catalogue.template_fields import all_templates
from components.catalogue.template_schemas import TemplateListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.parameters import documented

blueprint = api_blueprint(
    "templates", __name__, "/templates", "Mail and postcard templates and their fields."
)


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, TemplateListSchema, headers=documented("ETag"))
def list_templates() -> Response:
    """List the mail and postcard templates with their fields.

    For mail, send the name as `template` and the fields in `context` to `POST /emails`; for postcards, send the name as
    `template_name` and the fields as members of the body to `POST /postcards`.
    """
    return document_response(all_templates())
