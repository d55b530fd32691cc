"""Heads of requests that RFC 9112 requires a server to refuse, and targets in absolute form."""

from __future__ import annotations

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException, UnsupportedTransferCoding

from components.http.server.parser import ClientParser, ClientRequest

HOST = b"Host: localhost\r\n"


def parsed(head: bytes) -> ClientRequest:
    request = next(ClientParser(Config(), [head + b"\r\n"], ("127.0.0.1", 1)))
    assert isinstance(request, ClientRequest)
    return request


def host_of(request: ClientRequest) -> list[str]:
    return [value for name, value in request.headers if name == "HOST"]


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        HOST + HOST,
        b"Host:\r\n",
        b"Host: a b\r\n",
        b"Host: ann@localhost\r\n",
        b"Host: localhost/\r\n",
        b"Host: localhost, localhost\r\n",
        b"Host: localhost:port\r\n",
        b"Host: [localhost]\r\n",
    ],
)
@pytest.mark.parametrize("target", [b"/", b"http://localhost/"])
def test_a_request_needs_one_valid_host(target: bytes, hosts: bytes) -> None:
    with pytest.raises(ParseException):
        parsed(b"GET " + target + b" HTTP/1.1\r\n" + hosts)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:80", "[::1]:8000", "a-b.example.", "x_1:"]
)
def test_a_valid_host_is_accepted(host: str) -> None:
    assert host_of(parsed(b"GET / HTTP/1.1\r\nHost: " + host.encode() + b"\r\n")) == [host]


def test_a_request_of_http_1_0_needs_no_host() -> None:
    assert host_of(parsed(b"GET / HTTP/1.0\r\n")) == []
    with pytest.raises(ParseException):
        parsed(b"GET / HTTP/1.0\r\nHost: a b\r\n")


def test_the_host_of_an_absolute_target_replaces_that_of_the_header() -> None:
    request = parsed(b"GET http://foreign.example:81/jobs?limit=1 HTTP/1.1\r\n" + HOST)
    assert host_of(request) == ["foreign.example:81"]
    assert (request.path, request.query) == ("/jobs", "limit=1")


@pytest.mark.parametrize(
    "target",
    [b"/#part", b"ftp://localhost/", b"http:///", b"http://ann@localhost/", b"localhost", b"*"],
)
def test_an_invalid_target_is_refused(target: bytes) -> None:
    with pytest.raises(ParseException):
        parsed(b"GET " + target + b" HTTP/1.1\r\n" + HOST)


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"deflate, chunked", b"identity, chunked"])
def test_a_body_must_not_have_another_coding_than_chunked(coding: bytes) -> None:
    with pytest.raises(UnsupportedTransferCoding):
        parsed(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: " + coding + b"\r\n")


def test_a_later_minor_version_is_answered_as_the_latest() -> None:
    assert parsed(b"GET / HTTP/1.7\r\n" + HOST).version == (1, 1)
    with pytest.raises(ParseException):
        parsed(b"GET / HTTP/2.0\r\n" + HOST)


@pytest.mark.parametrize(
    ("connection", "closes"),
    [
        (b"close", True),
        (b"Close, TE", True),
        (b"keep-alive\r\nConnection: close", True),
        (b"keep-alive", False),
        (b"closed", False),
    ],
)
def test_a_client_can_end_its_connection_among_other_options(
    connection: bytes, closes: bool
) -> None:
    request = parsed(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: " + connection + b"\r\n")
    assert request.should_close() is closes
