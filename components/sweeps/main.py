"""POST /sweeps."""

from __future__ import annotations

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.submissions import BatchPlan
from components.sweeps.schemas import Sweep, SweepAcceptedSchema
from components.sweeps.submissions import DRAW, GATHER, sweep_plan

blueprint = api_blueprint(
    "sweeps",
    __name__,
    "/sweeps",
    "Contact sheets: one pattern with many seeds, or with steps of a parameter.",
)

EXAMPLE = {
    "paper": "a4",
    "pattern": "flow_field",
    "params": {"separation": 3},
    "count": 12,
    "seed": 1,
}


@blueprint.submits(
    "",
    access=Access.KEY,
    body=Sweep.schema(),
    reply=SweepAcceptedSchema,
    task=DRAW,
    other_tasks=(GATHER,),
    jobs="the jobs",
    example=EXAMPLE,
)
def create_sweep(sweep: Sweep) -> BatchPlan:
    """Draw a contact sheet of many seeds, or of steps of one or two parameters.

    Each drawing is a separate job, all of them a batch; its last job puts them on one sheet, small, with a caption under each.
    It begins when the others have ended. A drawing that failed is a crossed box with the reason in it.

    Everything is checked before it is queued: each drawing by itself, and what they cost together.
    """
    return sweep_plan(sweep)
