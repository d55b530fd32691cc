"""Where a request to the outside may go: to the public network, and nowhere else.

A client names the address and this service calls it, from inside. Without these rules it would call
the neighbours that only it can reach: the broker, other services of the machine, the metadata
service of a cloud. The rules are asked when a job is queued and again whenever something is sent or
fetched, because what a name stands for can change in between.
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

MAX_URL_CHARS = 2048
MAX_HOST_CHARS = 253
PORTS = {"http": 80, "https": 443}
# Below this, ports belong to services of the system, such as mail; the one beside them is the
# broker's usual port.
FIRST_FREE_PORT, LAST_PORT, BROKER_PORT = 1024, 65535, 6379
LOOKUP_TIMEOUT_S = 5.0
NO_PUBLIC_ADDRESS = "the host cannot be found, or has an address that is not public"


# What the IANA registries of special-purpose addresses hold back from the public network (RFC 6890
# and its updates).
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
            # A public address that means the machine's own host in one large cloud.
            "168.63.129.16/32",
        ),
    )
)
# All that is public in IPv6 lies here, but for these parts of it: protocol assignments with Teredo,
# and documentation.
PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
RESERVED_IPV6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
# IPv6 addresses that lead to the IPv4 address in their last 32 bits (RFC 6052).
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Takes a host name and a port, returns the addresses that it stands for, none if it stands for
# nothing.
Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True)
class Endpoint:
    """Where a URL leads: `host` is a name without a dot at its end, or an IP address.

    `target` is path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The host and, if it is not the usual one, the port, as the header `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(url: str) -> Endpoint:
    """Return where a URL leads, without looking anything up.

    Raises:
        InvalidInput: it is no URL of `http` or `https`, carries a user, or names a port or a host
            that is not asked.
    """
    if len(url) > MAX_URL_CHARS or not re.fullmatch(r"[!-~]+", url) or "\\" in url:
        raise InvalidInput(
            f"a URL has at most {MAX_URL_CHARS} ASCII characters and no spaces; write others in percent form",
            code="bad-url",
        )
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in PORTS:
        raise InvalidInput("the URL begins with http:// or https://", code="bad-url")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise InvalidInput("the URL carries no user and no password", code="bad-url")
    # Read by this alone, because libraries for URLs differ on odd ones, and a URL that two read in
    # two ways passes a check unseen.
    parts = re.fullmatch(
        r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5})?)?", authority
    )
    if parts is None:
        raise InvalidInput("the URL names a host, and perhaps a port after a colon", code="bad-url")
    target = rest[len(authority) :].partition("#")[0]
    return Endpoint(
        scheme.lower(),
        _checked_host(parts["host"]),
        _checked_port(int(parts["port"] or PORTS[scheme.lower()])),
        target if target.startswith("/") else f"/{target}",
    )


def _checked_port(port: int) -> int:
    usual = port in PORTS.values()
    if not usual and (not FIRST_FREE_PORT <= port <= LAST_PORT or port == BROKER_PORT):
        raise InvalidInput(
            f"the port is 80, 443 or one from {FIRST_FREE_PORT} to {LAST_PORT}, and not {BROKER_PORT}",
            code="bad-url",
        )
    return port


def _checked_host(host: str) -> str:
    """Return a host in plain form: names in small letters without a dot at the end, addresses without brackets."""
    with contextlib.suppress(ValueError):
        return str(
            ipaddress.IPv6Address(host[1:-1])
            if host.startswith("[")
            else ipaddress.IPv4Address(host)
        )
    # Every way of writing IPv4 that some library reads ends in a number: 127.1, 2130706433, 0x7f.1,
    # 0177.0.0.1 (WHATWG URL, 3.5).
    if re.fullmatch(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?", host):
        raise InvalidInput("write an IPv4 address as four decimal numbers", code="bad-url")
    if len(host) > MAX_HOST_CHARS or not re.fullmatch(
        r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?",
        host,
    ):
        raise InvalidInput("the host is neither a name nor an address", code="bad-url")
    return host.lower().removesuffix(".")


def public_addresses(
    endpoint: Endpoint, resolver: Resolver | None = None, *, private: bool = False
) -> tuple[str, ...]:
    """Return the addresses of the endpoint's host: looked up once, every one of them public.

    Args:
        endpoint: where a URL leads.
        resolver: what looks names up; the system's own resolver if not given.
        private: let them be private as well.

    Raises:
        InvalidInput: one or more are not public, or the host is a name of this machine.
        Unavailable: it cannot be looked up, or the answer took longer than 5 s.
    """
    if not private and re.fullmatch(r"(?:.*\.)?localhost", endpoint.host):
        raise InvalidInput(NO_PUBLIC_ADDRESS, code="address-refused")
    found = tuple(dict.fromkeys(_addresses(endpoint, resolver or look_up)))
    if not found:
        raise Unavailable(
            "the host cannot be found" if private else NO_PUBLIC_ADDRESS, code="host-unknown"
        )
    if not private and not all(is_public(ipaddress.ip_address(address)) for address in found):
        raise InvalidInput(NO_PUBLIC_ADDRESS, code="address-refused")
    return found


def check_url(url: str, *, private: bool = False) -> None:
    """Refuse what can be refused without looking anything up.

    Args:
        url: where a file is to be fetched from.
        private: let addresses be private.

    Raises:
        InvalidInput: it is no URL that this service would ask.
        InvalidInput: the host is an address that is not public, or a name of this machine.
    """
    # Stands for what a name means as long as it is not looked up.
    public_addresses(read_url(url), lambda host, port: ["1.1.1.1"], private=private)


def _addresses(endpoint: Endpoint, resolver: Resolver) -> Sequence[str]:
    try:
        return [str(ipaddress.ip_address(endpoint.host))]
    except ValueError:
        return resolver(endpoint.host, endpoint.port)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the public network, whatever form it is wrapped in."""
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
    """Return the addresses that the system's resolver knows for a name, none if it knows none or takes longer than 5 s.

    The resolver cannot be interrupted, so it runs in a thread that may outlast the call; no more
    than 16 of them run at once.
    """
    found: list[str] = []
    done = threading.Event()

    def ask() -> None:
        try:
            found.extend(
                str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError):
            found.clear()
        finally:
            _lookups.release()
            done.set()

    deadline = time.monotonic() + LOOKUP_TIMEOUT_S
    if not _lookups.acquire(timeout=LOOKUP_TIMEOUT_S):
        return ()
    threading.Thread(target=ask, daemon=True, name="outbound-lookup").start()
    return tuple(found) if done.wait(deadline - time.monotonic()) else ()
