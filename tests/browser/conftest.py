"""A real browser and a running service."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import system_program, until
from tests.journeys.conftest import Service, running_service, start_service

__all__ = ["start_service"]

# An owner for each test with a key. One key is not ASCII: it must survive a header and the name of a subprotocol.
OWNERS = {
    "dashboard": "dashboard-key",
    "drawing": "drawing-key",
    "forms": "forms-key",
    "gallery": "gallery-key",
    "live": "live-ключ-4c1f9a7be2d8",
    "operator": "operator-key",
    "studio": "studio-key",
}
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium, as installed on the system. A process can have one at a time."""
    # The headless shell is the same browser without a user interface.
    program = shutil.which("chromium-headless-shell") or system_program("chromium", "chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a new browser context."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="package")
def shared_service() -> Iterator[Service]:
    """A shared service with two workers, for tests that use only jobs they create."""
    with running_service(WORKERS="2") as service:
        yield service


@pytest.fixture
def empty_service(shared_service: Service) -> Service:
    """The shared service without jobs."""

    def is_empty() -> bool:
        _, listed = shared_service.request("GET", "/jobs?limit=100")
        ids = [one["id"] for one in listed["items"]]
        for action in ("cancel", "delete") if ids else ():
            shared_service.request("POST", "/jobs/bulk", {"action": action, "ids": ids})
        return not ids

    until(is_empty, what="the deletion of all jobs")
    return shared_service


@pytest.fixture(scope="package")
def keyed_service() -> Iterator[Service]:
    """A shared service with the keys of `OWNERS`, of which a test uses one."""
    keys = (
        f"{name}:{sha256(key.encode()).hexdigest()}{':admin' if name == 'operator' else ''}"
        for name, key in OWNERS.items()
    )
    with running_service(API_KEYS=",".join(keys), ADMIN_EMAIL="admin@example.org") as service:
        yield service
