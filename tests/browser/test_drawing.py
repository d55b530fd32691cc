"""End-to-end tests of the page of a drawing or a job: plot view, check list, files and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import serious_findings
from tests.browser.conftest import OWNERS
from tests.browser.test_pages import LOWEST_CONTRAST, watched
from tests.conftest import until
from tests.journeys.conftest import Service

pytestmark = pytest.mark.browser
KEY = OWNERS["drawing"]
# Two pens on A6; the red one is too wide for its spacing, and too dense.
TWO_PENS: dict[str, Any] = {
    "width": 148,
    "height": 105,
    "seed": 3,
    "layers": [
        {"name": "blue", "color": "#1a5fb4", "pen_width": 0.5},
        {"name": "red", "color": "#c43d1e", "pen_width": 0.8},
    ],
    "elements": [
        {
            "type": "pattern",
            "pattern": "grid",
            "layer": "blue",
            "box": {"x": 10, "y": 10, "width": 60, "height": 80},
        },
        {
            "type": "pattern",
            "pattern": "hatch",
            "params": {"spacing": 0.4},
            "layer": "red",
            "box": {"x": 80, "y": 20, "width": 50, "height": 50},
        },
    ],
}
# Pixels of the canvas with strokes in which one colour is stronger than another by 60 of 255.
COLOURED = """([strong, weak]) => {
  const canvas = document.querySelector('.pv-canvas canvas')
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })
  copy.drawImage(canvas, 0, 0)
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height)
  let found = 0
  for (let at = 0; at < data.length; at += 4) if (data[at + strong] > data[at + weak] + 60) found += 1
  return found
}"""
# Strokes of an SVG as the plot view reads them, and those of the export; 1 if all vertices agree to 0.01 mm.
SAME_STROKES = """async ([address, key]) => {
  const { strokesOf, strokesOfSvg } = await import('/studio/assets/plot/strokes.js')
  const headers = { 'X-API-Key': key }
  const read = async (query) => fetch(address + query, { headers })
  const record = strokesOf(await (await read('?format=strokes')).json())
  const same = ['plain', 'compact'].map(async (encoding) => {
    const svg = strokesOfSvg(await (await read(encoding === 'plain' ? '?format=svg' : '?format=svg-compact')).text())
    return svg.length === record.length && svg.coordinates.every((one, at) => Math.abs(one - record.coordinates[at]) < 0.011)
  })
  return [record.length, ...await Promise.all(same)]
}"""


@pytest.fixture(autouse=True)
def _timeouts() -> Iterator[None]:
    """Longer timeouts for slow machines."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


def draw(page: Page, service: Service, body: dict[str, Any]) -> str:
    """Draw an artboard and return the id of its job."""
    headers = {"X-API-Key": KEY, "Prefer": "wait=30"}
    reply = page.request.post(f"{service.url}/artboard/create", data=body, headers=headers).json()
    assert reply["status"] == "finished", reply
    job: str = reply["job_id"]
    return job


def coloured(page: Page, strong: int, weak: int) -> int:
    found: int = page.evaluate(COLOURED, [strong, weak])
    return found


def sign_in(page: Page) -> None:
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()


def test_a_plot_is_watched_checked_exported_and_shared(
    keyed_service: Service, browser: Browser, page: Page, tmp_path: Path
) -> None:
    service, job = keyed_service, draw(page, keyed_service, TWO_PENS)
    with watched(page) as (_, errors):
        page.goto(f"{service.url}/jobs/{job}")
        sign_in(page)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator(".pv-total")).to_have_text(re.compile(r"\d+ (s|min)"))
        until(lambda: coloured(page, 0, 2) > 1000 and coloured(page, 2, 0) > 500, what="both pens")
        watch(page)
        check(page)
        export(page, tmp_path)
        link = share(page)
    assert errors == []
    strokes, *same = page.evaluate(SAME_STROKES, [f"/jobs/{job}/result", KEY])
    assert strokes > 40
    assert same == [True, True]
    see_as_guest(browser, link)


def watch(page: Page) -> None:
    """Play, pause, seek, hide a pen and zoom, by mouse and by keyboard."""
    clock, stage = page.locator(".pv-clock"), page.locator(".pv-stage")
    page.get_by_role("slider", name="Time of the plot").fill("0")
    expect(clock).to_have_text(re.compile(r"^0:00 / "))
    until(lambda: coloured(page, 0, 2) == coloured(page, 2, 0) == 0, what="an empty sheet")
    page.get_by_role("button", name="Next stroke").click()
    page.get_by_role("button", name="Play", exact=True).click()
    until(lambda: coloured(page, 2, 0) > 100, what="blue strokes")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("slider", name="Time of the plot").fill("1000")
    page.get_by_role("checkbox", name=re.compile("^red")).uncheck()
    until(lambda: coloured(page, 0, 2) == 0 < coloured(page, 2, 0), what="the blue pen alone")
    page.get_by_role("checkbox", name=re.compile("^red")).check()
    page.get_by_label("Pen-up travel").check()
    page.get_by_label("Ink density").check()
    stage.focus()
    for _ in range(12):
        page.keyboard.press("+")
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    first = page.locator(".pv-cursor").inner_text()
    page.mouse.move(box["x"] + 51, box["y"] + 50)
    places = [
        float(re.findall(r"[\d.-]+", text)[0])
        for text in (first, page.locator(".pv-cursor").inner_text())
    ]
    # A pixel is less than 0.1 mm.
    assert abs(places[1] - places[0]) <= 0.11
    page.keyboard.press("0")


def check(page: Page) -> None:
    """The check list names what is wrong, and another machine has other times and another reach."""
    checks = page.locator(".pv-checks")
    expect(checks.locator(".warning.pv-check")).to_have_count(2)
    expect(checks).to_contain_text("The pen is too wide for this spacing")
    expect(checks).to_contain_text("Too dense")
    expect(checks).to_contain_text("1 pen change by hand")
    checks.get_by_role("button", name=re.compile("Show on the drawing: Too dense")).click()
    before = page.locator(".pv-total").inner_text()
    page.get_by_label("Machine").select_option("hp7475a")
    expect(page.locator(".pv-total")).not_to_have_text(before)
    expect(checks).to_contain_text("1 pen change, made by the machine")
    expect(page.locator(".pv-certificate")).to_contain_text("lifts")


def export(page: Page, folder: Path) -> None:
    """A file for a machine with its parameters, an animation, and a framed picture."""
    page.get_by_role("radio", name="HP-GL").check()
    expect(page.get_by_label("Profile")).to_have_value("hp7475a")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download .hpgl").click()
    found.value.save_as(folder / "plot.hpgl")
    assert (folder / "plot.hpgl").read_text().startswith("IN;")
    page.get_by_role("radio", name="DXF").check()
    page.get_by_role("combobox", name="Pens").select_option("Only red")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download .dxf").click()
    assert found.value.suggested_filename.endswith(" red.dxf")
    page.get_by_role("tab", name="Animation").click()
    with page.expect_download() as found:
        page.get_by_role("button", name="Animated SVG").click()
    found.value.save_as(folder / "plot.svg")
    animated = (folder / "plot.svg").read_text()
    delays = [float(one) for one in re.findall(r"animation-delay:([\d.]+)s", animated)]
    assert delays == sorted(delays)
    assert len(delays) > 40
    assert delays[-1] < 10
    page.get_by_role("tab", name="Framed").click()
    expect(page.get_by_role("img", name="The drawing in a frame on a wall")).to_be_visible()
    page.get_by_role("tab", name="Framed").press("ArrowLeft")
    expect(page.get_by_role("tab", name="Print")).to_be_focused()


def share(page: Page) -> str:
    page.get_by_role("tab", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    return page.get_by_role("textbox", name="Link").input_value()


def see_as_guest(browser: Browser, link: str) -> None:
    """Without a key the link shows drawing and recipe at each width; a changed one does not."""
    for width, scheme in ((375, "dark"), (1440, "light")):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.goto(link)
        expect(page.locator(".pv-total")).to_be_visible()
        expect(page.locator(".drawing-recipe")).to_contain_text('"seed": 3')
        own = page.get_by_role("link", name="Make your own from this").first
        expect(own).to_have_attribute("href", re.compile("^/studio#recipe="))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        contrast, text = page.evaluate(LOWEST_CONTRAST)
        assert contrast >= 4.5, (scheme, contrast, text)
        if width == 1440:
            assert serious_findings(page) == []
        context.close()
    page = browser.new_page()
    page.goto(link[:-4])
    expect(page.get_by_role("alert")).to_contain_text("This link does not work any more")
    page.close()


def test_a_job_is_followed_to_its_end_and_a_drawing_is_named_and_varied(
    keyed_service: Service, page: Page
) -> None:
    service, headers = keyed_service, {"X-API-Key": KEY}
    page.goto(f"{service.url}/gallery/{24 * '0'}/page")
    sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text("does not exist or has expired")

    body = {
        "task": "workers.data_tasks.process_file",
        "kwargs": {"file_path": "no.csv", "format": "json"},
    }
    failing = page.request.post(f"{service.url}/jobs", data=body, headers=headers).json()["job_id"]
    page.goto(f"{service.url}/jobs/{failing}")
    expect(page.locator(".job-state")).to_have_text("Failed")
    expect(page.locator(".job-error")).to_contain_text("file not found")
    expect(page.locator(".job-log")).to_contain_text("attempt 1")

    body = {"task": "workers.example_tasks.example_long_task", "kwargs": {"seconds": 60}}
    running = page.request.post(f"{service.url}/jobs", data=body, headers=headers).json()["job_id"]
    page.goto(f"{service.url}/jobs/{running}")
    expect(page.locator(".job-state")).to_have_text("Running")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".job-state")).to_have_text("Stopped")

    job = draw(page, service, {"paper": "a6", "pattern": "grid", "seed": 8})
    found: list[dict[str, Any]] = []

    def is_listed() -> bool:
        listed = page.request.get(f"{service.url}/gallery?pattern=grid&seed=8", headers=headers)
        found[:] = [one for one in listed.json()["items"] if one["job_id"] == job]
        return bool(found)

    until(is_listed, what="the drawing in the gallery")
    page.goto(f"{service.url}/gallery/{found[0]['id']}/page")
    page.get_by_role("button", name="Title and tags").click()
    page.get_by_role("textbox", name="Title").fill("<img src=x> Low tide")
    page.get_by_role("textbox", name="Tags").fill("Wall, ink")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("<img src=x> Low tide")
    expect(page.locator(".drawing-tags li")).to_have_text(["wall", "ink"])
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    variations = page.locator(".drawing-variations")
    variations.scroll_into_view_if_needed()
    expect(variations.get_by_role("link", name="Variation with seed 14")).to_be_visible()
