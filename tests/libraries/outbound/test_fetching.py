"""Downloads from URLs of clients."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

import pytest

from libraries.outbound import Endpoint, check_url, fetch, fetching, public_addresses
from tests.errors import raises_code
from tests.webhook_sink import OddServer

FILE = bytes(range(256)) * 400
INSIDE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:6000/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://[fd00::1]/",
    "http://10.0.0.1/",
    "http://localhost/",
    "http://localhost./",
    "http://a.localhost/",
    "http://0.0.0.0/",
]
NO_URLS = [
    "http://0x7f000001/",
    "http://2130706433/",
    "http://127.1/",
    "http://0/",
    "http://user@example.com/",
    "http://example.com:6379/",
    "http://example.com:22/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "ftp://example.com/a.jpg",
    "//example.com/a.jpg",
    "http:///a.jpg",
    "http://example.com/\r\nHost: x",
    "http://exa mple.com/",
    "",
]


def response(body: bytes = b"", *lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


def server_sending(data: bytes) -> OddServer:
    return OddServer(lambda connection: connection.sendall(data))


def sized(body: bytes = FILE) -> bytes:
    return response(body, f"Content-Length: {len(body)}")


def get(url: str, **more: object) -> bytes:
    return fetch(url, **{"most": 200_000, "private": True, "patience": 10, **more})  # type: ignore[arg-type]


def test_a_file_is_downloaded_with_and_without_its_length() -> None:
    chunks = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (FILE[:50_000], FILE[50_000:]))
        + b"0\r\n\r\n"
    )
    for data in (sized(), response(FILE), response(chunks, "Transfer-Encoding: chunked")):
        with server_sending(data) as server:
            assert get(f"{server.url}a.jpg?size=1#part") == FILE


@pytest.mark.parametrize("url", INSIDE)
def test_private_addresses_are_rejected_before_and_during_a_download(url: str) -> None:
    with raises_code("address-refused"):
        check_url(url)
    with raises_code("address-refused"):
        fetch(url, most=10)


@pytest.mark.parametrize("url", NO_URLS)
def test_other_urls_are_rejected(url: str) -> None:
    with raises_code("bad-url"):
        check_url(url)
    with raises_code("bad-url"):
        fetch(url, most=10)


def test_a_name_is_resolved_once_and_the_checked_address_is_used() -> None:
    resolved: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"]

    with server_sending(sized()) as server:
        port = server.url.rstrip("/").rpartition(":")[2]
        assert get(f"http://photos.example:{port}/", resolver=resolver) == FILE
    assert resolved == ["photos.example"]


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1"]])
def test_a_name_with_a_private_address_is_rejected(found: list[str]) -> None:
    check_url("http://photos.example/")
    with raises_code("address-refused"):
        fetch("http://photos.example/", most=10, resolver=lambda host, port: found)
    with raises_code("host-unknown"):
        fetch("http://photos.example/", most=10, resolver=lambda host, port: [])


def test_at_most_three_redirects_are_followed() -> None:
    with contextlib.ExitStack() as servers:
        urls = [servers.enter_context(server_sending(sized())).url]
        for _ in range(4):
            onward = response(b"", f"Location: {urls[-1]}", status="302 Found")
            urls.append(servers.enter_context(server_sending(onward)).url)
        assert get(urls[3]) == FILE
        with raises_code("source-refused", match="more than 3"):
            get(urls[4])


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/",
        "http://localhost/",
        "file:///etc/passwd",
        "gopher://x/",
        "http://inside.example/",
        "",
    ],
)
def test_redirects_to_private_addresses_are_rejected(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first host is accepted as if it were public; its redirects are checked."""
    rules = public_addresses

    def first_is_public(endpoint: Endpoint, *more: Any, **options: Any) -> tuple[str, ...]:
        return (
            ("127.0.0.1",)
            if endpoint.host == "photos.example"
            else rules(endpoint, *more, **options)
        )

    monkeypatch.setattr(fetching, "public_addresses", first_is_public)
    with server_sending(response(b"", f"Location: {location}", status="301 Moved")) as server:
        port = server.url.rstrip("/").rpartition(":")[2]
        with raises_code("address-refused", "bad-url"):
            fetch(
                f"http://photos.example:{port}/",
                most=100,
                resolver=lambda host, port: ["127.0.0.1"],
            )


@pytest.mark.parametrize(
    "data",
    [
        sized(FILE * 3),
        response(FILE * 3),
        response(b"", "Content-Length: 10000000000"),
        response(b"x" * 400_000),
    ],
)
def test_a_file_that_is_too_large_is_not_read_completely(data: bytes) -> None:
    with server_sending(data) as server, raises_code("download-too-large", match=r"0\.2 MB"):
        get(server.url)


@pytest.mark.parametrize(
    "status",
    ["404 Not Found", "403 Forbidden", "401 Unauthorized", "204 No Content", "206 Partial"],
)
def test_a_missing_file_is_a_permanent_error(status: str) -> None:
    with (
        server_sending(response(b"", "Content-Length: 0", status=status)) as server,
        raises_code("source-refused", match=status[:3]),
    ):
        get(server.url)


@pytest.mark.parametrize(
    "data",
    [
        response(b"", "Content-Length: 0", status="503 Busy"),
        response(b"", "Content-Length: 0", status="429 Later"),
        response(FILE, f"Content-Length: {len(FILE) + 1}"),
        response(b"5\r\nabc", "Transfer-Encoding: chunked"),
        b"what?\r\n\r\n",
        b"",
    ],
)
def test_temporary_errors_are_retryable(data: bytes) -> None:
    with server_sending(data) as server, raises_code("fetch-failed"):
        get(server.url)


def test_a_compressed_file_is_rejected() -> None:
    with (
        server_sending(response(FILE, "Content-Encoding: gzip")) as server,
        raises_code("source-refused", match="compresses"),
    ):
        get(server.url)


def test_a_slow_server_times_out() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(response(b"", "Content-Length: 1000"))
        for _ in range(1000):
            connection.sendall(b"x")
            time.sleep(0.02)

    with OddServer(drip) as server, raises_code("fetch-failed", match="within"):
        get(server.url, patience=0.3)


def test_a_refused_connection_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with raises_code("fetch-failed", match="connection"):
        get(f"http://127.0.0.1:{port}/")
