"""Fixtures of the webhook tests."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest
from flask.testing import FlaskClient

from libraries.settings import ApiKey, Settings
from tests.watchful import watchful_client
from tests.webhook_sink import Sink


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A receiver on this machine that takes everything."""
    with Sink() as server:
        yield server


@pytest.fixture
def private(settings: Settings) -> FlaskClient:
    """A client of a service that lets webhooks go to this machine."""
    return watchful_client(settings.with_values(webhook_private=True))


@pytest.fixture
def keyed(settings: Settings) -> FlaskClient:
    """A client of such a service with two keys, `ann-key` and `bob-key`."""
    keys = tuple(ApiKey(name, sha256(f"{name}-key".encode()).digest()) for name in ("ann", "bob"))
    return watchful_client(settings.with_values(webhook_private=True, api_keys=keys))
