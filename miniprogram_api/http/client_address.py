"""Whose request it is by address: the peer of the connection, or whom a trusted proxy says it passes on. Nobody else is believed."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_HOPS = 20


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The address of who asks, "" where there is none. ``forwarded_for``: X-Forwarded-For, to which each proxy adds who came to it.

    Read from its end: what a trusted proxy wrote is believed, and what stands before an address that is not trusted was written by that one.
    """
    came_from = _parsed(peer)
    for hop in reversed(forwarded_for.split(",")[-MOST_HOPS:] if forwarded_for else []):
        if came_from is None or not _is_trusted(came_from, trusted):
            break
        before = _parsed(hop.strip())
        if before is None:
            break
        came_from = before
    return "" if came_from is None else str(came_from)


def counted_as(address: str) -> str:
    """What limits count by: an IPv4 address, the /64 of an IPv6 one, which is one household's."""
    parsed = _parsed(address)
    if parsed is None:
        return "unknown"
    return str(parsed) if parsed.version == 4 else str(ip_network((parsed, 64), strict=False))


def is_loopback(address: str) -> bool:
    """This machine itself; also a socket without an address."""
    parsed = _parsed(address)
    return parsed is None or parsed.is_loopback


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _parsed(text: str) -> Address | None:
    try:
        parsed = ip_address(text.removeprefix("[").partition("]")[0].partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
