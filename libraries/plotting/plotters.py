"""Plotters from the files in `machines`: profile, bed, pens, and the commands of HP-GL or G-code.

A file is a plotter, named after the file. A plotter with a `base` has the tables of that plotter,
except for the members that its file replaces. Each table has a source. A file with a mistake is
left out and recorded.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from marshmallow import fields
from marshmallow.validate import Length, Range, Regexp
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.fields import BoundedList, Params, choice, declare, flag, mm, number, whole
from libraries.geometry.document import Document
from libraries.json_types import JsonObject
from libraries.loading import LoadError, forget_problem, record_problem
from libraries.plotting.profiles import LIMITS, PlotterProfile
from libraries.registry import Registry


class Bed(Params):
    """The area that the pen reaches; y points down from the upper corner and up from the others."""

    width: float = mm("Reach along the longer axis", 1, 10_000)
    height: float = mm("Reach along the other axis", 1, 10_000)
    origin: str = choice("Place of the origin.", ("upper-left", "lower-left", "centre"))


class Pens(Params):
    """The holder of the pens."""

    count: int = whole("Number of pens that are changed without a person, or 1.", 1, 100)


def _pair(description: str, field: fields.Field[Any]) -> Any:
    return declare(fields.Tuple((field, field), metadata={"description": description}))


class HpglPaper(Params):
    """A paper in landscape orientation, and the coordinates on it."""

    name: str = declare(fields.String(validate=Length(1, 20), metadata={"description": "Name."}))
    width: float = mm("Longer side", 1, 2000)
    height: float = mm("Shorter side", 1, 2000)
    # Six characters with a sign, so that the length of an instruction is known.
    x_range: tuple[int, int] = _pair("First and last x.", fields.Integer(validate=Range(-99_999)))
    y_range: tuple[int, int] = _pair("First and last y.", fields.Integer(validate=Range(-99_999)))
    origin: tuple[float, float] = _pair("Origin from the upper left corner, in mm.", fields.Float())
    turned: bool = flag("Whether both axes point the other way.", default=False)
    ps: int | None = whole("Parameter of `PS`, if it is needed.", 0, 127, default=None)


class Hpgl(Params):
    """The HP-GL of a plotter; without papers it takes any, with the origin in the lower left."""

    unit: float = mm("Length of a plotter unit", 0.001, 1)
    velocity: int = whole("Highest `VS`, in cm/s.", 1, 999)
    instruction_bytes: int = whole("Longest instruction.", 40, 1024, default=1024)
    papers: Sequence[HpglPaper] = declare(
        BoundedList(
            fields.Nested(HpglPaper.schema()),
            validate=Length(0, 20),
            metadata={"description": "Papers."},
        ),
        factory=list,
    )


def _lines(description: str) -> Any:
    # Without the characters of comments, so that each line is a command.
    line = fields.String(validate=[Length(1, 70), Regexp(r"[A-Z][A-Za-z0-9 _.=-]*\Z")])
    metadata = {"description": description}
    return declare(BoundedList(line, validate=Length(0, 20), metadata=metadata), factory=list)


class Gcode(Params):
    """The G-code of a plotter; feed rates follow from the speeds of its profile."""

    start: Sequence[str] = _lines("Lines before the first pen.")
    end: Sequence[str] = _lines("Lines after the last stroke.")
    pen_up: Sequence[str] = _lines("Lines that lift the pen.")
    pen_down: Sequence[str] = _lines("Lines that lower the pen.")
    pen_change: Sequence[str] = _lines("Lines that wait for another pen.")
    dwell: str = choice("Unit of `P` in `G4`.", ("s", "ms"), default="s")
    travel: str = choice("Command for moves with the pen up.", ("G0", "G1"), default="G0")
    arcs: bool = flag("Whether the firmware knows `G2` and `G3`.", default=False)
    decimals: int = whole("Decimal places of coordinates in mm.", 1, 5, default=3)
    flip_y: bool = flag("Whether y points up.", default=True)
    offset_x: float = number("Added to each x, in mm.", -10_000, 10_000, default=0.0)
    offset_y: float = number("Added to each y, in mm.", -10_000, 10_000, default=0.0)


@dataclass(frozen=True, kw_only=True)
class Plotter:
    """A plotter: its profile, the area that it reaches, its pens, and its languages.

    `sources` names the origin of the figures by table. `in_statistics` is set for the plotters whose
    times are stored with each drawing.
    """

    name: str
    title: str
    profile: PlotterProfile
    bed: Bed
    pens: Pens
    hpgl: Hpgl | None = None
    gcode: Gcode | None = None
    sources: Mapping[str, str]
    in_statistics: bool = False

    def as_record(self) -> JsonObject:
        """Return the plotter as JSON, without what only the exporters need."""
        motion = {
            name: round(value, 6)
            for name, value in self.profile.as_record().items()
            if name != "name"
        }
        papers = [one.name for one in self.hpgl.papers] if self.hpgl else []
        return {
            "name": self.name,
            "title": self.title,
            "motion": motion,
            "bed": self.bed.values(),
            "pens": self.pens.count,
            "formats": [name for name in ("gcode", "hpgl") if getattr(self, name)],
            "papers": papers,
            "sources": dict(self.sources),
        }


PLOTTERS: Registry[Plotter] = Registry("plotter")
PROFILES: Registry[PlotterProfile] = Registry("plotter profile")
DEFAULT_PROFILE = "saxi"


def custom_profile(constants: Mapping[str, Any], base: str = DEFAULT_PROFILE) -> PlotterProfile:
    """Return the profile `base` with some constants replaced; its name is `custom`."""
    for name in constants:
        if name not in LIMITS:
            raise UnknownName("constant", name, LIMITS, field=str(name)[:100])
    return replace(PROFILES[base], name="custom", **constants)


def not_plottable(text: str, hint: str = "choose another plotter or page") -> InvalidInput:
    return InvalidInput(text, code="not-plottable", field="profile", hint=hint)


def check_reach(
    document: Document, outside: NDArray[np.bool_], plotter: Plotter, hint: str
) -> None:
    """Raise InvalidInput with the first stroke that has a vertex `outside` of the area."""
    if outside.any():
        vertex = int(outside.argmax())
        stroke = int(np.searchsorted(document.store.offsets, vertex, side="right"))
        x, y = document.store.coordinates[vertex].tolist()
        raise not_plottable(
            f"stroke {stroke} is out of reach of {plotter.title}, at {x:.1f}, {y:.1f} mm of the page",
            hint,
        )


def load_plotters(folder: Path) -> None:
    """Register the plotters of a folder; files with mistakes are recorded as load problems."""
    for path in sorted(folder.glob("*.toml")):
        problem = f"{__name__}.{path.stem}"
        try:
            plotter = read_plotter(path)
            PLOTTERS.add(plotter.name, plotter)
            PROFILES.add(plotter.name, plotter.profile)
        except (LoadError, InvalidInput, OSError, ValueError) as error:
            record_problem(problem, LoadError(str(error)), path=path)
        else:
            forget_problem(problem)


def read_plotter(path: Path) -> Plotter:
    """Return the plotter of a file.

    Raises:
        LoadError: a table is unknown or missing, or has no source.
        InvalidInput: a member is unknown, missing or out of range.
        ValueError: the file is not TOML in UTF-8.
    """
    given = _with_base(path)
    tables: dict[str, Any] = {
        name: given.pop(name, None) for name in ("motion", "bed", "pens", "hpgl", "gcode")
    }
    sources = given.pop("sources", {})
    title, in_statistics = str(given.pop("title", "")), given.pop("statistics", False) is True
    if given:
        raise LoadError(f"unknown: {', '.join(given)}")
    for name, table in tables.items():
        if table is not None and not sources.get(name):
            raise LoadError(f"[sources] does not name the source of [{name}]")
        if table is None and name in ("motion", "bed", "pens"):
            raise LoadError(f"the table [{name}] is missing")
    if not title:
        raise LoadError("the title is missing")
    loaded: dict[str, Any] = {
        name: kind.load(table, inside=name)
        for name, kind in (("bed", Bed), ("pens", Pens), ("hpgl", Hpgl), ("gcode", Gcode))
        if (table := tables[name]) is not None
    }
    try:
        profile = PlotterProfile(**{**tables["motion"], "name": path.stem})
    except TypeError:
        raise LoadError(f"[motion] must have {', '.join(LIMITS)}") from None
    return Plotter(
        name=path.stem,
        title=title,
        profile=profile,
        sources=sources,
        in_statistics=in_statistics,
        **loaded,
    )


def _with_base(path: Path) -> dict[str, Any]:
    """Return the contents of a file, with the tables of its base below its own."""
    own = tomllib.loads(path.read_text("utf-8"))
    base = own.pop("base", None)
    if base is None:
        return own
    found = path.with_name(f"{Path(str(base)).name}.toml")
    tables = tomllib.loads(found.read_text("utf-8"))
    if "base" in tables:
        raise LoadError(f"the base {base!r} has a base itself")
    tables.pop("statistics", None)
    for name, value in own.items():
        if isinstance(value, dict) and isinstance(tables.get(name), dict):
            tables[name] = {**tables[name], **value}
        else:
            tables[name] = value
    return tables


load_plotters(Path(__file__).with_name("machines"))
