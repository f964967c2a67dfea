"""Whom a request names as its host, and whether that is this machine talking to itself."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether an address, or the name localhost, is this machine talking to itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str | None:
    """The name in a Host header, without its port; None for what is more or less than a host."""
    try:
        parts = urlsplit(f"//{header}")
        parts.port  # noqa: B018 - a port that is no number raises
    except ValueError:
        return None
    plain = "@" not in parts.netloc and not parts.path and not parts.query and not parts.fragment
    return parts.hostname if plain else None
