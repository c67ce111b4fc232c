"""Which internet addresses are public.

Spelled out, because what Python's `is_global` says of some networks differs from release to release.
Source: IANA's IPv4 and IPv6 special-purpose address registries.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

#: All but the private, shared, loopback, link-local (169.254.169.254), documentation, benchmarking, relay, multicast
#: and reserved ones.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
        ),
    )
)
#: What is assigned at all; all that is local (fd00:ec2::254), multicast or translated locally is outside of it.
_UNICAST_V6: Final = IPv6Network("2000::/3")
#: Within it: protocols of their own (Teredo among them), documentation, and 6to4, which nobody has to use any more.
_NOT_PUBLIC_V6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
#: Addresses with an IPv4 address in their last 32 bits, which is the one that is called in the end.
_TRANSLATED: Final = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


def is_public(text: str) -> bool:
    """Whether the address is one on the public internet. Raises ValueError for what is no address."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and any(address in network for network in _TRANSLATED):
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _UNICAST_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
