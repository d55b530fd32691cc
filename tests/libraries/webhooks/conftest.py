"""What the tests of webhooks share."""

from __future__ import annotations

import pytest

from libraries.settings import Settings, use_settings


@pytest.fixture
def private(settings: Settings) -> Settings:
    """Settings with which webhooks may go to this machine."""
    return use_settings(settings.with_values(webhook_private=True))
