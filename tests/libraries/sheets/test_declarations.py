"""A field added to a declaration is part of all derived ones."""

from __future__ import annotations

from typing import Any

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from libraries.fields import InvalidFields, Params, declare, flag
from libraries.sheets import drawings, sweeps
from libraries.sheets.artboard import Artboard
from libraries.sheets.composition import Composition
from libraries.sheets.drawings import DrawingRequest
from libraries.sheets.elements import ELEMENTS
from libraries.sheets.page import DrawnPage
from libraries.sheets.photos import PhotoPlot, draw_photo
from libraries.sheets.sweeps import ArtboardSweep
from tests.photographs import encoded, landscape

PAGE: dict[str, Any] = {"width": 100, "height": 60}
GRID = {**PAGE, "pattern": "grid", "seed": 3}


class Flipped(Artboard):
    """An artboard with a field that changes the picture, and one that does not."""

    flip: bool = flag("Whether it is mirrored.", default=False)
    note: str = declare(fields.String(), default="", visual=False)


class FlippedSweep(ArtboardSweep, Flipped):
    """A sweep of such artboards."""


class FlippedPlot(PhotoPlot, Flipped):
    """A photo on such an artboard."""


class FlippedRequest(DrawingRequest, Flipped):
    """A request for such an artboard."""


class Framed(Composition):
    """A composition with a further field."""

    frame: bool = flag("Whether it has a frame.", default=False)


def described(declaration: type[Params]) -> dict[str, Any]:
    """The OpenAPI schema of a declaration."""
    spec = APISpec("", "", "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("One", schema=declaration.schema())
    found: dict[str, Any] = spec.to_dict()["components"]["schemas"]["One"]
    return found


@pytest.mark.parametrize("declaration", [Flipped, FlippedSweep, FlippedPlot, FlippedRequest])
def test_an_added_field_is_parsed_and_documented(declaration: type[Params]) -> None:
    assert described(declaration)["properties"]["flip"]["type"] == "boolean"
    assert declaration.schema()().validate({"flip": "perhaps"})["flip"]
    with pytest.raises(InvalidFields, match="flip"):
        Artboard.load({**GRID, "flip": True})


def test_an_added_field_reaches_the_task_and_old_calls_stay_as_they_were() -> None:
    plain, flipped = Flipped.load(GRID), Flipped.load({**GRID, "flip": True, "note": "gift"})
    call = flipped.arguments(pattern="pattern_type")
    assert call["artboard"] == {"flip": True, "note": "gift"}
    assert Flipped.of_arguments(call, pattern="pattern_type") == flipped
    assert plain.arguments() == Artboard.load(GRID).arguments()
    assert "artboard" not in plain.arguments()


def test_an_added_field_is_part_of_the_recipe_unless_it_is_not_visual() -> None:
    known = Artboard.load(GRID).recipe()
    assert Flipped.load(GRID).recipe() == known
    assert Flipped.load({**GRID, "note": "gift"}).recipe() == known
    flipped = Flipped.load({**GRID, "flip": True}).recipe()
    assert flipped.values == {**known.values, "flip": True}
    assert (flipped.sha256, flipped.cache_key) != (known.sha256, known.cache_key)


def test_an_added_field_is_in_every_cell_of_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "Artboard", Flipped)
    for way in ({"count": 2}, {"vary": {"spacing_x": [5, 8]}}):
        cells = FlippedSweep.load({**GRID, "flip": True, **way}).cells().cells
        calls = [cell.artboard.arguments() for cell in cells]
        assert [call["artboard"] for call in calls] == [{"flip": True}] * 2


def test_an_added_field_is_on_the_page_of_a_photo() -> None:
    plot = FlippedPlot.load({**PAGE, "photo": "uploads/a.png", "flip": True})
    call = plot.arguments()
    assert (call["photo"], call["artboard"]) == ("uploads/a.png", {"flip": True})
    board = Flipped.of_arguments({**call, "params": {"points": 100}})
    _, page = draw_photo(encoded(landscape(), "PNG"), board)
    assert page.recipe().values["flip"] is True


def test_an_added_field_is_in_the_items_of_a_batch_and_rejected_with_elements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drawings, "Artboard", Flipped)
    drawing = FlippedRequest.load({**GRID, "flip": True}).drawing()
    assert drawing.arguments()["artboard"] == {"flip": True}
    with pytest.raises(InvalidFields, match=r"flip: Cannot be combined with `elements`"):
        FlippedRequest.load({**PAGE, "elements": [{"type": "circle"}], "flip": True})


def test_an_added_field_of_a_composition_is_in_its_call_and_its_recipe() -> None:
    given = {**PAGE, "elements": [{"type": "circle"}]}
    plain, framed = Framed.load(given), Framed.load({**given, "frame": True})
    assert plain.recipe() == Composition.load(given).recipe()
    assert framed.recipe().values == {**plain.recipe().values, "frame": True}
    assert Framed.load(framed.arguments()["composition"]) == framed


def test_the_fields_of_every_page_are_those_of_artboards_compositions_and_requests() -> None:
    for declaration in (Artboard, Composition, PhotoPlot, ArtboardSweep, DrawingRequest):
        assert DrawnPage.declared().items() <= declaration.declared().items()


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_field_added_to_an_element_is_omitted_from_recipes_at_its_default(
    name: str,
) -> None:
    class Wavy(ELEMENTS[name]):  # type: ignore[misc, valid-type]
        wave: float = declare(fields.Float(), default=0.0)

    needed: dict[str, dict[str, Any]] = {
        "pattern": {"pattern": "grid"},
        "text": {"text": "a"},
        "svg": {"svg": "<svg/>"},
        "line": {"points": [[1, 2], [3, 4]]},
        "polyline": {"points": [[1, 2], [3, 4]]},
        "polygon": {"points": [[1, 2], [3, 4], [5, 1]]},
    }
    given = {"type": name, **needed.get(name, {})}
    plain = Composition.load({**PAGE, "elements": [given]})
    page = Composition(width=100, height=60, elements=[Wavy.load(given)])
    wavy = Composition(width=100, height=60, elements=[Wavy.load({**given, "wave": 2})])
    assert page.recipe() == plain.recipe()
    assert wavy.recipe().values["elements"][0] == {
        **plain.recipe().values["elements"][0],
        "wave": 2.0,
    }
