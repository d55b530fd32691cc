"""Labels of drawings: title and tags, in a small file in the storage.

They are not in the broker, because a kept drawing outlives its job, and a rebuilt index reads them from
the storage.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from libraries.characters import Characters
from libraries.errors import InvalidInput, NotFound
from libraries.json_types import JsonObject, described
from libraries.storage import output_folder

MAX_TAGS, MAX_TITLE_CHARS = 10, 100
MAX_LABEL_BYTES = 200_000
TAG = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Label:
    """Title and tags of a drawing, and facts of its job that outlive it; `sha256` is that of the kept copy."""

    title: str = ""
    tags: tuple[str, ...] = ()
    job_id: str = ""
    task: str = ""
    made_at: float = 0.0
    sha256: str = ""
    arguments: JsonObject = field(default_factory=dict)


NO_LABEL = Label()


@described(pattern=f"^[^{Characters.CONTROLS}]*$")
def check_title(title: str) -> str:
    """Return a title without surrounding and repeated spaces; raise InvalidInput if it is not valid."""
    text = " ".join(title.split())
    if len(text) > MAX_TITLE_CHARS or re.search(
        f"[{Characters.CONTROLS}{Characters.SURROGATES}]", title
    ):
        raise InvalidInput(
            f"expected a title of at most {MAX_TITLE_CHARS} printable characters",
            field="title",
            code="bad-label",
        )
    return text


@described(pattern=f"^{TAG.pattern}$")
def check_tag(tag: str) -> str:
    """Return a tag, or raise InvalidInput."""
    if not TAG.fullmatch(tag):
        raise InvalidInput(
            "expected a tag of 1 to 32 of a-z, 0-9 and '-'", field="tags", code="bad-label"
        )
    return tag


def label_name(drawing: str) -> str:
    """Return the name of the label file of a drawing id."""
    return f"gallery/{drawing[:2]}/{drawing}.json"


def read_label(drawing: str) -> Label:
    """Return the label of a drawing, an empty one if it does not exist or is invalid."""
    try:
        with output_folder().open_checked(label_name(drawing)) as file:
            found = json.loads(file.read(MAX_LABEL_BYTES))
    except (NotFound, InvalidInput, ValueError, RecursionError):
        return NO_LABEL
    return _label(found)


def write_label(drawing: str, label: Label) -> None:
    output_folder().publish(label_name(drawing), json.dumps(asdict(label), sort_keys=True))


def remove_label(drawing: str) -> None:
    output_folder().remove(label_name(drawing))


def _label(found: Any) -> Label:
    """Return a label from the contents of a file, which may be invalid."""
    values = found if isinstance(found, dict) else {}
    tags = [tag for tag in values.get("tags") or [] if isinstance(tag, str) and TAG.fullmatch(tag)]
    texts = {
        name: value[:200]
        for name in ("title", "job_id", "task", "sha256")
        for name in ("title", "job_id", "task", "sha256")
        if isinstance(value := values.get(name), str)
    }
    made_at, arguments = values.get("made_at"), values.get("arguments")
    return Label(
        **texts,
        tags=tuple(dict.fromkeys(tags))[:MAX_TAGS],
        made_at=float(made_at) if isinstance(made_at, int | float) and 0 <= made_at < 1e11 else 0.0,  # noqa: PLR2004 - year 5138
        arguments=arguments if isinstance(arguments, dict) else {},
    )
