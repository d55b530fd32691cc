"""What the route of sweeps takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range

from components.http.replies import ReplySchema
from libraries.fields import WholeNumber
from libraries.sheets.artboard import LARGEST_SEED, ArtboardSchema, PageSchema
from libraries.sheets.sweeps import FEWEST_CELLS, MOST_CELLS, MOST_VARIED

WAYS = ("seeds", "count", "vary")
LONGEST_TITLE = 100


class SheetPageSchema(PageSchema):
    """The page of a contact sheet."""

    class Meta:
        """Where and on what, and nothing of what is drawn."""

        fields = ("width", "height", "paper", "orientation", "margin")


class SweepSchema(ArtboardSchema):
    """An artboard, and how its drawings are to differ: by `seeds`, by a `count` of seeds, or by what `vary` says."""

    seeds = fields.List(
        WholeNumber(validate=Range(0, LARGEST_SEED)),
        validate=Length(FEWEST_CELLS, MOST_CELLS),
        metadata={"description": "A drawing of each of these seeds.", "example": [3, 7, 12]},
    )
    count = WholeNumber(
        validate=Range(FEWEST_CELLS, MOST_CELLS),
        metadata={
            "description": "A drawing of so many seeds, from `seed` on, or from 0.",
            "example": 12,
        },
    )
    vary = fields.Dict(
        keys=fields.String(),
        validate=Length(1, MOST_VARIED),
        metadata={
            "description": "A drawing of each value of one parameter, or of each combination of two: those of the first make the "
            'rows, those of the second the columns. Each has a list of values, or `{"from": 2, "to": 8, "steps": 4}`. '
            "`seed` is a parameter here, too.",
            "example": {"separation": [1.5, 3, 6], "scale": {"from": 40, "to": 160, "steps": 4}},
        },
    )
    columns = WholeNumber(
        load_default=None,
        validate=Range(1, MOST_CELLS),
        metadata={
            "description": "Drawings in a row; as it makes them largest, if not given. Not beside two parameters."
        },
    )
    sheet = fields.Nested(
        SheetPageSchema,
        load_default=None,
        metadata={"description": "The page of the sheet; that of the drawings if not given."},
    )
    captions = fields.Boolean(
        load_default=True,
        metadata={
            "description": "Whether seed or values are written under each drawing, and a title above all."
        },
    )
    title = fields.String(
        load_default=None,
        validate=Length(max=LONGEST_TITLE),
        metadata={"description": "What is written above all; `` for nothing."},
    )

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_way(self, data: Mapping[str, Any], original: Mapping[str, Any], **_: Any) -> None:
        """Refuse none or several of the ways in which drawings can differ."""
        if sum(way in original for way in WAYS) != 1:
            raise ValidationError(f"Must have one of {', '.join(WAYS)}.")
        seeds = data.get("seeds", [])
        if len(set(seeds)) < len(seeds):
            raise ValidationError("Must not name a seed twice.", "seeds")
        if data.get("seed") is not None and "seeds" in data:
            raise ValidationError("Must not be given beside seeds.", "seed")
        if data.get("columns") is not None and len(data.get("vary", ())) > 1:
            raise ValidationError(
                "Must not be given beside two parameters: the second one makes the columns.",
                "columns",
            )


class SweepLinksSchema(ReplySchema):
    """Where a sweep can be followed."""

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
        metadata={"description": "What tells each drawing from the others."},
    )
    columns = fields.Integer(
        required=True, metadata={"description": "How many drawings stand in a row."}
    )
    message = fields.String(required=True, metadata={"description": "What was queued, in words."})
    links = fields.Nested(
        SweepLinksSchema, required=True, metadata={"description": "Where to follow it."}
    )
