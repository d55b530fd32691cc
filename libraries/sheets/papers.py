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
    """A paper: its sides in mm, upright. Invalid sides raise InvalidInput."""

    name: str
    title: str
    family: str
    width: float
    height: float

    def __post_init__(self) -> None:
        """Check the sides; the comparison is written so that NaN fails."""
        if not 0 < self.width <= self.height <= MAX_SIDE_MM:
            raise InvalidInput(
                f"a paper needs 0 < width <= height <= {MAX_SIDE_MM} mm",
                code="bad-page",
                field="paper",
            )

    def size(self, orientation: Orientation = "portrait") -> tuple[float, float]:
        """Return width and height in mm; raise UnknownName for an unknown orientation."""
        if orientation not in ORIENTATIONS:
            raise UnknownName("orientation", orientation, ORIENTATIONS, field="orientation")
        return (self.width, self.height) if orientation == "portrait" else (self.height, self.width)

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


PAPERS: Registry[Paper] = Registry("paper")

for _row in orjson.loads(Path(__file__).with_name("papers.json").read_bytes())["papers"]:
    PAPERS.add(_row["name"], Paper(**_row))


def page_size(paper: str, orientation: Orientation = "portrait") -> tuple[float, float]:
    """Return width and height in mm of a paper; case is ignored. Raises UnknownName."""
    return PAPERS[paper.lower() if isinstance(paper, str) else paper].size(orientation)
