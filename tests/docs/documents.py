"""The documents as tests read them: their blocks of code, links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

README = REPOSITORY / "README.md"
DOCS = REPOSITORY / "docs"
# Written by `docs.reference_pages`, and not part of the repository.
GENERATED = DOCS / "reference"
FENCE = re.compile(
    r"^(?:<!-- *not run:(?P<reason>.*?)-->\n+)?(?P<ticks>`{3,})(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=ticks)$",
    re.DOTALL | re.MULTILINE,
)
NOT_RUN = re.compile(r"<!-- *not[ -]run\b.*?-->", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)|(?:src|href)=\"([^\"#]+)\"")
ANCHOR = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
RUN_LANGUAGES = ("sh", "bash", "python")


@dataclass(frozen=True)
class Block:
    """A block of code; `reason` says why the tests do not run it, None if they do."""

    language: str
    text: str
    reason: str | None

    @property
    def is_run(self) -> bool:
        return self.language in RUN_LANGUAGES and self.reason is None


def documents() -> list[Path]:
    """All documents in the repository."""
    found = sorted(path for path in DOCS.rglob("*.md") if GENERATED not in path.parents)
    return [README, REPOSITORY / "CHANGELOG.md", *found]


def document_with(text: str) -> Path:
    """The first document that contains `text`."""
    found = [document for document in documents() if text in document.read_text()]
    assert found, f"no document contains {text!r}"
    return found[0]


def all_blocks(document: Path) -> list[Block]:
    """The blocks of code in their order."""
    found = FENCE.finditer(document.read_text())
    return [
        Block(
            one["language"], one["text"], (one["reason"] and one["reason"].strip()) or one["reason"]
        )
        for one in found
    ]


def blocks(document: Path, language: str) -> list[str]:
    """The texts of the blocks in `language`, in their order."""
    return [one.text for one in all_blocks(document) if one.language == language]


def marker_mistakes(text: str) -> list[str]:
    """The markers `<!-- not run: reason -->` without a reason, or without a block below that would be run."""
    good = [
        one
        for one in FENCE.finditer(text)
        if one["language"] in RUN_LANGUAGES and (one["reason"] or "").strip()
    ]
    starts = {one.start() for one in good}
    return [
        one[0]
        for one in NOT_RUN.finditer(FENCE.sub(_blank_text, text))
        if one.start() not in starts
    ]


def _blank_text(fence: re.Match[str]) -> str:
    """A block with its text blanked, so that positions in the document stay and nothing in the block is read."""
    start, end = fence.start("text") - fence.start(), fence.end("text") - fence.start()
    return fence[0][:start] + re.sub(r"[^\n]", " ", fence[0][start:end]) + fence[0][end:]


def links(text: str) -> Iterator[str]:
    """The targets of links and pictures in this project, without their fragments."""
    for target, _, source in LINK.findall(FENCE.sub("", text)):
        if not re.match(r"[a-z]+:", target or source):
            yield target or source


def anchors(text: str) -> Iterator[tuple[str, str]]:
    """Links to headings: the file, or '' for the same one, and the fragment."""
    for file, fragment in ANCHOR.findall(FENCE.sub("", text)):
        if not re.match(r"[a-z]+:", file):
            yield file, fragment


def headings(text: str) -> set[str]:
    """The headings as fragments of links."""
    titles = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def misplaced_lists(text: str) -> list[str]:
    """The first items of lists that follow a paragraph without an empty line: the site would show no list."""
    found, before = [], ""
    for line in FENCE.sub("", text).splitlines():
        begins = re.match(r"(?:[-*]|\d+\.) ", line)
        if begins and before.strip() and not re.match(r"(?:[-*]|\d+\.) | |#|<!--", before):
            found.append(line)
        before = line
    return found
