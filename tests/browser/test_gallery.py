"""End-to-end tests of the gallery page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OWNERS
from tests.browser.test_pages import LOWEST_CONTRAST, watched
from tests.conftest import until
from tests.journeys.conftest import Service

pytestmark = pytest.mark.browser
StartService = Callable[..., Service]
PATTERNS = ("spiral", "grid", "hatch")


@pytest.fixture(autouse=True)
def _timeouts() -> Iterator[None]:
    """Longer timeouts for slow machines."""
    expect.set_options(timeout=15_000)
    yield
    expect.set_options(timeout=5_000)


def draw(page: Page, service: Service, **headers: str) -> None:
    """Draw one artboard of each pattern."""
    for number, pattern in enumerate(PATTERNS):
        body = {"width": 80 + 40 * number, "height": 100, "pattern": pattern, "seed": number}
        wait = {"Prefer": "wait=30", **headers}
        assert (
            page.request.post(f"{service.url}/artboard/create", data=body, headers=wait).json()[
                "status"
            ]
            == "finished"
        )


def test_drawings_are_searched_labelled_kept_and_deleted(
    start_service: StartService, browser: Browser, page: Page
) -> None:
    service = start_service()
    draw(page, service)  # The launcher draws one more
    cards = page.locator(".drawing")
    with watched(page) as (requested, errors):
        page.goto(f"{service.url}/gallery/page")
        expect(cards).to_have_count(4)
        for image in page.locator(".sheet img").all():
            until(
                lambda image=image: image.evaluate("one => one.complete && one.naturalWidth > 0"),  # type: ignore[misc]
                what="a picture",
            )

        # Markup in a title is shown as text; only the keyboard is used.
        cards.first.get_by_role("button", name=re.compile("Edit")).press("Enter")
        page.get_by_label("Title").fill("<img src=x> Low tide")
        page.get_by_label("Tags").fill("Wall, blue-ink")
        page.get_by_label("Tags").press("Enter")
        expect(cards.first.get_by_role("heading")).to_have_text("<img src=x> Low tide")
        expect(cards.first.locator(".tags button")).to_have_text(["wall", "blue-ink"])

        page.get_by_label("Search").fill("low ti")
        expect(cards).to_have_count(1)
        expect(page).to_have_url(re.compile(r"\?q=low\+ti$"))
        page.reload()
        expect(cards).to_have_count(1)
        cards.get_by_role("button", name=re.compile("^Keep")).click()
        expect(cards.get_by_role("button", name=re.compile("^Kept"))).to_have_attribute(
            "aria-pressed", "true"
        )
        page.get_by_role("button", name="Clear").click()
        expect(cards).to_have_count(4)

        page.get_by_label("Pattern").select_option("grid")
        expect(cards).to_have_count(1)
        cards.get_by_role("button", name=re.compile("Edit")).click()
        page.get_by_role("button", name="Delete drawing").click()
        page.get_by_role("button", name="Confirm deletion").click()
        expect(page.get_by_role("status")).to_have_text("No matching drawings.")
        page.get_by_role("button", name="Clear").click()
        expect(cards).to_have_count(3)
    assert errors == []
    assert {
        urlsplit(url).netloc for url in requested if not url.startswith(("data:", "blob:"))
    } == {urlsplit(service.url).netloc}
    check_layout_and_contrast(service, browser)

    check_window(page)


def check_window(page: Page) -> None:
    """A grid of 100,000 cards has only the visible ones in the document."""
    page.evaluate(
        """async () => {
          const { Grid } = await import('/gallery/assets/grid.js')
          const list = document.querySelector('#drawings').cloneNode()
          document.querySelector('main').append(list)
          const card = ({ id }) => Object.assign(document.createElement('li'), { className: 'fake', textContent: id })
          window.grid = new Grid(list, { card, onShown: () => {} })
          window.grid.set(Array.from({ length: 100000 }, (_, id) => ({ id: `card ${id}` })))
        }"""
    )
    for position in (
        "document.documentElement.scrollHeight",
        "0",
        "document.documentElement.scrollHeight / 2",
    ):
        page.evaluate(f"scrollTo(0, {position})")
        seen = (
            "[...document.querySelectorAll('.fake')].some((one) => { const { top, bottom } = one.getBoundingClientRect();"
            " return bottom > 0 && top < innerHeight })"
        )
        until(lambda seen=seen: page.evaluate(seen), what="a visible card")  # type: ignore[misc]
        assert page.locator(".fake").count() < 100
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.get_by_text("card 99999").wait_for()


def check_layout_and_contrast(service: Service, browser: Browser) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{service.url}/gallery/page")
        expect(page.locator(".drawing")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, scheme
        for box in page.locator(".sheet").all():
            assert box.evaluate(
                "sheet => { const [a, b] = [sheet, sheet.firstElementChild].map((one) => one.getBoundingClientRect());"
                " return b.top >= a.top && b.bottom <= a.bottom && b.left >= a.left && b.right <= a.right }"
            )
        contrast, text = page.evaluate(LOWEST_CONTRAST)
        assert contrast >= 4.5, (scheme, contrast, text)
        page.locator(".edit").first.click()
        contrast, text = page.evaluate(LOWEST_CONTRAST.replace("'body *'", "'dialog *'"))
        assert contrast >= 4.5, (scheme, contrast, text)
        context.close()


def test_with_keys_the_page_shows_the_drawings_of_the_key(
    keyed_service: Service, page: Page
) -> None:
    service, key = keyed_service, OWNERS["gallery"]
    draw(page, service, **{"X-API-Key": key})
    page.goto(f"{service.url}/gallery/page")
    expect(page.get_by_role("status")).to_have_text("Enter your API key to see your drawings.")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator(".drawing")).to_have_count(3)
    expect(page.locator(".sheet img").first).to_have_attribute("src", re.compile("^blob:"))
