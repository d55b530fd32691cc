"""Reports of conversions: the number of valid rows, and the errors in the others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from libraries.json_types import JsonObject

MAX_QUOTE_CHARS = 60

Item = TypeVar("Item")


class RowError(NamedTuple):
    """A rejected row: its first line (counted from 1) and the reason."""

    line: int
    detail: str


@dataclass
class Report:
    """Report on the rows of a table and on how the file was read.

    `errors` are the first 100 rejected rows, `notes` changes without loss of data, such as a renamed
    column. `encoding` and `dialect` are None in binary formats.
    """

    MAX_SHOWN = 100

    rows: int = 0
    columns: list[str] = field(default_factory=list)
    error_count: int = 0
    errors: list[RowError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    source_format: str = ""
    encoding: str | None = None
    dialect: dict[str, str] | None = None

    def reject(self, error: RowError) -> None:
        self.error_count += 1
        if len(self.errors) < self.MAX_SHOWN:
            self.errors.append(error)

    def note(self, text: str) -> None:
        if len(self.notes) < self.MAX_SHOWN:
            self.notes.append(text)

    def summary(self) -> JsonObject:
        """Return the report as JSON of at most about 52 kB: long lists are truncated, their counts are not."""
        # The result of a job is limited, so each list has a share in bytes.
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
    """Return as many of the first `items` as fit in `most` bytes of JSON."""
    kept: list[Item] = []
    for item in items:
        most -= len(json.dumps(item)) + 2
        if most < 0:
            break
        kept.append(item)
    return kept


def quoted(text: str) -> str:
    """Return `text` quoted, escaped and truncated to 60 characters."""
    return ascii(text if len(text) <= MAX_QUOTE_CHARS else f"{text[:MAX_QUOTE_CHARS]}...")
