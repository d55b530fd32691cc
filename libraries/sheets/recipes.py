"""Recipes: what it takes to draw an artboard again, kept inside the drawing. The same recipe gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

# Raised whenever a pattern begins to draw the same request in another way.
VERSION = 2
# A longer text among the parameters is an image; its hash is enough to know it again.
LONGEST_TEXT = 4096
FIELDS = ("width", "height", "pattern", "params", "seed", "margin", "pen_width")
PLAIN = "plain"


def recipe_of(artboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe of an artboard that `ArtboardSchema` loaded, and its hash: `recipe` and `recipe_sha256`.

    The encoding is part of it only where it is not plain, so that the hashes of plain drawings are those that they always had.
    """
    recipe = {name: artboard[name] for name in FIELDS if artboard[name] is not None}
    recipe["seed"] = artboard["seed"] or 0
    recipe["version"] = VERSION
    if artboard.get("encoding", PLAIN) != PLAIN:
        recipe["encoding"] = artboard["encoding"]
    hashed = sha256(as_text(recipe).encode()).hexdigest()
    recipe["params"] = {name: _short(value) for name, value in artboard["params"].items()}
    return {"recipe": recipe, "recipe_sha256": hashed}


def as_text(recipe: Mapping[str, Any]) -> str:
    """Return a recipe in the one form in which it is hashed."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def drawing_key(recipe_sha256: str) -> str:
    """Return what a stored drawing of a recipe is remembered by, in hex: its recipe, and the code that drew it.

    `VERSION` is what people remember to raise; a drawing that outlived any change of the code is drawn anew.
    """
    return sha256(f"{recipe_sha256}\n{CODE}".encode()).hexdigest()


def _hash_of_code(root: Path) -> str:
    digest = sha256(np.__version__.encode())
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".py", ".json")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return {"sha256": sha256(value.encode()).hexdigest()}
    return value


# Read when the code is loaded: a file that is changed later is not what runs.
CODE = _hash_of_code(Path(__file__).parent.parent)
