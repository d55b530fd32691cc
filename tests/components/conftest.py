"""What the tests of components share."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from libraries.settings import Settings
from tests.watchful import watchful_client


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    """A client that checks every response. No broker runs unless the test asks for one."""
    return watchful_client(settings)
