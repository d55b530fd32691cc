"""POST /data/process and POST /data/chart."""

from __future__ import annotations

from components.files.data_schemas import ChartSchema, DataFileSchema
from components.http.access import Access
from components.http.api import api_blueprint
from libraries.json_types import JsonObject

blueprint = api_blueprint("data", __name__, "/data", "Data files: converted, and drawn as charts.")


def _file(asked: JsonObject) -> list[str]:
    return [asked["file_path"]]


@blueprint.submits(
    "/process",
    access=Access.KEY,
    name="convert",
    body=DataFileSchema,
    task="workers.data_tasks.process_file",
    inputs=_file,
    timeout="15m",
    message="File queued for conversion",
    example={"file_path": "uploads/data.csv", "format": "json"},
)
def process_data(data_file: JsonObject) -> JsonObject:
    """Queue the conversion of a data file.

    The job's result tells how many rows were kept and which were not, and why, what the columns hold, and how the file was read;
    `GET /jobs/<id>/result` is the new file.
    """
    return data_file


@blueprint.submits(
    "/chart",
    access=Access.KEY,
    name="chart",
    body=ChartSchema,
    task="workers.data_tasks.plot_file",
    inputs=_file,
    timeout="15m",
    message="Chart queued",
    example={
        "file_path": "uploads/data.csv",
        "chart": "line",
        "x": "day",
        "y": ["price"],
        "title": "Prices",
    },
)
def chart_data(chart: JsonObject) -> JsonObject:
    """Queue a chart of a data file.

    Each series has a layer and a pen of its own, axes and lettering have theirs. Long columns are thinned to what a pen can show.
    `GET /jobs/<id>/result` is the drawing.
    """
    return chart
