"""Drawings as they are stored: optimised for the pen, with their statistics and certificate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from libraries.exporting import format_of_encoding
from libraries.fields import flag
from libraries.geometry.document import Document
from libraries.job_manager import finish_requested, report_progress
from libraries.json_types import JsonObject
from libraries.plotting import Watch, optimise, without_penalties
from libraries.sheets.plot_stats import plot_stats

PLAIN = "plain"


def optimize_flag() -> Any:
    """Declare the field `optimize` of a drawing."""
    return flag(
        "Whether to remove strokes drawn twice, join strokes and order them for the shortest plot; "
        "`false` leaves them as drawn.",
        default=True,
    )


@dataclass(frozen=True)
class Planned:
    """A drawing in the order in which it is plotted; `certificate` is None if it is as drawn."""

    document: Document
    encoding: str = PLAIN
    certificate: JsonObject | None = None

    @property
    def is_complete(self) -> bool:
        """Return whether the search ended by itself, so that an equal request gives equal bytes."""
        return self.certificate is None or self.certificate["stopped"] is None

    def blocks(self) -> Iterator[bytes]:
        """Return the file in blocks of bytes."""
        return format_of_encoding(self.encoding).params.load({}).write(self.document)

    def facts(self) -> JsonObject:
        """Return the fields of the artifact: `plot`, and `certificate` if it was optimised."""
        document = self.document
        proof = {} if self.certificate is None else {"certificate": self.certificate}
        return {"plot": plot_stats(document, document.width, document.height), **proof}


def planned(
    document: Document,
    *,
    optimize: bool = True,
    encoding: str = PLAIN,
    watch: Watch | None = None,
    deadline_s: float = 60.0,
) -> Planned:
    """Optimise a drawing for the pen, or leave it as drawn; its metadata gets the certificate.

    Only drawings of several 100,000 strokes reach the deadline. `watch` is called with the travel of the best order so far, see `plotting.optimiser`.
    """
    if not optimize:
        return Planned(document, encoding)
    found = optimise(document, deadline_s=deadline_s, watch=watch)
    certificate = without_penalties(found.certificate.as_record())
    found.document.metadata["certificate"] = certificate
    return Planned(found.document, encoding, certificate)


def reported(done: int, total: int) -> Watch:
    """Return a watch that reports a search in the running job, at step `done` of `total`.

    The search ends when a client asks to finish it.
    """

    def watch(travel_mm: float, bound_mm: float, gap: float | None) -> bool:
        above = "" if gap is None else f", at most {gap:.1%} more than needed"
        report_progress(
            done,
            total,
            f"travel {travel_mm / 1000:.2f} m{above}",
            pen_up_mm=round(travel_mm, 3),
            bound_mm=round(bound_mm, 3) or None,
            gap=None if gap is None else round(gap, 4),
        )
        return finish_requested()

    return watch
