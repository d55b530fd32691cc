"""Request and reply schemas of plots."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from marshmallow import fields
from marshmallow.validate import Length

from components.http.multipart import UploadedFile
from libraries.fields import Params, declare
from libraries.json_types import any_text_of, described
from libraries.sheets.elements.pictures import MAX_SVG_CHARS
from libraries.sheets.plots import PlotOptions
from libraries.sheets.sources import source_field


@described(**any_text_of("source", "svg"))
class PlotRequest(PlotOptions):
    """A drawing, and how to plot it."""

    source: str | None = source_field(
        "The drawing: the id of the job that draws it, the `id` of a drawing in the gallery, or a "
        "path below `uploads/` or `output/`.",
        default=None,
    )
    svg: str | None = declare(
        fields.String(
            validate=Length(1, MAX_SVG_CHARS),
            metadata={"description": "The drawing as SVG, instead of a `source`."},
        ),
        default=None,
    )
    file: UploadedFile | None = dataclasses.field(default=None)

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        if given.get("source") is not None and given.get("svg") is not None:
            yield {"svg": ["Cannot be combined with `source`."]}

    def options(self) -> dict[str, Any]:
        """Return the options as an argument of the task."""
        return PlotOptions(
            **{name: getattr(self, name) for name in PlotOptions.declared()}
        ).record()


class ComparePlots(Params):
    """Two drawings to compare."""

    before: str = source_field("A drawing, as `source` of `POST /plots`.")
    after: str = source_field("The other drawing.")


class QuoteRequest(PlotRequest):
    """A drawing whose plot is only calculated."""

    # Drawings that are quoted at once, and how long a response waits for that.
    MAX_QUICK_BYTES: ClassVar[int] = 200_000
    MAX_QUICK_S: ClassVar[int] = 3

    @property
    def wait_s(self) -> int:
        """Return how long the response waits for the result."""
        size = len(self.svg or "") + (self.file.staged.size if self.file is not None else 0)
        is_small = self.source is None and size <= self.MAX_QUICK_BYTES and self.effort == "quick"
        return self.MAX_QUICK_S if is_small else 0
