"""The service with an external Redis or Valkey."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import SSLConnection
from rq import Queue
from rq.serializers import JSONSerializer

from libraries.broker.connections import web_client, worker_client
from libraries.settings import BadSettings, Settings, read_settings
from tests.conftest import REPOSITORY
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


def test_the_rq_worker_runs_jobs_on_an_external_server(
    own_server: OwnServer, environ: dict[str, str], home: Path
) -> None:
    """M1, M2."""
    arguments = {"width": 50, "height": 50, "pattern_type": "grid", "output_filename": "stock.svg"}
    with own_server.client() as client:
        queue = Queue("background", connection=client, serializer=JSONSerializer)
        job = queue.enqueue_call("workers.svg_tasks.generate_complex_svg", kwargs=arguments)
        command = [
            sys.executable,
            "-m",
            "rq.cli",
            "worker",
            "--burst",
            "-u",
            own_server.url,
            "-S",
            "json",
            "background",
        ]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env=environ,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        job.refresh()  # type: ignore[no-untyped-call]
        assert job.get_status().value == "finished"
    assert (home / "output" / "stock.svg").exists()


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
