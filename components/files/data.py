"""POST /data/process and POST /data/chart."""

from __future__ import annotations

from components.files.data_schemas import ChartSchema, DataFileSchema
from components.http.access import Access
from components.http.api import api_blueprint
from libraries.json_types import JsonObject

blueprint = api_blueprint("data", __name__, "/data", "Conversion and charts of data files.")


def _file(body: JsonObject) -> list[str]:
    return [body["file_path"]]


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
def process_data(body: JsonObject) -> JsonObject:
    """Queue the conversion of a data file.

    The job's result reports the rows kept and rejected (with reasons), the column types, and how the file was read.
    `GET /jobs/<id>/result` returns the converted file.
    """
    return body


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
def chart_data(body: JsonObject) -> JsonObject:
    """Queue a chart of a data file.

    Each series has its own layer and pen; axes and lettering share another. Long columns are downsampled to what a pen can
    draw. `GET /jobs/<id>/result` returns the drawing.
    """
    return body
