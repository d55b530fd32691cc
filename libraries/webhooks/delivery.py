"""One attempt to deliver a webhook: a POST to an address that was checked, with a bound on everything.

Made by hand, because what HTTP clients do for comfort is what must not happen here: look the name
up again, follow a redirect, use the proxy of the environment, wait for as long as bytes keep
dripping, read whatever comes.
"""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from libraries.errors import InvalidInput, VectorError
from libraries.outbound import Endpoint, Resolver, Wire, connected, read_url
from libraries.webhooks.receivers import public_addresses

# All of an attempt, from the look-up of the name to the end of the reply.
TIMEOUT_S = 10.0
MAX_RESPONSE_BYTES = 65536
# Answers that say "later", apart from those of the 500s.
RETRYABLE = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT.value, HTTPStatus.TOO_EARLY.value, HTTPStatus.TOO_MANY_REQUESTS.value}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of an attempt.

    `status` is the HTTP status of the answer, None without one; `error` is None when the receiver
    took the message, else what went wrong, in words for anyone; `retryable` tells whether another
    attempt may help.
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
    """Send `body` as JSON, and return what became of it.

    Whatever goes wrong out there is told in the receipt, nothing is raised.

    The host is looked up once, its addresses are checked, and the connection goes to one of them;
    the certificate has to name the host. Only an answer of the 200s counts as delivered. After a
    connection that fails, a late answer, or the status 408, 425, 429 or 5xx another attempt may
    help; all else is final, redirects too.

    Args:
        url: where to.
        body: a JSON document.
        headers: the headers of the signature.
        resolver: what looks names up; the system's own resolver if not given.
        patience: seconds for all of it.
    """
    started = time.monotonic()
    status: int | None = None
    error: str | None
    try:
        status = _status_of_reply(url, body, headers, resolver, started + patience)
        error, retryable = _judged(status)
    except VectorError as trouble:
        error, retryable = str(trouble), not isinstance(trouble, InvalidInput)
    except (OSError, http.client.HTTPException) as trouble:
        error, retryable = _described(trouble, patience), True
    return Receipt(
        status=status,
        milliseconds=round(1000 * (time.monotonic() - started)),
        error=error,
        retryable=retryable,
    )


def _judged(status: int) -> tuple[str | None, bool]:
    """Return what is wrong with an answer, and whether another attempt may help."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None, False
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"the receiver answered {status}; redirects are not followed", False
    return (
        f"the receiver answered {status}",
        status in RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _described(trouble: Exception, patience: float) -> str:
    if isinstance(trouble, TimeoutError):
        return f"the receiver did not answer within {patience:g} s"
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return "the receiver's certificate cannot be trusted"
    if isinstance(trouble, ssl.SSLError):
        return "no encrypted connection to the receiver could be made"
    if isinstance(trouble, http.client.HTTPException):
        return "the receiver's answer is not HTTP"
    return "the connection to the receiver failed"


def _status_of_reply(
    url: str, body: bytes, headers: Mapping[str, str], resolver: Resolver | None, deadline: float
) -> int:
    """Send a message and return the status of the answer.

    Raises:
        InvalidInput, Unavailable: it cannot be sent there.
        OSError, HTTPException: no connection, no answer in time, or none that is HTTP.
    """
    endpoint = read_url(url)
    with connected(endpoint, public_addresses(endpoint, resolver), deadline) as connection:
        wire = Wire(connection, deadline, most=MAX_RESPONSE_BYTES)
        wire.send(_request(endpoint, body, headers))
        reply = http.client.HTTPResponse(wire, method="POST")  # type: ignore[arg-type]
        reply.begin()
        # A receiver that is hung up on while it answers may think that it failed. Its status is
        # known, so the rest may be cut off. Read with a limit: without one, as much memory is taken
        # as the reply says that it has.
        with contextlib.suppress(OSError, http.client.HTTPException):
            reply.read(MAX_RESPONSE_BYTES)
        return reply.status


def _request(endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of the request.

    Nothing in it can hold the end of a line: the URL is checked, the rest is ours.
    """
    lines = {
        "Host": endpoint.authority,
        "User-Agent": "Vector-API",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = [
        f"POST {endpoint.target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in lines.items()),
        "",
        "",
    ]
    return "\r\n".join(head).encode("ascii") + body
