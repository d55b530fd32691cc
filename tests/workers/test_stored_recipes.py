"""Recipes and their hashes, which must not change: stored drawings are found and drawn again by them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.settings import Settings
from tests.conftest import REPOSITORY
from workers import image_tasks, svg_tasks

STORED = REPOSITORY / "tests" / "golden" / "recipes.json"
PHOTO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAwAAAAQCAAAAAAHCsHbAAAAFElEQVR4nGNkYEUARh4kDsuQ5AAAw/oEXyQEt6YAAA"
    "AASUVORK5CYII="
)
TASKS: dict[str, Callable[..., Any]] = {
    "artboard": svg_tasks.generate_complex_svg,
    "composition": svg_tasks.draw_composition,
    "photo": image_tasks.plot_photo,
}
CASES: list[dict[str, Any]] = json.loads(STORED.read_text())


def drawn(case: dict[str, Any], settings: Settings) -> bytes:
    """Return the file that the task of the case draws."""
    photo = settings.storage.upload_dir / "photo.png"
    photo.parent.mkdir(parents=True, exist_ok=True)
    photo.write_bytes(PHOTO)
    TASKS[case["task"]](**case["call"], output_filename="drawing.svg")
    return Path(settings.storage.output_dir / "drawing.svg").read_bytes()


def kept_in(svg: bytes) -> dict[str, Any]:
    """Return the metadata of a drawing."""
    text = ElementTree.fromstring(svg).findtext("{http://www.w3.org/2000/svg}metadata")
    found: dict[str, Any] = json.loads(text or "")
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_request_has_the_same_recipe_and_hash_as_before(
    case: dict[str, Any], settings: Settings
) -> None:
    kept = kept_in(drawn(case, settings))
    assert kept["recipe_sha256"] == case["recipe_sha256"]
    assert kept["recipe"] == case["recipe"]
