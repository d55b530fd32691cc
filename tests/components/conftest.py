"""Shared fixtures of the component tests."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from libraries.settings import Settings
from tests.watchful import watchful_client


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client that checks every response. Without a broker unless the test starts one."""
    return watchful_client(settings)
