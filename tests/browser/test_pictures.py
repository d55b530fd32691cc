"""The image at the top of the README: drawings of the service, rendered by a browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import REPOSITORY, until
from tests.golden_svg import first_difference
from tests.journeys.conftest import Service

pytestmark = pytest.mark.browser
StartService = Callable[..., Service]
IMAGES = REPOSITORY / "docs" / "images"
REQUESTS: dict[str, list[Any]] = json.loads((IMAGES / "requests.json").read_text())
# White sheets with a border that is visible on light and dark pages; the image is transparent between them.
SHEETS = """<!doctype html><style>
body { margin: 0; padding: 12px; display: flex; gap: 24px; align-items: center; justify-content: center }
img { height: 296px; background: white; border: 1px solid #c8c8c8; border-radius: 2px }
</style>"""
# The mean difference of two images on grey, downscaled so that antialiasing does not count.
DIFFERENCE = """async ([one, other]) => {
  const look = async (source) => {
    const image = new Image()
    image.src = source
    await image.decode()
    const paper = Object.assign(document.createElement('canvas'), {width: 184, height: 64}).getContext('2d')
    paper.fillStyle = 'gray'
    paper.fillRect(0, 0, 184, 64)
    paper.imageSmoothingQuality = 'high'
    paper.drawImage(image, 0, 0, 184, 64)
    return paper.getImageData(0, 0, 184, 64).data
  }
  const [a, b] = [await look(one), await look(other)]
  return a.reduce((sum, value, place) => sum + Math.abs(value - b[place]), 0) / a.length
}"""


def data_url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def rendered(browser: Browser, drawings: list[bytes]) -> bytes:
    """Render drawings side by side on white sheets; return a PNG."""
    context = browser.new_context(viewport={"width": 920, "height": 324}, device_scale_factor=2)
    page = context.new_page()
    page.set_content(
        SHEETS + "".join(f'<img src="{data_url(one, "image/svg+xml")}">' for one in drawings)
    )
    picture = page.screenshot(omit_background=True)
    context.close()
    return picture


@pytest.mark.parametrize("name", list(REQUESTS))
def test_the_service_still_draws_the_drawings_in_the_docs(
    shared_service: Service, name: str, update_golden: bool
) -> None:
    status, accepted = shared_service.ask("POST", *REQUESTS[name])
    assert status in (200, 202), accepted
    job = accepted["links"]
    until(lambda: shared_service.ask("GET", job["self"])[1]["done"], what="the end of the job")
    drawn, kept = shared_service.ask("GET", job["result"])[1], IMAGES / f"{name}.svg"
    if update_golden:
        kept.write_text(drawn)
    assert first_difference(kept.read_text(), drawn) is None


def test_the_image_in_the_readme_shows_these_drawings(
    browser: Browser, page: Page, update_golden: bool
) -> None:
    drawings = [(IMAGES / f"{name}.svg").read_bytes() for name in REQUESTS]
    shown, kept = rendered(browser, drawings), IMAGES / "drawings.png"
    if update_golden:
        kept.write_bytes(shown)
    addresses = [
        data_url(picture, "image/png")
        for picture in (kept.read_bytes(), shown, rendered(browser, drawings[::-1]))
    ]
    assert page.evaluate(DIFFERENCE, addresses[:2]) < 1
    assert page.evaluate(DIFFERENCE, [addresses[0], addresses[2]]) > 2, (
        "different drawings are detected"
    )
