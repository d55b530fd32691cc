"""Photos as drawings, by patterns that draw images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from libraries.fields import declare, flag
from libraries.imaging import named_image
from libraries.imaging.controls import PictureParams
from libraries.imaging.named_images import find_image
from libraries.patterns import PATTERNS
from libraries.sheets.artboard import Artboard, pattern_name
from libraries.svg_builder import SVGBuilder

MAX_URL_CHARS = 2048
PHOTO_PATTERNS = tuple(
    name for name in PATTERNS if issubclass(PATTERNS[name].params, PictureParams)
)


class PhotoPlot(Artboard):
    """A photo, and the page and pattern that draw it."""

    photo: str = declare(
        fields.String(
            validate=Length(1, MAX_URL_CHARS),
            metadata={
                "description": "Id of the job that stores the photo, its path below `uploads/` or "
                "`output/`, or its URL.",
                "example": "https://example.com/cat.jpg",
            },
        ),
        argument=True,
    )
    pattern: str = pattern_name(
        "Name of a pattern that draws images.",
        PHOTO_PATTERNS,
        default="stipple",
        recorded=True,
        argument=True,
    )
    turn: bool = flag(
        "Swap the sides of the page if the photo has the other orientation.",
        default=True,
        argument=True,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        if "image" in (parsed.get("params") or {}):
            yield {"params": {"image": ["Cannot be combined with `photo`."]}}


def draw_photo(
    data: bytes,
    artboard: Artboard,
    *,
    turn: bool = False,
    progress: Callable[[float], None] | None = None,
) -> tuple[SVGBuilder, Artboard]:
    """Return the photo in `data` as a drawing, and the artboard used.

    `artboard` has one of `PHOTO_PATTERNS`, without the parameter `image`. `turn` swaps the sides of
    the page to match the photo. `progress` receives the completed part from 0 to 1.
    """
    with named_image(data) as name:
        rows, columns = find_image(name).greys.shape
        width, height = artboard.width, artboard.height
        if turn and (columns - rows) * (width - height) < 0:
            width, height = height, width
        params = {**artboard.params, "image": name}
        changed = {"width": width, "height": height, "params": params}
        page = type(artboard).load({**artboard.values(), **changed})
        return page.draw(progress), page
