"""GET /papers."""

from __future__ import annotations

from components.catalogue.paper_schemas import PaperListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from libraries.json_types import JsonObject
from libraries.sheets.papers import ORIENTATIONS, PAPERS

blueprint = api_blueprint("papers", __name__, "/papers", "Named paper sizes.")


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, PaperListSchema)
def list_papers() -> JsonObject:
    """List the papers.

    Send a name as `paper` to `POST /artboard/create` instead of `width` and `height`, and `orientation` for landscape.
    """
    return {
        "papers": [paper.as_record() for _, paper in PAPERS.items()],
        "orientations": list(ORIENTATIONS),
    }
