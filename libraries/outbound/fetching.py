"""Fetching a file that a client named by its URL: a GET with a bound on time, size and redirects, to public addresses alone."""

from __future__ import annotations

import http.client
import time
from http import HTTPStatus
from urllib.parse import urljoin

from libraries.errors import InvalidInput, Unavailable
from libraries.outbound.addresses import BadUrl, Endpoint, Resolver, public_addresses, read_url
from libraries.outbound.connections import ReplyTooLong, Wire, connected

MAX_REDIRECTS = 3


class DownloadTooLarge(InvalidInput):
    """Raised when a file at a URL is larger than may be fetched."""

    code = "download-too-large"


def fetch(
    url: str,
    *,
    most: int,
    resolver: Resolver | None = None,
    private: bool = False,
    patience: float = 20.0,
) -> bytes:
    """Return the file at `url`.

    Each host on the way is looked up once, its addresses are checked, and the connection goes to one of them. Up to three
    redirects are followed, none from `https` to `http`, each under the same rules.

    Args:
        url: an address of `http` or `https`.
        most: bytes that the file may have.
        resolver: what looks names up; the system's own resolver if not given.
        private: allow private addresses as well.
        patience: seconds for all of it.

    Raises:
        BadUrl: this is no URL that may be asked, or a redirect leads to none.
        AddressRefused: a host is, or stands for, an address that is not public.
        HostUnknown: a host cannot be looked up for now.
        DownloadTooLarge: there is more than `most` bytes; no more than that is read.
        InvalidInput: the server answered that it has no such file, or not for us.
        Unavailable: no connection, no whole answer in time, or one that says "later".
    """
    deadline = time.monotonic() + patience
    try:
        for _ in range(MAX_REDIRECTS + 1):
            endpoint = read_url(url)
            found = _ask(
                endpoint, public_addresses(endpoint, resolver, private=private), deadline, most
            )
            if isinstance(found, bytes):
                return found
            url = _next(url, found)
    except TimeoutError:
        raise Unavailable(
            f"the file did not arrive within {patience:g} s", code="fetch-failed"
        ) from None
    except ReplyTooLong:
        raise _too_large(most) from None
    except (OSError, http.client.HTTPException):
        raise Unavailable(
            "the connection failed before the file was here", code="fetch-failed"
        ) from None
    raise InvalidInput(
        f"the URL is redirected more than {MAX_REDIRECTS} times", code="source-refused"
    )


def _ask(endpoint: Endpoint, addresses: tuple[str, ...], deadline: float, most: int) -> bytes | str:
    """Return the file, or where a redirect leads."""
    with connected(endpoint, addresses, deadline) as connection:
        # Room for the head of a reply beside the file.
        wire = Wire(connection, deadline, most=most + 65536)
        wire.send(_request(endpoint))
        reply = http.client.HTTPResponse(wire, method="GET")  # type: ignore[arg-type]
        reply.begin()
        if reply.status in {301, 302, 303, 307, 308}:
            return reply.headers.get("Location", "")
        _check(reply, most)
        return _body(reply, most)


def _request(endpoint: Endpoint) -> bytes:
    """Return the bytes of the request. Nothing in it can hold the end of a line: the URL is checked, the rest is ours."""
    head = [
        f"GET {endpoint.target} HTTP/1.1",
        f"Host: {endpoint.authority}",
        "User-Agent: Vector-API",
        "Accept: image/*, */*;q=0.5",
        "Accept-Encoding: identity",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii")


def _check(reply: http.client.HTTPResponse, most: int) -> None:
    # Answers that say "later", apart from those of the 500s.
    if reply.status in {408, 425, 429} or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"the server of the URL answered {reply.status}", code="fetch-failed")
    if reply.status != HTTPStatus.OK:
        raise InvalidInput(f"the server of the URL answered {reply.status}", code="source-refused")
    # What unpacks to a thousand times its size is not unpacked at all.
    if reply.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise InvalidInput(
            "the server of the URL sends the file packed, though it was asked not to",
            code="source-refused",
        )
    if reply.length is not None and reply.length > most:
        raise _too_large(most)


def _body(reply: http.client.HTTPResponse, most: int) -> bytes:
    """Read the file in blocks: a single read would take as much memory as the reply says that it has."""
    found = bytearray()
    while block := reply.read(65536):
        found += block
        if len(found) > most:
            raise _too_large(most)
    if reply.length:
        raise http.client.IncompleteRead(b"")
    return bytes(found)


def _next(url: str, location: str) -> str:
    """Return where a redirect leads, as a URL by itself."""
    onward = urljoin(url, location) if location.isascii() else ""
    if not location or (
        url.lower().startswith("https:") and not onward.lower().startswith("https:")
    ):
        raise BadUrl("the URL is redirected to an address that is not asked")
    return onward


def _too_large(most: int) -> InvalidInput:
    return DownloadTooLarge(f"the file at the URL is larger than {most / 10**6:g} MB")
