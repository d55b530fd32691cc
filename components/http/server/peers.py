"""Addresses that limits per peer count."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def peer_of(host: str) -> str:
    """Return an IPv4 address, or the network of 64 bits of an IPv6 address; "" for a Unix socket."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
