"""Fixtures of the webhook tests."""

from __future__ import annotations

import pytest

from libraries.settings import Settings, use_settings


@pytest.fixture
def private(settings: Settings) -> Settings:
    """Return settings that allow webhooks to this machine."""
    return use_settings(settings.with_values(webhook_private=True))
