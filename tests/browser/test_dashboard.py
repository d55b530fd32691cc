"""End-to-end tests of the page /dashboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import OWNERS
from tests.browser.test_pages import LOWEST_CONTRAST, watched
from tests.conftest import until
from tests.journeys.conftest import Service

pytestmark = pytest.mark.browser
StartService = Callable[..., Service]
HOSTILE = "<img src=x onerror=alert(1)>"
POSTCARD, EXAMPLE = (
    "workers.svg_tasks.generate_postcard_svg",
    "workers.example_tasks.example_long_task",
)


@pytest.fixture(autouse=True)
def _timeouts() -> Iterator[None]:
    """Longer timeouts for slow machines."""
    expect.set_options(timeout=15_000)
    yield
    expect.set_options(timeout=5_000)


def opened(page: Page, service: Service) -> Page:
    """Open the page and wait until it is connected."""
    page.goto(f"{service.url}/dashboard")
    expect(page.locator("#state-text")).to_have_text("All services are running.")
    return page


def queue(service: Service, task: str, **kwargs: Any) -> str:
    """Queue a job with a single attempt; return its id."""
    status, body = service.request(
        "POST", "/jobs", {"task": task, "kwargs": kwargs, "retry": {"max": 0}}
    )
    assert status == 202, body
    return str(body["job_id"])


def fail(service: Service, template: str = HOSTILE) -> str:
    """Run a job that fails with an error that contains `template`; return its id."""
    job_id = queue(service, POSTCARD, recipient="Ann", message="Hello", template_name=template)
    wait_for_failure(service, job_id)
    return job_id


def wait_for_failure(service: Service, job_id: str) -> None:
    until(
        lambda: service.request("GET", f"/jobs/{job_id}")[1]["status"] == "failed",
        what="a failed job",
    )


def rows(page: Page, group: str) -> Locator:
    return page.locator(f"#{group} .job")


def is_decoded(image: Locator) -> bool:
    return bool(image.evaluate("one => one.complete && one.naturalWidth > 0"))


def test_jobs_are_shown_stopped_retried_and_deleted(
    empty_service: Service, page: Page, browser: Browser
) -> None:
    service = empty_service
    service.draw(pattern="spiral", id="first")
    failed = [fail(service), fail(service, "plaid")]
    running = queue(service, EXAMPLE, seconds=2)
    with watched(page) as (requested, errors):
        opened(page, service)
        expect(page.locator("#finished .made")).to_have_count(1)
        drawing = page.locator("#finished .sheet img")
        expect(drawing).to_be_visible()
        until(lambda: is_decoded(drawing), what="a decoded picture")
        expect(page.locator("#finished .sheet")).to_have_attribute(
            "href", re.compile("^/jobs/[^/]+/result$")
        )

        page.locator("#finished .name a").click()
        detail = page.get_by_role("dialog")
        expect(detail).to_contain_text(
            re.compile(r"artboard_first.svg.* kB · .*[0-9.]+ (s|min) on saxi")
        )
        expect(detail.locator("#detail-picture")).to_be_visible()
        page.keyboard.press("Escape")
        expect(detail).to_be_hidden()

        # Client input is shown as text, in the list and in the details.
        expect(rows(page, "failed")).to_have_count(2)
        expect(rows(page, "failed").last).to_contain_text(f"unknown template '{HOSTILE}'")
        rows(page, "failed").last.get_by_role("link").press("Enter")
        expect(detail).to_contain_text(failed[0])
        expect(detail.locator("dd.bad")).to_contain_text(HOSTILE)
        expect(detail.locator("ol li")).to_have_count(1)
        expect(detail.locator("#detail-log")).to_contain_text(
            re.compile(r"queued .*begun .*failed .*Traceback", re.DOTALL)
        )
        assert page.locator("img[src=x]").count() == 0

        # Retry it, let it fail again, and delete it after confirmation.
        detail.get_by_role("button", name=re.compile("^Retry")).click()
        expect(page.locator("#detail-message")).to_have_text(
            "generate_postcard_svg was queued again."
        )
        expect(detail.locator("ol li")).to_have_count(2)
        detail.get_by_role("button", name=re.compile("^Delete")).click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("#message")).to_have_text("generate_postcard_svg was deleted.")
        expect(rows(page, "failed")).to_have_count(1)
        assert service.request("GET", f"/jobs/{failed[0]}")[0] == 410

        # The running job shows its progress and can be stopped.
        expect(rows(page, "running").locator("progress")).to_have_attribute(
            "value", re.compile("^[1-9]0$")
        )
        rows(page, "running").get_by_role("button", name=re.compile("^Stop")).click()
        expect(page.locator("#message")).to_have_text("example_long_task was stopped.")
        expect(rows(page, "ended")).to_have_count(1)
        assert service.request("GET", f"/jobs/{running}")[1]["status"] == "stopped"
    assert errors == []
    assert {
        urlsplit(url).netloc for url in requested if not url.startswith(("data:", "blob:"))
    } == {urlsplit(service.url).netloc}
    check_layout_and_contrast(service, browser)


def check_layout_and_contrast(service: Service, browser: Browser) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 400, "height": 800}, color_scheme=scheme)
        page = opened(context.new_page(), service)
        expect(rows(page, "failed")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, scheme
        assert page.evaluate(
            "[...document.querySelectorAll('input, select')].every((one) => one.labels.length === 1)"
        )
        rows(page, "failed").get_by_role("link").click()
        expect(page.get_by_role("dialog")).to_contain_text("Failed attempts")
        contrast, text = page.evaluate(LOWEST_CONTRAST)
        assert contrast >= 4.5, (scheme, contrast, text)
        context.close()


def test_jobs_are_searched_and_the_queue_is_paused(empty_service: Service, page: Page) -> None:
    service = empty_service
    service.draw()
    for template in ("plaid", "tartan"):
        fail(service, template)
    opened(page, service)
    page.get_by_label("Search").fill("tartan")
    expect(page.locator("#found")).to_have_text("1 job")
    expect(rows(page, "failed")).to_contain_text("tartan")
    page.get_by_label("Status").select_option("finished")
    expect(page.locator("#found")).to_have_text("No matching jobs.")
    page.reload()
    expect(page.locator("#found")).to_have_text("No matching jobs.")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#finished .made")).to_have_count(1)
    page.get_by_label("Task", exact=True).select_option(POSTCARD)
    expect(page.locator("#found")).to_have_text("2 jobs")
    page.get_by_role("button", name="Clear").click()

    # The failures have one cause, whose jobs can be listed.
    page.get_by_role("tab", name="Tasks and failures").click()
    cause = page.locator(".cause", has_text="unknown template '…'")
    expect(cause.locator(".number")).not_to_be_empty()
    expect(page.locator("#tasks th[scope=row]")).to_contain_text(["generate_postcard_svg"])
    page.get_by_role("button", name="Week").click()
    expect(page.locator("#chart-sum")).to_contain_text("in the last week")
    cause.get_by_role("button", name=re.compile("^Show")).click()
    expect(page.locator("#found")).to_have_text("2 jobs")
    page.get_by_role("tab", name="Workers").click()
    expect(page.locator(".worker")).to_have_count(2)
    page.get_by_role("tab", name="Jobs").click()
    page.get_by_role("button", name="Clear").click()

    # Pausing needs a confirmation.
    page.get_by_role("button", name="Pause queue").click()
    page.get_by_role("dialog").get_by_role("button", name="Back").click()
    assert service.request("GET", "/capacity")[1]["paused"] is False
    page.get_by_role("button", name="Pause queue").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause queue").click()
    expect(page.locator("#queue-number")).to_have_text("Paused")
    page.get_by_role("button", name="Retry all 2…").click()
    page.get_by_role("button", name="Retry 2 jobs").click()
    expect(page.locator("#message")).to_have_text("2 jobs were queued again.")
    expect(rows(page, "waiting")).to_have_count(2)
    expect(page.locator("#waiting-number")).to_have_text("2")
    page.get_by_role("button", name="Resume queue").click()
    expect(page.locator("#queue-number")).to_have_text("Running")
    expect(rows(page, "failed")).to_have_count(2)


def test_jobs_are_changed_by_tag_and_retried_with_other_arguments(
    empty_service: Service, page: Page
) -> None:
    service = empty_service
    card = {"recipient": "Ann", "message": "Hello", "template_name": "plaid"}
    tagged = {"task": POSTCARD, "retry": {"max": 0}, "tags": ["order-17"]}
    for password in ("", HOSTILE):
        kwargs = card if not password else {**card, "message": password}
        status, body = service.request("POST", "/jobs", {**tagged, "kwargs": kwargs})
        assert status == 202
        # The page lists failed jobs in the order of their ends.
        wait_for_failure(service, body["job_id"])
    fail(service)
    with watched(page) as (_, errors):
        opened(page, service)
        # The tag of a row is a link to all jobs that have it.
        rows(page, "failed").first.locator(".given").wait_for()
        rows(page, "failed").get_by_role("link", name="order-17").last.click()
        expect(page.get_by_label("Tag")).to_have_value("order-17")
        expect(page.locator("#found")).to_have_text("2 jobs")
        expect(rows(page, "failed").last).to_contain_text(
            "recipient: Ann, message: Hello, template_name: plaid"
        )
        rows(page, "failed").last.get_by_role("link").first.click()
        page.get_by_role("button", name="Edit and retry").click()
        editor = page.get_by_label("Arguments, a JSON object")
        text = editor.input_value()
        editor.fill(text.replace('"template_name"', '"template"'))
        page.get_by_role("button", name="Queue new job").click()
        expect(page.get_by_role("alert")).to_contain_text("does not take the argument 'template'")
        editor.fill("{")
        page.get_by_role("button", name="Queue new job").click()
        expect(page.get_by_role("alert")).to_contain_text("must be a JSON object")
        editor.fill(text.replace("plaid", "plain"))
        page.get_by_role("button", name="Queue new job").click()
        # The new job is shown, with a link to the old one.
        expect(page.locator("#detail-status")).to_have_text("finished")
        expect(page.locator("#detail-facts")).to_contain_text("Retry of")
        page.keyboard.press("Escape")
        expect(page.locator("#finished .name")).to_have_text("Ann · Hello · plain")
        expect(page.locator("#found")).to_have_text("3 jobs")

        page.get_by_role("button", name="Delete…").click()
        expect(page.get_by_role("dialog")).to_contain_text("Delete 3 jobs?")
        page.get_by_role("button", name="Back").click()
        expect(page.locator("#found")).to_have_text("3 jobs")
        page.get_by_role("button", name="Delete…").click()
        page.get_by_role("button", name="Delete 3 jobs").click()
        expect(page.locator("#message")).to_have_text("3 jobs were deleted.")
        expect(page.locator("#found")).to_have_text("No matching jobs.")
        page.get_by_role("button", name="Clear").click()
        expect(rows(page, "failed")).to_have_count(1)
    # The browser reports the rejected change.
    assert [one for one in errors if "422" not in one] == []


def test_groups_show_the_number_of_all_jobs(empty_service: Service, page: Page) -> None:
    service = empty_service
    assert service.request("POST", "/queue/pause")[0] == 200
    card = {"recipient": "Ann", "message": "Hello", "template_name": "plain"}
    items = [{**card, "delay": 3600 * (number % 2)} for number in range(60)]
    assert service.request("POST", "/batches", {"operation": "postcard", "items": items})[0] == 202
    page.goto(f"{service.url}/dashboard")
    expect(page.locator("#waiting .count")).to_have_text("60, of which 30 scheduled")
    expect(page.locator("#waiting-number")).to_have_text("60")
    expect(page.locator("#waiting-note")).to_have_text("30 in the queue, 30 scheduled")
    expect(page.locator("#waiting .all")).to_have_text("Show 40 of 60")
    page.get_by_role("button", name="Show older jobs").click()
    expect(page.locator("#waiting .all")).to_have_text("Show all 60")
    assert service.request("POST", "/queue/resume")[0] == 200


def test_the_page_reconnects_when_the_service_is_back(
    start_service: StartService, page: Page
) -> None:
    service = start_service()
    opened(page, service)
    service.stop()
    expect(page.locator("#state-text")).to_contain_text("Connection lost. Reconnecting…")
    expect(page.locator("#finished .made")).to_have_count(1)
    service.start()
    expect(page.locator("#state-text")).to_have_text("All services are running.")
    expect(page.locator("#finished .made")).to_have_count(2)


def test_with_keys_the_page_shows_what_the_key_may_see(keyed_service: Service, page: Page) -> None:
    service, key = keyed_service, OWNERS["dashboard"]
    body, headers = {"width": 80, "height": 100}, {"X-API-Key": key, "Prefer": "wait=30"}
    assert (
        page.request.post(f"{service.url}/artboard/create", data=body, headers=headers).json()[
            "status"
        ]
        == "finished"
    )
    page.goto(f"{service.url}/dashboard")
    expect(page.locator("#state-text")).to_have_text("Enter your API key.")
    expect(page.locator("#data")).to_be_hidden()
    page.get_by_label("API key").fill("wrong")
    page.get_by_label("API key").press("Enter")
    expect(page.locator("#message")).to_have_text("Invalid API key.")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    drawing = page.locator("#finished .sheet img")
    expect(drawing).to_have_attribute("src", re.compile("^blob:"))
    until(lambda: is_decoded(drawing), what="a decoded picture")
    with page.expect_download() as download:
        page.locator("#finished .sheet").click()
    assert re.fullmatch(
        r"artboard_\w+_[0-9.]+x[0-9.]+mm_seed\d+\.svg", download.value.suggested_filename
    )
    assert "<path" in download.value.path().read_text()


def test_only_an_administrator_sees_the_button_that_pauses_the_queue(
    keyed_service: Service, page: Page
) -> None:
    for owner, is_shown in (("gallery", False), ("operator", True)):
        page.goto(f"{keyed_service.url}/dashboard")
        page.evaluate("key => sessionStorage.setItem('vector-api-key', key)", OWNERS[owner])
        page.reload()
        expect(page.locator("#queue-number")).to_have_text("Running")
        expect(page.locator("#pause")).to_be_visible(visible=is_shown)
