"""Recipes: the values that reproduce a drawing byte for byte, and their hash."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from libraries.fields import Params

# Increment it when the same request gives a different drawing.
VERSION = 3
# Longer texts are images; their hash identifies them.
MAX_TEXT_CHARS = 4096


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The values of a drawing as JSON."""

    values: Mapping[str, Any]

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the values, in hex."""
        return sha256(canonical_json(self.values).encode()).hexdigest()

    @property
    def cache_key(self) -> str:
        """The key of a cached drawing, in hex: a hash of the recipe and of the code.

        The hash of the code invalidates the cache even if `VERSION` was not incremented.
        """
        return cache_key(self.sha256)

    def metadata(self) -> dict[str, Any]:
        """Return the metadata stored in the drawing; long texts are replaced by their hashes."""
        return {"recipe": _shortened(self.values), "recipe_sha256": self.sha256}


def recorded(declaration: Params, *, picture_only: bool) -> dict[str, Any]:
    """Return the fields of a declaration as JSON, without None values.

    Fields with their default are omitted, so that new fields do not change recipes; those with
    the fact `recorded=True`, which date from version 2, are always included. `picture_only` omits
    fields with the fact `visual=False`.
    """
    found = {}
    for name, field in declaration.declared().items():
        value = getattr(declaration, name)
        is_skipped = picture_only and not field.metadata.get("visual", True)
        is_needed = field.metadata.get("recorded") or not at_default(field, value)
        if value is not None and is_needed and not is_skipped:
            found[name] = _as_json(value, picture_only=picture_only)
    return found


def at_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return field.default is not dataclasses.MISSING and bool(value == field.default)


def _as_json(value: Any, *, picture_only: bool) -> Any:
    if isinstance(value, Params):
        return recorded(value, picture_only=picture_only)
    if isinstance(value, list | tuple):
        return [_as_json(one, picture_only=picture_only) for one in value]
    return value


def canonical_json(recipe: Mapping[str, Any]) -> str:
    """Return a recipe as the JSON text that is hashed."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def cache_key(recipe_sha256: str) -> str:
    """Return the cache key for the hash of a recipe; see `Recipe.cache_key`."""
    return sha256(f"{recipe_sha256}\n{CODE_HASH}".encode()).hexdigest()


def _shortened(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value]
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
        return {"sha256": sha256(value.encode()).hexdigest()}
    return value


def _hash_of_code(root: Path) -> str:
    digest = sha256(np.__version__.encode())
    for path in sorted(path for path in root.rglob("*") if path.suffix in {".py", ".json"}):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# Computed at import: files that change later are not the running code.
CODE_HASH = _hash_of_code(Path(__file__).parent.parent)
