"""Reply schemas of export formats and plotters."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import ReplySchema


class FormatSchema(ReplySchema):
    """A format in which drawings are available."""

    name = fields.String(
        required=True, metadata={"description": "Value of `format`.", "example": "hpgl"}
    )
    summary = fields.String(required=True, metadata={"description": "What the file contains."})
    media_type = fields.String(
        required=True,
        metadata={
            "description": "Media type for `Accept`, which selects the first format that has it.",
            "example": "application/vnd.hp-hpgl",
        },
    )
    suffix = fields.String(
        required=True, metadata={"description": "End of the file name.", "example": ".hpgl"}
    )
    params = fields.Dict(
        required=True,
        metadata={"description": "JSON Schema of the parameters, which are sent in the query."},
    )


class FormatListSchema(ReplySchema):
    """All formats."""

    formats = fields.List(
        fields.Nested(FormatSchema), required=True, metadata={"description": "Formats by name."}
    )


class BedSchema(ReplySchema):
    """The area that a pen reaches."""

    width = fields.Float(required=True, metadata={"description": "In mm.", "x-unit": "mm"})
    height = fields.Float(required=True, metadata={"description": "In mm.", "x-unit": "mm"})
    origin = fields.String(
        required=True,
        metadata={
            "description": "`upper-left`, `lower-left` or `centre`.",
            "example": "lower-left",
        },
    )


class PlotterSchema(ReplySchema):
    """A plotter."""

    name = fields.String(
        required=True, metadata={"description": "Value of `profile`.", "example": "hp7475a"}
    )
    title = fields.String(required=True, metadata={"description": "Title.", "example": "HP 7475A"})
    motion = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.Float(),
        metadata={"description": "Speeds in mm/s, accelerations in mm/s², times in seconds."},
    )
    bed = fields.Nested(BedSchema, required=True, metadata={"description": "Reach of the pen."})
    pens = fields.Integer(
        required=True,
        metadata={"description": "Pens that it changes itself; with 1 a person changes them."},
    )
    formats = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Formats that are written for it. A plotter without one is driven by its own software from SVG."
        },
    )
    papers = fields.List(
        fields.String(), required=True, metadata={"description": "Papers with known coordinates."}
    )
    sources = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Origin of the figures."},
    )


class PlotterListSchema(ReplySchema):
    """All plotters."""

    plotters = fields.List(
        fields.Nested(PlotterSchema), required=True, metadata={"description": "Plotters by name."}
    )
    default = fields.String(
        required=True, metadata={"description": "The profile of plot times without a choice."}
    )
