from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from libraries.settings import Settings
from libraries.webhooks import delivery, post, public_addresses, read_url
from tests.conftest import system_program
from tests.webhook_sink import OddServer, Sink

BODY = b'{"type":"job.finished"}'
NAME = "hooks.example"


def here(host: str, port: int) -> list[str]:
    """Resolve every name to this machine."""
    return ["127.0.0.1"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a self-signed certificate for `hooks.example`, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    program = system_program("openssl", "openssl")
    options = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([program, "req", *options, *names], cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def names_seen() -> list[str]:
    """Return the server names of TLS handshakes."""
    return []


@pytest.fixture
def tls(certificate: tuple[Path, Path], names_seen: list[str]) -> ssl.SSLContext:
    """Return the TLS context of a server with that certificate, which records requested server names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    context.sni_callback = lambda _socket, name, _context: names_seen.append(str(name))
    return context


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))


@pytest.mark.usefixtures("private")
def test_a_message_is_delivered_unchanged() -> None:
    with Sink() as sink:
        receipt = post(f"{sink.url}?a=b#c", BODY, {"webhook-id": "msg_1"})
    (received,) = sink.received
    assert (received.path, received.body) == ("/hook?a=b", BODY)
    wanted = {
        "host": f"127.0.0.1:{sink.port}",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "webhook-id": "msg_1",
        "connection": "close",
    }
    assert received.headers.items() >= wanted.items()
    assert (receipt.status, receipt.error, receipt.retryable) == (204, None, False)
    assert 0 <= receipt.milliseconds < 5000


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_status_is_success(status: int) -> None:
    with Sink(status) as sink:
        receipt = post(sink.url, BODY, {})
    assert (receipt.status, receipt.error) == (status, None)


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
def test_a_temporary_error_is_retryable(status: int) -> None:
    with Sink(status) as sink:
        receipt = post(sink.url, BODY, {})
    assert (receipt.status, receipt.error, receipt.retryable) == (
        status,
        f"the receiver answered {status}",
        True,
    )


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 451])
def test_any_other_status_is_final(status: int) -> None:
    with Sink(status) as sink:
        receipt = post(sink.url, BODY, {})
    assert (receipt.status, receipt.error, receipt.retryable) == (
        status,
        f"the receiver answered {status}",
        False,
    )


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_is_final(status: int) -> None:
    with Sink() as inside, Sink(status, headers={"Location": inside.url}) as sink:
        receipt = post(sink.url, BODY, {})
    assert len(sink.received) == 1
    assert inside.received == []
    assert (receipt.status, receipt.retryable) == (status, False)
    assert receipt.error == f"the receiver answered {status}; redirects are not followed"


@pytest.mark.usefixtures("private")
def test_a_name_is_resolved_once_and_sent_in_the_request() -> None:
    resolved: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        resolved.append(host)
        return here(host, port)

    with Sink() as sink:
        receipt = post(f"http://{NAME}:{sink.port}/", BODY, {}, resolver=resolver)
    assert receipt.error is None
    assert resolved == [NAME]
    assert sink.received[0].headers["host"] == f"{NAME}:{sink.port}"


@pytest.mark.usefixtures("private", "trusted")
def test_the_certificate_must_match_the_name_and_not_the_address(
    tls: ssl.SSLContext, names_seen: list[str]
) -> None:
    with Sink(tls=tls) as sink:
        assert post(f"https://{NAME}:{sink.port}/", BODY, {}, resolver=here).error is None
        other = post(f"https://other.example:{sink.port}/", BODY, {}, resolver=here)
    assert names_seen == [NAME, "other.example"]
    assert len(sink.received) == 1
    assert (other.status, other.error, other.retryable) == (
        None,
        "the receiver's certificate is not trusted",
        True,
    )


@pytest.mark.usefixtures("private")
def test_an_untrusted_certificate_is_rejected(tls: ssl.SSLContext) -> None:
    with Sink(tls=tls) as sink:
        receipt = post(f"https://{NAME}:{sink.port}/", BODY, {}, resolver=here)
    assert sink.received == []
    assert receipt.error == "the receiver's certificate is not trusted"


@pytest.mark.usefixtures("private")
def test_a_receiver_without_tls_is_reported() -> None:
    with Sink() as sink:
        receipt = post(sink.url.replace("http:", "https:"), BODY, {})
    assert (receipt.error, receipt.retryable) == (
        "the TLS connection to the receiver failed",
        True,
    )


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://localhost.:{port}/",
        "http://127.1:{port}/",
        "http://0:{port}/",
        "http://0x7f000001:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://hooks.example:{port}/",
    ],
)
def test_a_private_receiver_gets_no_request(url: str) -> None:
    with Sink() as sink:
        receipt = post(url.format(port=sink.port), BODY, {}, resolver=here)
    assert sink.received == []
    assert (receipt.status, receipt.retryable) == (None, False)
    assert receipt.error


@pytest.mark.usefixtures("private")
def test_the_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as proxy, Sink() as sink:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert post(sink.url, BODY, {}).error is None
    assert (len(proxy.received), len(sink.received)) == (0, 1)


@pytest.mark.usefixtures("private")
def test_a_refused_connection_is_retryable() -> None:
    with Sink() as sink:
        gone = sink.url
    receipt = post(gone, BODY, {})
    assert (receipt.status, receipt.error, receipt.retryable) == (
        None,
        "the connection to the receiver failed",
        True,
    )


@pytest.mark.usefixtures("private")
def test_the_second_address_is_used_if_the_first_is_unreachable() -> None:
    with Sink() as sink:
        receipt = post(
            f"http://{NAME}:{sink.port}/", BODY, {}, resolver=lambda *_: ["127.0.0.9", "127.0.0.1"]
        )
    assert receipt.error is None
    assert len(sink.received) == 1


def drip(text: bytes, done: threading.Event) -> Callable[[socket.socket], None]:
    """Send the bytes of `text` one by one, slowly and without end."""

    def behave(connection: socket.socket) -> None:
        for index in range(10**6):
            if done.wait(0.05):
                return
            connection.sendall(text[index % len(text) :][:1])

    return behave


@contextlib.contextmanager
def dripping(text: bytes) -> Iterator[OddServer]:
    done = threading.Event()
    with OddServer(drip(text, done)) as server:
        try:
            yield server
        finally:
            done.set()


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    "text", [b"H" * 100, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000, b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_a_slow_answer_times_out(text: bytes) -> None:
    assert delivery.TIMEOUT_S == 10
    begun = time.monotonic()
    with dripping(text) as server:
        receipt = post(server.url, BODY, {}, patience=0.6)
    assert 0.5 < time.monotonic() - begun < 3
    assert (receipt.status, receipt.error, receipt.retryable) == (
        None,
        "the receiver did not answer within 0.6 s",
        True,
    )


@pytest.mark.usefixtures("private")
def test_a_silent_receiver_times_out() -> None:
    done = threading.Event()

    def behave(_: socket.socket) -> None:
        done.wait(10)

    with OddServer(behave) as server:
        receipt = post(server.url, BODY, {}, patience=0.3)
        done.set()
    assert receipt.error == "the receiver did not answer within 0.3 s"


@pytest.mark.usefixtures("private")
def test_a_receiver_that_does_not_read_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        receipt = post(url, b" " * 30_000_000, {}, patience=0.5)
    assert receipt.error == "the receiver did not answer within 0.5 s"


@pytest.mark.usefixtures("private")
def test_a_slow_body_does_not_change_the_result() -> None:
    done = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        drip(b"x", done)(connection)

    with OddServer(behave) as server:
        receipt = post(server.url, BODY, {}, patience=0.5)
        done.set()
    assert (receipt.status, receipt.error) == (200, None)
    assert receipt.milliseconds < 2000


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    "length", [b"Content-Length: 10000000000", b"Transfer-Encoding: chunked", b"X: no length"]
)
def test_only_the_beginning_of_a_huge_answer_is_read(length: bytes) -> None:
    sent = 0

    def behave(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n2540be400\r\n")
        block = b"x" * 65536
        while sent < 10**10:
            sent += connection.send(block)

    tracemalloc.start()
    try:
        with OddServer(behave) as server:
            receipt = post(server.url, BODY, {})
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (receipt.status, receipt.error) == (200, None)
    assert receipt.milliseconds < 5000
    # Data in the socket buffers is not read.
    assert sent < 100_000_000
    assert most < 10_000_000


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize(
    "response",
    [
        b"hello\r\n\r\n",
        b"",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 99999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * 10**5,
    ],
)
def test_an_answer_that_is_not_http_is_retryable(response: bytes) -> None:
    with OddServer(lambda connection: connection.sendall(response)) as server:
        receipt = post(server.url, BODY, {})
    assert receipt.status is None
    assert receipt.error in (
        "the receiver's answer is not HTTP",
        "the connection to the receiver failed",
    )
    assert receipt.retryable


def test_dns_rebinding_does_not_reach_a_private_address(settings: Settings) -> None:
    """The resolver returns a public address to the check and a private one to the sender."""
    addresses = iter([["93.184.215.14"], ["127.0.0.1"]])
    with Sink() as sink:
        url = f"http://{NAME}:{sink.port}/"
        public_addresses(read_url(url), lambda *_: next(addresses))
        receipt = post(url, BODY, {}, resolver=lambda *_: next(addresses))
    assert sink.received == []
    assert (receipt.status, receipt.retryable) == (None, False)
