"""Options of requests for how a drawing of any format is read."""

from __future__ import annotations

from libraries.fields import number, whole
from libraries.sheets.svg_reading import SvgOptions
from libraries.vector_input import InputOptions


class VectorOptions(SvgOptions):
    """Options of the conversion of a drawing to strokes."""

    pdf_page: int = whole("Page of a PDF.", 1, 10_000, default=InputOptions.pdf_page)
    hpgl_unit: float = number(
        "Length of a unit of HP-GL; some plotters have 0.02488 mm.",
        0.001,
        1,
        default=InputOptions.hpgl_unit,
        unit="mm",
    )

    def input_options(self) -> InputOptions:
        """Return the options for the readers of all formats."""
        return InputOptions(self.reading(), self.pdf_page, self.hpgl_unit)
