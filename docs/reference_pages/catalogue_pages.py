"""The pages of the catalogues: settings, tasks and patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from components.catalogue.descriptions import describe_pattern
from components.http.html.reference import kind_of, limits_of
from docs.reference_pages.markdown import code, paragraphs, prose, table
from libraries.job_manager.tasks import TaskDescription, describe_tasks
from libraries.patterns import PATTERNS, Pattern
from libraries.settings import SETTINGS, Settings

PICTURES = Path(__file__).parents[1] / "images" / "gallery"
WIDTH = 240
# A section of a docstring, such as "Args:", and the lines below it.
SECTION = re.compile(
    r"^(Args|Raises|Returns|Yields|Example):\n((?:(?: {4}.*)?(?:\n|\Z))*)", re.MULTILINE
)
ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def settings_page() -> Iterator[str]:
    """Yield the lines of the page of settings, by group."""
    yield "# Settings\n"
    yield (
        "Settings are environment variables, or lines of a file `.env`. They are read at startup, "
        "which fails with a message that lists all invalid values. Durations are written `90s`, "
        "`5m`, `24h` or `7d`, sizes `64kB`, `1MB` or `4GB`.\n"
    )
    for name, group in Settings.groups().items():
        yield f"## {name.capitalize()}\n"
        yield from paragraphs(group.__doc__ or "")
        rows = [row for row in SETTINGS if row.group == name]
        yield from table(
            ("Name", "Default", "Description"),
            [(code(row.name), code(row.default), prose(row.help)) for row in rows],
        )


def tasks_page() -> Iterator[str]:
    """Yield the lines of the page of tasks: a table of all, then each with its parameters."""
    tasks = describe_tasks()
    yield "# Tasks\n"
    yield (
        "`POST /jobs` queues a task by its name, `enqueue_background_job` does so in Python, and "
        "schedules run tasks periodically. `GET /tasks` lists them.\n"
    )
    names = [f"[{code(one.name)}](#{_fragment(one.name)})" for one in tasks]
    summaries = [prose(one.summary) for one in tasks]
    yield from table(("Task", "Description"), zip(names, summaries, strict=True))
    for one in tasks:
        yield from _task(one)


def patterns_page() -> Iterator[str]:
    """Yield the lines of the page of patterns: each with a picture and its parameters."""
    yield "# Patterns\n"
    yield (
        "`POST /artboard/create` draws a pattern; its parameters are the members of `params`. "
        "`GET /patterns` lists them, the [gallery](../gallery.md) shows more drawings.\n"
    )
    yield from table(
        ("Pattern", "Description"),
        [
            (f"[{code(name)}](#{_fragment(name)})", prose(PATTERNS[name].summary))
            for name in sorted(PATTERNS)
        ],
    )
    for name in sorted(PATTERNS):
        yield from _pattern(name, PATTERNS[name])


def _task(task: TaskDescription) -> Iterator[str]:
    yield f"## `{task.name}`\n"
    yield from paragraphs(task.summary)
    sections = {found[1]: found[2] for found in SECTION.finditer(task.description)}
    yield from paragraphs(SECTION.sub("", task.description))
    meanings = dict(ENTRY.findall(sections.get("Args", "")))
    yield from table(
        ("Parameter", "Type", "Default", "Description"),
        [
            (
                code(one.name),
                code(one.type or ""),
                "required" if one.required else code(one.default),
                _sentence(meanings.get(one.name, "")),
            )
            for one in task.parameters
        ],
    )
    for name, text in ENTRY.findall(sections.get("Raises", "")):
        yield f"- Raises `{name}`: {prose(text)}"
    retries = task.tries - 1
    yield f"\nA failed job is retried {'once' if retries == 1 else f'up to {retries} times'}.\n"


def _pattern(name: str, pattern: Pattern) -> Iterator[str]:
    described: dict[str, Any] = describe_pattern(name, pattern)
    yield f"## `{name}`\n"
    yield from paragraphs(described["description"])
    picture = PICTURES / f"{name}-1.png"
    if picture.exists():
        source = f"../images/gallery/{picture.name}"
        yield f'<img src="{source}" alt="A drawing of the pattern {name}" width="{WIDTH}">\n'
    required = described["params"].get("required", [])
    yield from table(
        ("Parameter", "Type", "Unit", "Range", "Default", "Description"),
        [
            (
                code(key),
                kind_of(schema),
                schema.get("x-unit", ""),
                prose(limits_of(schema)),
                _default(schema, required=key in required),
                prose(schema.get("description", "")),
            )
            for key, schema in described["params"]["properties"].items()
        ],
    )


def _default(schema: dict[str, Any], *, required: bool) -> str:
    default = schema.get("default")
    if default is None:
        return "required" if required else ""
    return code(str(default).lower() if isinstance(default, bool) else default)


def _sentence(text: str) -> str:
    return prose(text[:1].upper() + text[1:])


def _fragment(name: str) -> str:
    """Return the fragment of a heading that is a name in code."""
    return re.sub(r"[^\w-]", "", name.lower())
