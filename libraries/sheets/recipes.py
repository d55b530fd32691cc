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

# Raise it when a pattern draws the same request differently.
VERSION = 2
# A longer text in a recipe is an image; its hash identifies it.
MAX_TEXT_CHARS = 4096


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The values of a drawing as JSON."""

    values: Mapping[str, Any]

    @cached_property
    def sha256(self) -> str:
        """The hash of the values, in hex."""
        return sha256(canonical_json(self.values).encode()).hexdigest()

    @property
    def cache_key(self) -> str:
        """The key of a stored drawing, in hex: the hash of the recipe and of the code.

        `VERSION` is raised by hand; with the hash of the code, no stored drawing is older than a
        change of the code.
        """
        return cache_key(self.sha256)

    def metadata(self) -> dict[str, Any]:
        """Return what a drawing stores; long texts are replaced by their hashes."""
        return {"recipe": _shortened(self.values), "recipe_sha256": self.sha256}


def recorded(declaration: Params, *, picture_only: bool) -> dict[str, Any]:
    """Return the fields of a declaration as JSON, without those that are None.

    A field that has its default is left out as well, so that recipes do not change when a field is
    added. The fact `recorded=True` marks the fields that were in every recipe of version 2.

    Args:
        declaration: what to record, with the declarations in it.
        picture_only: whether to leave out fields with the fact `visual=False`.
    """
    found = {}
    for name, field in declaration.declared().items():
        value = getattr(declaration, name)
        skipped = picture_only and not field.metadata.get("visual", True)
        if (
            value is None
            or skipped
            or (not field.metadata.get("recorded") and at_default(field, value))
        ):
            continue
        found[name] = _as_json(value, picture_only=picture_only)
    return found


def at_default(field: dataclasses.Field[Any], value: Any) -> bool:
    """Return whether `value` is the default of a declared field."""
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
    """Return a recipe in the form in which it is hashed."""
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False)


def cache_key(recipe_sha256: str) -> str:
    """Return the key of a stored drawing with this hash of its recipe; see `Recipe.cache_key`."""
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


# Computed when the code is loaded: a file that changes later is not the code that runs.
CODE_HASH = _hash_of_code(Path(__file__).parent.parent)
