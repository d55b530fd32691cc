"""GET /papers."""

from __future__ import annotations

from flask import Response

from components.catalogue.pages import papers_page
from components.catalogue.paper_schemas import PaperListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.parameters import PAGE_REPLY, documented
from libraries.sheets.papers import ORIENTATIONS, PAPERS

blueprint = api_blueprint("papers", __name__, "/papers", "Named paper sizes.")


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, PaperListSchema, headers=documented("ETag"))
@blueprint.doc(responses=PAGE_REPLY)
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


blueprint.browser_pages["papers.list_papers"] = papers_page
