"""Artboards: a page with one pattern and everything needed to draw it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from marshmallow import fields
from marshmallow.validate import Length, OneOf

from libraries.fields import BoundedDict, InvalidFields, declare, find_mistakes
from libraries.patterns import (
    PATTERNS,
    TooComplex,
    check_pattern,
    cost_of_pattern,
    draw_pattern,
    find_pattern,
    work_of_pattern,
)
from libraries.sheets.page import DrawnPage
from libraries.sheets.planned import Planned
from libraries.svg_builder import SVGBuilder


def pattern_name(
    description: str, names: Sequence[str], *, example: str | None = None, **options: Any
) -> Any:
    """Declare the name of a pattern; `options` go to `declare`."""
    metadata = {"description": description} | ({"example": example} if example else {})
    field = fields.String(validate=OneOf(list(names)), metadata=metadata)
    return declare(field, **options)


def pattern_params(**options: Any) -> Any:
    """Declare the parameters of a pattern by name; `options` go to `declare`."""
    text = "Parameters of the pattern, by name; each has a default."
    field = BoundedDict(
        keys=fields.String(), validate=Length(max=64), metadata={"description": text}
    )
    return declare(field, factory=dict, recorded=True, **options)


def params_mistakes(parsed: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the invalid parameters in `parsed`."""
    pattern = parsed.get("pattern")
    if isinstance(pattern, str) and pattern in PATTERNS and "params" in parsed:
        found = find_mistakes(PATTERNS[pattern].schema(), parsed["params"])
        if found:
            yield {"params": found}


class Artboard(DrawnPage):
    """A page with one pattern."""

    MAX_QUICK_WORK: ClassVar[int] = 250_000
    # More than other drawings need, since a busy machine is slower.
    MAX_QUICK_S: ClassVar[float] = 5.0

    pattern: str = pattern_name(
        "Name of the pattern.", list(PATTERNS), default="spiral", recorded=True, argument=True
    )
    params: dict[str, Any] = pattern_params(argument=True)

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        yield from params_mistakes(parsed)

    @classmethod
    def of_arguments(cls, given: Mapping[str, Any], **names: str) -> Self:
        """Load an artboard from the arguments of a task; the counterpart of `arguments`.

        `given` has the arguments by name; None means not given, and unknown names are ignored.
        `names` maps fields to the names of their arguments where they differ. Raises InvalidFields.
        """
        arguments = {
            name: given.get(names.get(name, name))
            for name, field in cls.declared().items()
            if field.metadata.get("argument")
        }
        find_pattern(arguments["pattern"])  # type: ignore[arg-type]
        further = given.get("artboard") or {}
        if not isinstance(further, Mapping):
            raise InvalidFields({"artboard": ["Must be an object."]})
        duplicates = [name for name in further if name in arguments]
        if duplicates:
            raise InvalidFields({f"artboard.{name}": ["Is an argument."] for name in duplicates})
        known = {name: value for name, value in arguments.items() if value is not None}
        return cls.load({**further, **known})

    @property
    def drawing_title(self) -> str:
        return f"{self.pattern}, {self.width:g} x {self.height:g} mm"

    def check_cost(self) -> None:
        """Raise TooComplex if the drawing would have too many points."""
        check_pattern(self.pattern, self.area, self.params)

    def check_quick(self) -> None:
        """Raise TooComplex if drawing would take longer than about a second; else as `check_cost`."""
        work = work_of_pattern(self.pattern, self.area, self.params)
        if not work <= self.MAX_QUICK_WORK:
            raise self._too_slow()

    def quick(self) -> Planned:
        """Draw the page while a client waits; raise TooComplex if its order takes too long."""
        made = self.planned(self.draw().document(), deadline_s=self.MAX_QUICK_S)
        if not made.is_complete:
            raise self._too_slow()
        return made

    def _too_slow(self) -> TooComplex:
        return TooComplex(
            self.cost(),
            reason="too much work while a client waits",
            hint="draw it as a job with POST /artboard/create, or use a smaller page",
        )

    def cost(self) -> float:
        """Return the estimated number of points; raises as `check_cost`."""
        return cost_of_pattern(self.pattern, self.area, self.params)

    def draw(self, progress: Callable[[float], None] | None = None) -> SVGBuilder:
        """Draw the page; `progress` receives the completed part from 0 to 1. Raises TooComplex."""
        lines = draw_pattern(
            self.pattern, self.area, self.params, self.seed or 0, progress=progress
        )
        svg = SVGBuilder(self.width, self.height, pen_width=self.pen_width)
        return svg.title(self.drawing_title).metadata(self.recipe().metadata()).polylines(lines)


def load_artboard(width: float, height: float, pattern: str = "spiral", **options: Any) -> Artboard:
    """Return an artboard; `options` are its other fields, None means not given.

    Raises UnknownName for the pattern, and InvalidFields.
    """
    find_pattern(pattern)
    given = {name: value for name, value in options.items() if value is not None}
    return Artboard.load({"width": width, "height": height, "pattern": pattern, **given})


def draw_artboard(
    width: float, height: float, pattern: str = "spiral", **options: Any
) -> SVGBuilder:
    """Return the drawing of an artboard; see `load_artboard`."""
    return load_artboard(width, height, pattern, **options).draw()
