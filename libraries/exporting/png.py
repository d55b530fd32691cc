"""PNG previews of drawings."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow import ValidationError, fields
from marshmallow.validate import Length

from libraries import VERSION
from libraries.errors import InvalidInput
from libraries.exporting.catalogue import export
from libraries.fields import InvalidFields, Params, declare, whole
from libraries.geometry.document import Document
from libraries.json_types import described, keywords_of
from libraries.previews import MAX_SIDE_PX, MIN_WIDTH_PX, png
from libraries.svg_syntax.attributes import check_colour

# Pixels of all layers: six layers at a width of 2000 on A4, sixty at 640.
MAX_PIXELS = 36_000_000


@described(**keywords_of(check_colour))
def _check_paper(colour: str) -> None:
    try:
        check_colour(colour, "paper")
    except InvalidInput as error:
        raise ValidationError([str(error), *([error.hint] if error.hint else [])]) from None


@export(media_type="image/png", suffix=".png")
class Png(Params):
    """Draw a picture with the widths and colours of the pens."""

    width: int = whole("Width in pixels.", 16, 2000, default=640)
    dpi: int | None = whole(
        "Resolution in dots per inch, instead of a width; a side has at most 4,000 pixels.",
        10,
        1200,
        default=None,
    )
    paper: str = declare(
        fields.String(
            validate=[Length(1, 100), _check_paper],
            metadata={
                "description": "Colour of the paper; `none` leaves it transparent.",
                "example": "#fdf6e3",
            },
        ),
        default="white",
    )

    def check(self, given: frozenset[str]) -> None:
        if {"width", "dpi"} <= given and self.dpi is not None:
            raise InvalidFields({"dpi": ["Cannot be combined with width."]})

    def write(self, document: Document) -> Iterator[bytes]:
        layers, width = len(np.unique(document.store.layers)), self._width(document)
        if layers * width**2 * document.height / document.width > MAX_PIXELS:
            raise InvalidInput(
                "the drawing has too many layers for a preview of this width",
                code="bad-preview",
                field="width",
                hint="request a smaller preview",
            )
        texts = {"Title": document.title, "Software": f"vector-api {VERSION}"}
        if document.recipe_sha256:
            texts["Comment"] = f"recipe {document.recipe_sha256}"
        # This limit of ink takes about a second.
        yield png(
            document.strokes(),
            document.pens,
            (document.width, document.height),
            width_px=width,
            paper=self.paper.lower(),
            max_ink=1_500_000_000,
            texts=texts,
        )

    def _width(self, document: Document) -> int:
        """Return the width in pixels; raise InvalidInput if the resolution is too high."""
        if self.dpi is None:
            return self.width
        longer = max(document.width, document.height)
        most = math.floor(MAX_SIDE_PX * 25.4 / longer)
        if self.dpi > most:
            raise InvalidInput(
                f"a page of {longer:g} mm has at most {most} dots per inch, because a side has at "
                f"most {MAX_SIDE_PX} pixels",
                code="bad-preview",
                field="dpi",
            )
        return max(MIN_WIDTH_PX, round(document.width / 25.4 * self.dpi))
