"""POST /plots, /plots/quote and /plots/compare."""

from __future__ import annotations

from dataclasses import replace

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.forms import Form
from components.http.problems import BadFields, FieldError
from components.http.replies import AcceptedFileSchema
from components.http.submissions import JobPlan, find_source
from components.plots.schemas import ComparePlots, PlotRequest, QuoteRequest
from libraries.json_types import JsonObject
from libraries.svg_reader import max_svg_bytes
from libraries.uploads import DRAWINGS
from libraries.vector_input import check_installed

blueprint = api_blueprint(
    "plots", __name__, "/plots", "Plots of any drawing: fewer lifts, less travel, nothing lost."
)
drawing_form = Form(DRAWINGS, instead_of="source", raw=DRAWINGS, limit=max_svg_bytes)


@blueprint.submits(
    "",
    access=Access.KEY,
    name="plot",
    body=PlotRequest.schema(),
    form=drawing_form,
    reply=AcceptedFileSchema,
    task="workers.plot_tasks.plot_drawing",
    timeout="1h",
    message="Plot queued",
    draws=True,
    example={"source": "nbyj4q3x", "effort": "best", "page": "a4", "fit": "contain", "margin": 10},
    description="A drawing that is stored, or as JSON; or a file, as a form or as the whole body: "
    f"{', '.join(kind.name for kind in DRAWINGS)}.",
)
def create_plot(plot: PlotRequest) -> JobPlan:
    """Optimise a drawing for the pen.

    Send the id of a job or of a drawing in the gallery, or a path, as `source`; the SVG as `svg`; or a file in the field `file`
    of a form or as the body, with its type as `Content-Type`, such as `image/svg+xml`, and the other members as query parameters.
    Its format is recognised by content, then by name.

    Strokes that meet are joined, strokes that are drawn twice are removed, and all are ordered for little travel with the pen
    up. The job's result has the statistics before and after, and a certificate: what was changed, and how far the travel is
    from a lower bound. The drawing as it was read is stored next to the plot.
    """
    name = "plots/plot.svg"
    planned = _planned(plot)
    return JobPlan(
        kwargs={**planned.kwargs, "output_filename": name},
        after=planned.after,
        on_queued=planned.on_queued,
        file=name,
    )


@blueprint.submits(
    "/quote",
    access=Access.KEY,
    name="plot_quote",
    body=QuoteRequest.schema(),
    form=drawing_form,
    task="workers.plot_tasks.quote_plot",
    timeout="1h",
    message="Quote queued",
    example={"source": "nbyj4q3x", "effort": "quick"},
    description="As for `POST /plots`.",
)
def quote_plot(plot: QuoteRequest) -> JobPlan:
    """Calculate what a plot would cost.

    The request is that of `POST /plots`. The job's result has the statistics and the certificate; no file is stored. The
    response to a small drawing in the request has the result, if a worker is free.
    """
    return replace(_planned(plot), wait_s=plot.wait_s)


@blueprint.submits(
    "/compare",
    access=Access.KEY,
    name="plot_comparison",
    body=ComparePlots.schema(),
    task="workers.plot_tasks.compare_drawings",
    timeout="1h",
    message="Comparison queued",
    example={"before": "nbyj4q3x", "after": "nbyj4q3y"},
)
def compare_plots(pair: ComparePlots) -> JobPlan:
    """Compare two drawings.

    The job's result has the ink that only one of them has, as the share of inked pixels at 10 pixels per mm, and the travel,
    lifts and minutes of both.
    """
    before, after = find_source(pair.before, "before"), find_source(pair.after, "after")
    return JobPlan(
        kwargs={"before": before.name, "after": after.name}, after=(*before.after, *after.after)
    )


def _planned(plot: PlotRequest) -> JobPlan:
    options: JsonObject = {"plot": plot.options()}
    if plot.file is not None:
        check_installed(plot.file.head, plot.file.name)
        return JobPlan(
            kwargs={"upload": plot.file.staged.id, "name": plot.file.name[:200], **options},
            on_queued=plot.file.bind_to,
        )
    if plot.svg is not None:
        return JobPlan(kwargs={"svg": plot.svg, **options})
    if plot.source is None:
        text = "Missing data for required field."
        hint = "send it, or svg, or the SVG file as the body"
        raise BadFields([FieldError(("source",), text, hint)])
    found = find_source(plot.source)
    return JobPlan(kwargs={"source": found.name, **options}, after=found.after)
