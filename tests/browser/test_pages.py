"""End-to-end tests of the other pages and of drawings in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from libraries.job_manager import enqueue_background_job
from tests.browser.axe import serious_findings
from tests.conftest import WorkerProcess, until
from tests.forked import start_python
from tests.journeys.conftest import Service, free_port

pytestmark = pytest.mark.browser
StartService = Callable[..., Service]
PAGES = ("/", "/docs", "/patterns", "/patterns/truchet", "/problems/validation-error")
DARK_PAGES = ("/", "/papers", "/patterns", "/gallery/page", "/dashboard?view=figures", "/nowhere")
HOSTILE = """<svg xmlns="http://www.w3.org/2000/svg" width="50mm" height="50mm" viewBox="0 0 50 50" onload="run()">
<title>still</title>
<script>function run() { document.querySelector('title').textContent = 'ran' } run(); fetch('/healthz')</script>
<image href="/docs" width="5" height="5"/>
<rect x="5" y="5" width="40" height="40" fill="none" stroke="black"/></svg>"""
# WCAG 2: the contrast of each text with its background.
LOWEST_CONTRAST = """() => {
  const channels = (colour) => (colour.match(/[0-9.]+/g) || []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0)
  const canvas = getComputedStyle(document.documentElement).colorScheme
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const colour = channels(getComputedStyle(node).backgroundColor)
      if (colour.length === 3 || colour[3] === 1) return colour
    }
    return matchMedia('(prefers-color-scheme: dark)').matches && canvas !== 'light' ? [18, 18, 18] : [255, 255, 255]
  }
  const texts = [...document.querySelectorAll('body *')].filter((node) => node.checkVisibility()
    && [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()))
  return texts.map((node) => {
    const pair = [light(channels(getComputedStyle(node).color)), light(background(node))].sort((a, b) => b - a)
    return [(pair[0] + 0.05) / (pair[1] + 0.05), node.textContent.trim().slice(0, 40)]
  }).sort((a, b) => a[0] - b[0])[0]
}"""


@pytest.fixture(autouse=True)
def _timeouts() -> Iterator[None]:
    """Longer timeouts for slow machines."""
    expect.set_options(timeout=15_000)
    yield
    expect.set_options(timeout=5_000)


@contextmanager
def watched(page: Page) -> Iterator[tuple[list[str], list[str]]]:
    """Record the requests, and the warnings and errors, of a page."""
    requested: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield requested, errors


def test_the_pages_load_only_local_resources_and_are_accessible_on_a_phone(
    shared_service: Service, browser: Browser
) -> None:
    schemes: tuple[tuple[Literal["light", "dark"], Sequence[str]], ...]
    schemes = (("light", PAGES), ("dark", DARK_PAGES))
    for scheme, paths in schemes:
        context = browser.new_context(viewport={"width": 375, "height": 740}, color_scheme=scheme)
        page = context.new_page()
        with watched(page) as (requested, errors):
            for path in paths:
                reply = page.goto(shared_service.url + path, wait_until="networkidle")
                assert reply is not None
                assert page.locator("h1").is_visible()
                assert page.evaluate("document.documentElement.scrollWidth") <= 375, (scheme, path)
                assert serious_findings(page) == [], (scheme, path)
        assert {urlsplit(url).netloc for url in requested if url.startswith("http")} == {
            urlsplit(shared_service.url).netloc
        }
        # The browser reports the problem that was requested.
        assert [one for one in errors if "404" not in one] == []
        context.close()


def test_the_front_page_draws_and_lists_recent_drawings(
    shared_service: Service, page: Page
) -> None:
    shared_service.draw(pattern="spiral", id="recent")
    with watched(page) as (_, errors):
        page.emulate_media(reduced_motion="reduce")
        page.goto(shared_service.url)
        expect(page.locator("canvas[data-state=drawn]")).to_have_count(3)
        sizes = page.evaluate(
            "[...document.querySelectorAll('canvas')].map((one) => one.toDataURL().length)"
        )
        assert min(sizes) > 20_000, "an empty canvas has less than 10,000 bytes"
        card = page.locator("#recent li").first
        until(
            lambda: card.locator("img").evaluate("one => one.naturalWidth > 0"), what="a thumbnail"
        )
        assert re.fullmatch(
            r"/gallery/[0-9a-f]{24}/page", card.locator("a").get_attribute("href") or ""
        )
    assert errors == []


def test_the_reference_is_searched_and_sends_requests(shared_service: Service, page: Page) -> None:
    with watched(page) as (_, errors):
        page.goto(f"{shared_service.url}/docs")
        page.get_by_label("Search").fill("pitch spiral")
        expect(page.locator("#hits")).not_to_be_empty()
        assert page.locator("#pattern-spiral").is_visible()
        assert page.locator("#pattern-truchet").is_hidden()
        page.get_by_label("Search").fill("zyzzyva")
        expect(page.locator("#hits")).to_contain_text("Nothing found")
        page.get_by_label("Search").fill("")

        entry = page.locator("#preview_svg")
        entry.scroll_into_view_if_needed()
        entry.get_by_role("tab", name="Python").click()
        expect(entry.locator(".sample code")).to_contain_text("requests.get(")
        entry.get_by_role("button", name="Try it").click()
        name = entry.get_by_label("name")
        expect(name).to_have_value("spiral")
        name.fill("")
        entry.get_by_role("button", name="Send request").click()
        expect(entry.locator("output")).to_have_text("Enter name first.")
        name.fill("grid")
        entry.get_by_role("button", name="Send request").click()
        expect(entry.locator("output")).to_contain_text("200 OK")
        expect(entry.locator("output img")).to_have_attribute("src", re.compile("^blob:"))

        entry = page.locator("#get_job_counts")
        entry.scroll_into_view_if_needed()
        entry.get_by_text("Example reply").click()
        expect(entry.locator(".replies pre")).to_contain_text('"total"')
        for kind in ("javascript", "python"):
            sample = page.evaluate(
                "([kind, path]) => import('/assets/reference/samples.js').then((all) => all[kind]"
                "({method: 'POST', path, key: true, body: {a: [true, null, 'x']}}, ''))",
                ["pythonCode" if kind == "python" else kind, "/jobs"],
            )
            if kind == "python":
                compile(sample, "sample", "exec")
                assert '{"a": [True, None, "x"]}' in sample
    assert errors == []


def test_the_reference_links_to_every_route(shared_service: Service, page: Page) -> None:
    page.goto(f"{shared_service.url}/docs")
    links = page.locator("nav.contents a:not(.pattern)")
    described = shared_service.request("GET", "/openapi.json")[1]["paths"]
    assert links.count() == sum(
        len(item.keys() & {"get", "post", "put", "patch", "delete"}) for item in described.values()
    )
    for target in links.evaluate_all("all => all.map((one) => one.getAttribute('href'))"):
        assert page.locator(target).count() == 1


def test_a_finished_spiral_is_shown_in_its_size(shared_service: Service, page: Page) -> None:
    body = {"width": 100, "height": 150, "margin": 10, "params": {"pitch": 5, "inner_radius": 5}}
    job = shared_service.request("POST", "/artboard/create", body)[1]["links"]
    until(lambda: shared_service.request("GET", job["self"])[1]["done"], what="the end of the job")
    with watched(page) as (requested, errors):
        reply = page.goto(shared_service.url + job["result"])
    assert reply is not None
    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
    assert requested == [shared_service.url + job["result"]]
    assert errors == []
    paths = page.locator("path")
    assert paths.count() == 1
    length, x, y, width, height = paths.evaluate(
        "path => { const box = path.getBBox(); return [path.getTotalLength(), box.x, box.y, box.width, box.height] }"
    )
    # A spiral from radius 5 to 40 with a pitch of 5 is about as long as seven circles of the mean radius.
    assert length == pytest.approx(7 * 2 * 3.14159 * 22.5, rel=0.01)
    # The last turn touches the margin at one point; half a turn before it is one pitch further inside.
    assert 70 <= width <= 80
    assert 70 <= height <= 80
    assert x >= 10
    assert y >= 35
    assert x + width <= 90
    assert y + height <= 115


@pytest.fixture
def web(environ: dict[str, str], home: Path) -> Iterator[Service]:
    """A web process that uses the broker and worker of the test."""
    service = Service.__new__(Service)
    port = str(free_port())
    service.url = f"http://127.0.0.1:{port}"
    service.log = home / "web.log"
    with service.log.open("wb") as sink:
        process = start_python(
            "-m",
            "gunicorn",
            "-c",
            "gunicorn.conf.py",
            "app:create_app()",
            environ=environ | {"PORT": port},
            output=sink,
        )
    yield service
    process.terminate()
    process.wait(10)


@pytest.mark.usefixtures("probe_tasks")
def test_a_script_in_a_drawing_neither_runs_nor_fetches(
    web: Service, start_worker: Callable[..., WorkerProcess], page: Page
) -> None:
    """A hostile drawing is harmless when opened."""
    start_worker()
    address = f"/jobs/{enqueue_background_job('workers.probe_tasks.write', 'hostile.svg', HOSTILE).id}/result"

    def is_available() -> bool:
        try:
            return bool(web.request("GET", address)[0] == 200)
        except OSError:
            return False

    until(is_available, what="the drawing")
    with watched(page) as (_, errors):
        page.goto(web.url + address, wait_until="networkidle")
    assert page.locator("rect").count() == 1, "the drawing is rendered"
    assert page.locator("title").text_content() == "still"
    fetched = re.findall(r"GET (\S+) ", web.output())
    assert address in fetched
    assert {"/docs", "/healthz"}.isdisjoint(fetched)
    assert any("script" in error for error in errors), "the browser reports the blocked script"


def test_the_same_script_runs_without_a_policy(page: Page, tmp_path: Path) -> None:
    """Proves that the test above can fail."""
    (tmp_path / "hostile.svg").write_text(HOSTILE)
    page.goto((tmp_path / "hostile.svg").as_uri())
    page.wait_for_function("document.querySelector('title').textContent === 'ran'")
