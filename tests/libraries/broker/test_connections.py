"""Clients of the broker."""

from __future__ import annotations

import pytest

from libraries.broker.connections import redacted_broker_url, web_client, worker_client
from libraries.settings import Settings, get_settings

pytestmark = pytest.mark.usefixtures("broker", "probe_tasks")


def test_both_client_profiles_set_their_retries(settings: Settings) -> None:
    web = web_client(settings).connection_pool.connection_kwargs
    worker = worker_client(settings).connection_pool.connection_kwargs
    assert web["retry"].get_retries() == 0
    assert web["socket_timeout"] <= 2
    assert worker["retry"].get_retries() == 5


def test_a_password_of_the_broker_is_not_shown() -> None:

    secret = get_settings().with_values(redis_url="rediss://user:hunter2@broker.example:6380/0")
    assert "hunter2" not in redacted_broker_url(secret)
    assert "hunter2" not in repr(secret)
    assert "broker.example:6380" in redacted_broker_url(secret)
