"""The artboard: a page with one pattern on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema
from marshmallow.validate import Length, OneOf, Range

from libraries.exporting import encodings
from libraries.fields import WholeNumber, find_mistakes, load_fields, millimetres
from libraries.geometry.area import MAX_SIDE_MM, Area
from libraries.patterns import PATTERNS, check_pattern, draw_pattern, find_pattern
from libraries.sheets.papers import ORIENTATIONS, PAPERS, page_size
from libraries.sheets.recipes import PLAIN, recipe_of
from libraries.svg_builder import SVGBuilder, svg_blocks

LARGEST_SEED = 2**32 - 1
WIDEST_DEFAULT_MARGIN = 10.0
MOST_PARAMS = 64
SIDES = ("width", "height")


def default_margin(width: float, height: float) -> float:
    """Return the margin in mm that a page of `width` x `height` mm gets by itself: a tenth of the shorter side, 10 mm at most."""
    return min(WIDEST_DEFAULT_MARGIN, min(width, height) / 10)


class PaperName(fields.String):
    """The name of a paper, in capitals or not."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        return name.lower() if isinstance(name, str) else name


class PageSchema(Schema):
    """A page as it is asked for. A `margin` or `seed` that is not given is None.

    It is given by `width` and `height`, or by `paper` and `orientation`; what is loaded has `width` and `height`.
    """

    width = millimetres("Width of the page; needed without a `paper`", least=1, most=MAX_SIDE_MM)
    height = millimetres("Height of the page; needed without a `paper`", least=1, most=MAX_SIDE_MM)
    paper = PaperName(
        load_default=None,
        validate=OneOf(list(PAPERS)),
        metadata={
            "description": "Name of a paper, in place of `width` and `height`; see `GET /papers`.",
            "example": "a4",
        },
    )
    orientation = fields.String(
        load_default="portrait",
        validate=OneOf(ORIENTATIONS),
        metadata={"description": "How the `paper` lies. Without a `paper` it means nothing."},
    )
    seed = WholeNumber(
        load_default=None,
        validate=Range(0, LARGEST_SEED),
        metadata={
            "description": "Chooses one of the variations of a pattern; the same seed gives the same drawing."
        },
    )
    margin = millimetres(
        "Empty border on all sides, under half of the shorter side; by default a tenth of the shorter side, at most 10",
        least=0,
        most=MAX_SIDE_MM // 2,
        load_default=None,
    )
    pen_width = millimetres("Width of the pen's line", least=0.05, most=5, load_default=0.3)
    encoding = fields.String(
        load_default=PLAIN,
        validate=OneOf(encodings()),
        metadata={
            "description": "How the file is written: `plain` has places in mm, `compact` steps of hundredths of a mm, in "
            "about half of the bytes."
        },
    )

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_page(self, data: Mapping[str, Any], original: object, **_: Any) -> None:
        """Refuse a page that is given not at all, by half, or twice."""
        if not isinstance(original, Mapping):
            return  # a page inside of something else may come as anything; that it is no object is said already
        named = original.get("paper") is not None
        missing = [] if named else [side for side in SIDES if side not in original]
        twice = [side for side in SIDES if side in data] if named else []
        mistakes = {side: ["Missing data for required field."] for side in missing} | {
            side: ["Must not be given beside a paper."] for side in twice
        }
        if mistakes:
            raise ValidationError(mistakes)

    @validates_schema(skip_on_field_errors=False)
    def check_margin(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a margin that leaves nothing of the page."""
        page = (
            {**dict(zip(SIDES, page_size(data["paper"]), strict=True)), **data}
            if data.get("paper")
            else data
        )
        margin, sides = data.get("margin"), [page[name] for name in SIDES if name in page]
        if margin is not None and sides and margin >= min(sides) / 2:
            raise ValidationError("Must be under half of the shorter side.", "margin")

    @post_load
    def resolve_paper(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put the sides of the paper in the place of its name."""
        paper, orientation = data.pop("paper"), data.pop("orientation")
        return (
            data
            if paper is None
            else {**data, **dict(zip(SIDES, page_size(paper, orientation), strict=True))}
        )


class ArtboardSchema(PageSchema):
    """An artboard as it is asked for: a page with one pattern."""

    pattern = fields.String(
        load_default="spiral",
        validate=OneOf(list(PATTERNS)),
        metadata={"description": "Name of the pattern."},
    )
    params = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        validate=Length(max=MOST_PARAMS),
        metadata={"description": "Parameters of the pattern, by name; each has a default."},
    )

    @validates_schema(skip_on_field_errors=False)
    def check_params(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse parameters that the pattern does not take."""
        if data.get("pattern") in PATTERNS and "params" in data:
            mistakes = find_mistakes(PATTERNS[data["pattern"]].schema(), data["params"])
            if mistakes:
                raise ValidationError({"params": mistakes})


def area_of(artboard: Mapping[str, Any]) -> Area:
    """Return the room of an artboard that was loaded by `ArtboardSchema`."""
    width, height, margin = artboard["width"], artboard["height"], artboard["margin"]
    return Area(width, height, default_margin(width, height) if margin is None else margin)


def check_artboard(artboard: Mapping[str, Any]) -> None:
    """Check all that can be known of an artboard without drawing it; `artboard` was loaded by `ArtboardSchema`.

    Raises:
        TooComplex: the drawing would have too many points.
    """
    check_pattern(artboard["pattern"], area_of(artboard), artboard["params"])


def draw_artboard(
    width: float, height: float, pattern: str = "spiral", **options: Any
) -> SVGBuilder:
    """Return a page of `width` x `height` mm with `pattern` drawn on it; see `load_artboard` for the arguments and the errors."""
    return draw_loaded(load_artboard(width, height, pattern, **options))


def load_artboard(
    width: float, height: float, pattern: str = "spiral", **options: Any
) -> dict[str, Any]:
    """Return an artboard of `width` x `height` mm as `ArtboardSchema` loads it.

    Args:
        width: width of the page in mm.
        height: height of the page in mm.
        pattern: name of a pattern.
        options: further fields of `ArtboardSchema`: `params`, `seed`, `margin`, `pen_width`, `encoding`; None means not given.

    Raises:
        UnknownPattern: there is no such pattern.
        InvalidFields: one or more fields are bad.
    """
    find_pattern(pattern)
    given = {name: value for name, value in options.items() if value is not None}
    return load_fields(
        ArtboardSchema(), {"width": width, "height": height, "pattern": pattern, **given}
    )


def draw_loaded(
    artboard: Mapping[str, Any], watch: Callable[[float], None] | None = None
) -> SVGBuilder:
    """Return the drawing of an artboard that was loaded by `ArtboardSchema`.

    Args:
        artboard: what to draw.
        watch: called now and then with the part that is drawn by now, from 0 to 1.

    Raises:
        TooComplex: the drawing would have too many points.
    """
    pattern, seed = artboard["pattern"], artboard["seed"] or 0
    lines = draw_pattern(pattern, area_of(artboard), artboard["params"], seed, progress=watch)
    svg = SVGBuilder(artboard["width"], artboard["height"], pen_width=artboard["pen_width"])
    title = f"{pattern}, {artboard['width']:g} x {artboard['height']:g} mm"
    return svg.title(title).metadata(recipe_of(artboard)).polylines(lines)


def artboard_blocks(artboard: Mapping[str, Any], drawing: SVGBuilder) -> Iterator[bytes]:
    """Return the `drawing` of an artboard in blocks of bytes, in the artboard's encoding."""
    if artboard["encoding"] == PLAIN:
        return drawing.blocks()
    document = drawing.document()
    document.metadata.update(recipe_of(artboard))
    return svg_blocks(document, encoding=artboard["encoding"])
