"""Papers by name with their sizes, from papers.json."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.area import MAX_SIDE_MM
from libraries.registry import Registry

Orientation = Literal["portrait", "landscape"]
ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)


@dataclass(frozen=True)
class Paper:
    """A paper: its `title`, its `family` of sizes, and its sides in mm, upright.

    Raises:
        InvalidInput: the sides are not `0 < width <= height <= 2000`.
    """

    name: str
    title: str
    family: str
    width: float
    height: float

    def __post_init__(self) -> None:
        """Check the sides; the comparison is worded so that NaN fails it."""
        if not 0 < self.width <= self.height <= MAX_SIDE_MM:
            raise InvalidInput(
                f"a paper is upright: 0 < width <= height <= {MAX_SIDE_MM} mm",
                code="bad-page",
                field="paper",
            )

    def size(self, orientation: Orientation = "portrait") -> tuple[float, float]:
        """Return width and height in mm.

        Raises:
            UnknownName: `orientation` is neither portrait nor landscape.
        """
        if orientation not in ORIENTATIONS:
            raise UnknownName("orientation", orientation, ORIENTATIONS, field="orientation")
        return (self.width, self.height) if orientation == "portrait" else (self.height, self.width)

    def as_record(self) -> dict[str, Any]:
        """Return the paper as JSON-able values."""
        return asdict(self)


PAPERS: Registry[Paper] = Registry("paper")

for _row in orjson.loads(Path(__file__).with_name("papers.json").read_bytes())["papers"]:
    PAPERS.add(_row["name"], Paper(**_row))


def custom_paper(width: float, height: float) -> Paper:
    """Return a paper of `width` x `height` mm called `custom`, turned upright.

    Raises:
        InvalidInput: a side is not more than 0 and at most 2000 mm.
    """
    return Paper("custom", "Custom", "custom", min(width, height), max(width, height))


def page_size(paper: str, orientation: Orientation = "portrait") -> tuple[float, float]:
    """Return width and height in mm of the paper called `paper`; capitals do not matter.

    Raises:
        UnknownName: there is no such paper or orientation; the error lists those that exist.
    """
    return PAPERS[paper.lower() if isinstance(paper, str) else paper].size(orientation)
