"""Description of a drawing, from the head of its file, the arguments of its job, and its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from libraries.gallery.labels import Label
from libraries.json_types import JsonObject
from libraries.storage import output_folder
from libraries.svg_reader import HEAD_BYTES, Head, read_head

# Increase it when the tables or the facets change: an index of another version is dropped and rebuilt.
VERSION = 3

SVG_TYPE = "image/svg+xml"
KEPT = "kept"
MAX_SEARCH_CHARS, MAX_VALUE_CHARS, MAX_FILTERS, MAX_DEPTH = 10_000, 4096, 40, 12
ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
STROKE = re.compile(r'\sstroke="([#a-zA-Z0-9]{1,30})"')
# Names of the values in recipes and job arguments.
WORD_FIELDS = frozenset(
    {"text", "message", "recipient", "title", "caption", "label", "x_label", "y_label"}
)
PATTERN_FIELDS = frozenset({"pattern", "pattern_type", "chart", "template_name"})
SHORT_HEX = 4
NAMED = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "blue": "#0000ff",
    "green": "#008000",
}


@dataclass(frozen=True, kw_only=True)
class NewDrawing:
    """A stored drawing to be added to the index; `made_at` is in Unix seconds."""

    owner: str
    name: str
    sha256: str = ""
    size: int = 0
    made_at: float = 0.0
    job_id: str = ""
    task: str = ""
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A drawing in the gallery; sides are in mm, 0 if unknown, and `made_at` is in Unix seconds."""

    id: str
    owner: str
    name: str
    sha256: str
    size: int
    made_at: float
    job_id: str
    task: str
    title: str
    words: str
    width: float
    height: float
    seed: int | None
    patterns: list[str]
    colors: list[str]
    tags: list[str]
    kept: bool


@dataclass
class DrawingFacts:
    """Values found in a recipe or in the arguments of a job."""

    words: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    colors: list[str] = field(default_factory=list)
    seed: int | None = None


def drawing_id(owner: str, name: str) -> str:
    """Return the id of a drawing, derived from owner and file name, so that a rebuilt index has the same ids.

    The name of a kept copy contains the id of the original.
    """
    folder, _, rest = name.partition("/")
    if folder == KEPT and ID.fullmatch(rest.partition("/")[0]):
        return rest.partition("/")[0]
    return sha256(f"{owner}\0{name}".encode()).hexdigest()[:24]


def describe(arrival: NewDrawing, label: Label) -> Drawing:
    """Return the description of a drawing; missing facts are left empty. Call it inside `files_belonging_to`.

    Raises:
        NotFound, InvalidInput: the file was not found or is not a regular file.
        StorageUnavailable: the storage is unreachable.
    """
    head = _head(arrival)
    facts, requested = _facts(head.metadata), _facts(arrival.arguments or label.arguments)
    root, kept = re.search(r"<svg\b([^>]*)>", head.text), arrival.name.startswith(f"{KEPT}/")
    sides = dict(re.findall(r'\s(width|height)="([0-9.]{1,20})mm"', root[1])) if root else {}
    return Drawing(
        id=drawing_id(arrival.owner, arrival.name),
        owner=arrival.owner,
        name=arrival.name,
        sha256=label.sha256 if kept else arrival.sha256,
        size=arrival.size,
        made_at=arrival.made_at or label.made_at,
        job_id=arrival.job_id or label.job_id,
        task=arrival.task or label.task,
        title=label.title or head.title,
        words=" ".join(dict.fromkeys(facts.words or requested.words))[:MAX_SEARCH_CHARS],
        width=_side(sides, "width"),
        height=_side(sides, "height"),
        seed=requested.seed if facts.seed is None else facts.seed,
        patterns=_first_values(facts.patterns or requested.patterns),
        colors=_first_values(
            facts.colors + _strokes(head.text, root.end() if root else 0) + requested.colors
        ),
        tags=list(label.tags),
        kept=kept,
    )


def plain_color(text: object) -> str:
    """Return the normalized form of a colour for searches, such as `#ff0000` or `tomato`; '' if it is invalid."""
    color = text.strip().lower() if isinstance(text, str) else ""
    if not re.fullmatch(r"#[0-9a-f]{3,8}|[a-z]{1,30}", color, re.ASCII) or color in (
        "none",
        "currentcolor",
    ):
        return ""
    if color.startswith("#") and len(color) <= SHORT_HEX + 1:
        color = "#" + "".join(digit * 2 for digit in color[1:])
    return NAMED.get(color, color)


def _head(arrival: NewDrawing) -> Head:
    with output_folder().open_checked(arrival.name, sha256=arrival.sha256 or None) as file:
        return read_head(file.read(HEAD_BYTES))


def _named(value: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the scalars in a nested value, each with the name of its member."""
    if isinstance(value, dict) and depth < MAX_DEPTH:
        for key, inner in value.items():
            yield from _named(inner, str(key), depth + 1)
    elif isinstance(value, list) and depth < MAX_DEPTH:
        for inner in value:
            yield from _named(inner, name, depth + 1)
    elif value is not None:
        yield name, value


def _facts(source: object) -> DrawingFacts:
    facts = DrawingFacts()
    for name, value in _named(source):
        _add_fact(facts, name, value)
    return facts


def _strokes(head: str, body: int) -> list[str]:
    """Return the colours of the layers or, without layers, of the whole drawing."""
    found = STROKE.findall(head, body) or STROKE.findall(head, 0, body)
    return [color for one in found if (color := plain_color(one))]


def _add_fact(facts: DrawingFacts, name: str, value: Any) -> None:
    if (
        name == "seed"
        and isinstance(value, int)
        and not isinstance(value, bool)
        and facts.seed is None
    ):
        facts.seed = value
    elif not isinstance(value, str):
        return
    elif name in WORD_FIELDS:
        facts.words.append(value[:MAX_VALUE_CHARS])
    elif name in PATTERN_FIELDS and re.fullmatch(r"[a-z0-9_-]{1,64}", value, re.ASCII):
        facts.patterns.append(value)
    elif name in {"color", "stroke"} and (color := plain_color(value)):
        facts.colors.append(color)


def _side(sides: dict[str, str], name: str) -> float:
    try:
        return round(float(sides.get(name, 0)), 3)
    except ValueError:
        return 0.0


def _first_values(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))[:MAX_FILTERS]
