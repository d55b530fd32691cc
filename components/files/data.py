"""POST /data/process and POST /data/chart."""

from __future__ import annotations

from components.files.data_schemas import ChartSchema, DataFileSchema
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.forms import Form
from components.http.multipart import UploadedFile
from components.http.submissions import JobPlan
from libraries.json_types import JsonObject
from libraries.tables import check_installed
from libraries.uploads import TABLES

blueprint = api_blueprint("data", __name__, "/data", "Conversion and charts of data files.")


def _file(body: JsonObject) -> list[str]:
    return [body["file_path"]] if "file_path" in body else []


@blueprint.submits(
    "/process",
    access=Access.KEY,
    name="convert",
    body=DataFileSchema,
    form=Form(TABLES, instead_of="file_path"),
    task="workers.data_tasks.process_file",
    inputs=_file,
    timeout="15m",
    message="File queued for conversion",
    example={"file_path": "uploads/data.csv", "format": "json"},
)
def process_data(body: JsonObject) -> JobPlan:
    """Queue the conversion of a data file.

    `file_path` is a stored file. Or send a form with the file in the field `file`: the job stores it as an upload, whose path is
    `file` in the reply, and converts it.

    The job's result reports the rows kept and rejected (with reasons), the column types, and how the file was read.
    `GET /jobs/<id>/result` returns the converted file.
    """
    check_installed(body["format"])
    file: UploadedFile | None = body.get("file")
    if file is None:
        return JobPlan(kwargs=body)
    name = file.upload_name()
    path = f"uploads/{name}"
    options = {key: value for key, value in body.items() if key != "file"}
    return JobPlan(
        kwargs={"file_path": path, "parcel": file.staged.id, **options},
        on_queued=lambda job_id: file.bind_to(job_id, path),
        members={"file": path},
    )


@blueprint.submits(
    "/chart",
    access=Access.KEY,
    name="chart",
    body=ChartSchema,
    task="workers.data_tasks.plot_file",
    inputs=_file,
    timeout="15m",
    message="Chart queued",
    draws=True,
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
