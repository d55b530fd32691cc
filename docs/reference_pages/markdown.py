"""Markdown that both a code host and the site generator read in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

CODE_SPAN = re.compile(r"(`+[^`]*`+)")
SPECIAL = re.compile(r"[\\*\[\]<>]")


def code(text: object) -> str:
    """Return `text` as a code span, an empty string for an empty text."""
    return f"`{text}`" if str(text) else ""


def prose(text: str) -> str:
    """Return the plain text of a docstring as Markdown on one line; its code spans stay code."""
    parts = CODE_SPAN.split(" ".join(text.split()))
    return "".join(
        part if part.startswith("`") else SPECIAL.sub(r"\\\g<0>", part) for part in parts
    )


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring, each with an empty line after it."""
    for part in text.split("\n\n"):
        if part.strip():
            yield f"{prose(part)}\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table without the columns that are empty in every row; nothing for no rows."""
    found = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    used = [index for index in range(len(head)) if any(row[index] for row in found)]
    if found:
        for line in [list(head), ["---"] * len(head), *found]:
            yield f"| {' | '.join(line[index] for index in used)} |"
        yield ""
