"""GET /formats."""

from __future__ import annotations

from flask import Response

from components.catalogue.format_schemas import FormatListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.json_schemas import json_schema
from components.http.parameters import documented
from libraries.exporting import FORMATS

blueprint = api_blueprint("formats", __name__, "/formats", "Formats of drawings.")


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, FormatListSchema, headers=documented("ETag"))
def list_formats() -> Response:
    """List the formats in which drawings are available.

    Send a name as `format` to `GET /jobs/{job_id}/result` or `GET /gallery/{drawing_id}/drawing.svg`, together with the
    parameters of the format, such as `?format=png&dpi=300`.
    """
    return document_response(
        {
            "formats": [
                {
                    "name": name,
                    "summary": form.summary,
                    "media_type": form.media_type,
                    "suffix": form.suffix,
                    "params": json_schema(form.params.schema()),
                }
                for name, form in FORMATS.items()
            ]
        }
    )
