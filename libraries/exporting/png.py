"""PNG previews of drawings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from marshmallow import ValidationError, fields
from marshmallow.validate import Length

from libraries.errors import InvalidInput
from libraries.exporting.catalogue import export
from libraries.fields import Params, declare, whole
from libraries.geometry.document import Document
from libraries.json_types import described, keywords_of
from libraries.previews import png
from libraries.svg_syntax.attributes import check_colour

# Pixels of all layers: six layers at a width of 2000 on A4, sixty at 640.
MAX_PIXELS = 36_000_000


@described(**keywords_of(check_colour))
def _check_paper(colour: str) -> None:
    try:
        check_colour(colour, "paper")
    except InvalidInput as error:
        raise ValidationError([str(error), *([error.hint] if error.hint else [])]) from None


@export(media_type="image/png", suffix=".png", is_cached=True)
class Png(Params):
    """Draw a picture with the widths and colours of the pens."""

    width: int = whole("Width in pixels.", 16, 2000, default=640)
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

    def write(self, document: Document) -> Iterator[bytes]:
        layers = len(np.unique(document.store.layers))
        if layers * self.width**2 * document.height / document.width > MAX_PIXELS:
            raise InvalidInput(
                "the drawing has too many layers for a preview of this width",
                code="bad-preview",
                field="width",
                hint="request a smaller preview",
            )
        # This limit of ink takes about a second.
        yield png(
            document.strokes(),
            document.pens,
            (document.width, document.height),
            width_px=self.width,
            paper=self.paper.lower(),
            max_ink=1_500_000_000,
        )
