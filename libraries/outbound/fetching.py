"""Download of a file from a URL, with limits for time, size and redirects."""

from __future__ import annotations

import http.client
import time
from http import HTTPStatus
from urllib.parse import urljoin

from libraries.errors import InvalidInput, Unavailable
from libraries.outbound.addresses import Endpoint, Resolver, public_addresses, read_url
from libraries.outbound.connections import ReplyTooLong, Wire, connected, request_bytes

MAX_REDIRECTS = 3


def fetch(
    url: str,
    *,
    most: int,
    resolver: Resolver | None = None,
    private: bool = False,
    patience: float = 20.0,
) -> bytes:
    """Return the file of at most `most` bytes at `url`, within `patience` seconds.

    Each host is resolved once and its addresses are checked. Up to three redirects are followed under
    the same rules, but not from `https` to `http`.

    Raises:
        InvalidInput: the URL or a redirect is invalid, a host is not public, the file is too large, or
            the server rejects the request.
        Unavailable: a host was not found, the response was not complete in time, or the server reports
            a temporary error.
    """
    deadline = time.monotonic() + patience
    try:
        for _ in range(MAX_REDIRECTS + 1):
            endpoint = read_url(url)
            found = _get(
                endpoint, public_addresses(endpoint, resolver, private=private), deadline, most
            )
            if isinstance(found, bytes):
                return found
            url = _redirected(url, found)
    except TimeoutError:
        raise Unavailable(
            f"the file did not arrive within {patience:g} s", code="fetch-failed"
        ) from None
    except ReplyTooLong:
        raise _too_large(most) from None
    except (OSError, http.client.HTTPException):
        raise Unavailable(
            "the connection failed before the file was complete", code="fetch-failed"
        ) from None
    raise InvalidInput(
        f"the URL is redirected more than {MAX_REDIRECTS} times", code="source-refused"
    )


def _get(endpoint: Endpoint, addresses: tuple[str, ...], deadline: float, most: int) -> bytes | str:
    """Return the file, or the location of a redirect."""
    with connected(endpoint, addresses, deadline) as connection:
        # The limit includes the response headers.
        wire = Wire(connection, deadline, most=most + 65536)
        headers = {"Accept": "image/*, */*;q=0.5", "Accept-Encoding": "identity"}
        wire.send(request_bytes("GET", endpoint, headers))
        reply = http.client.HTTPResponse(wire, method="GET")  # type: ignore[arg-type]
        reply.begin()
        if reply.status in {301, 302, 303, 307, 308}:
            return reply.headers.get("Location", "")
        _check(reply, most)
        return _body(reply, most)


def _check(reply: http.client.HTTPResponse, most: int) -> None:
    # Temporary errors, in addition to 5xx.
    if reply.status in {408, 425, 429} or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unavailable(f"the server of the URL answered {reply.status}", code="fetch-failed")
    if reply.status != HTTPStatus.OK:
        raise InvalidInput(f"the server of the URL answered {reply.status}", code="source-refused")
    # Decompression could expand the response a thousand times.
    if reply.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise InvalidInput(
            "the server of the URL compresses the file although it was requested uncompressed",
            code="source-refused",
        )
    if reply.length is not None and reply.length > most:
        raise _too_large(most)


def _body(reply: http.client.HTTPResponse, most: int) -> bytes:
    """Read the file in blocks: one read would allocate the declared size at once."""
    found = bytearray()
    while block := reply.read(65536):
        found += block
        if len(found) > most:
            raise _too_large(most)
    if reply.length:
        raise http.client.IncompleteRead(b"")
    return bytes(found)


def _redirected(url: str, location: str) -> str:
    """Return the absolute URL of a redirect."""
    target = urljoin(url, location) if location.isascii() else ""
    if not location or (
        url.lower().startswith("https:") and not target.lower().startswith("https:")
    ):
        raise InvalidInput("the URL redirects to an address that is not allowed", code="bad-url")
    return target


def _too_large(most: int) -> InvalidInput:
    return InvalidInput(
        f"the file at the URL is larger than {most / 10**6:g} MB", code="download-too-large"
    )
