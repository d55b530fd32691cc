"""HP-GL from other programs."""

from __future__ import annotations

import numpy as np
import pytest

from libraries.geometry.arrays import Floats
from libraries.svg_reader import Reading
from libraries.vector_input import FORMATS, InputOptions
from tests.errors import raises_code

UNIT = 0.025


def read(text: str | bytes, **options: object) -> Reading:
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    return FORMATS["hpgl"].read(data, InputOptions(**options))  # type: ignore[arg-type]


def lines(text: str | bytes) -> list[Floats]:
    """Return the strokes in units of the plotter, y up, moved by a first stroke at the origin."""
    document = read(
        b"PU0,0;PD0,0;PU;" + (text if isinstance(text, bytes) else text.encode())
    ).document
    store = document.store
    points = (store.coordinates * (1, -1) + (0, document.height)) / UNIT
    return [np.round(one, 3) + 0.0 for one in np.split(points, store.offsets[1:-1])[1:]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PA100,100;PD200,100,200,300;PU;", [[100, 100], [200, 100], [200, 300]]),
        ("PA100 100PD200 100PR0,200PU", [[100, 100], [200, 100], [200, 300]]),
        ("pu100,100;pd;pr100,0,0,200;pa;pu;", [[100, 100], [200, 100], [200, 300]]),
        ("PU40,40;EA80,60;", [[40, 40], [80, 40], [80, 60], [40, 60], [40, 40]]),
        ("PU40,40;PM0;PD80,40,80,60;PM2;EP;", [[40, 40], [80, 40], [80, 60], [40, 40]]),
        ("IP0,0,1000,2000;SC0,10,0,10;PU1,1;PD2,2;PU;", [[100, 200], [200, 400]]),
        ("IP0,0,1000,2000;SC0,10,0,10,1;PU1,1;PD2,2;PU;", [[100, 600], [200, 700]]),
        ("IP0,0,1000,2000;SC0,10,0,10,1,0,0;PU1,1;PD2,2;PU;", [[100, 100], [200, 200]]),
        ("IP100,100;SC;PU1,1;PD2,2;PU;", [[1, 1], [2, 2]]),
        ("IP1100,1100;SC0,10,0,10;PU0,0;PD1,1;PU;", [[1100, 1100], [2100, 1820]]),
        ("IR0,0,50,50;SC0,1,0,1;PU0,0;PD1,1;PU;", [[0, 0], [5520, 3860.5]]),
        ("RO90;PU100,-100;PD100,-200;PU;", [[100, 100], [200, 100]]),
        ("PU40,40;PD;AT60,60,80,80;PU;", [[40, 40], [60, 60], [80, 80]]),
        ("SC0,2,0,3,2;IP;PU1,1;SC;PD1000,1000;PU;", [[252, 599], [1000, 1000]]),
        ("PU9,9;PD;PU;", [[9, 9]]),
    ],
)
def test_instructions_move_the_pen(text: str, expected: list[list[float]]) -> None:
    (line,) = lines(text)
    assert line.tolist() == expected


def test_arcs_and_circles_are_round() -> None:
    arc, again, circle = lines("PU400,0;PD;AA0,0,90;PU;PU400,0;PD;AR-400,0,90;PU;PA900,900;CI300;")
    assert arc[-1].tolist() == [0, 400]
    assert np.allclose(np.hypot(*arc.T), 400, atol=1)
    assert np.array_equal(arc, again)
    assert np.allclose(np.hypot(*(circle - 900).T), 300, atol=0.01)
    assert (circle[0] == circle[-1]).all()


def test_an_arc_through_three_points_is_on_their_side() -> None:
    up, down, ring = lines(
        "PU1000,1000;PD;AT1400,1400,1800,1000;PU;PU0,2000;PD;RT400,-400,800,0;PU;"
        "PU1000,1000;PD;AT1400,1000,1000,1000;PU;"
    )
    assert np.allclose(np.hypot(*(up - (1400, 1000)).T), 400, atol=1)
    assert (up[:, 1].max(), up[-1].tolist()) == (pytest.approx(1400, abs=1), [1800, 1000])
    assert down[:, 1].min() == pytest.approx(1600, abs=1)
    assert np.allclose(np.hypot(*(ring - (1200, 1000)).T), 200, atol=1)


def test_a_window_cuts_what_follows_until_it_is_removed() -> None:
    cut, whole = lines("IW100,0,200,400;PU40,40;PD400,40;PU;IW;PU40,90;PD400,90;PU;")
    assert cut.tolist() == [[pytest.approx(100, abs=0.1), 40], [pytest.approx(200, abs=0.1), 40]]
    assert whole.tolist() == [[40, 90], [400, 90]]


def lengths(text: str) -> list[float]:
    return [round(float(one), 2) for one in read(text).document.strokes().lengths]


def test_line_types_are_dashes_of_the_length_that_they_say() -> None:
    line = "PU0,0;PD4000,0;PU;"
    # 4 % of the distance of the corners, which is 308 mm.
    pattern = 12.323
    assert lengths(f"LT2;{line}") == [round(pattern / 2, 2)] * 8 + [round(100 - 8 * pattern, 2)]
    assert lengths(f"LT3,20,1;{line}") == [14] * 5
    assert lengths(f"LT2,10,1;LT;LT99;{line}") == [5] * 10
    assert lengths(f"LT5,50,1;{line}") == [35, 5, 35, 5]
    assert lengths(f"UL8,1,1,2;LT8,40,1;{line}") == [10, 30, 30]
    assert lengths(f"IP0,0,4000,0;LT2,10;{line}") == [5] * 10
    assert lengths(f"LT2;LT;{line}") == [100]


def test_the_line_types_of_dots_leave_dots() -> None:
    assert lengths("LT0;PU0,0;PD400,0,400,400;PU;") == [0, 0, 0]
    assert lengths("LT1,5,1;PU0,0;PD399,0;PU;") == [0, 0]
    assert 0 in lengths("LT4,10,1;PU0,0;PD4000,0;PU;")


def test_a_short_pattern_is_a_line() -> None:
    assert lengths("LT1,0.0001;PU0,0;PD4000,0;PU;") == [100]


def test_labels_have_their_size_direction_and_place() -> None:
    def box(text: str) -> tuple[float, float, float, float]:
        """Return left, bottom, right and top in units."""
        points = np.concatenate(lines(text))
        return (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())

    small, large = box("PU2000,2000;LBHH\x03"), box("SI0.374,0.54;PU2000,2000;LBHH\x03")
    assert small[3] - small[1] == pytest.approx(108)
    assert large[3] - large[1] == pytest.approx(216)
    assert large[2] - large[0] == pytest.approx(2 * (small[2] - small[0]), rel=0.01)
    up = box("DI0,1;PU2000,2000;LBHH\x03")
    assert up[2] == pytest.approx(2000)
    assert up[3] - up[1] == pytest.approx(small[2] - small[0])
    centred = box("LO5;PU2000,2000;LBHH\x03")
    assert (centred[0] + centred[2]) / 2 == pytest.approx(2000, abs=15)
    assert (centred[1] + centred[3]) / 2 == pytest.approx(2000)
    rows = box("PU2000,2000;LBH\r\nH\x03")
    assert (rows[1], rows[3]) == pytest.approx((2000 - 216, 2108))
    assert box("PU2000,2000;CP2,1;LBH\x03")[1] == pytest.approx(2216)
    again = box("PU2000,2000;LBHHHH\x03CP;LBH\x03")
    assert (again[0], again[1]) == pytest.approx((small[0], 2000 - 216))


def test_curves_end_at_their_last_point() -> None:
    one, other = lines("PU0,0;PD;BZ0,400,400,400,400,0;PU;PU0,0;PD;BR0,400,400,400,400,0;PU;")
    assert np.array_equal(one, other)
    assert one[-1].tolist() == [400, 0]
    assert one[:, 1].max() == pytest.approx(300, abs=1)


def test_a_drawing_is_turned_with_its_axes() -> None:
    document = read("RO90;PU0,0;PD100,0;PU;").document
    assert (document.width, document.height) == pytest.approx((1, 2.5))


def test_each_pen_is_a_layer_and_a_pen_in_the_holder_draws_nothing() -> None:
    reading = read("SP2;PU0,0;PD99,0;SP1;PU0,9;PD99,9;SP0;PU0,18;PD99,18;PU;")
    assert [layer.name for layer in reading.document.layers] == ["pen 2", "pen 1"]
    assert [pen.colour for pen in reading.document.pens] == ["#ff0000", "#000000"]
    assert [(one["kind"], one["action"]) for one in reading.problems] == [("no-pen", "hidden")]


def test_fills_are_hatched_on_request_and_hide_nothing() -> None:
    text = "PU10,200;PD500,200;PU0,0;RA400,400;PM0;PA800,0,800,400;PM2;FP;"
    plain, hatched = read(text), read(text, fills="hatch", hatch_spacing=2.0)
    assert len(plain.document) == 3
    assert len(hatched.document) > 10
    kinds = {one["kind"]: one["count"] for one in plain.problems}
    assert kinds == {"fill": 2}


def encoded(number: int, base: int) -> bytes:
    """Return a number as `PE` encodes it."""
    first, last = {64: (63, 191), 32: (63, 95)}[base]
    rest, out = abs(number) << 1 | (number < 0), b""
    while rest >= base:
        out += bytes([first + rest % base])
        rest //= base
    return out + bytes([last + rest])


@pytest.mark.parametrize(("base", "mode"), [(64, b""), (32, b"7")])
def test_encoded_moves_are_relative_and_draw_unless_they_say_otherwise(
    base: int, mode: bytes
) -> None:
    def move(x: int, y: int) -> bytes:
        return encoded(x, base) + encoded(y, base)

    moves = [
        b"<=",
        move(400, 800),
        move(-200, 0),
        move(0, 1000),
        b"<",
        move(40, -80),
        move(7000, 1),
    ]
    one, other = lines(b"PE" + mode + b"".join(moves) + b";PU;")
    assert one.tolist() == [[400, 800], [200, 800], [200, 1800]]
    assert other.tolist() == [[240, 1720], [7240, 1721]]
    # Two bits are fractions.
    pen = mode + b":" + encoded(5, base) + b">" + encoded(2, base)
    reading = read(b"IN;SP1;PE" + pen + b"<" + move(4000, 4000) + move(400, 0) + b";")
    assert [layer.name for layer in reading.document.layers] == ["pen 5"]
    assert reading.document.store.coordinates[:, 0].tolist() == [25, 27.5]


def test_encoded_moves_end_at_an_error() -> None:
    (line,) = lines(b"PE<=" + encoded(0, 64) * 2 + encoded(9, 64) * 2 + b"\x00\x01" + b";PU;")
    assert line.tolist() == [[0, 0], [9, 9]]


def test_labels_are_written_and_listed() -> None:
    reading = read("SP1;PA1000,1000;LBHello, w\xf6rld\x03PU0,0;PD40,40;PU;")
    assert [one["kind"] for one in reading.problems] == ["text"]
    assert len(reading.document) > 10
    plain = read("DT*;PA1000,1000;LBPD9,9*PU0,0;PD40,40;PU;")
    assert [one["kind"] for one in plain.problems] == ["text"]


def test_commands_to_the_device_and_other_bytes_are_skipped() -> None:
    data = (
        b"\x1b.(\x1b.I81;;17:\x1b%-1BIN;\xff\xfe\x00PU10,10;\x1b.N;19:PD50,10;PU;\x1bE\x1a\x00\x00"
    )
    reading = read(data)
    assert reading.document.store.coordinates[:, 0].tolist() == [0.25, 1.25]
    assert [one["kind"] for one in reading.problems] == ["junk"]


def test_unknown_instructions_and_absurd_numbers_are_listed() -> None:
    reading = read("IN;ZZ1,2;SL;SL0.2;SM;SM*;FT3,40;PU0,0;PD40,40;PD99999999999,1;PU;LT-2;LT9;")
    kinds = {one["kind"]: one.get("names") for one in reading.problems}
    expected = {"instruction": ["ZZ", "SL", "SM", "FT"], "number": None, "line-type": None}
    assert kinds == expected
    assert reading.document.width == 1


@pytest.mark.parametrize("data", [b"", b"\xff" * 10_000, b"AB;CD;EF", bytes(range(256)) * 50])
def test_a_file_without_moves_is_refused(data: bytes) -> None:
    with raises_code("bad-drawing", match="HP-GL"):
        read(data)


def test_a_short_file_cannot_draw_millions_of_vertices() -> None:
    with raises_code("too-many-vertices"):
        read("PD;" + "CI99999;" * 20_000)
