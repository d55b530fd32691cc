"""The nginx configuration in docs/how-to/deploy.md fits the limits of the service, and works."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from components.http.long_connections import MAX_WAIT_S
from libraries.settings import read_settings
from tests.conftest import environ_in, system_program, until
from tests.deployment.test_systemd import DEPLOYMENT
from tests.docs.documents import blocks
from tests.journeys.conftest import Service, free_port

NAME = "vector.example.com"
BOUNDARY = "a-boundary"
UNITS = {"": 1, "k": 2**10, "m": 2**20}


def configuration() -> str:
    (block,) = blocks(DEPLOYMENT, "nginx")
    return block


def value(name: str) -> str:
    found = re.findall(rf"^\s*{name} (.+);$", configuration(), re.MULTILINE)
    assert len(found) == 1, name
    return str(found[0])


def test_the_sizes_and_times_of_nginx_exceed_those_of_the_service() -> None:
    settings = read_settings(None)
    size = re.fullmatch(r"(\d+)([km]?)", value("client_max_body_size"))
    assert size is not None
    limit = int(size[1]) * UNITS[size[2]]
    assert limit > max(settings.uploads.svg_limit + 65536, settings.web.max_body)
    assert int(value("proxy_read_timeout").removesuffix("s")) > MAX_WAIT_S
    assert f":{settings.web.port}" in value("proxy_pass")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("va")
    service = Service(environ_in(home) | {"ALLOWED_HOSTS": NAME}, home / "service.log")
    yield service.wait_until_drawn()
    service.stop()


@pytest.fixture(scope="module")
def port(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an nginx with the configuration, without TLS."""
    program = system_program("nginx", "nginx-light")
    home, port = tmp_path_factory.mktemp("nginx"), free_port()
    text = re.sub(r"^\s*ssl_.*\n", "", configuration(), flags=re.MULTILINE)
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    text = text.replace("http://127.0.0.1:5000", service.url)
    folders = "".join(
        f"{kind}_temp_path {home}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = home / "nginx.conf"
    head = f"daemon off; master_process off; pid {home}/pid; error_log {home}/log; events {{}}\n"
    path.write_text(f"{head}http {{\naccess_log off;\n{folders}{text}}}\n")
    process = subprocess.Popen([program, "-p", str(home), "-c", str(path)])
    until(lambda: _listens(port) or process.poll() is not None, what="nginx")
    assert process.poll() is None, (home / "log").read_text()
    yield port
    process.terminate()
    process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


SendRequest = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def send_request(port: int) -> SendRequest:
    """A function that sends a request through nginx; it returns status, headers and body."""

    def send(
        method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, path, body, {"Host": NAME, **named})
        reply = connection.getresponse()
        found = (
            reply.status,
            {name.lower(): text for name, text in reply.getheaders()},
            reply.read(),
        )
        connection.close()
        return found

    return send


def upload(send_request: SendRequest, size: int) -> tuple[int, dict[str, str], bytes]:
    """Upload a CSV file of `size` bytes."""
    file = b"a,b\n" * (size // 4 + 1)
    disposition = 'Content-Disposition: form-data; name="file"; filename="a.csv"'
    body = f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + file[:size]
    body += f"\r\n--{BOUNDARY}--\r\n".encode()
    return send_request(
        "POST", "/uploads", body, Content_Type=f"multipart/form-data; boundary={BOUNDARY}"
    )


def test_the_service_decides_about_the_size_of_an_upload(send_request: SendRequest) -> None:
    limit = read_settings(None).uploads.upload_limit
    status, _, body = upload(send_request, limit)
    assert status == 202, body
    status, headers, body = upload(send_request, limit + 500_000)
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert json.loads(body)["type"] == "/problems/file-too-large"


def test_only_the_names_of_the_service_are_answered(send_request: SendRequest) -> None:
    assert send_request("GET", "/healthz")[0] == 200
    assert send_request("GET", "/healthz", Host="other.example")[0] == 421


def test_a_page_of_the_service_may_change_something_and_others_may_not(
    send_request: SendRequest,
) -> None:
    body = b'{"recipient": "Ann", "message": "Hello", "template_name": "plain"}'
    kind = {"Content_Type": "application/json"}
    assert send_request("POST", "/postcards", body, Origin=f"https://{NAME}", **kind)[0] == 202
    own = f"{NAME}:8443"
    assert (
        send_request("POST", "/postcards", body, Host=own, Origin=f"https://{own}", **kind)[0]
        == 202
    )
    assert (
        send_request("POST", "/postcards", body, Origin="https://other.example", **kind)[0] == 403
    )


def test_the_request_id_of_nginx_is_that_of_the_service(send_request: SendRequest) -> None:
    assert re.fullmatch(
        "[0-9a-f]{32}", send_request("GET", "/healthz", X_Request_ID="mine")[1]["x-request-id"]
    )


def test_events_arrive_one_by_one(send_request: SendRequest, port: int, service: Service) -> None:
    body = {"recipient": "Ann", "message": "Hello", "template_name": "plain", "delay": 3600}
    job_id = service.request("POST", "/postcards", body)[1]["job_id"]
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/jobs/{job_id}/events", headers={"Host": NAME})
    reply = connection.getresponse()
    events = iter(reply.readline, b"")
    # The stream is still open: nginx does not wait for its end.
    assert next(line for line in events if line.startswith(b"event")) == b"event: status\n"
    assert service.request("POST", f"/jobs/{job_id}/cancel")[0] == 200
    assert b"event: canceled\n" in list(events)
    connection.close()


def test_a_websocket_is_opened_through_nginx(port: int) -> None:
    address = f"ws://127.0.0.1:{port}/ws/background_jobs"
    with connect(address, proxy=None, origin=Origin(f"http://127.0.0.1:{port}")) as socket_:
        assert json.loads(socket_.recv(timeout=10))["payload"]["status"] == "connected"
