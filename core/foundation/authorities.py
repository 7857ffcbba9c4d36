"""Which authorities vouch for a server that the house calls over the net: read once for all clients, not anew by each (some 30 ms)."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def authorities(*, trust_env: bool = False) -> ssl.SSLContext:
    """What an HTTP client verifies servers with, shared by all that verify alike and changed by none of them. ``trust_env``: SSL_CERT_FILE and
    SSL_CERT_DIR count."""
    return httpx.create_ssl_context(trust_env=trust_env)
