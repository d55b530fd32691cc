"""A field of an artboard and a type of element, each added in one file, through the running service."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.sheets.artboard import load_artboard
from tests.conftest import REPOSITORY, until
from tests.journeys.conftest import Service
from tests.photographs import encoded, landscape

StartService = Callable[..., Service]
PAGE: dict[str, Any] = {"width": 100, "height": 60}
BOARD = {**PAGE, "pattern": "spiral", "params": {"pitch": 4}, "seed": 5}

FIELD = (
    "libraries/sheets/artboard.py",
    {
        "    params: dict[str, Any] = pattern_params(argument=True)\n": (
            "    params: dict[str, Any] = pattern_params(argument=True)\n"
            '    flip: bool = flag("Whether it is mirrored.", default=False)\n'
        ),
        "        svg = SVGBuilder(self.width": (
            "        if self.flip:\n"
            "            lines = [line * (-1, 1) + (self.width, 0) for line in lines]\n"
            "        svg = SVGBuilder(self.width"
        ),
        "from libraries.fields import InvalidFields, declare,": (
            "from libraries.fields import InvalidFields, flag, declare,"
        ),
    },
)
ELEMENT = '''"""A cross in a box."""

import numpy as np

from libraries.fields import mm
from libraries.sheets.elements.base import BoxedElement, ElementStrokes, corners_of, element, kind


@element
class CrossElement(BoxedElement):
    """The diagonals of the box."""

    type: str = kind("cross")
    inset: float = mm("Distance from the corners", 0, 50, default=0.0)

    def strokes(self, place, seed, progress=None):
        corners = corners_of(place)
        inwards = np.sign(corners.mean(axis=0) - corners) * self.inset
        a, b, c, d = corners + inwards
        return ElementStrokes.of_lines([np.array([a, c]), np.array([b, d])])

    def cost(self, place, *, thorough):
        return 4

    def outline_region(self, place, strokes):
        return None
'''


@pytest.fixture
def service(start_service: StartService, home: Path) -> Service:
    """A running service of a copy of the sources with a field and a type of element more."""
    copy = home / "copy"
    copy.mkdir()
    for name in ("app.py", "start_dev.py", "gunicorn.conf.py", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, copy / name)
    for name in ("components", "libraries", "workers"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, copy / name, ignore=ignored)
    path, changes = FIELD
    source = (copy / path).read_text()
    for old, new in changes.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    (copy / path).write_text(source)
    (copy / "libraries/sheets/elements/cross.py").write_text(ELEMENT)
    return start_service(cwd=copy, PYTHONPATH=str(copy))


def ended(service: Service, job_id: str) -> dict[str, Any]:
    """A job as it ended."""
    until(lambda: service.ask("GET", f"/jobs/{job_id}")[1]["done"], seconds=20, what="the job")
    job: dict[str, Any] = service.ask("GET", f"/jobs/{job_id}")[1]
    return job


def drawn(service: Service, job_id: str) -> str:
    """What a job drew."""
    assert ended(service, job_id)["status"] == "finished"
    return str(service.ask("GET", f"/jobs/{job_id}/result")[1])


def posted(service: Service, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The reply to a request that is accepted."""
    status, reply = service.ask("POST", path, body)
    assert status in {200, 202}, reply
    accepted: dict[str, Any] = reply
    return accepted


def recipe(svg: str) -> dict[str, Any]:
    """The recipe in a drawing."""
    text = ElementTree.fromstring(svg).findtext("{http://www.w3.org/2000/svg}metadata")
    kept: dict[str, Any] = json.loads(text or "")
    return kept


def create(service: Service, **more: Any) -> str:
    """Queue an artboard; return the id of its job."""
    return str(posted(service, "/artboard/create", {**BOARD, **more})["job_id"])


def test_a_field_that_is_added_in_one_file_works_everywhere_or_is_refused(
    service: Service, home: Path
) -> None:
    schemas = service.ask("GET", "/openapi.json")[1]["components"]["schemas"]
    for name in ("CreateArtboard", "PlotPhoto", "Sweep"):
        assert schemas[name]["properties"]["flip"]["type"] == "boolean"

    plain = drawn(service, create(service))
    flipped = drawn(service, create(service, flip=True))
    assert flipped != plain
    assert recipe(flipped)["recipe"]["flip"] is True
    again = create(service, flip=True)
    assert drawn(service, again) == flipped
    assert "already drawn" in ended(service, again)["progress"]["message"]
    known = load_artboard(**BOARD).recipe()
    assert recipe(plain)["recipe_sha256"] == known.sha256

    sweep = posted(service, "/sweeps", {**BOARD, "seed": None, "seeds": [5, 6], "flip": True})
    assert drawn(service, sweep["job_ids"][0]) == flipped
    items = [{**BOARD, "flip": True}, BOARD]
    batch = posted(service, "/batches", {"operation": "artboard", "items": items})
    assert [drawn(service, job_id) for job_id in batch["job_ids"]] == [flipped, plain]

    (home / "uploads").mkdir(exist_ok=True)
    (home / "uploads" / "photo.png").write_bytes(encoded(landscape(), "PNG"))
    plot = {**PAGE, "photo": "uploads/photo.png", "params": {"points": 200}, "flip": True}
    photo = posted(service, "/photos/plot", plot)
    assert recipe(drawn(service, photo["job_id"]))["recipe"]["flip"] is True

    beside = {**PAGE, "elements": [{"type": "circle"}], "flip": True}
    status, problem = service.ask("POST", "/artboard/create", beside)
    assert (status, [one["pointer"] for one in problem["errors"]]) == (422, ["#/flip"])
    status, problem = service.ask("POST", "/artboard/create", {**BOARD, "flip": "perhaps"})
    assert (status, [one["pointer"] for one in problem["errors"]]) == (422, ["#/flip"])


def test_a_type_of_element_that_is_added_in_one_file_is_drawn_and_documented(
    service: Service,
) -> None:
    schemas = service.ask("GET", "/openapi.json")[1]["components"]["schemas"]
    assert schemas["Element"]["discriminator"]["mapping"]["cross"].endswith("/CrossElement")
    box = {"x": 10, "y": 10, "width": 40, "height": 40}
    cross = {"type": "cross", "box": box, "inset": 5}
    reply = posted(service, "/artboard/create", {**PAGE, "elements": [cross]})
    svg = drawn(service, reply["job_id"])
    assert svg.count("<path") == 2
    assert recipe(svg)["recipe"]["elements"][0]["inset"] == 5
    wrong = {**PAGE, "elements": [{**cross, "inset": 99}]}
    status, problem = service.ask("POST", "/artboard/create", wrong)
    assert (status, problem["errors"][0]["pointer"]) == (422, "#/elements/0/inset")
