"""POST /sweeps."""

from __future__ import annotations

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.sweeps.schemas import Sweep, SweepAcceptedSchema
from components.sweeps.submissions import queue_sweep

blueprint = api_blueprint(
    "sweeps",
    __name__,
    "/sweeps",
    "Contact sheets: one pattern with many seeds, or with steps of a parameter.",
)

TEXT = {"schema": {"type": "string"}}
EXAMPLE = {
    "paper": "a4",
    "pattern": "flow_field",
    "params": {"separation": 3},
    "count": 12,
    "seed": 1,
}


@blueprint.route("", access=Access.KEY, methods=["POST"])
@blueprint.arguments(Sweep.schema(), example=EXAMPLE)
@blueprint.response(202, SweepAcceptedSchema, headers={"Location": TEXT, "Retry-After": TEXT})
@blueprint.queues()
def create_sweep(sweep: Sweep) -> Response:
    """Draw a contact sheet of many seeds, or of steps of one or two parameters.

    Each drawing is a job of its own, all of them a batch; its last job puts them on one sheet, small, with a caption under each.
    It begins when the others have ended. A drawing that failed is a crossed box with the reason in it.

    Everything is checked before it is queued: each drawing by itself, and what they cost together.
    """
    return queue_sweep(sweep)
