"""Pages, and the fields of every drawing: seed, pen, encoding and recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from marshmallow import fields
from marshmallow.validate import OneOf

from libraries.exporting import encodings
from libraries.fields import Params, choice, mm, whole
from libraries.geometry.area import MAX_SIDE_MM, Area
from libraries.geometry.document import Document
from libraries.sheets.papers import ORIENTATIONS, PAPERS, page_size
from libraries.sheets.planned import PLAIN, Planned, optimize_flag, planned
from libraries.sheets.recipes import VERSION, Recipe, at_default, recorded

MAX_SEED = 2**32 - 1
MAX_DEFAULT_MARGIN_MM = 10.0


def default_margin(width: float, height: float) -> float:
    """Return the default margin in mm: a tenth of the shorter side, at most 10 mm."""
    return min(MAX_DEFAULT_MARGIN_MM, min(width, height) / 10)


class PaperName(fields.String):
    """The name of a paper; case is ignored."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        name = super()._deserialize(value, attr, data, **kwargs)
        return name.lower() if isinstance(name, str) else name


class Page(Params):
    """A page, given by `width` and `height` or by `paper` and `orientation`."""

    paper = PaperName(
        load_default=None,
        validate=OneOf(list(PAPERS)),
        metadata={
            "description": "Name of a paper instead of `width` and `height`; see `GET /papers`.",
            "example": "a4",
        },
    )
    orientation = fields.String(
        load_default="portrait",
        validate=OneOf(ORIENTATIONS),
        metadata={"description": "Orientation of the `paper`; ignored without one."},
    )

    width: float = mm(
        "Width of the page; required without a `paper`",
        1,
        MAX_SIDE_MM,
        resolved=True,
        argument=True,
    )
    height: float = mm(
        "Height of the page; required without a `paper`",
        1,
        MAX_SIDE_MM,
        resolved=True,
        argument=True,
    )
    margin: float | None = mm(
        "Margin on all sides, less than half of the shorter side; by default a tenth of the "
        "shorter side, at most 10",
        0,
        MAX_SIDE_MM // 2,
        default=None,
        argument=True,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Reject a page without a size, with two, or with a margin that leaves no room."""
        yield from super().mistakes(parsed, given)
        sides = ("width", "height")
        if given.get("paper") is None:
            lacking = [side for side in sides if side not in given]
            yield {side: ["Missing data for required field."] for side in lacking}
        else:
            duplicates = [side for side in sides if side in parsed]
            yield {side: ["Cannot be combined with `paper`."] for side in duplicates}
        paper, margin = parsed.get("paper"), parsed.get("margin")
        size = dict(zip(sides, page_size(paper), strict=True)) if paper else {}
        known = {**size, **{side: parsed[side] for side in sides if side in parsed}}
        if margin is not None and known and margin >= min(known.values()) / 2:
            yield {"margin": ["Must be less than half of the shorter side."]}

    @classmethod
    def resolve(cls, parsed: dict[str, Any]) -> dict[str, Any]:
        """Replace the name of a paper by its size."""
        paper, orientation = parsed.pop("paper"), parsed.pop("orientation")
        if paper is not None:
            parsed["width"], parsed["height"] = page_size(paper, orientation)
        return super().resolve(parsed)

    @property
    def area(self) -> Area:
        margin = default_margin(self.width, self.height) if self.margin is None else self.margin
        return Area(self.width, self.height, margin)

    @classmethod
    def part_of(cls, request: Params) -> Self:
        """Return the fields of `request`, an instance of a subclass, that this class declares."""
        return cls(**{name: getattr(request, name) for name in cls.declared()})


class DrawnPage(Page):
    """The fields of all drawings.

    The fact `argument=True` marks arguments of the tasks; other fields are members of their
    argument `artboard`.
    """

    seed: int | None = whole(
        "Seed of the random numbers; the same seed gives the same drawing.",
        0,
        MAX_SEED,
        default=None,
        argument=True,
    )
    pen_width: float = mm(
        "Line width of the pen", 0.05, 5, default=0.3, recorded=True, argument=True
    )
    encoding: str = choice(
        "Encoding of the file: `plain` has coordinates in mm, `compact` steps of 0.01 mm at about "
        "half the size.",
        encodings(),
        default=PLAIN,
        argument=True,
    )
    optimize: bool = optimize_flag()

    def recipe(self) -> Recipe:
        """Return the recipe of the drawing; a missing seed is 0."""
        fixed = {"seed": self.seed or 0, "version": VERSION}
        return Recipe({**recorded(self, picture_only=True), **fixed})

    def arguments(self, **names: str) -> dict[str, Any]:
        """Return the arguments of the drawing task, except for `output_filename`.

        `names` maps fields to the names of their arguments where they differ.
        """
        declared = self.declared()
        given = {
            names.get(name, name): getattr(self, name)
            for name, field in declared.items()
            if field.metadata.get("argument")
        }
        further = {
            name: value
            for name, value in recorded(self, picture_only=False).items()
            if not declared[name].metadata.get("argument")
            and not at_default(declared[name], getattr(self, name))
        }
        return {**given, "artboard": further} if further else given

    def planned(self, drawing: Document, **options: Any) -> Planned:
        """Return the drawing of this page as it is stored, with its recipe; see `planned.planned`."""
        drawing.metadata.update(self.recipe().metadata())
        return planned(drawing, optimize=self.optimize, encoding=self.encoding, **options)
