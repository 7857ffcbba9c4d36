"""Where an order came from, as coarse as the audit needs it: the network, not the person's address."""

from __future__ import annotations

from ipaddress import ip_address, ip_network


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one (``203.0.113.0/24``); "" for what is no address."""
    try:
        parsed = ip_address(address.split("%", 1)[0])
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None:
        parsed = mapped
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
