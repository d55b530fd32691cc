"""Drawings of other programs as elements."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field, replace
from hashlib import sha256
from typing import Any, NamedTuple

from marshmallow import fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.fields import choice, declare
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import (
    Fit,
    HorizontalAlign,
    Matrix,
    VerticalPosition,
    applied,
    fitting,
    magnification,
)
from libraries.json_types import any_text_of, described
from libraries.sheets.elements.base import (
    ElementStrokes,
    OutlinedElement,
    OwnPen,
    Progress,
    clip_field,
    element,
    kind,
)
from libraries.sheets.elements.texts import align_field, vertical_field
from libraries.sheets.sources import source_field
from libraries.svg_reader import Reading, read_svg
from libraries.svg_reader.encodings import as_utf8
from libraries.svg_reader.foreign_xml import parse_svg
from libraries.vector_input import FORMATS, InputOptions, format_of, read
from libraries.work import Work

MAX_SVG_CHARS = 512_000
MAX_CHEAP_CHARS = 32_000
# Upper limit for SVGs without arcs and `use`.
VERTICES_PER_CHARACTER = 0.25


class DrawingFile(NamedTuple):
    """A file of a format other than SVG; its name helps to recognise the format."""

    name: str
    data: bytes


@element
@described(**any_text_of("svg", "source"))
class SvgElement(OutlinedElement, InputOptions):
    """An SVG, or a stored drawing of another format, in a box."""

    type: str = kind("svg")
    svg: str | None = declare(
        fields.String(
            validate=Length(1, MAX_SVG_CHARS),
            metadata={
                "description": "The SVG document; parts that a pen cannot draw are listed as "
                "`problems` of the artifact.",
                "example": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
                '<circle cx="4" cy="4" r="3"/></svg>',
            },
        ),
        default=None,
    )
    source: str | None = source_field(
        "A stored drawing instead of `svg`, also a DXF, PDF, HP-GL or G-code file: the id of the job "
        "that draws or uploads it, the `id` of a drawing in the gallery, or a path below `uploads/` "
        "or `output/`.",
        default=None,
    )
    pens: str = choice(
        "`svg` draws with the pens of the SVG, and with those of `layers` of the same names; "
        "`layer` draws all of it with the pen of its layer. `auto` is `layer` if `layers` lists the "
        "layer, else `svg`.",
        ("auto", "layer", "svg"),
        default="auto",
    )
    fit: Fit = choice(
        "`contain` shows all of it, `cover` fills the box, `fill` stretches it, `none` keeps its "
        "size.",
        Fit,
        default="contain",
        recorded=True,
    )
    align: HorizontalAlign = align_field()
    vertical: VerticalPosition = vertical_field()
    clip: bool = clip_field()
    file: DrawingFile | None = field(default=None, repr=False)

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Reject an element without an SVG, and with two."""
        yield from super().mistakes(parsed, given)
        if given.get("svg") is None and given.get("source") is None:
            yield {"svg": ["Missing data for required field."]}
        elif given.get("svg") is not None and given.get("source") is not None:
            yield {"source": ["Cannot be combined with `svg`."]}

    def with_file(self, data: bytes) -> SvgElement:
        """Return the element with the contents of its source.

        Raises InvalidInput for an SVG in an unknown encoding, or a file that is no drawing.

        The recipe has the text of an SVG, and the hash of another file.
        """
        name = self.source or ""
        if format_of(data, name) is FORMATS["svg"]:
            return replace(self, svg=as_utf8(data).decode(), source=None)
        digest = sha256(data).hexdigest()
        return replace(self, file=DrawingFile(name, data), source=f"sha256:{digest}")

    def keeps_pens(self, listed: Collection[str]) -> bool:
        return self.pens == "svg" or (self.pens == "auto" and self.layer not in listed)

    def sizes(self) -> Mapping[str, int]:
        return {"svg": len(self.svg or "")}

    def strokes(
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        """Return the strokes of the SVG, fitted into its box."""
        return self.drawn(frame, Work(Work.IN_JOBS))

    def drawn(self, frame: Rectangle, work: Work) -> ElementStrokes:
        """Return the strokes, or raise InvalidInput if they need more than `work`."""
        reading = self._reading(frame, work)
        store = reading.document.store
        if not len(store):
            skipped = ", ".join(f"{name} ({n})" for name, n in sorted(reading.dropped.items()))
            what, field_name = ("SVG", "svg") if self.file is None else ("drawing", "source")
            raise InvalidInput(
                f"the {what} has no strokes",
                code="empty-picture",
                field=field_name,
                hint=f"a pen cannot draw: {skipped}" if skipped else "add a path or a shape",
            )
        made = ElementStrokes(
            applied(self._fitting(reading.document.page, frame), store.coordinates), store.offsets
        )
        return replace(
            made,
            whole_mm=made.ink_mm,
            problems=reading.problems,
            pens=[
                OwnPen(replace(layer.pen, name=layer.name), number not in reading.loose)
                for number, layer in enumerate(reading.document.layers)
            ],
            layers=store.layers,
        )

    def _reading(self, frame: Rectangle, work: Work) -> Reading:
        options = replace(
            self, enlarged=lambda page: magnification(self._fitting(page, frame)), file=None
        )
        if self.file is not None:
            return read(self.file.data, self.file.name, options)
        return read_svg(
            self.svg or "",
            tolerance=options.fineness,
            options=options,
            enlargement=options.enlargement,
            work=work,
        )

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        """Return the number of vertices, or an estimate from the length if that takes too long."""
        if self.svg is None:
            return 0.0  # it is read when it is drawn
        cost = len(self.svg) * VERTICES_PER_CHARACTER
        # Each SVG has its share of the work of a request.
        limit = MAX_CHEAP_CHARS if thorough else MAX_SVG_CHARS
        work = Work(Work.IN_REQUESTS * len(self.svg) / limit)
        try:
            if thorough:
                cost = float(len(self.drawn(frame, work).coordinates))
            else:
                parse_svg(self.svg, work)
        except InvalidInput as error:
            if error.code != Work.CODE:
                raise
        self.check_ink(cost)
        return cost

    def _fitting(self, page: Rectangle, frame: Rectangle) -> Matrix:
        return fitting(page, frame, self.fit, align=self.align, vertical=self.vertical)


def is_cheap_to_read(svgs: list[str]) -> bool:
    """Return whether all SVGs are so short that most can be read while a request is answered."""
    return sum(map(len, svgs)) <= MAX_CHEAP_CHARS
