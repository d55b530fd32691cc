"""The account of a conversion: how many rows were kept, and what was wrong with the others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

MAX_SHOWN_ERRORS = 100
MAX_SHOWN_NOTES = 100
MAX_QUOTE_CHARS = 60

Item = TypeVar("Item")


class RowError(NamedTuple):
    """A row that was left out: the line that it begins on (the first line is 1), and why."""

    line: int
    detail: str


@dataclass
class Report:
    """What became of the rows of a table.

    Every row of the source is counted once: in `rows` if it was kept, in `error_count` if it was left out. `errors` tells of the
    first hundred of the latter. `notes` tells of changes that cost no data, such as a column that had to be renamed. `kinds` says
    what each column holds; `source_format`, `encoding` and `dialect` how the file was read, the latter two None in formats that
    have none.
    """

    rows: int = 0
    columns: list[str] = field(default_factory=list)
    error_count: int = 0
    errors: list[RowError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    source_format: str = ""
    encoding: str | None = None
    dialect: dict[str, str] | None = None

    def refuse(self, error: RowError) -> None:
        """Count a row that was left out."""
        self.error_count += 1
        if len(self.errors) < MAX_SHOWN_ERRORS:
            self.errors.append(error)

    def note(self, text: str) -> None:
        """Keep a remark; beyond a hundred they are dropped."""
        if len(self.notes) < MAX_SHOWN_NOTES:
            self.notes.append(text)

    def summary(self) -> dict[str, Any]:
        """Return the report as JSON of at most about 52 kB: long lists are cut, their counts are not."""
        # Bytes as JSON. A job's result is limited, so each list in it has its share.
        return {
            "rows": self.rows,
            "columns": within_bytes(self.columns, 14_000),
            "column_count": len(self.columns),
            "types": within_bytes(self.kinds, 12_000),
            "error_count": self.error_count,
            "errors": within_bytes([error._asdict() for error in self.errors], 18_000),
            "notes": within_bytes(self.notes, 7_000),
            "source_format": self.source_format,
            "encoding": self.encoding,
            "dialect": self.dialect,
        }


def within_bytes(items: Iterable[Item], most: int) -> list[Item]:
    """Return the first of `items`, as many as fit into `most` bytes of JSON."""
    kept: list[Item] = []
    for item in items:
        most -= len(json.dumps(item)) + 2
        if most < 0:
            break
        kept.append(item)
    return kept


def quoted(text: str) -> str:
    """Return `text` for an error text: quoted, escaped and cut to 60 characters."""
    return ascii(text if len(text) <= MAX_QUOTE_CHARS else f"{text[:MAX_QUOTE_CHARS]}...")
