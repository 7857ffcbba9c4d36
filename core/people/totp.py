"""Time-based one-time passwords as every authenticator app makes them: RFC 6238 with SHA-1, six digits, thirty seconds. Pure; time is real time."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

import pyotp

PERIOD_S = 30
WINDOW = 1
"""Steps before and after the present one that are taken, for clocks that differ and codes typed slowly (RFC 6238 section 5.2: at most one)."""
SECRET_BYTES = 20
"""RFC 4226 section 4, R6: 160 bits."""
ISSUER = "汇诊会诊平台"


def step_at(real_now: datetime) -> int:
    """The time step at ``real_now``."""
    return int(real_now.timestamp()) // PERIOD_S


def code_at(secret: bytes, step: int) -> str:
    """The six digits of ``secret`` in ``step``."""
    return pyotp.HOTP(spelled(secret)).at(step)


def matching_step(secret: bytes, code: str, real_now: datetime) -> int | None:
    """The step near ``real_now`` whose code this is; None when it is none's. Compared in constant time."""
    now, found = step_at(real_now), None
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def spelled(secret: bytes) -> str:
    """The secret as apps take it: base 32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def address(secret: bytes, account: str) -> str:
    """What the QR code says (otpauth://totp/…)."""
    return pyotp.TOTP(spelled(secret)).provisioning_uri(name=account, issuer_name=ISSUER)
