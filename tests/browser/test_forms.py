"""End-to-end tests of the page /forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OWNERS
from tests.browser.test_pages import watched
from tests.conftest import until
from tests.journeys.conftest import Service
from tests.photographs import encoded, landscape

pytestmark = pytest.mark.browser
WIDTHS = (1280, 360)
MESSAGE = {"#name": "Ann", "#email": "ann@example.com", "#message": "Could you plot on A2, too?"}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "hill.png"
    file.write_bytes(encoded(landscape(), "PNG"))
    return file


def fill_message(page: Page) -> None:
    for field, text in MESSAGE.items():
        page.fill(field, text)


def test_photo_and_message_are_sent_with_a_key(
    keyed_service: Service, page: Page, photo: Path
) -> None:
    """Also the layout, and mistakes that the service reports."""
    service = keyed_service
    with watched(page) as (_, errors):
        page.goto(f"{service.url}/forms")
        page.click("text=Store photo")
        expect(page.locator("#photo-outcome")).to_have_text("Choose a file or enter a URL.")
        page.set_input_files("#file", photo)
        page.click("text=Store photo")
        expect(page.locator("#photo-outcome")).to_have_text("Enter your API key first.")
        page.fill("#key", OWNERS["forms"])
        page.click("text=Use this key")
        page.click("text=Store photo")
        expect(page.locator("#photo-outcome")).to_contain_text("Photo stored.", timeout=30_000)
        expect(page.locator("#photo img")).to_have_js_property("complete", value=True)
        assert page.locator("#photo img").evaluate("image => image.naturalWidth") > 0
        fill_message(page)
        page.click("text=Send message")
        expect(page.locator("#contact-outcome")).to_contain_text("Message sent.", timeout=30_000)
        assert errors == []
    page.fill("#url", "http://127.0.0.1/a.jpg")
    page.click("text=Store photo")
    expect(page.locator("#url")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#photo-outcome")).to_contain_text("url:")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    page.click("#contact-outcome a")
    expect(page.locator("#detail-status")).to_have_text("finished")


def test_without_scripts_the_forms_lead_to_the_page_of_the_job(
    shared_service: Service, browser: Browser, photo: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shared_service.url}/forms")
    assert page.locator("#contact-form").get_by_text("ADMIN_EMAIL").is_visible()
    page.set_input_files("#file", photo)
    page.click("text=Store photo")
    page.wait_for_url("**/dashboard#job=*")
    job = f"/jobs/{page.url.partition('#job=')[2]}"
    until(
        lambda: shared_service.request("GET", job)[1]["done"], seconds=20, what="the end of the job"
    )
    assert shared_service.request("GET", job)[1]["artifacts"][0]["name"] == "hill.png"
    context.close()
