"""GET /papers."""

from __future__ import annotations

from flask import Response

from components.catalogue.pages import papers_page
from components.catalogue.paper_schemas import PaperListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.parameters import documented
from libraries.sheets.papers import ORIENTATIONS, PAPERS

blueprint = api_blueprint("papers", __name__, "/papers", "Named paper sizes.")


@blueprint.route("", access=Access.KEY, page=papers_page)
@blueprint.response(200, PaperListSchema, headers=documented("ETag"))
def list_papers() -> Response:
    """List the papers.

    Send a name as `paper` to `POST /artboard/create` instead of `width` and `height`, and `orientation` for landscape.
    """
    return document_response(
        {
            "papers": [paper.as_record() for _, paper in PAPERS.items()],
            "orientations": list(ORIENTATIONS),
        }
    )
