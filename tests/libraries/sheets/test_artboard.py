"""Pages, artboards and postcards."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from defusedxml import ElementTree

from libraries.errors import InvalidInput, UnknownName
from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.lettering import stroke_font
from libraries.patterns import TooComplex
from libraries.sheets.artboard import Artboard, draw_artboard
from libraries.sheets.page import default_margin
from libraries.sheets.postcard_templates import HEIGHT, TEMPLATES, WIDTH
from libraries.sheets.postcards import fit_message, load_postcard, postcard_name
from libraries.storage import check_name
from libraries.svg_builder import SVGBuilder
from tests.conftest import own_seconds
from tests.errors import raises_code
from tests.golden_svg import assert_like_golden, first_difference

ALLOWED = {"width": 210, "height": 297}


def test_an_area_has_inner_bounds() -> None:
    area = Area(210, 297, 10)
    assert (area.left, area.top, area.right, area.bottom) == (10, 10, 200, 287)
    assert (area.inner_width, area.inner_height) == (190, 277)
    assert area.centre == (105, 148.5)


@pytest.mark.parametrize(
    ("width", "height", "margin"), [(100, 100, 50), (100, 10, 5), (100, 100, 60)]
)
def test_margins_that_leave_no_room_are_rejected(
    width: float, height: float, margin: float
) -> None:
    with raises_code("no-room-to-draw") as caught:
        Area(width, height, margin)
    assert (caught.value.code, caught.value.field) == ("no-room-to-draw", "margin")


@pytest.mark.parametrize(
    ("width", "height", "margin"),
    [
        (0, 1, 0),
        (1, -1, 0),
        (math.nan, 1, 0),
        (1, math.inf, 0),
        (1, 2000.1, 0),
        (100, 100, -1),
        (100, 100, math.nan),
        (100, 100, math.inf),
    ],
)
def test_a_page_without_a_valid_size_is_rejected(
    width: float, height: float, margin: float
) -> None:
    with raises_code("bad-page"):
        Area(width, height, margin)


@pytest.mark.parametrize(("width", "height", "margin"), [(210, 297, 10), (50, 80, 5), (1, 1, 0.1)])
def test_the_margin_is_a_tenth_of_the_shorter_side_and_ten_at_most(
    width: float, height: float, margin: float
) -> None:
    assert default_margin(width, height) == pytest.approx(margin)


def test_an_artboard_has_defaults_for_all_but_its_size() -> None:
    artboard = Artboard.load(ALLOWED)
    looks: dict[str, object] = {"params": {}, "margin": None, "pen_width": 0.3, "encoding": "plain"}
    looks["optimize"] = True
    assert artboard.values() == ALLOWED | {"pattern": "spiral", "seed": None} | looks
    assert artboard.area == Area(210, 297, 10)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 0.99), ("width", 2000.1), ("height", -1), ("width", True),
        ("width", None), ("height", "NaN"), ("height", math.inf),
        ("width", []), ("width", 10**400), ("pen_width", 0.049), ("pen_width", 5.1), ("pen_width", False),
        ("margin", 105), ("margin", -0.1),
        ("margin", math.nan), ("seed", -1), ("seed", 2**32), ("seed", 1.5), ("seed", True), ("seed", "x"), ("pattern", "spirl"),
        ("pattern", None), ("pattern", ["spiral"]), ("params", []), ("params", None), ("params", "x"),
        ("params", {str(number): 0 for number in range(65)}), ("unknown", 1),
    ],
)  # fmt: skip
def test_an_invalid_field_of_an_artboard_is_rejected(field: str, value: object) -> None:
    assert set(Artboard.schema()().validate(ALLOWED | {field: value})) == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 1), ("height", "2000"), ("seed", 0), ("seed", 2**32 - 1), ("seed", "7"), ("seed", None),
     ("margin", 0), ("margin", 104.9),
     ("margin", None), ("pen_width", 0.05), ("pen_width", 5), ("params", {"pitch": 3})],
)  # fmt: skip
def test_the_ends_of_each_range_are_allowed(field: str, value: object) -> None:
    assert Artboard.schema()().validate(ALLOWED | {field: value}) == {}


def test_all_invalid_fields_of_an_artboard_are_reported_together() -> None:
    mistakes = Artboard.schema()().validate(
        {"width": -1, "params": {"pitch": 0, "tilt": 1}, "margin": "wide"}
    )
    assert set(mistakes) == {"width", "height", "params", "margin"}
    assert set(mistakes["params"]) == {"pitch", "tilt"}


def test_an_artboard_with_too_many_points_is_rejected_before_drawing() -> None:
    artboard = Artboard.load(
        {"width": 2000, "height": 2000, "params": {"pitch": 0.3, "tolerance": 0.005}}
    )
    started = own_seconds()
    with pytest.raises(TooComplex):
        artboard.check_cost()
    assert own_seconds() - started < 0.1


def test_an_artboard_is_drawn_in_millimetres_inside_its_margin() -> None:
    root = ElementTree.fromstring(
        draw_artboard(100, 80, "spiral", margin=12, pen_width=0.5).to_string()
    )
    assert (root.get("width"), root.get("height"), root.get("stroke-width")) == (
        "100mm",
        "80mm",
        "0.5",
    )
    (path,) = root.iter("{http://www.w3.org/2000/svg}path")
    points = np.array(
        [float(number) for number in re.findall(r"[0-9.]+", path.get("d", ""))]
    ).reshape(-1, 2)
    assert points.min() >= 12
    assert (points.max(axis=0) <= (88, 68)).all()


def test_the_same_artboard_gives_the_same_bytes() -> None:
    one, two = (draw_artboard(210, 297, "grid", seed=9).to_string() for _ in range(2))
    assert one == two


def test_an_invalid_artboard_is_not_drawn_and_reports_the_reason() -> None:
    with pytest.raises(
        InvalidFields, match=r"params\.pich: Unknown field; known: .*pitch.* did you mean 'pitch'"
    ) as caught:
        draw_artboard(-1, 100, params={"pich": 1})
    assert set(caught.value.errors) == {"width", "params.pich"}
    with raises_code("unknown-pattern"):
        draw_artboard(100, 100, "spirals")


@pytest.mark.parametrize("template", list(TEMPLATES))
def test_a_postcard_equals_its_golden_file(template: str, update_golden: bool) -> None:
    svg = load_postcard("John Doe", "Happy Birthday!", template).draw().to_string()
    assert_like_golden(f"postcard_{template}", svg, update=update_golden)


@pytest.mark.parametrize("template", list(TEMPLATES))
def test_a_postcard_stays_on_the_card_and_off_the_edge(template: str) -> None:
    root = ElementTree.fromstring(load_postcard("J" * 100, "M" * 500, template).draw().to_string())
    assert (root.get("width"), root.get("height")) == ("210mm", "148mm")
    drawn = " ".join(
        path.get("d", "")[1:] for path in root.iter("{http://www.w3.org/2000/svg}path")
    )
    points = np.array([float(number) for number in re.findall(r"-?[0-9.]+", drawn)]).reshape(-1, 2)
    assert (points > 5).all()
    assert (points < (WIDTH - 5, HEIGHT - 5)).all()


def test_a_short_message_is_drawn_at_the_documented_position_and_size() -> None:
    card = load_postcard("John Doe", "Happy Birthday!", "birthday").draw().to_string()
    message = SVGBuilder(WIDTH, HEIGHT).hershey_text(105, 74, "Happy Birthday!", 0.5).to_string()
    strokes = re.findall(r'd="([^"]+)"', message)
    assert "\n".join(f'<path d="{stroke}"/>' for stroke in strokes) in card


@pytest.mark.parametrize(
    "message", ["Hi", "word " * 100, "W" * 500, "a\nb\nc", "\n".join("abcdefgh")]
)
def test_a_message_is_reduced_until_it_fits_and_keeps_every_word(message: str) -> None:
    lines, scale = fit_message(message, stroke_font())
    box = SVGBuilder(WIDTH, HEIGHT).get_hershey_text_bounding_box(105, 74, "\n".join(lines), scale)
    assert box.width <= 158
    assert box.height <= 66 + 16 * scale, "tails may hang below the last base line"
    assert "".join("".join(lines).split()) == "".join(message.split())


def test_a_long_message_has_no_single_word_on_its_last_line() -> None:
    lines, _ = fit_message(
        "Thank you for everything, it was lovely to see you again", stroke_font()
    )
    assert len(lines[-1].split()) > 1


def test_a_message_with_too_many_lines_is_rejected() -> None:
    with pytest.raises(InvalidInput) as caught:
        fit_message("a\n" * 100 + "a", stroke_font())
    assert caught.value.code == "message-too-long"
    with pytest.raises(InvalidFields, match="message: the message does not fit"):
        load_postcard("John", "a\n" * 100 + "a", "plain")


@pytest.mark.parametrize(
    ("recipient", "message"),
    [("", "m"), ("r" * 101, "m"), ("r", ""), ("r", "m" * 501), ("r\x00", "m"), ("r", "m\ud800"), (None, "m"), ("r", 5),
     (" ", "m"),
     ("r", "\n"),
     ("\u200b", "m"), ("r", "\u200b")],
)  # fmt: skip
def test_an_invalid_recipient_or_message_is_rejected(recipient: str, message: str) -> None:
    with pytest.raises(InvalidFields):
        load_postcard(recipient, message, "plain")


@pytest.mark.parametrize("name", ["party", "", None, ["plain"], "../plain"])
def test_an_unknown_template_is_rejected_with_the_list(name: str) -> None:
    with pytest.raises(UnknownName, match="birthday, plain, thank_you") as caught:
        load_postcard("John", "Hi", name)
    assert (caught.value.code, caught.value.field) == ("unknown-template", "template_name")


def test_a_postcard_reports_missing_glyphs() -> None:
    assert load_postcard("Zoë 日", "Grüße 🎂", "plain").draw().missing_glyphs == ["🎂", "日"]


def test_a_postcard_is_named_after_its_recipient_and_template() -> None:
    assert postcard_name("John Doe", "birthday") == "postcards/postcard_John Doe_birthday.svg"


@pytest.mark.parametrize(
    "recipient",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a\0b",
        "..\\..\\w",
        "x" * 100,
        "a\nb",
        "CON",
        "\u202egnp",
        "\ud800",
    ],
)
def test_the_name_of_a_postcard_is_safe_whatever_the_recipient(recipient: str) -> None:
    name = postcard_name(recipient, "plain")
    assert check_name(name) == name
    assert name.count("/") == 1


def test_drawings_with_other_values_or_elements_differ() -> None:
    one = SVGBuilder(10, 10).line(1, 1, 2, 2).to_string()
    assert first_difference(one, SVGBuilder(10, 10).line(1, 1, 2, 2.001).to_string()) is None
    assert first_difference(one, SVGBuilder(10, 10).line(1, 1, 2, 2.002).to_string())
    assert first_difference(one, SVGBuilder(10, 10).line(1, 1, 2, 2).line(1, 1, 2, 2).to_string())
    assert first_difference(one, SVGBuilder(10, 10).line(1, 1, 2, 2, stroke="red").to_string())
