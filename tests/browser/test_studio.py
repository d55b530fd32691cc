"""End-to-end tests of the studio in a browser."""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.axe import serious_findings
from tests.browser.conftest import OWNERS
from tests.browser.test_pages import watched
from tests.journeys.conftest import Service
from tests.photographs import encoded, landscape

pytestmark = pytest.mark.browser
WIDE, NARROW = 1280, 375
PICTURE = encoded(landscape(24, 16), "PNG")
SEED = ".seed input[type=text]"
DRAWN = ".sheet:not(.old, .stand-in) img"
TWO_PENS = """<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40" fill="none">
<path d="M5 5h50M5 5h50M5 9h50" stroke="#c43d1e"/><circle cx="30" cy="25" r="9" stroke="#1f5a75"/><image href="x.png" width="4" height="4"/></svg>"""
# Drops a file: name, content and size.
DROP = """([name, text, size]) => {
  const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0))
  const transfer = new DataTransfer()
  transfer.items.add(new File([bytes, ' '.repeat(Math.max(0, size - bytes.length))], name))
  for (const type of ['dragover', 'drop']) document.body.dispatchEvent(new DragEvent(type, {dataTransfer: transfer, bubbles: true, cancelable: true}))
}"""
# Files that the studio does not open, and a part of what it says.
REFUSED = {
    "broken.png": ("\x89PNG\r\n\x1a\nbroken", 0, "cannot be read as a picture"),
    "note.jpg": ("no picture", 0, "cannot be read as a picture"),
    "empty.svg": ("", 0, "is empty"),
    "large.svg": ("<svg>", 25_000_000, "accepts files of up to 10 MB"),
    "towns.csv": ("town,people\nOslo,700000\n", 0, "is a table"),
    "setup.exe": ("MZ\x90\x00", 0, "neither a drawing nor a photo"),
}


@pytest.fixture(autouse=True)
def _timeouts() -> Iterator[None]:
    """Longer timeouts for slow machines."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def studio(browser: Browser) -> Iterator[Page]:
    """A page in a new browser context. Cards have a small picture instead of a drawing, which would take seconds."""
    context = browser.new_context(viewport={"width": WIDE, "height": 720})
    context.route(
        re.compile(r"preview\.png|/draw/.*\.png"),
        lambda route: route.fulfill(body=PICTURE, content_type="image/png"),
    )
    yield context.new_page()
    context.close()


def recipe_link(service: Service, body: Any) -> str:
    packed = urlsafe_b64encode(zlib.compress(json.dumps(body).encode())).decode().rstrip("=")
    return f"{service.url}/studio#recipe={packed}"


def open_pattern(page: Page, service: Service, title: str = "Grid") -> None:
    page.goto(f"{service.url}/studio")
    page.locator(".card", has_text=title).first.click()
    expect(page.locator(DRAWN)).to_be_visible()


def drop(page: Page, name: str, text: str, size: int = 0) -> None:
    """Drop a file on the page; spaces fill it up to a size in bytes."""
    page.evaluate(DROP, [name, text, size])


def test_a_pattern_becomes_hp_gl_in_four_clicks(shared_service: Service, studio: Page) -> None:
    with watched(studio) as (requested, errors):
        studio.goto(shared_service.url)
        studio.locator("a[href='/studio']").first.click()
        studio.locator(".card", has_text="Spiral").hover()
        assert studio.evaluate("document.documentElement.scrollWidth") == WIDE
        studio.locator(".card", has_text="Spiral").click()
        studio.locator(".field", has_text="Pitch").locator("input[type=range]").click()
        expect(studio.locator(DRAWN)).to_be_visible()
        with studio.expect_download() as download:
            studio.locator(".downloads").get_by_text("HP-GL").click()
        assert download.value.suggested_filename.startswith("spiral-")
        assert Path(download.value.path()).read_bytes().startswith(b"IN;")
    assert {urlsplit(url).netloc for url in requested if not url.startswith("blob:")} == {
        urlsplit(shared_service.url).netloc
    }
    assert errors == []
    assert serious_findings(studio) == []
    studio.set_viewport_size({"width": NARROW, "height": 700})
    assert studio.evaluate("document.documentElement.scrollWidth") == NARROW
    expect(studio.locator(DRAWN)).to_be_in_viewport()


def test_a_preset_is_one_step_and_own_presets_are_kept(
    shared_service: Service, studio: Page
) -> None:
    open_pattern(studio, shared_service, "Spiral")
    presets = studio.get_by_label("Presets", exact=True)
    chosen = presets.locator("[aria-pressed=true]")
    expect(chosen).to_have_text("Default")
    presets.get_by_role("button", name="Snail shell").press("Enter")
    expect(chosen).to_have_text("Snail shell")
    studio.get_by_label("Undo").click()
    expect(chosen).to_have_text("Default")
    studio.get_by_label("Redo").click()
    presets.get_by_text("Save as preset").click()
    expect(presets.get_by_role("textbox")).to_be_focused()
    studio.keyboard.type("Mine")
    studio.keyboard.press("Enter")
    expect(chosen).to_have_count(2)
    assert serious_findings(studio) == []
    studio.reload()
    expect(chosen).to_have_text(["Mine", "Snail shell"])
    presets.get_by_label("Delete the preset Mine").click()
    expect(presets.get_by_text("Mine", exact=True)).to_have_count(0)
    expect(presets.get_by_text("Save as preset")).to_be_focused()


def test_a_file_is_optimised_and_played_back_when_it_is_opened(
    shared_service: Service, studio: Page
) -> None:
    studio.goto(f"{shared_service.url}/studio")
    expect(studio.locator(".start")).to_be_visible()
    drop(studio, "two.svg", TWO_PENS)
    expect(studio.get_by_label("Pause", exact=True)).to_be_visible()
    expect(studio.locator(".incoming-pen")).to_contain_text(["#c43d1e", "#1f5a75"])
    expect(studio.locator(".incoming-problems")).to_contain_text("image")
    address = studio.url
    studio.get_by_role("button", name="Design", exact=True).click()
    expect(studio.locator(DRAWN)).to_be_visible()
    studio.go_back()
    expect(studio.locator(".pv-view")).to_be_visible()
    assert studio.url == address


def test_what_cannot_be_opened_is_explained_in_place(shared_service: Service, studio: Page) -> None:
    studio.goto(f"{shared_service.url}/studio")
    expect(studio.locator(".start")).to_be_visible()
    for name, (content, size, message) in REFUSED.items():
        drop(studio, name, content, size)
        expect(studio.locator(".notice.bad")).to_contain_text(message)
    drop(studio, "blank.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    expect(studio.locator(".making .problem")).to_contain_text("nothing that a pen can draw")


def test_recipes_of_links_are_checked(shared_service: Service, studio: Page) -> None:
    odd = {
        "version": 1,
        "pattern": "spiral",
        "paper": "a5",
        "params": {"pitch": 1e9, "gone": 1},
        "webhook": {"url": "https://example.org/"},
        "__proto__": {"paper": "a0"},
    }
    studio.goto(recipe_link(shared_service, odd))
    expect(studio.locator(".notice")).to_contain_text(["200 is used"])
    for name in ("Gone", "Webhook", "proto"):
        expect(studio.locator(".notice")).to_contain_text([name])
    expect(studio.locator(".dimensions")).to_have_text(re.compile("^148 . 210 mm$"))
    studio.goto("about:blank")
    studio.goto(recipe_link(shared_service, {"photo": "https://example.org/cat.jpg"}))
    expect(studio.locator(".status")).to_contain_text("Drop a photo")
    for damaged in (recipe_link(shared_service, [1]), f"{shared_service.url}/studio#recipe=eJw"):
        studio.goto("about:blank")
        studio.goto(damaged)
        expect(studio.locator(".notice.bad")).to_be_visible()
        expect(studio.locator(".start")).to_be_visible()


def test_designs_survive_reload_back_other_tabs_and_a_server_that_is_away(
    shared_service: Service, studio: Page
) -> None:
    open_pattern(studio, shared_service)
    studio.fill(SEED, "77")
    studio.press(SEED, "Enter")
    address = studio.url
    studio.reload()
    expect(studio.locator(SEED)).to_have_value("77")
    other = studio.context.new_page()
    other.goto(address)
    expect(other.locator(".notice")).to_contain_text("open in another tab")
    assert other.url != address
    other.close()
    studio.route("**/draw/*.svg*", lambda route: route.abort())
    studio.get_by_text("Roll the dice").click()
    expect(studio.locator(".status.warn")).to_contain_text("Your design is kept")
    studio.unroute("**/draw/*.svg*")
    expect(studio.locator(".status.warn")).to_have_count(0)
    studio.get_by_label("Undo").click()
    expect(studio.locator(SEED)).to_have_value("77")
    studio.go_back()
    expect(studio.locator(".drafts")).to_contain_text("Grid")
    studio.go_forward()
    expect(studio.locator(SEED)).to_have_value("77")


def test_designs_of_another_version_do_not_keep_the_studio_from_opening(
    shared_service: Service, studio: Page
) -> None:
    texts = {"elements": [{"type": "text"}, None]}
    stored: list[Any] = [
        {"kind": "pattern", "body": None},
        {"kind": "composition", "body": texts, "changedAt": 1},
        {"kind": "composition", "body": {"elements": {}}, "name": {}, "plan": 3},
        {"kind": "cloud", "body": {"pattern": "spiral"}, "plan": {"effort": "great"}, "result": 1}
        | {"name": "Cloud", "seeds": "x", "variants": [None, {"body": {"pattern": 3}}]},
    ]
    studio.goto(f"{shared_service.url}/healthz")
    for number, one in enumerate(stored):
        item = [f"studio-design-{number}", json.dumps(one | {"touched": True})]
        studio.evaluate("item => localStorage.setItem(...item)", item)
    with watched(studio):
        studio.goto(f"{shared_service.url}/studio")
        expect(studio.locator(".draft")).to_have_count(3)
        studio.locator(".draft .card", has_text="Cloud").click()
        expect(studio.locator(DRAWN).first).to_be_visible()
        expect(studio.locator("[role=alert]", has_text="error")).to_have_count(0)


def test_elements_are_moved_by_pointer_and_by_keyboard(
    shared_service: Service, studio: Page
) -> None:
    studio.goto(f"{shared_service.url}/studio")
    studio.locator(".card", has_text="Lettering").click()
    text = studio.locator(".on-sheet")
    expect(text).to_have_attribute("aria-label", re.compile("160 . 80 mm, at 25, 108.5$"))
    box = text.bounding_box()
    assert box is not None
    studio.mouse.move(box["x"] + 9, box["y"] + 9)
    studio.mouse.down()
    studio.mouse.move(box["x"] + 9, box["y"] - 60)
    studio.mouse.up()
    expect(text).not_to_have_attribute("aria-label", re.compile("108.5$"))
    for key in ("Shift+ArrowRight", "Control+ArrowDown", "r"):
        studio.keyboard.press(key)
    expect(text).to_have_attribute("aria-label", re.compile("160 . 81 mm, at 35, "))
    expect(studio.locator(DRAWN)).to_be_visible()
    studio.keyboard.press("Control+d")
    expect(text).to_have_count(2)
    for _ in range(3):
        studio.keyboard.press("Shift+ArrowRight")
    expect(studio.locator(".status.bad")).to_contain_text("“Good morning”: must be on the page")


def test_a_photo_is_cropped_and_drawn(shared_service: Service, studio: Page) -> None:
    studio.goto(f"{shared_service.url}/studio")
    photo = FilePayload(name="hill.png", mimeType="image/png", buffer=encoded(landscape(), "PNG"))
    studio.locator("input[type=file]").first.set_input_files(photo)
    studio.get_by_label("Lower right corner").press("Shift+ArrowLeft")
    expect(studio.locator(".crop-dialog")).to_contain_text(re.compile("216 . 160"))
    studio.get_by_text("Draw this photo").click()
    studio.locator(".picture", has_text="Halftone lines").click()
    expect(studio.locator(DRAWN)).to_be_visible()


def test_the_code_of_a_recipe_draws_the_same(shared_service: Service, studio: Page) -> None:
    open_pattern(studio, shared_service)
    studio.get_by_text("Share and code").click()
    expect(studio.locator("#code-panel textarea")).to_have_value(re.compile("#recipe="))
    link = studio.locator("#code-panel textarea").input_value()
    studio.locator("#tab-json").click()
    recipe = json.loads(studio.locator("#code-panel textarea").input_value())
    assert recipe_link(shared_service, recipe).split("#")[0] == link.split("#")[0]
    status, reply = shared_service.request("POST", "/artboard/create", recipe)
    assert status == 200, reply
    assert "ignored" not in reply
    studio.locator("#code-panel textarea").fill('{"pattern": "grid", "margin": -1}')
    studio.get_by_text("Use this recipe").click()
    expect(studio.locator(".notice")).to_contain_text(["0 is used"])


def test_a_key_that_is_refused_loses_no_design(keyed_service: Service, studio: Page) -> None:
    studio.goto(f"{keyed_service.url}/studio")
    studio.fill("#studio-key", "wrong")
    studio.press("#studio-key", "Enter")
    expect(studio.locator("#signin-problem")).to_contain_text("not valid")
    studio.fill("#studio-key", OWNERS["studio"])
    studio.press("#studio-key", "Enter")
    studio.locator(".card", has_text="Grid").first.click()
    expect(studio.locator(".owner")).to_have_text("studio")
    seed = studio.input_value(SEED)
    studio.evaluate("sessionStorage.setItem('vector-api-key', 'expired')")
    studio.get_by_text("Roll the dice").click()
    expect(studio.locator("#signin-problem")).to_contain_text("your design is kept")
    studio.fill("#studio-key", OWNERS["studio"])
    studio.press("#studio-key", "Enter")
    expect(studio.locator(DRAWN)).to_be_visible()
    assert studio.input_value(SEED) != seed
