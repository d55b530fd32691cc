"""One delivery attempt of a webhook: a POST to a checked address, with limits for time and size."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from libraries.errors import InvalidInput, VectorError
from libraries.outbound import Resolver, Wire, connected, read_url
from libraries.outbound.connections import request_bytes
from libraries.webhooks.receivers import public_addresses

# For the whole attempt, from name resolution to the end of the response.
TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = 65536
# Temporary errors, in addition to 5xx.
RETRYABLE = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT.value, HTTPStatus.TOO_EARLY.value, HTTPStatus.TOO_MANY_REQUESTS.value}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The result of an attempt.

    `status` is the HTTP status, None without a response; `error` is a public message, None on success;
    `retryable` says whether another attempt may succeed.
    """

    status: int | None
    milliseconds: int
    error: str | None
    retryable: bool = False


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    resolver: Resolver | None = None,
    patience: float = TIMEOUT_S,
) -> Receipt:
    """Send `body`, a JSON document, and return the result; errors are part of it and not raised.

    The host is resolved once, its addresses are checked, and its certificate is verified. Only 2xx is
    success. Connection errors, timeouts and the status 408, 425, 429 and 5xx are retryable; other
    errors, including redirects, are final. `patience` is the timeout for everything in seconds.
    """
    started = time.monotonic()
    status: int | None = None
    error: str | None
    try:
        status = _status_of_reply(url, body, headers, resolver, started + patience)
        error, retryable = _classify(status)
    except VectorError as problem:
        error, retryable = str(problem), not isinstance(problem, InvalidInput)
    except (OSError, http.client.HTTPException) as problem:
        error, retryable = _message(problem, patience), True
    return Receipt(
        status=status,
        milliseconds=round(1000 * (time.monotonic() - started)),
        error=error,
        retryable=retryable,
    )


def _classify(status: int) -> tuple[str | None, bool]:
    """Return the error of a status, and whether it is retryable."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None, False
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"the receiver answered {status}; redirects are not followed", False
    return (
        f"the receiver answered {status}",
        status in RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _message(error: Exception, patience: float) -> str:
    if isinstance(error, TimeoutError):
        return f"the receiver did not answer within {patience:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the receiver's certificate is not trusted"
    if isinstance(error, ssl.SSLError):
        return "the TLS connection to the receiver failed"
    if isinstance(error, http.client.HTTPException):
        return "the receiver's answer is not HTTP"
    return "the connection to the receiver failed"


def _status_of_reply(
    url: str, body: bytes, headers: Mapping[str, str], resolver: Resolver | None, deadline: float
) -> int:
    endpoint = read_url(url)
    with connected(endpoint, public_addresses(endpoint, resolver), deadline) as connection:
        wire = Wire(connection, deadline, most=MAX_RESPONSE_BYTES)
        signed = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **headers,
        }
        wire.send(request_bytes("POST", endpoint, signed, body))
        reply = http.client.HTTPResponse(wire, method="POST")  # type: ignore[arg-type]
        reply.begin()
        # A receiver whose connection is closed while it answers may report a failure, so the body is
        # read. The status is known, so errors are ignored. The limit bounds the allocated memory.
        with contextlib.suppress(OSError, http.client.HTTPException):
            reply.read(MAX_RESPONSE_BYTES)
        return reply.status
