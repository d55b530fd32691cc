"""The documentation as tests read it: its files, its blocks of code, its links, and the lists in it that the code writes."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app import create_app
from libraries.job_manager import known_tasks
from libraries.settings import SETTINGS, Settings
from tests.conftest import REPOSITORY

README = REPOSITORY / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)|(?:src|href)=\"([^\"#]+)\"")
ANCHOR = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BRIEF = {
    "/assets/<path:filename>": "Style and scripts that the pages share.",
    "/dashboard/assets/<path:filename>": "Style and scripts of the page `/dashboard`.",
    "/live/assets/<path:filename>": "Style and scripts of the page `/live`.",
    "/gallery/assets/<path:filename>": "Style and scripts of the page `/gallery/page`.",
}


def documents() -> list[Path]:
    """All documents that people read."""
    return [README, REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    """The blocks of code in `language`, in their order."""
    return [text for name, text in FENCE.findall(document.read_text()) if name == language]


def links(document: Path) -> Iterator[str]:
    """The targets of links and pictures that lie in this project, without their fragments."""
    for target, _, source in LINK.findall(FENCE.sub("", document.read_text())):
        if not re.match(r"[a-z]+:", target or source):
            yield target or source


def anchors(document: Path) -> Iterator[tuple[str, str]]:
    """Links to headings: the file, or '' for the same one, and the name of the heading as a fragment."""
    yield from ANCHOR.findall(FENCE.sub("", document.read_text()))


def headings(document: Path) -> set[str]:
    """The headings as fragments of links."""
    titles = HEADING.findall(FENCE.sub("", document.read_text()))
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def written_lists(settings: Settings) -> dict[str, str]:
    """The lists of the README that the code writes, by the names of their marks."""
    return {
        "routes": _table(("Route", "What it does"), _routes(settings)),
        "tasks": _table(("Task", "What it does"), _tasks()),
        "settings": _table(("Name", "Default", "Meaning"), _settings()),
    }


def mark(name: str) -> re.Pattern[str]:
    """The place of a list in the README: group 2 is the list, with line feeds around it."""
    return re.compile(rf"(<!-- {name}: [^\n]* -->)(.*?)(<!-- end of {name} -->)", re.DOTALL)


def _routes(settings: Settings) -> Iterator[tuple[str, ...]]:
    paths: dict[str, Any] = (
        create_app(settings).test_client().get("/openapi.json").get_json()["paths"]
    )
    # A WebSocket has two rules for one address: with the handshake and without.
    for line in dict.fromkeys(
        (REPOSITORY / "tests" / "golden" / "routes.txt").read_text().splitlines()
    ):
        rule, method = line.rsplit(" ", 1)
        described = paths.get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule), {}).get(
            method.lower(), {}
        )
        yield f"`{method} {rule}`", described.get("summary") or BRIEF[rule]


def _tasks() -> Iterator[tuple[str, ...]]:
    for path in known_tasks():
        module, _, name = path.rpartition(".")
        summary = (inspect.getdoc(getattr(importlib.import_module(module), name)) or "").partition(
            "\n\n"
        )[0]
        yield f"`{path}`", " ".join(summary.split())


def _settings() -> Iterator[tuple[str, ...]]:
    for row in SETTINGS:
        yield f"`{row.name}`", f"`{row.default}`" if row.default else "", row.help


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n" + "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )
