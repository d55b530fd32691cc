"""POST /sweeps."""

from __future__ import annotations

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.submissions import BatchPlan
from components.sweeps.schemas import Sweep, SweepAcceptedSchema
from components.sweeps.submissions import DRAW, DRAW_SHEET, sweep_plan

blueprint = api_blueprint(
    "sweeps", __name__, "/sweeps", "Contact sheets of one pattern with many seeds or parameters."
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
    other_tasks=(DRAW_SHEET,),
    jobs="the jobs",
    example=EXAMPLE,
)
def create_sweep(sweep: Sweep) -> BatchPlan:
    """Draw a contact sheet of many seeds, or of steps of one or two parameters.

    Each drawing is a job of one batch. When all have ended, the last job draws them on one sheet, each with a caption; a failed
    drawing appears as a crossed box with the error message.

    The drawings and their total cost are validated before anything is queued.
    """
    return sweep_plan(sweep)
