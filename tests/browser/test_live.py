"""End-to-end tests of the page /live."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from components.texts.job_types import JOB_FUNCTIONS
from libraries.job_manager import submit
from libraries.patterns import PATTERNS
from tests.browser.conftest import OWNERS
from tests.browser.test_pages import LOWEST_CONTRAST, watched
from tests.conftest import until
from tests.journeys.conftest import Service

pytestmark = pytest.mark.browser
StartService = Callable[..., Service]
TASK = "workers.example_tasks.example_long_task"
KEY = OWNERS["live"]
# The text is polled up to a second apart, so a test cannot wait for a particular step.
UNDER_WAY = re.compile("^Progress: [1-9]0%$")
# Records each text of the status with the value of the progress bar.
KEEP_PROGRESS = """() => {
  window.kept = []
  const [status, bar] = ['#task-status', '#task-bar'].map((name) => document.querySelector(name))
  new MutationObserver(() => kept.push(`${status.textContent} ${bar.value}`)).observe(status, {childList: true})
}"""
# Returns the time from a click until the log contains a text, in milliseconds.
LINE_AFTER_CLICK = """([button, words]) => new Promise((done) => {
  const started = performance.now()
  const look = () => document.querySelector('#log').textContent.includes(words) && done(performance.now() - started)
  new MutationObserver(look).observe(document.querySelector('#log'), {childList: true})
  document.querySelector(button).click()
})"""


@pytest.fixture(autouse=True)
def _timeouts() -> Iterator[None]:
    """Longer timeouts for slow machines."""
    expect.set_options(timeout=15_000)
    yield
    expect.set_options(timeout=5_000)


def opened(page: Page, service: Service) -> Page:
    """Open the page and wait until it is connected."""
    page.goto(f"{service.url}/live")
    expect(page.locator("#connection-text")).to_have_text("Connected")
    return page


def lines(page: Page) -> Locator:
    return page.locator("#log .words:visible")


def natural_width(page: Page) -> int:
    """Return the decoded width of the drawing, 0 if there is none."""
    return int(
        page.locator("#drawing").evaluate("image => image.complete ? image.naturalWidth : 0")
    )


def test_a_text_job_shows_three_log_lines_and_its_result(
    shared_service: Service, page: Page
) -> None:
    opened(page, shared_service)
    assert page.get_by_label("Job type").locator("option").all_inner_texts() == sorted(
        JOB_FUNCTIONS
    )
    expect(lines(page)).to_have_text(["🔄 Background Job Processor: Connected!"])
    page.get_by_label("Job type").select_option("translate")
    page.get_by_label("Text", exact=True).fill("hello")
    page.get_by_role("button", name="Submit job").click()
    queued = re.compile("📋 Job translate_[a-z0-9]+ queued successfully!")
    translation = "🌍 Translated: 'hello' → 'hola'"
    expect(lines(page)).to_have_text(
        [re.compile("Connected!"), "⏳ Queuing translate job: hello", queued, translation]
    )
    expect(page.locator("#text-outcome")).to_have_text(translation)
    expect(page.locator("#task-status")).to_have_text("Progress: 100%")

    # Markup is shown as text; only the keyboard is used.
    page.get_by_label("Job type").select_option("default")
    box = page.get_by_label("Text", exact=True)
    box.fill("<img src=x onerror=alert(1)>")
    box.press("Enter")
    expect(page.locator("#text-outcome")).to_have_text("✅ Processed: <IMG SRC=X ONERROR=ALERT(1)>")
    assert page.locator("main img").count() == 1, "only the image of the drawing"

    box.fill(" ")
    box.press("Enter")
    expect(page.locator("#text-outcome")).to_have_text("❌ Empty message not allowed")

    page.get_by_label("Show raw frames").check()
    expect(page.locator("#log .raw:visible").first).to_contain_text('"action": "job_status"')
    expect(page.locator("#log .out .raw:visible").first).to_contain_text('"type":"translate"')


def test_an_artboard_is_shown_as_an_image(shared_service: Service, page: Page) -> None:
    with watched(page) as (requested, errors):
        opened(page, shared_service)
        expect(page.get_by_label("Pattern").locator("option")).to_have_text(list(PATTERNS))
        page.get_by_label("Pattern").select_option("grid")
        expect(page.locator("#pattern-hint")).to_have_text(PATTERNS["grid"].summary)
        page.get_by_label("Width (mm)").fill("120.5")
        page.get_by_label("Height (mm)").fill("80")
        page.get_by_label("Seed").fill("7")
        page.get_by_role("button", name="Draw").click()
        expect(page.locator("#drawing")).to_be_visible()
        until(lambda: natural_width(page) > 0, what="a decoded drawing")
        expect(page.locator("#drawing")).to_have_attribute(
            "alt", "Drawing: grid, 120.5 \N{MULTIPLICATION SIGN} 80 mm"
        )
        expect(page.locator("#task-status")).to_have_text("Progress: 100%")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download SVG").click()
    assert re.fullmatch(
        r"artboard_\w+_[0-9.]+x[0-9.]+mm_seed\d+\.svg", download.value.suggested_filename
    )
    assert download.value.path().read_text().count("<path") >= 1
    assert {urlsplit(url).netloc for url in requested if not url.startswith("data:")} == {
        urlsplit(shared_service.url).netloc
    }
    assert errors == []

    # The form validates its fields; errors of the service are shown below the form.
    page.get_by_label("Width (mm)").fill("0")
    page.get_by_role("button", name="Draw").click()
    assert page.locator("#width:invalid").count() == 1
    page.get_by_label("Width (mm)").evaluate("input => { input.min = -5 }")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#artboard-outcome")).to_contain_text(
        "width: Must be greater than or equal to 1"
    )


def test_the_example_task_shows_its_progress_and_can_be_canceled(
    shared_service: Service, page: Page
) -> None:
    """M6, M7."""
    opened(page, shared_service)
    page.evaluate(KEEP_PROGRESS)
    page.get_by_role("button", name="Start example task").click()
    until(
        lambda: {f"Progress: {n}% {n}" for n in (10, 20, 30)} <= set(page.evaluate("kept")),
        seconds=20,
        what="three steps",
    )
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#task-status")).to_have_text("Canceled")
    expect(page.locator("#example-outcome")).to_contain_text("was stopped")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)

    # The redirect of GET /start-task shows the running task.
    page.goto(f"{shared_service.url}/start-task")
    assert page.url == f"{shared_service.url}/live"
    expect(page.locator("#task-status")).to_have_text(UNDER_WAY)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#task-status")).to_have_text("Canceled")


@pytest.mark.usefixtures("settings")
def test_the_page_reconnects_without_losing_events(start_service: StartService, page: Page) -> None:
    service = start_service()
    job = submit(TASK, kwargs={"seconds": 0.4})
    opened(page, service)
    expect(page.locator("#task-status")).to_have_text(UNDER_WAY)
    os.kill(service.pids()["gunicorn"], signal.SIGKILL)
    expect(page.locator("#connection-text")).to_have_text("Connection lost. Reconnecting…")
    expect(page.get_by_role("button", name="Submit job")).to_be_disabled()
    expect(page.locator("#connection-text")).to_have_text("Connected")
    expect(page.locator("#task-status")).to_have_text("Progress: 100%")
    expect(page.locator("#example-outcome")).to_have_text(f"✅ Job {job.id} finished: done")
    steps = [line for line in lines(page).all_inner_texts() if line.startswith("Step ")]
    assert steps == [f"Step {step} of 10 (…{job.id[-6:]})" for step in range(1, 11)], (
        "every step once, in order"
    )
    page.get_by_role("button", name="Submit job").click()
    expect(page.locator("#text-outcome")).to_have_text("🌍 Translated: 'hello' → 'hola'")


def test_a_second_job_starts_while_a_long_one_is_running(
    start_service: StartService, page: Page
) -> None:
    opened(page, start_service(DEMO_DELAYS="1", WORKERS="2"))
    page.get_by_label("Job type").select_option("generate")
    page.get_by_role("button", name="Submit job").click()
    expect(page.locator("#task-status")).to_have_text(UNDER_WAY)
    page.get_by_label("Job type").select_option("default")
    assert page.evaluate(LINE_AFTER_CLICK, ["#text-form button", "Job default_"]) < 1000
    assert "AI Response" not in page.locator("#log").inner_text()
    expect(page.locator("#log")).to_contain_text("✅ Processed: HELLO")
    expect(page.locator("#log")).to_contain_text("🤖 AI Response to 'hello'")


def test_the_page_works_with_an_api_key(keyed_service: Service, page: Page) -> None:
    service = keyed_service
    page.goto(f"{service.url}/live")
    state = page.locator("#connection-text")
    expect(state).to_have_text("API key required")
    page.get_by_label("API key").fill("wrong")
    page.get_by_label("API key").press("Enter")
    expect(page.locator("#log")).to_contain_text("Connection refused: a valid API key is required")
    expect(state).to_have_text("API key required")
    expect(page.get_by_role("button", name="Draw")).to_be_disabled()

    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Use this key").click()
    expect(state).to_have_text("Connected")
    expect(page.get_by_label("Pattern").locator("option")).to_have_text(list(PATTERNS))
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#drawing")).to_be_visible()
    until(lambda: natural_width(page) > 0, what="a decoded drawing")
    assert (page.locator("#drawing").get_attribute("src") or "").startswith("blob:")
    page.get_by_role("button", name="Start example task").click()
    expect(page.locator("#task-status")).to_have_text(UNDER_WAY)

    page.reload()
    expect(state).to_have_text("Connected")
    expect(page.locator("#task-status")).to_have_text(re.compile("Progress: [2-9]0%"))
    assert KEY not in service.output()
    assert KEY not in page.content()


def test_the_page_fits_a_phone_is_labelled_and_readable_in_dark_mode(
    shared_service: Service, browser: Browser
) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=scheme)
        page = opened(context.new_page(), shared_service)
        page.get_by_label("Show raw frames").check()
        page.get_by_role("button", name="Draw").click()
        expect(page.locator("#drawing")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, scheme
        contrast, text = page.evaluate(LOWEST_CONTRAST)
        assert contrast >= 4.5, (scheme, contrast, text)
        assert page.evaluate(
            "[...document.querySelectorAll('input, select')].every((one) => one.labels.length === 1)"
        )
        context.close()
