"""What is known of a drawing: read from the head of its file, from what its job was asked, and from its label."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from libraries.gallery.labels import Label
from libraries.storage import output_folder

SVG_TYPE = "image/svg+xml"
KEPT = "kept"
# A recipe stands in front of the first stroke; a very long one is not read to its end.
HEAD_BYTES = 256 * 1024
MAX_SEARCH_CHARS, MAX_VALUE_CHARS, MAX_FILTERS, MAX_DEPTH = 10_000, 4096, 40, 12
ID = re.compile(r"[0-9a-f]{24}", re.ASCII)
ROOT = re.compile(r"<svg\b([^>]*)>")
SIDE = re.compile(r'\s(width|height)="([0-9.]{1,20})mm"')
STROKE = re.compile(r'\sstroke="([#a-zA-Z0-9]{1,30})"')
TITLE = re.compile(r"<title>([^<]{0,4000})</title>")
METADATA = re.compile(r"<metadata>([^<]*)</metadata>")
# How the facts of a recipe, and the arguments of a job, are called.
WORD_FIELDS = frozenset(
    {"text", "message", "recipient", "title", "caption", "label", "x_label", "y_label"}
)
PATTERN_FIELDS = frozenset({"pattern", "pattern_type", "chart", "template_name"})
COLOR_FIELDS = frozenset({"color", "stroke"})
PLAIN_NAME = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)
COLOR = re.compile(r"#[0-9a-f]{3,8}|[a-z]{1,30}", re.ASCII)
SHORT_HEX = 4
NAMED = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "blue": "#0000ff",
    "green": "#008000",
}


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A stored drawing that is to be entered: whose it is, its file, and what its job tells. Times are Unix seconds."""

    owner: str
    name: str
    sha256: str = ""
    size: int = 0
    made_at: float = 0.0
    job_id: str = ""
    task: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A drawing as the gallery knows it. Sides are mm, 0 if the file does not say; `made_at` is in Unix seconds."""

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
class Facts:
    """What a recipe or the arguments of a job tell."""

    words: list[str] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    colors: list[str] = field(default_factory=list)
    seed: int | None = None


def drawing_id(owner: str, name: str) -> str:
    """Return the id of the drawing in a file: it follows from the owner and the name, so that a rebuilt index has the same ids.

    A kept copy has the id of what it is a copy of; it stands in its name.
    """
    folder, _, rest = name.partition("/")
    if folder == KEPT and ID.fullmatch(rest.partition("/")[0]):
        return rest.partition("/")[0]
    return sha256(f"{owner}\0{name}".encode()).hexdigest()[:24]


def describe(arrival: Arrival, label: Label) -> Drawing:
    """Return all that is known of a drawing; read as its owner. A file that tells nothing is a drawing too.

    Raises:
        NotFound, InvalidInput: the file is gone, or is none.
        StorageUnavailable: the store does not answer.
    """
    head = _head(arrival.name)
    facts, asked = _facts(_recipe(head)), _facts(arrival.arguments or label.arguments)
    root, kept = ROOT.search(head), arrival.name.startswith(f"{KEPT}/")
    sides = dict(SIDE.findall(root[1])) if root else {}
    own = TITLE.search(head)
    title = label.title or (html.unescape(own[1]).strip()[:200] if own else "")
    return Drawing(
        id=drawing_id(arrival.owner, arrival.name),
        owner=arrival.owner,
        name=arrival.name,
        sha256=label.sha256 if kept else arrival.sha256,
        size=arrival.size,
        made_at=arrival.made_at or label.made_at,
        job_id=arrival.job_id or label.job_id,
        task=arrival.task or label.task,
        title=title,
        words=" ".join(dict.fromkeys(facts.words or asked.words))[:MAX_SEARCH_CHARS],
        width=_side(sides, "width"),
        height=_side(sides, "height"),
        seed=asked.seed if facts.seed is None else facts.seed,
        patterns=_few(facts.patterns or asked.patterns),
        colors=_few(facts.colors + _strokes(head, root.end() if root else 0) + asked.colors),
        tags=list(label.tags),
        kept=kept,
    )


def plain_color(text: object) -> str:
    """Return a colour in the one form in which it is searched, such as `#ff0000` or `tomato`; '' for what is none."""
    color = text.strip().lower() if isinstance(text, str) else ""
    if not COLOR.fullmatch(color) or color in ("none", "currentcolor"):
        return ""
    if color.startswith("#") and len(color) <= SHORT_HEX + 1:
        color = "#" + "".join(digit * 2 for digit in color[1:])
    return NAMED.get(color, color)


def _head(name: str) -> str:
    with output_folder().open_checked(name) as file:
        return file.read(HEAD_BYTES).decode(errors="replace")


def _recipe(head: str) -> object:
    found = METADATA.search(head)
    try:
        return json.loads(html.unescape(found[1])) if found else None
    except (ValueError, RecursionError):
        return None


def _named(told: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the plain values in nested facts, each with the name of the member that it stands under."""
    if isinstance(told, dict) and depth < MAX_DEPTH:
        for key, value in told.items():
            yield from _named(value, str(key), depth + 1)
    elif isinstance(told, list) and depth < MAX_DEPTH:
        for value in told:
            yield from _named(value, name, depth + 1)
    elif told is not None:
        yield name, told


def _facts(told: object) -> Facts:
    facts = Facts()
    for name, value in _named(told):
        _note(facts, name, value)
    return facts


def _strokes(head: str, body: int) -> list[str]:
    """Return the colours of the layers, or if there are none that of the whole drawing."""
    found = STROKE.findall(head, body) or STROKE.findall(head, 0, body)
    return [color for one in found if (color := plain_color(one))]


def _note(facts: Facts, name: str, value: Any) -> None:
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
    elif name in PATTERN_FIELDS and PLAIN_NAME.fullmatch(value):
        facts.patterns.append(value)
    elif name in COLOR_FIELDS and (color := plain_color(value)):
        facts.colors.append(color)


def _side(sides: dict[str, str], name: str) -> float:
    try:
        return round(float(sides.get(name, 0)), 3)
    except ValueError:
        return 0.0


def _few(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))[:MAX_FILTERS]
