"""Request and reply schemas of sweeps."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema
from libraries.sheets.sweeps import ArtboardSweep


class Sweep(ArtboardSweep):
    """An artboard and its variations: by `seeds`, by a `count` of seeds, or by `vary`."""


class SweepLinksSchema(ReplySchema):
    """Links of a sweep."""

    self_ = fields.String(
        data_key="self",
        required=True,
        metadata={"description": "The batch; the last job draws the sheet."},
    )
    sheet = fields.String(required=True, metadata={"description": "The job that draws the sheet."})
    cancel = fields.String(
        metadata={"description": "POST to cancel jobs that have not started, including the sheet."}
    )


class SweepAcceptedSchema(ReplySchema):
    """Reply to a sweep that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    batch_id = fields.String(
        required=True, metadata={"description": "Id of the batch.", "example": "9d2e41"}
    )
    job_ids = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Ids of the jobs of the drawings, row by row."},
    )
    sheet_job_id = fields.String(
        required=True, metadata={"description": "Id of the job of the sheet.", "example": "4f1c9a"}
    )
    captions = fields.List(
        fields.String(), required=True, metadata={"description": "Captions of the drawings."}
    )
    columns = fields.Integer(required=True, metadata={"description": "Number of drawings per row."})
    message = fields.String(required=True, metadata={"description": "Summary of the sweep."})
    links = fields.Nested(SweepLinksSchema, required=True, metadata={"description": "Links."})
