from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from libraries.errors import InvalidInput
from libraries.exporting import FORMATS
from libraries.fields import InvalidFields
from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.lettering import TextBlock, lay_out
from libraries.patterns import TooComplex
from libraries.plotting.certificate import travel_mm
from libraries.sheets.artboard import draw_artboard
from libraries.sheets.composing import compose
from libraries.sheets.composition import Composition, load_composition, seeds_of, with_sources
from libraries.sheets.elements import ELEMENTS, texts
from libraries.svg_builder import svg_blocks
from libraries.svg_reader.foreign_xml import Node, parse_svg
from libraries.work import Work
from tests.conftest import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "examples" / "compositions").glob("*.json"))
BOX = {"x": 20, "y": 20, "width": 60, "height": 40}
HATCHED = {
    "type": "rect",
    "box": {"x": 0, "y": 0, "width": 100, "height": 80},
    "edge": False,
    "hatch": {"angle": 0, "spacing": 2.3},
}
LINES = {
    "type": "pattern",
    "pattern": "noise_lines",
    "params": {"lines": 20},
    "box": {"x": 0, "y": 0, "width": 100, "height": 80},
}
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="20"/></svg>'
EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><image href="a.png"/></svg>'
Lines = list[NDArray[np.float64]]


def loaded(*elements: dict[str, Any], **page: Any) -> Composition:
    return load_composition(
        {"width": 100, "height": 80, "margin": 0, "elements": list(elements), **page}
    )


def drawn(*elements: dict[str, Any], **page: Any) -> dict[str, Lines]:
    """The strokes of each layer."""
    document = compose(loaded(*elements, **page)).drawing
    parts = {layer.name: document.on_layer(number) for number, layer in enumerate(document.layers)}
    return {
        name: np.split(part.coordinates, part.offsets[1:-1])
        for name, part in parts.items()
        if len(part)
    }


def mistakes(*elements: dict[str, Any], **page: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidFields) as caught:
        loaded(*elements, **page).check_cost()
    return caught.value.errors


def all_points(lines: Lines) -> NDArray[np.float64]:
    return np.concatenate(lines)


def test_a_composition_of_one_pattern_draws_what_the_pattern_draws_alone() -> None:
    alone = (
        draw_artboard(100, 80, "noise_lines", params={"lines": 20}, margin=0, seed=7)
        .document()
        .store.coordinates
    )
    composed = all_points(drawn(LINES, seed=7)["drawing"])
    assert sorted(map(tuple, np.round(composed, 6))) == sorted(map(tuple, np.round(alone, 6)))


@pytest.mark.parametrize("shape", ["rect", "circle", "ellipse", "star"])
def test_an_opaque_shape_hides_exactly_what_is_below_it(shape: str) -> None:
    found = drawn(HATCHED, {"type": shape, "box": BOX, "opaque": True, "layer": "front"})
    (outline,) = found["front"]
    inside = shapely.Polygon(outline).buffer(-0.01)
    below = shapely.multilinestrings(found["drawing"])
    assert not shapely.intersects(below, inside)
    whole = shapely.multilinestrings(drawn(HATCHED)["drawing"])
    hidden = shapely.length(shapely.intersection(whole, shapely.Polygon(outline)))
    assert shapely.length(below) + hidden == pytest.approx(shapely.length(whole), abs=2.0)


def test_later_elements_are_in_front_of_earlier_ones() -> None:
    mask = {"type": "rect", "box": BOX, "opaque": True, "edge": False}
    first = all_points(drawn(mask, HATCHED)["drawing"])
    assert len(first) == len(all_points(drawn(HATCHED)["drawing"]))
    assert len(all_points(drawn(HATCHED, mask)["drawing"])) > len(first)


def test_a_halo_keeps_clearance_around_the_outline() -> None:
    circle = {"type": "circle", "box": BOX, "opaque": True, "halo": 5, "layer": "front"}
    below = shapely.multilinestrings(drawn(HATCHED, circle)["drawing"])
    assert shapely.distance(below, shapely.Point(50, 40)) == pytest.approx(25, abs=0.05)


def test_ink_hides_what_is_near_to_its_strokes_and_nothing_between_them() -> None:
    text = {
        "type": "text",
        "text": "I  I",
        "box": BOX,
        "size": 20,
        "opaque": True,
        "outline": "ink",
        "halo": 1,
        "layer": "front",
    }
    found = drawn(HATCHED, text)
    letters, below = (
        shapely.multilinestrings(found["front"]),
        shapely.multilinestrings(found["drawing"]),
    )
    assert shapely.distance(letters, below) == pytest.approx(1, abs=0.05)
    between = shapely.Point(shapely.centroid(letters))
    assert shapely.distance(between, below) <= 1.01


def test_a_hull_hides_the_tightest_outline_around_the_strokes() -> None:
    cross = {
        "type": "svg",
        "box": BOX,
        "outline": "hull",
        "opaque": True,
        "layer": "front",
        "svg": PICTURE,
    }
    below = shapely.multilinestrings(drawn(HATCHED, cross)["drawing"])
    assert shapely.distance(below, shapely.Point(50, 40)) == pytest.approx(20, abs=0.1)


def test_a_clipped_closed_stroke_stays_joined_at_its_start() -> None:
    """The circle starts at three o'clock; hiding its left side leaves one arc."""
    mask = {
        "type": "rect",
        "box": {"x": 0, "y": 0, "width": 40, "height": 80},
        "opaque": True,
        "edge": False,
    }
    (arc,) = drawn({"type": "circle", "box": BOX}, mask)["drawing"]
    assert arc[:, 0].min() == pytest.approx(40)
    assert arc[0] != pytest.approx(arc[-1])


def test_clipping_leaves_no_dots_and_keeps_whole_small_strokes() -> None:
    line = {"type": "line", "points": [[10, 10], [30.1, 10]]}
    dot = {"type": "line", "points": [[50, 50], [50.1, 50]]}
    mask = {
        "type": "rect",
        "box": {"x": 20, "y": 5, "width": 10, "height": 10},
        "opaque": True,
        "edge": False,
    }
    found = drawn(line, dot, mask)["drawing"]
    assert sorted(round(float(np.hypot(*(one[-1] - one[0]))), 3) for one in found) == [0.1, 10.0]


@pytest.mark.parametrize(
    ("outline", "area"), [("circle", np.pi * 20**2), ("ellipse", np.pi * 30 * 20)]
)
def test_a_pattern_is_clipped_to_a_round_outline(outline: str, area: float) -> None:
    pattern = {
        "type": "pattern",
        "pattern": "grid",
        "params": {"spacing_x": 1, "spacing_y": 1},
        "box": BOX,
    }
    points = all_points(drawn({**pattern, "outline": outline})["drawing"])
    assert shapely.convex_hull(shapely.MultiPoint(points)).area == pytest.approx(area, rel=0.02)
    free = all_points(drawn({**pattern, "outline": outline, "clip": False})["drawing"])
    assert np.ptp(free, axis=0) == pytest.approx([60, 40], abs=0.5)


def test_an_element_is_rotated_clockwise_around_its_middle_with_its_hidden_area() -> None:
    bar = {
        "type": "rect",
        "box": {"x": 30, "y": 38, "width": 40, "height": 4},
        "rotate": 90,
        "opaque": True,
        "layer": "bar",
    }
    found = drawn(HATCHED, bar)
    points = all_points(found["bar"])
    assert [*points.min(axis=0), *points.max(axis=0)] == pytest.approx([48, 20, 52, 60])
    below = shapely.multilinestrings(found["drawing"])
    assert not shapely.intersects(below, shapely.box(48.01, 20.01, 51.99, 59.99))


def test_layers_have_their_order_and_pens_and_unknown_ones_are_created() -> None:
    layers = [
        {"name": "gold", "color": "#B08D57", "pen_width": 0.7},
        {"name": "night", "color": "navy"},
    ]
    one, two, three = (
        {"type": "circle", "box": BOX, "layer": name} for name in ("new", "night", "gold")
    )
    svg = compose(loaded(one, two, three, layers=layers, pen_width=0.4)).drawing
    assert [(pen.name, pen.colour, pen.width) for pen in svg.pens if pen.name != "drawing"] == [
        ("gold", "#b08d57", 0.7), ("night", "navy", 0.4), ("new", "black", 0.4),
    ]  # fmt: skip
    text = b"".join(svg_blocks(svg)).decode()
    assert text.index('label="gold"') < text.index('label="night"') < text.index('label="new"')


def test_strokes_of_one_pen_are_put_in_a_shorter_order_unless_they_stay_as_drawn() -> None:
    far_apart = [
        {"type": "line", "points": [[x, y], [x + 1, y]]} for y in range(5, 75, 5) for x in (5, 90)
    ]
    travels = []
    for optimize in (True, False):
        page = loaded(*far_apart, optimize=optimize)
        made = page.planned(compose(page).drawing).document
        assert len(made) == len(far_apart)
        travels.append(travel_mm(made))
    assert travels[0] < 400 < travels[1]


def test_a_text_without_a_size_fills_its_box() -> None:
    points = all_points(drawn({"type": "text", "text": "HI", "box": BOX})["drawing"])
    wide, tall = np.ptp(points, axis=0)
    assert wide == pytest.approx(60, abs=0.1) or tall == pytest.approx(40, abs=0.1)
    wrapped = all_points(
        drawn({"type": "text", "text": "one two three four", "box": BOX, "wrap": True})["drawing"]
    )
    assert np.ptp(wrapped, axis=0)[0] <= 60.001
    assert np.ptp(wrapped, axis=0).max() > 35


@pytest.mark.parametrize("vertical", ["top", "middle", "bottom"])
@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_a_text_is_aligned_and_never_leaves_its_box(align: str, vertical: str) -> None:
    text = {
        "type": "text",
        "text": "Égypte",
        "box": BOX,
        "size": 8,
        "align": align,
        "vertical": vertical,
    }
    points = all_points(drawn(text)["drawing"])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    assert left >= 20 - 1e-6
    assert top >= 20 - 1e-6
    assert right <= 80 + 1e-6
    assert bottom <= 60 + 1e-6
    assert {"left": left - 20, "right": 80 - right, "center": left + right - 100}[
        align
    ] == pytest.approx(0, abs=1e-6)
    assert {"top": top - 20, "bottom": 60 - bottom, "middle": 0}[vertical] == pytest.approx(
        0, abs=1e-6
    )


@pytest.mark.parametrize("wrap", [False, True])
def test_a_text_is_laid_out_once_to_be_checked(monkeypatch: pytest.MonkeyPatch, wrap: bool) -> None:
    calls = []

    def counted(*args: Any, **options: Any) -> TextBlock:
        calls.append(args)
        return lay_out(*args, **options)

    monkeypatch.setattr(texts, "lay_out", counted)
    text = {"type": "text", "text": "Nocturne in black", "box": BOX, "opaque": True, "wrap": wrap}
    page = loaded(*[text] * 50)
    calls.clear()
    page.check_cost()
    assert len(calls) == 50
    element = (page.elements or [])[0]
    frame = element.placement(page.room)
    coordinates = element.strokes(frame, 0).coordinates
    assert element.cost(frame, thorough=True) == len(coordinates)


def test_seeds_derive_from_the_page_and_do_not_depend_on_other_elements() -> None:
    flow, grid, text = (
        {"type": "pattern", "pattern": "flow_field"},
        {"type": "pattern", "pattern": "grid"},
        {"type": "text", "text": "a"},
    )

    def seeds(elements: list[dict[str, Any]], seed: int) -> list[int]:
        return seeds_of(loaded(*elements).elements or [], seed)

    first = seeds([flow, flow, grid], 5)
    assert first[0] == first[2] == 5
    assert first[1] != 5
    assert seeds([text, grid, flow, text, flow], 5)[2::2] == first[:2]
    assert seeds([flow, flow], 6)[1] != first[1]


def test_the_same_composition_gives_the_same_bytes_and_its_recipe_draws_it_again() -> None:
    composition = loaded(
        LINES, {"type": "text", "text": "Again", "box": BOX, "opaque": True}, seed=3
    )
    first = b"".join(composition.planned(compose(composition).drawing).blocks())
    recipe = composition.recipe().metadata()
    again = load_composition(
        {name: value for name, value in recipe["recipe"].items() if name != "version"}
    )
    assert b"".join(again.planned(compose(again).drawing).blocks()) == first
    assert again.recipe().metadata()["recipe_sha256"] == recipe["recipe_sha256"]
    assert recipe["recipe_sha256"].encode() in first


def test_a_long_image_is_stored_in_the_recipe_as_its_hash() -> None:
    long = PICTURE.replace("</svg>", f"<desc>{'x' * 5000}</desc></svg>")
    recipes = [
        loaded({"type": "svg", "svg": one, "box": BOX}).recipe().metadata()
        for one in (long, long.replace("r=", " r="))
    ]
    assert [len(one["recipe"]["elements"][0]["svg"]["sha256"]) for one in recipes] == [64, 64]
    assert recipes[0]["recipe_sha256"] != recipes[1]["recipe_sha256"]


def test_a_compact_composition_keeps_layers_and_recipe_in_fewer_bytes() -> None:
    files = []
    for encoding in ("plain", "compact"):
        composition = loaded({**LINES, "layer": "sea"}, encoding=encoding)
        files.append(b"".join(composition.planned(compose(composition).drawing).blocks()))
    assert len(files[1]) < len(files[0]) * 0.7
    assert all(b'label="sea"' in file and b"recipe_sha256" in file for file in files)


def test_progress_messages_name_each_element() -> None:
    steps: list[tuple[int, int, str]] = []
    compose(loaded(LINES, {"type": "circle", "box": BOX}), lambda *step: steps.append(step))
    words = list(dict.fromkeys(one[2] for one in steps))
    assert words == ["1 of 2: noise_lines", "2 of 2: circle", "composing the page"]
    assert [one[0] for one in steps] == sorted(one[0] for one in steps)
    assert all(done <= total for done, total, _ in steps)


def test_parts_that_cannot_be_drawn_are_reported() -> None:
    picture = PICTURE.replace("</svg>", '<image href="a.png"/></svg>')
    made = compose(
        loaded(
            {"type": "text", "text": "a漢", "box": BOX}, {"type": "svg", "svg": picture, "box": BOX}
        )
    )
    assert made.missing_glyphs == ["漢"]
    assert made.warnings == "; drawn as boxes: 漢; skipped parts of SVGs: image (1)"


def test_an_enlarged_svg_is_read_once_with_a_finer_tolerance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads: list[str] = []

    def watched(source: str, work: Work) -> Node:
        reads.append(source)
        return parse_svg(source, work)

    monkeypatch.setattr("libraries.svg_reader.reading.parse_svg", watched)
    tiny = PICTURE.replace("viewBox", 'width="1mm" height="1mm" viewBox')
    points = all_points(drawn({"type": "svg", "svg": tiny, "box": BOX})["drawing"])
    assert reads == [tiny]
    # A circle of 20 mm radius, within the flatness tolerance.
    middles = (points[1:] + points[:-1]) / 2
    assert np.hypot(*(middles - (50, 40)).T).min() > 20 - 0.021


@pytest.mark.parametrize("name", ["dxf", "pdf", "hpgl", "gcode"])
def test_a_drawing_of_another_format_is_an_element_with_its_pens_and_problems(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Document(60, 40)
    for y, pen in ((10, Pen("sea", "#0000ff", 0.5)), (20, Pen("land", "#ff0000", 0.5))):
        page.add([[(20, y), (50, y)]], page.layer(pen.name, pen))
    data = b"".join(FORMATS[name].params.load({}).write(page))
    if name == "hpgl":
        data = b"IN;ZZ1;SP1;PU800,1200;PD2000,1200;SP2;PU800,800;PD2000,800;"
    monkeypatch.setattr("libraries.sheets.composition.read_source", lambda _: data)
    element = {"type": "svg", "source": f"uploads/a.{name}", "box": BOX, "fit": "none"}
    given = with_sources(loaded(element))
    made = compose(given)
    pens = {
        "dxf": ["1_SEA", "2_LAND"],
        "pdf": ["sea", "land"],
        "hpgl": ["pen 1", "pen 2"],
        "gcode": ["pen 1", "pen 2"],
    }
    assert [layer.name for layer, _ in made.drawing.drawn_layers()] == pens[name]
    lengths = made.drawing.strokes().lengths
    assert lengths == pytest.approx([30, 30], abs=0.05)
    unknown = {"kind": "instruction", "action": "ignored", "count": 1, "lines": [], "names": ["ZZ"]}
    assert made.problems == ([{**unknown, "element": 0}] if name == "hpgl" else [])
    # The recipe names the file by its contents.
    recipe = given.recipe()
    assert recipe == with_sources(loaded({**element, "source": f"uploads/b.{name}"})).recipe()
    assert f"sha256:{sha256(data).hexdigest()}" in json.dumps(recipe.values)


def test_a_drawing_of_another_format_obeys_the_options_of_its_element(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = b"IN;SP1;PU0,0;PD400,0;SP2;PU0,400;PD400,400;PU100,200;CI40;PU;"
    monkeypatch.setattr("libraries.sheets.composition.read_source", lambda _: data)
    element = {"type": "svg", "source": "uploads/a.plt", "box": BOX, "pens_by": "one"}
    drawing = compose(with_sources(loaded({**element, "hpgl_unit": 0.1, "fit": "none"}))).drawing
    assert len(drawing.layers) == 1
    assert drawing.strokes().lengths.max() == pytest.approx(40)
    # Curves are refined for the size in which they are drawn.
    store = compose(with_sources(loaded(element))).drawing.store
    circle = max(np.split(store.coordinates, store.offsets[1:-1]), key=len)
    centre = (circle.min(axis=0) + circle.max(axis=0)) / 2
    middles = (circle[1:] + circle[:-1]) / 2
    assert np.hypot(*(middles - centre).T).min() > np.ptp(circle[:, 0]) / 2 - 0.03


def test_what_of_an_svg_is_off_the_page_is_a_problem_with_its_share() -> None:
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40">'
        '<path d="M0 10H60" stroke="red"/></svg>'
    )
    element = {"type": "svg", "svg": picture, "fit": "none", "align": "left"}
    small = {"x": 90, "y": 20, "width": 6, "height": 40}

    def found(**more: Any) -> list[tuple[str, float, float]]:
        problems = compose(loaded({**element, **more})).problems
        return [(one["kind"], one["mm"], one["share"]) for one in problems]

    assert found(box=BOX) == []
    assert found(box=small) == [("off-page", 54.0, 0.9)]
    assert found(box=small, clip=False) == [("off-page", 50.0, 0.8333)]
    made = compose(loaded({**element, "box": {**small, "y": 60, "height": 6}, "vertical": "top"}))
    assert [one["kind"] for one in made.problems] == ["off-page", "empty"]
    assert made.warnings == "; 100% of the drawing is off the page; the drawing is empty"


def test_numbers_of_layers_are_their_order_across_svgs() -> None:
    def numbered(*names: str) -> dict[str, Any]:
        groups = "".join(
            f'<g inkscape:groupmode="layer" inkscape:label="{name}"><path d="M0 {y}H40"/></g>'
            for y, name in enumerate(names)
        )
        head = PICTURE.partition(" viewBox")[0]
        return {
            "type": "svg",
            "svg": f'{head} xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
            f'viewBox="0 0 40 40" stroke="red">{groups}</svg>',
        }

    text = {"type": "text", "text": "a", "box": BOX}
    page = loaded(numbered("2 a", "5+S20 b"), text, numbered("1 c", "sea", "2 a"))
    names = [layer.name for layer, _ in compose(page).drawing.drawn_layers()]
    assert names == ["1 c", "2 a", "drawing", "5+S20 b", "sea"]


TWO_INKS = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40">'
    '<path d="M0 10H60" stroke="red" stroke-width="0.5"/><path d="M0 20H60" stroke="#00f" stroke-width="1"/>'
    '<path d="M10 25h5v5z"/><image href="a.png"/></svg>'
)


def pens_of(element: dict[str, Any], **page: Any) -> list[tuple[str, str, float]]:
    document = compose(loaded({"type": "svg", "box": BOX, **element}, **page)).drawing
    return [(layer.name, layer.pen.colour, layer.pen.width) for layer, _ in document.drawn_layers()]


def test_an_svg_keeps_its_pens_unless_its_layer_has_one() -> None:
    own = [("red", "red", 0.5), ("#00f", "#00f", 1.0)]
    gold = {"name": "gold", "color": "#b08d57"}
    # The fill has no width, so it is drawn with the black pen of the page.
    assert pens_of({"svg": TWO_INKS}) == [*own, ("drawing", "black", 0.3)]
    assert pens_of({"svg": TWO_INKS, "pens": "layer"}) == [("drawing", "black", 0.3)]
    assert pens_of({"svg": TWO_INKS, "layer": "gold"}, layers=[gold]) == [("gold", "#b08d57", 0.3)]
    kept = pens_of({"svg": TWO_INKS, "layer": "gold", "pens": "svg"}, layers=[gold])
    assert kept == [*own, ("#000000", "#000000", 0.3)]


def test_a_listed_layer_gives_its_pen_to_the_layer_or_the_colour_of_an_svg() -> None:
    layers = [{"name": "blue", "color": "navy", "pen_width": 0.7}]
    assert ("blue", "navy", 0.7) in pens_of({"svg": TWO_INKS}, layers=layers)
    named = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        'viewBox="0 0 9 9"><g inkscape:groupmode="layer" inkscape:label="sky"><path d="M0 0h9" stroke="red"/></g></svg>'
    )
    layers = [{"name": "sky", "color": "teal"}]
    assert pens_of({"svg": named}, layers=layers) == [("sky", "teal", 0.3)]


def test_pens_of_several_svgs_with_the_same_name_get_numbers() -> None:
    wider = TWO_INKS.replace('stroke-width="0.5"', 'stroke-width="2"')
    elements = [{"type": "svg", "svg": svg, "box": BOX} for svg in (TWO_INKS, wider, TWO_INKS)]
    document = compose(loaded(*elements)).drawing
    widths = {layer.name: layer.pen.width for layer in document.layers}
    assert widths == {"red": 0.5, "#00f": 1.0, "drawing": 0.3, "red 2": 2.0}


def test_the_options_of_reading_belong_to_an_svg_and_its_problems_to_the_drawing() -> None:
    made = compose(
        loaded(
            {"type": "text", "text": "a", "box": BOX},
            {"type": "svg", "svg": TWO_INKS, "box": BOX, "fills": "none", "pens_by": "one"},
        )
    )
    assert [layer.name for layer, _ in made.drawing.drawn_layers()] == ["drawing", "red"]
    assert [(one["kind"], one["action"], one["element"]) for one in made.problems] == [
        ("fill", "ignored", 1),
        ("image", "ignored", 1),
    ]
    assert made.warnings == "; skipped parts of SVGs: fill (1), image (1)"


def test_an_svg_below_an_opaque_element_is_hidden_with_all_of_its_pens() -> None:
    cover = {"type": "rect", "box": {"x": 0, "y": 0, "width": 50, "height": 80}, "opaque": True}
    document = compose(loaded({"type": "svg", "svg": TWO_INKS, "box": BOX}, cover)).drawing
    names = [layer.name for layer in document.layers]
    red = document.on_layer(names.index("red"))
    assert red.coordinates[:, 0].min() == pytest.approx(50)


def test_an_svg_or_its_source_is_required_but_not_both() -> None:
    assert mistakes({"type": "svg"}) == {"elements.0.svg": ["Missing data for required field."]}
    both = {"type": "svg", "svg": PICTURE, "source": "output/a.svg"}
    assert mistakes(both) == {"elements.0.source": ["Cannot be combined with `svg`."]}


def test_nothing_leaves_the_page() -> None:
    wide = PICTURE.replace('cx="20"', 'cx="35"')
    points = all_points(
        drawn({"type": "svg", "svg": wide, "box": BOX, "clip": False, "fit": "cover"})["drawing"]
    )
    assert points.min() >= 0
    assert (points.max(axis=0) <= [100, 80]).all()


@pytest.mark.parametrize(
    ("element", "field"),
    [
        ({"type": "rect", "box": {"x": 50, "y": 20, "width": 60, "height": 40}}, "box"),
        (
            {"type": "rect", "box": {"x": 20, "y": 20, "width": 78, "height": 50}, "rotate": 45},
            "box",
        ),
        ({"type": "line", "points": [[0, 0], [101, 0]]}, "points"),
        ({"type": "text", "text": "much too long for this", "box": BOX, "size": 12}, "text"),
        ({"type": "text", "text": "x" * 900, "box": BOX, "wrap": True}, "text"),
        ({"type": "svg", "svg": "<svg", "box": BOX}, "svg"),
        ({"type": "svg", "svg": "<html/>", "box": BOX}, "svg"),
        ({"type": "svg", "svg": EMPTY, "box": BOX}, "svg"),
        (
            {
                "type": "svg",
                "svg": '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
                "box": BOX,
            },
            "svg",
        ),
    ],
)
def test_elements_without_room_or_with_invalid_data_are_rejected_before_drawing(
    element: dict[str, Any], field: str
) -> None:
    assert list(mistakes({"type": "circle", "box": BOX}, element)) == [f"elements.1.{field}"]


def test_an_svg_without_strokes_is_reported_with_its_field_at_any_length() -> None:
    assert mistakes({"type": "svg", "svg": EMPTY, "box": BOX})["elements.0.svg"] == [
        "the SVG has no strokes", "a pen cannot draw: image (1)",
    ]  # fmt: skip
    composition = loaded(
        {"type": "circle"}, {"type": "svg", "svg": EMPTY.replace("a.png", "a" * 40_000), "box": BOX}
    )
    composition.check_cost()
    with pytest.raises(InvalidInput, match="has no strokes") as caught:
        compose(composition)
    assert caught.value.field == "elements.1.svg"


@pytest.mark.parametrize("text", ["", "x" * 2001, "x" * 100_000, "\x07" * 100_000])
def test_a_text_that_is_too_long_or_too_short_is_reported_once(text: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        loaded({"type": "text", "text": text})
    assert [len(texts) for texts in caught.value.errors.values()] == [1]
    assert (
        "2000" in caught.value.errors["elements.0.text"][0]
        or "1 and" in caught.value.errors["elements.0.text"][0]
    )


def test_a_filled_polygon_whose_edges_cross_too_often_is_rejected() -> None:
    tangle = (np.random.default_rng(1).random((200, 2)) * [100, 80]).tolist()
    assert list(mistakes({"type": "polygon", "points": tangle, "opaque": True})) == [
        "elements.0.points"
    ]
    loaded({"type": "polygon", "points": tangle}).check_cost()


def test_the_points_of_all_elements_count_together() -> None:
    dense = {"type": "pattern", "pattern": "spiral", "params": {"pitch": 0.3}}
    page = {"width": 1900, "height": 1900}
    loaded(dense, **page).check_cost()
    with pytest.raises(TooComplex) as caught:
        loaded(*[dense] * 2, **page).check_cost()
    assert caught.value.field == "elements"


def test_an_element_with_too_many_points_is_reported() -> None:
    dense = {"type": "pattern", "pattern": "truchet"}
    with pytest.raises(TooComplex) as caught:
        loaded({"type": "circle"}, dense, width=1900, height=1900).check_cost()
    assert caught.value.field == "elements.1.params"


@pytest.mark.parametrize("kind", ELEMENTS)
def test_every_type_names_its_unknown_fields(kind: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        loaded({"type": kind, "colour": "red"})
    assert "Unknown field" in " ".join(caught.value.errors["elements.0.colour"])


def mixed_up(change: Callable[[dict[str, Any]], Any]) -> None:
    element = {"type": "circle", "box": dict(BOX)}
    change(element)
    with pytest.raises(InvalidInput):
        loaded(element).check_cost()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1, 0, 1e300, "wide", None, [], True])
def test_a_box_without_a_size_is_rejected(bad: object) -> None:
    mixed_up(lambda element: element["box"].update(width=bad))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_drawn_inside_their_pages(example: Any) -> None:
    request = json.loads(example.read_text())
    composition = load_composition({name: value for name, value in request.items() if name != "id"})
    composition.check_cost()
    made = compose(composition)
    assert made.warnings == ""
    document = made.drawing
    assert len(np.unique(document.store.layers)) == len(request["layers"]), (
        "every pen has something to draw"
    )
    box = document.bounding_box()
    assert box is not None
    assert min(box.left, box.top) >= 0
    assert box.right <= composition.width
    assert box.bottom <= composition.height
    assert load_composition(composition.arguments()["composition"]) == composition


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


def test_hatch_lines_have_their_distance_after_the_svg_is_enlarged() -> None:
    tile = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0H9V9H0z" fill="red"/></svg>'
    box = {"x": 0, "y": 0, "width": 60, "height": 60}
    hatched = {"fills": "hatch", "hatch_spacing": 6, "hatch_angle": 0}
    document = compose(loaded({"type": "svg", "svg": tile, "box": box, **hatched})).drawing
    # The outline, and rows at 6, 12, ..., 54 mm.
    rows = sorted({round(float(y), 2) for y in document.store.coordinates[5:, 1]} - {0.0, 60.0})
    assert np.diff(rows) == pytest.approx([6] * 8, abs=0.01)
