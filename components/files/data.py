"""POST /data/process and POST /data/chart."""

from __future__ import annotations

from typing import Any

from flask import Response

from components.files.data_schemas import ChartSchema, DataFileSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.input_files import check_stored, submit_after_storing
from components.http.replies import AcceptedSchema, accepted
from components.http.submissions import OPERATIONS, Operation

blueprint = api_blueprint("data", __name__, "/data", "Data files: converted, and drawn as charts.")


def _stored(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the call of a request of many or on a socket; its file has to be there."""
    check_stored(asked["file_path"])
    return [asked]


CONVERT = OPERATIONS.add(
    "convert",
    Operation(
        task="workers.data_tasks.process_file", schema=DataFileSchema, calls=_stored, timeout="15m"
    ),
)
CHART = OPERATIONS.add(
    "chart",
    Operation(
        task="workers.data_tasks.plot_file", schema=ChartSchema, calls=_stored, timeout="15m"
    ),
)
PROCESS_EXAMPLE = {"file_path": "uploads/data.csv", "format": "json"}
CHART_EXAMPLE = {
    "file_path": "uploads/data.csv",
    "chart": "line",
    "x": "day",
    "y": ["price"],
    "title": "Prices",
}


@blueprint.route("/process", access=Access.KEY, methods=["POST"])
@blueprint.arguments(DataFileSchema, example=PROCESS_EXAMPLE)
@blueprint.response(202, AcceptedSchema)
@blueprint.queues()
def process_data(data_file: dict[str, Any]) -> Response:
    """Queue the conversion of a data file.

    The job's result tells how many rows were kept and which were not, and why, what the columns hold, and how the file was read;
    `GET /jobs/<id>/result` is the new file.
    """
    job = submit_after_storing(
        CONVERT.task, data_file, [data_file["file_path"]], timeout=CONVERT.timeout
    )
    return accepted(job, "File queued for conversion")


@blueprint.route("/chart", access=Access.KEY, methods=["POST"])
@blueprint.arguments(ChartSchema, example=CHART_EXAMPLE)
@blueprint.response(202, AcceptedSchema)
@blueprint.queues()
def chart_data(chart: dict[str, Any]) -> Response:
    """Queue a chart of a data file.

    Each series has a layer and a pen of its own, axes and lettering have theirs. Long columns are thinned to what a pen can show.
    `GET /jobs/<id>/result` is the drawing.
    """
    return accepted(
        submit_after_storing(CHART.task, chart, [chart["file_path"]], timeout=CHART.timeout),
        "Chart queued",
    )
