"""The generated reference, and a shared service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.reference_pages import default_settings, reference_pages
from tests.docs.documents import GENERATED
from tests.journeys.conftest import Service, running_service


@pytest.fixture(scope="package")
def shared_service() -> Iterator[Service]:
    """A shared service for tests that use only jobs they create."""
    with running_service() as service:
        yield service


@pytest.fixture(scope="package")
def reference() -> dict[Path, str]:
    """The text of each page of the reference by the path that `make docs` writes it to."""
    with default_settings() as settings:
        return {GENERATED / name: text for name, text in reference_pages(settings).items()}
