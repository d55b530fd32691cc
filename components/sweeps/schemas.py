"""Requests and replies of sweeps."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema
from libraries.sheets.sweeps import ArtboardSweep


class Sweep(ArtboardSweep):
    """An artboard, and how its drawings differ: by `seeds`, by a `count` of seeds, or by `vary`."""


class SweepLinksSchema(ReplySchema):
    """Links of a sweep."""

    self_ = fields.String(
        data_key="self",
        required=True,
        metadata={"description": "State of the batch, the sheet's job last."},
    )
    sheet = fields.String(
        required=True, metadata={"description": "State of the job that draws the sheet."}
    )
    cancel = fields.String(
        metadata={
            "description": "POST here to cancel its jobs that have not begun, the sheet's as well."
        }
    )


class SweepAcceptedSchema(ReplySchema):
    """The reply to a sweep that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`queued`.", "example": "queued"}
    )
    batch_id = fields.String(
        required=True,
        metadata={"description": "The id to follow all jobs by.", "example": "9d2e41"},
    )
    job_ids = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The jobs of the drawings, row by row."},
    )
    sheet_job_id = fields.String(
        required=True, metadata={"description": "The job of the sheet.", "example": "4f1c9a"}
    )
    captions = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The difference of each drawing from the others."},
    )
    columns = fields.Integer(
        required=True, metadata={"description": "Number of drawings in a row."}
    )
    message = fields.String(required=True, metadata={"description": "What was queued, in words."})
    links = fields.Nested(
        SweepLinksSchema, required=True, metadata={"description": "Where to follow it."}
    )
