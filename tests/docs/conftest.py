"""The generated reference, and the service as tests/journeys start it."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.reference_pages import default_settings, reference_pages
from tests.docs.documents import GENERATED
from tests.journeys.conftest import shared_service, start_service

__all__ = ["shared_service", "start_service"]


@pytest.fixture(scope="package")
def reference() -> dict[Path, str]:
    """The text of each page of the reference by the path that `make docs` writes it to."""
    with default_settings() as settings:
        return {GENERATED / name: text for name, text in reference_pages(settings).items()}
