"""Rules for the addresses of outgoing requests: only the public network.

They prevent server-side request forgery: without them, clients could reach the broker, other services
of this machine, or the metadata service of a cloud. They are applied when a job is submitted and again
for each request, because name resolution can change in between.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from libraries.errors import InvalidInput, Unavailable
from libraries.json_types import described

MAX_URL_CHARS = 2048
MAX_HOST_CHARS = 253
PORTS = {"http": 80, "https": 443}
# Lower ports belong to system services such as mail; 6379 is the default port of the broker.
FIRST_FREE_PORT, LAST_PORT, BROKER_PORT = 1024, 65535, 6379
LOOKUP_TIMEOUT_S = 5.0
HOST_NAME = r"{0}(?:\.{0})*\.?".replace("{0}", "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
NO_PUBLIC_ADDRESS = "the host was not found or has an address that is not public"


# IANA registries of special-purpose addresses (RFC 6890 and its updates).
RESERVED_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            # The host of a virtual machine in one large cloud.
            "168.63.129.16/32",
        ),
    )
)
# Public IPv6 addresses, except for protocol assignments with Teredo, and documentation.
PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
RESERVED_IPV6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
# IPv6 addresses with an IPv4 address in the last 32 bits (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Returns the addresses of a host name and port; an empty result means that the name was not found.
Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True)
class Endpoint:
    """The target of a URL: `host` is a name without a trailing dot or an IP address, `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The value of the header `Host`; the default port is omitted."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@described(
    pattern=rf"^[hH][tT][tT][pP][sS]?://(?:\[[0-9A-Fa-f:.]+\]|{HOST_NAME})(?::[0-9]{{0,5}})?(?:[/?#][!-\[\]-~]*)?$"
)
def read_url(url: str) -> Endpoint:
    """Parse a URL, without name resolution; raise InvalidInput if it is not allowed."""
    if len(url) > MAX_URL_CHARS or not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise _bad_url(
            f"expected a URL of at most {MAX_URL_CHARS} ASCII characters without spaces; percent-encode others"
        )
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in PORTS:
        raise _bad_url("the URL must begin with http:// or https://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise _bad_url("the URL must not contain a user or a password")
    # Parsed only here: URL libraries differ on unusual URLs, and a URL that two of them read differently
    # can bypass a check.
    parts = re.fullmatch(
        r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5})?)?", authority
    )
    if parts is None:
        raise _bad_url("the URL must have a host and optionally a port")
    target = rest[len(authority) :].partition("#")[0]
    return Endpoint(
        scheme.lower(),
        _checked_host(parts["host"]),
        _checked_port(int(parts["port"] or PORTS[scheme.lower()])),
        target if target.startswith("/") else f"/{target}",
    )


def _bad_url(problem: str) -> InvalidInput:
    return InvalidInput(problem, code="bad-url")


def _checked_port(port: int) -> int:
    standard = port in PORTS.values()
    if not standard and (not FIRST_FREE_PORT <= port <= LAST_PORT or port == BROKER_PORT):
        raise _bad_url(
            f"the port must be 80, 443 or {FIRST_FREE_PORT} to {LAST_PORT} except {BROKER_PORT}"
        )
    return port


def _checked_host(host: str) -> str:
    """Normalize a host: names in lower case without a trailing dot, addresses without brackets."""
    with contextlib.suppress(ValueError):
        return str(
            ipaddress.IPv6Address(host[1:-1])
            if host.startswith("[")
            else ipaddress.IPv4Address(host)
        )
    # Some libraries accept 127.1, 2130706433, 0x7f.1 or 0177.0.0.1 as IPv4 addresses; all end in a number
    # (WHATWG URL, 3.5).
    if re.fullmatch(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?", host):
        raise _bad_url("an IPv4 address must consist of four decimal numbers")
    if len(host) > MAX_HOST_CHARS or not re.fullmatch(HOST_NAME, host):
        raise _bad_url("the host is neither a name nor an address")
    return host.lower().removesuffix(".")


def public_addresses(
    endpoint: Endpoint, resolver: Resolver | None = None, *, private: bool = False
) -> tuple[str, ...]:
    """Resolve the endpoint's host once and return its addresses; `private` allows private ones.

    Raises:
        InvalidInput: an address is not public, or the host is a name of this machine.
        Unavailable: the name was not found within 5 s.
    """
    if not private and re.fullmatch(r"(?:.*\.)?localhost", endpoint.host):
        raise InvalidInput(NO_PUBLIC_ADDRESS, code="address-refused")
    found = tuple(dict.fromkeys(_addresses(endpoint, resolver or look_up)))
    if not found:
        raise Unavailable(
            "the host was not found" if private else NO_PUBLIC_ADDRESS, code="host-unknown"
        )
    if not private and not all(is_public(ipaddress.ip_address(address)) for address in found):
        raise InvalidInput(NO_PUBLIC_ADDRESS, code="address-refused")
    return found


def check_url(url: str, *, private: bool = False) -> None:
    """Check a URL without name resolution; raise InvalidInput unless its host may be public or `private` is set."""
    # Any public address serves as a placeholder for that of a name.
    public_addresses(read_url(url), lambda host, port: ["1.1.1.1"], private=private)


def _addresses(endpoint: Endpoint, resolver: Resolver) -> Sequence[str]:
    try:
        return [str(ipaddress.ip_address(endpoint.host))]
    except ValueError:
        return resolver(endpoint.host, endpoint.port)


def is_public(address: Address) -> bool:
    """Return whether an address is in the public network; embedded IPv4 addresses are unwrapped."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in RESERVED_IPV4)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return (
        address.scope_id is None
        and address in PUBLIC_IPV6
        and not any(address in network for network in RESERVED_IPV6)
    )


_lookups = threading.BoundedSemaphore(16)


def look_up(host: str, port: int) -> Sequence[str]:
    """Resolve a name with the system's resolver; return no addresses on failure or after 5 s.

    It cannot be interrupted, so it runs in one of at most 16 threads that may outlive the call.
    """
    found: list[str] = []
    done = threading.Event()

    def resolve() -> None:
        try:
            with contextlib.suppress(OSError, UnicodeError):
                infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found.extend(str(info[4][0]) for info in infos)
        finally:
            _lookups.release()
            done.set()

    deadline = time.monotonic() + LOOKUP_TIMEOUT_S
    if not _lookups.acquire(timeout=LOOKUP_TIMEOUT_S):
        return ()
    threading.Thread(target=resolve, daemon=True, name="outbound-lookup").start()
    return tuple(found) if done.wait(deadline - time.monotonic()) else ()
