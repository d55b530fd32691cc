"""Figures of `bench/RESULTS.md` that the documentation quotes; a full run updates them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from bench.machinery import REPOSITORY, BenchError

RESULTS = REPOSITORY / "bench" / "RESULTS.md"


class Quote(NamedTuple):
    """A figure in a document: the text before it, and the title, row and column of its table."""

    document: str
    before: str
    section: str
    row: str
    column: str


QUOTES = (
    Quote("README.md", "One worker runs ", "Throughput", "python -m workers", "jobs/s, 1 worker"),
    Quote(
        "README.md", "no-op jobs a second, ", "Throughput", "python -m workers", "rate / rq worker"
    ),
    Quote(
        "docs/explanation/architecture.md",
        "One worker ran ",
        "Throughput",
        "python -m workers",
        "jobs/s, 1 worker",
    ),
    Quote(
        "docs/explanation/architecture.md",
        "no-op jobs per second there, ",
        "Throughput",
        "python -m workers",
        "rate / rq worker",
    ),
    *(
        Quote(
            "docs/explanation/architecture.md",
            f"{before} ran ",
            "Throughput",
            row,
            "jobs/s, 1 worker",
        )
        for before, row in (("Celery's prefork pool", "celery prefork"), ("dramatiq", "dramatiq"))
    ),
)


def figure(results: str, quote: Quote) -> str:
    """Return the figure without its range. Raises BenchError if the results do not have it."""
    for section in re.split(r"^## ", results, flags=re.MULTILINE):
        if section.startswith(quote.section):
            head, _, *rows = (_cells(line) for line in section.splitlines() if line[:1] == "|")
            for row in rows:
                if row[0] == quote.row and quote.column in head:
                    return row[head.index(quote.column)].partition(" ")[0]
    raise BenchError(f"the results do not have {quote.section}, {quote.row}, {quote.column}")


def updated(text: str, document: str, results: str) -> str:
    """Return the text of a document with the figures of `results`.

    Raises BenchError if a quote is not there, or twice.
    """
    for quote in QUOTES:
        if quote.document == document:
            pattern = rf"(?<={re.escape(quote.before)})[0-9,.]*[0-9]"
            text, found = re.subn(pattern, figure(results, quote), text)
            if found != 1:
                raise BenchError(f"{document} has {found} figures after {quote.before!r}")
    return text


def update_documents(root: Path = REPOSITORY) -> None:
    """Write the figures of the last full run into the documents."""
    results = RESULTS.read_text()
    for document in dict.fromkeys(quote.document for quote in QUOTES):
        path = root / document
        path.write_text(updated(path.read_text(), document, results))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
