"""GET /plotters."""

from __future__ import annotations

from flask import Response

from components.catalogue.format_schemas import PlotterListSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.conditional import document_response
from components.http.parameters import documented
from libraries.plotting import DEFAULT_PROFILE, PLOTTERS

blueprint = api_blueprint("plotters", __name__, "/plotters", "Plotters and their profiles.")


@blueprint.route("", access=Access.KEY)
@blueprint.response(200, PlotterListSchema, headers=documented("ETag"))
def list_plotters() -> Response:
    """List the plotters.

    Send a name as `profile` with the formats `hpgl` and `gcode`.
    """
    return document_response(
        {
            "plotters": [plotter.as_record() for _, plotter in PLOTTERS.items()],
            "default": DEFAULT_PROFILE,
        }
    )
