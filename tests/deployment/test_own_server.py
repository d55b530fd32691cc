"""The service with an external Redis or Valkey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from redis import SSLConnection

from libraries.broker.connections import web_client, worker_client
from libraries.settings import BadSettings, Settings, read_settings
from tests.deployment.conftest import PASSWORD, OwnServer
from tests.journeys.conftest import Service

StartService = Callable[..., Service]


def test_the_service_draws_with_an_external_server_and_starts_no_broker(
    own_server: OwnServer, start_service: StartService, home: Path
) -> None:
    """M1, M3."""
    service = start_service(REDIS_URL=own_server.url)
    assert "<svg" in service.draw()
    assert set(service.pids()) == {"workers", "gunicorn"}
    assert not (home / "data" / "broker").exists()
    assert PASSWORD not in service.output()
    with own_server.client() as client:
        assert client.scard("rq:workers") == 1
        assert client.zcard("rq:finished:background") == 2


@pytest.mark.parametrize("client_of", [web_client, worker_client])
def test_the_shortest_url_means_a_server_on_this_machine(
    client_of: Callable[[Settings], object], settings: Settings
) -> None:
    """M3: only resolved, without a connection."""
    client = client_of(settings.with_values(redis_url="redis://"))
    assert client.get_connection_kwargs().get("host", "localhost") == "localhost"  # type: ignore[attr-defined]
    assert client.get_connection_kwargs().get("port", 6379) == 6379  # type: ignore[attr-defined]


@pytest.mark.parametrize("client_of", [web_client, worker_client])
def test_a_secure_url_is_accepted_and_its_certificate_is_checked(
    client_of: Callable[[Settings], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://ann:word@broker.example.com:6380/0")
    pool = client_of(read_settings(None)).connection_pool  # type: ignore[attr-defined]
    assert issubclass(pool.connection_class, SSLConnection)
    connection = pool.connection_class(**pool.connection_kwargs)
    assert (connection.host, connection.port, connection.username) == (
        "broker.example.com",
        6380,
        "ann",
    )
    assert connection.cert_reqs.name == "CERT_REQUIRED"


def test_a_url_with_an_unsupported_scheme_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "amqp://localhost")
    with pytest.raises(BadSettings, match="REDIS_URL"):
        read_settings(None)
