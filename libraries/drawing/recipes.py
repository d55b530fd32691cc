"""Recipes: what it takes to draw an artboard again, kept inside the drawing. The same recipe gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

# Raised whenever a pattern begins to draw the same request in another way.
VERSION = 1
# A longer text among the parameters is an image; its hash is enough to know it again.
LONGEST_TEXT = 4096
FIELDS = ("width", "height", "pattern", "params", "seed", "margin", "pen_width")


def recipe_of(artboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe of an artboard that `ArtboardSchema` loaded, and its hash: `recipe` and `recipe_sha256`."""
    recipe = {name: artboard[name] for name in FIELDS if artboard[name] is not None}
    recipe["seed"] = artboard["seed"] or 0
    recipe["version"] = VERSION
    hashed = sha256(as_text(recipe).encode()).hexdigest()
    recipe["params"] = {name: _short(value) for name, value in artboard["params"].items()}
    return {"recipe": recipe, "recipe_sha256": hashed}


def as_text(recipe: Mapping[str, Any]) -> str:
    """Return a recipe in the one form in which it is hashed."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return {"sha256": sha256(value.encode()).hexdigest()}
    return value
