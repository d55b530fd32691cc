"""PDF files that matplotlib, reportlab and the tests write."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pikepdf
import pytest
from matplotlib.figure import Figure
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from libraries.geometry.arrays import Floats
from libraries.svg_reader import Reading
from libraries.vector_input import FORMATS, InputOptions
from tests.errors import raises_code

PAGE = (100 * mm, 60 * mm)
MM_PER_POINT = 25.4 / 72


def made(*pages: Callable[[Canvas], object]) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=PAGE, pageCompression=0)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def read(data: bytes, page: int = 1, **options: object) -> Reading:
    return FORMATS["pdf"].read(data, InputOptions(pdf_page=page, **options))  # type: ignore[arg-type]


def lines(reading: Reading) -> list[Floats]:
    store = reading.document.store
    return np.split(np.round(store.coordinates, 3), store.offsets[1:-1])


def structure(contents: bytes, objects: Sequence[bytes] = (), page: bytes = b"") -> bytes:
    """Return a PDF with a page of 100 x 50 points; `objects` are numbered from 5."""
    stream = b"<< /Length %d >>\nstream\n%b\nendstream" % (len(contents), contents)
    whole = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [10 20 110 70] /Contents 4 0 R %b >>" % page,
        stream,
        *objects,
    ]
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(whole, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(whole) + 1)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\n" % (len(whole) + 1)
    return b"%b%b%b%bstartxref\n%d\n%%%%EOF\n" % (out, head, table, trailer, len(out))


def test_paths_of_reportlab_keep_their_place_colours_and_widths() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setStrokeColorRGB(1, 0, 0)
        canvas.setLineWidth(0.5 * mm)
        canvas.line(10 * mm, 10 * mm, 60 * mm, 10 * mm)
        canvas.translate(50 * mm, 30 * mm)
        canvas.rotate(90)
        canvas.scale(2, 2)
        canvas.setStrokeColorRGB(0, 0, 1)
        canvas.setLineWidth(0.25 * mm)
        canvas.rect(0, 0, 5 * mm, 10 * mm)

    reading = read(made(draw))
    document = reading.document
    assert (document.width, document.height) == pytest.approx((100, 60), abs=0.001)
    red, blue = lines(reading)
    assert red.tolist() == [[10, 50], [60, 50]]
    assert [*blue.min(axis=0), *blue.max(axis=0)] == pytest.approx([30, 20, 50, 30], abs=0.002)
    assert [(pen.colour, pen.width) for pen in document.pens] == [
        ("#ff0000", 0.5),
        ("#0000ff", 0.5),
    ]
    assert reading.problems == []


def test_curves_dashes_clips_and_forms_are_drawn_as_a_viewer_shows_them() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.beginForm("form")
        canvas.line(0, 0, 9 * mm, 0)
        canvas.endForm()
        canvas.circle(20 * mm, 30 * mm, 10 * mm)
        canvas.setDash([3 * mm, 2 * mm])
        canvas.line(40 * mm, 10 * mm, 48 * mm, 10 * mm)
        canvas.setDash([])
        canvas.translate(60 * mm, 50 * mm)
        canvas.doForm("form")
        path = canvas.beginPath()
        path.rect(0, -40 * mm, 10 * mm, 20 * mm)
        canvas.clipPath(path, stroke=0, fill=0)
        canvas.line(-10 * mm, -30 * mm, 30 * mm, -30 * mm)

    circle, first, second, inside, cut = lines(read(made(draw)))
    assert np.allclose(np.hypot(*(circle - [20, 30]).T), 10, atol=0.03)
    assert (first.tolist(), second.tolist()) == ([[40, 50], [43, 50]], [[45, 50], [48, 50]])
    assert inside.tolist() == [[60, 10], [69, 10]]
    assert cut == pytest.approx(np.array([[60, 40], [70, 40]]), abs=0.002)


def test_fills_hide_what_is_below_and_are_hatched_on_request() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.line(0, 30 * mm, 100 * mm, 30 * mm)
        canvas.setFillColorRGB(0, 0.5, 0)
        canvas.rect(40 * mm, 20 * mm, 20 * mm, 20 * mm, stroke=0, fill=1)

    data = made(draw)
    assert len(lines(read(data))) == 3
    assert len(lines(read(data, occlude=False))) == 2
    assert len(lines(read(data, fills="hatch", hatch_spacing=2.0))) > 10


def test_a_page_is_chosen_by_its_number() -> None:
    data = made(lambda c: c.line(0, 0, 9, 9), lambda c: c.rect(9, 9, 9, 9))
    first, second = read(data), read(data, page=2)
    assert [len(lines(one)[0]) for one in (first, second)] == [2, 5]
    assert [one["kind"] for one in first.problems] == ["other-pages"]
    with raises_code("bad-drawing", match="the PDF has no page 3; it has 2") as caught:
        read(data, page=3)
    assert caught.value.field == "pdf_page"


def test_texts_are_written_at_their_size_and_place() -> None:
    reading = read(made(lambda canvas: canvas.drawString(10 * mm, 20 * mm, "HELLO")))
    assert [(one["kind"], one["action"]) for one in reading.problems] == [("text", "replaced")]
    box = reading.document.bounding_box()
    assert box is not None
    # The font size is 12 points, of which capitals have 0.7.
    assert (box.left, box.bottom) == pytest.approx((10, 40), abs=0.7)
    assert box.height == pytest.approx(12 * 25.4 / 72 * 0.7, rel=0.1)


@pytest.mark.parametrize(
    ("turn", "size", "line"),
    [
        (0, (100, 50), [[10, 40], [40, 40]]),
        (90, (50, 100), [[10, 10], [10, 40]]),
        (180, (100, 50), [[90, 10], [60, 10]]),
        (270, (50, 100), [[40, 90], [40, 60]]),
    ],
)
def test_a_turned_page_is_read_as_it_is_shown(
    turn: int, size: tuple[float, float], line: list[list[float]]
) -> None:
    reading = read(structure(b"20 30 m 50 30 l S", page=b"/Rotate %d" % turn))
    point = 25.4 / 72
    assert (reading.document.width, reading.document.height) == pytest.approx(
        [side * point for side in size], abs=0.001
    )
    assert reading.document.store.coordinates == pytest.approx(np.array(line) * point, abs=0.001)


@pytest.mark.parametrize("mode", ["disable", "generate"])
def test_the_crop_box_and_the_unit_of_a_page_are_obeyed(mode: str) -> None:
    crop = b"/CropBox [20 30 70 60] /UserUnit 2.5"
    plain = structure(b"20 30 m 50 30 l S", page=crop)
    out = io.BytesIO()
    # With `generate`, the page is in a compressed stream of objects.
    pikepdf.open(io.BytesIO(plain)).save(
        out, object_stream_mode=getattr(pikepdf.ObjectStreamMode, mode)
    )
    reading = read(out.getvalue())
    page = reading.document.page
    assert (page.width / MM_PER_POINT, page.height / MM_PER_POINT) == pytest.approx((125, 75))
    points = reading.document.store.coordinates / MM_PER_POINT
    assert points.ravel().tolist() == pytest.approx([0, 75, 75, 75])


# Objects 5 and 6 are layers, 7 is shown if both are, and 8 and 9 are forms of 6 and 7.
GROUPS = [
    b"<< /Type /OCG /Name (sea) >>",
    b"<< /Type /OCG /Name (guides) >>",
    b"<< /Type /OCMD /OCGs [5 0 R 6 0 R] /P /AllOn >>",
    *(
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /OC %d 0 R /Length 18 >>\n"
        b"stream\n30 40 m 60 40 l S \nendstream" % number
        for number in (6, 7)
    ),
]
RESOURCES = b"/Resources << /Properties << /A 5 0 R /B 6 0 R /M 7 0 R >> /XObject << /F 8 0 R /G 9 0 R >> >>"


CONTENTS = (
    b"/OC /A BDC 20 30 m 50 30 l S EMC /OC /B BDC 30 40 m 60 40 l S EMC "
    b"/OC /M BDC 30 50 m 60 50 l S EMC /OC /A BDC /OC /B BDC 30 60 m 60 60 l S EMC EMC /F Do /G Do"
)


@pytest.mark.parametrize(
    ("state", "shown", "hidden"),
    [
        (b"", 6, None),
        (b"/OFF [6 0 R]", 1, ["guides", "sea"]),
        (b"/BaseState /OFF /ON [5 0 R]", 1, ["guides", "sea"]),
    ],
)
def test_layers_that_a_viewer_hides_are_left_out(
    state: bytes, shown: int, hidden: list[str] | None
) -> None:
    catalogue = b"/OCProperties << /OCGs [5 0 R 6 0 R] /D << %b >> >>" % state
    data = structure(CONTENTS, GROUPS, RESOURCES)
    reading = read(corrected(data.replace(b"/Type /Catalog", b"/Type /Catalog " + catalogue)))
    assert len(reading.document) == shown
    problem = {"kind": "layer", "action": "hidden", "count": 5, "lines": [], "names": hidden}
    assert reading.problems == ([problem] if hidden else [])
    assert [layer.name for layer in reading.document.layers][:1] == ["sea"]


def corrected(data: bytes) -> bytes:
    """Return a file with the places of its objects corrected."""
    out = io.BytesIO()
    pikepdf.open(io.BytesIO(data)).save(out)
    return out.getvalue()


def test_ink_off_the_page_is_no_hidden_layer() -> None:
    contents = b"/OC /A BDC 500 30 m 550 30 l S EMC 20 30 m 50 30 l S"
    reading = read(structure(contents, GROUPS, RESOURCES))
    assert reading.problems == []


def test_a_figure_of_matplotlib_has_its_curves() -> None:
    figure = Figure(figsize=(4, 3))
    axes: Any = figure.add_subplot()
    x = np.linspace(0, 6, 200)
    axes.plot(x, np.sin(x), color="#d01c1f")
    axes.set_title("Sine")
    out = io.BytesIO()
    figure.savefig(out, format="pdf")
    reading = read(out.getvalue())
    document = reading.document
    assert (document.width, document.height) == pytest.approx((101.6, 76.2), abs=0.01)
    red = [layer.name for layer in document.layers].index("#d01c1f")
    # The limits of the axes are 5 % beyond the curve.
    curve = document.on_layer(red).coordinates
    box = axes.get_position()
    wide = 101.6 * box.width / 1.1
    assert np.ptp(curve[:, 0]) == pytest.approx(wide, abs=0.05)
    assert np.ptp(curve[:, 1]) == pytest.approx(76.2 * box.height / 1.1, abs=0.05)
    assert {one["kind"] for one in reading.problems} <= {
        "text",
        "paper-colour",
        "covered",
        "clip-path",
    }


def test_images_and_gradients_are_listed() -> None:
    image = b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream"
    data = structure(
        b"20 30 m 50 30 l S /I Do", [image], b"/Resources << /XObject << /I 5 0 R >> >>"
    )
    assert [(one["kind"], one["action"]) for one in read(data).problems] == [("image", "ignored")]


def test_forms_that_repeat_each_other_end_in_an_error() -> None:
    def form(number: int) -> bytes:
        body = b"/F Do " * 10
        resources = b"/Resources << /XObject << /F %d 0 R >> >>" % number
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 99 99] %b /Length %d >>"
        return head % (resources, len(body)) + b"\nstream\n%b\nendstream" % body

    last = b"<< /Type /XObject /Subtype /Form /BBox [0 0 99 99] /Length 13 >>\nstream\n0 0 m 9 9 l S\nendstream"
    objects = [*(form(number) for number in range(6, 15)), last]
    data = structure(b"/F Do", objects, b"/Resources << /XObject << /F 5 0 R >> >>")
    with raises_code("bad-drawing", match="PDF file"):
        read(data)


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + bytes(range(256)) * 40, made()[:300]]
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with raises_code("bad-drawing", match="PDF"):
        read(data)
