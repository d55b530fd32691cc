from __future__ import annotations

import ipaddress
import socket
import threading

import pytest

from libraries.outbound import addresses, is_public, look_up
from libraries.settings import Settings
from libraries.webhooks import public_addresses, read_url
from tests.conftest import Stopwatch
from tests.errors import raises_code

PUBLIC = [
    "93.184.215.14",
    "1.1.1.1",
    "223.255.255.254",
    "2606:4700::1111",
    "64:ff9b::101:101",
    "2002:101:101::1",
    "::ffff:1.1.1.1",
]
PRIVATE = [
    "0.0.0.0",  # noqa: S104 - looked at, not listened on
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1.1.1.1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
NO_WEBHOOK_URL = [
    "",
    "example.com",
    "//example.com",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://example.com/_x",
    "ftp://example.com",
    "javascript:alert(1)",
    "unix:///run/broker.sock",
    "http:",
    "http:/",
    "http://",
    "http:///path",
    "http://?x",
    "http://user@example.com",
    "http://user:word@example.com",
    "http://@example.com",
    "http://1.1.1.1@127.0.0.1",
    "http://example.com:6379",
    "http://example.com:25",
    "http://example.com:1023",
    "http://example.com:0",
    "http://example.com:65536",
    "http://example.com:-80",
    "http://example.com:٨٠",
    "http://example.com:80:80",
    "http://example.com\\@127.0.0.1",
    "http://exa mple.com",
    "http://example.com/a b",
    "http://example.com/\r\nHost: x",
    "http://example.com/\t",
    "http://exämple.com",
    "http://①②⑦.0.0.1",
    "http://example。com",
    "http://example%2ecom",
    "http://-example.com",
    "http://example..com",
    "http://.example.com",
    "http://example.com..",
    "http://" + "a" * 64 + ".com",
    "http://" + ".".join(["a" * 60] * 5),
    "http://example.com/" + "a" * 2048,
    "http://[::1",
    "http://[::1]x",
    "http://[fe80::1%25eth0]",
    "http://[v1.x]",
    "http://[example.com]",
    "http://::1",
    "http://0",
    "http://0x7f000001",
    "http://0X7F000001",
    "http://2130706433",
    "http://017700000001",
    "http://127.1",
    "http://127.0.1",
    "http://0177.0.0.1",
    "http://127.0.0.0x1",
    "http://0x7f.1",
    "http://127.0.0.1.",
    "http://1.2.3.4.5",
    "http://256.1.1.1",
    "http://example.0x",
]


def no_address(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host}:{port} was looked up")


@pytest.mark.parametrize("url", NO_WEBHOOK_URL)
def test_an_invalid_url_is_rejected(url: str) -> None:
    with raises_code("bad-url"):
        read_url(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("http://example.com", "example.com", 80, "/", "example.com"),
        ("HTTPS://Example.COM./a/b?c=d&e#f", "example.com", 443, "/a/b?c=d&e", "example.com"),
        ("http://example.com:8080?x=1", "example.com", 8080, "/?x=1", "example.com:8080"),
        ("http://example.com:443/", "example.com", 443, "/", "example.com:443"),
        ("https://example.com:/", "example.com", 443, "/", "example.com"),
        ("http://93.184.215.14:1024/%41", "93.184.215.14", 1024, "/%41", "93.184.215.14:1024"),
        (
            "https://[2606:4700::0:1111]:8443/",
            "2606:4700::1111",
            8443,
            "/",
            "[2606:4700::1111]:8443",
        ),
        (
            "http://my_host.x--1.example/@b:c",
            "my_host.x--1.example",
            80,
            "/@b:c",
            "my_host.x--1.example",
        ),
        ("http://example.com/#@127.0.0.1", "example.com", 80, "/", "example.com"),
    ],
)
def test_a_url_is_parsed(url: str, host: str, port: int, target: str, authority: str) -> None:
    endpoint = read_url(url)
    assert (endpoint.host, endpoint.port, endpoint.target, endpoint.authority) == (
        host,
        port,
        target,
        authority,
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_public_network_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_any_other_address_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00::]",
        "10.0.0.1",
    ],
)
def test_a_private_address_is_rejected_without_name_resolution(host: str) -> None:
    with raises_code("address-refused"):
        public_addresses(read_url(f"http://{host}/"), no_address)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    "host", ["localhost", "localhost.", "LocalHost", "x.localhost", "broker.localhost."]
)
def test_a_name_of_this_machine_is_rejected(host: str) -> None:
    with raises_code("address-refused"):
        public_addresses(read_url(f"http://{host}/"), no_address)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_with_one_private_address_is_rejected(address: str) -> None:
    with raises_code("address-refused"):
        public_addresses(read_url("http://example.com/"), lambda *_: ["1.1.1.1", address])


@pytest.mark.usefixtures("settings")
def test_public_addresses_are_unique_and_in_order() -> None:
    resolved: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> list[str]:
        resolved.append((host, port))
        return ["1.1.1.1", "2606:4700::1111", "1.1.1.1"]

    assert public_addresses(read_url("http://example.com:8080/"), resolver) == (
        "1.1.1.1",
        "2606:4700::1111",
    )
    assert resolved == [("example.com", 8080)]


@pytest.mark.usefixtures("settings")
def test_the_error_does_not_reveal_whether_a_private_name_exists() -> None:
    """Otherwise clients could find out which names the internal network knows."""
    with raises_code("host-unknown") as unknown:
        public_addresses(read_url("http://example.com/"), lambda *_: [])
    with raises_code("address-refused") as refused:
        public_addresses(read_url("http://example.com/"), lambda *_: ["10.0.0.1"])
    assert str(unknown.value) == str(refused.value)


def test_a_setting_allows_private_addresses_but_not_invalid_urls(
    private: Settings,
) -> None:
    assert private.webhooks.webhook_private
    assert public_addresses(read_url("http://127.0.0.1:8000/"), no_address) == ("127.0.0.1",)
    assert public_addresses(
        read_url("http://localhost:8000/"), lambda *_: ["::1", "127.0.0.1"]
    ) == ("::1", "127.0.0.1")
    for url in (
        "http://127.0.0.1:6379/",
        "http://127.1/",
        "http://a@127.0.0.1/",
        "file:///etc/passwd",
    ):
        with raises_code("bad-url"):
            read_url(url)


def test_the_system_resolves_localhost() -> None:
    assert "127.0.0.1" in look_up("localhost", 80)


def test_a_hanging_resolver_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(10) and [])
    monkeypatch.setattr(addresses, "LOOKUP_TIMEOUT_S", 0.1)
    monkeypatch.setattr(addresses, "_lookups", threading.BoundedSemaphore(2))
    begun = Stopwatch()
    assert [look_up("example.com", 80) for _ in range(3)] == [(), (), ()]
    assert begun.seconds() < 2
    # The third found no free thread, because two of two hang.
    assert (
        sum(
            thread.name == "outbound-lookup" and thread.is_alive()
            for thread in threading.enumerate()
        )
        == 2
    )
    release.set()
    for thread in threading.enumerate():
        if thread.name == "outbound-lookup":
            thread.join(5)


@pytest.mark.parametrize("error", [socket.gaierror("no"), UnicodeError("no"), OSError("no")])
def test_a_name_that_cannot_be_resolved_has_no_addresses(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert look_up("example.com", 80) == ()
