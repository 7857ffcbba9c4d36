"""Why a callback was turned away: one error outward, a reason only for the counter."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Which check failed. For metrics only: the caller of a callback address never learns it."""

    TOO_LONG = "too_long"
    MISSING = "missing"
    MODE = "mode"
    SIGNATURE = "signature"
    STALE = "stale"
    BASE64 = "base64"
    BLOCK = "block"
    PADDING = "padding"
    LENGTH = "length"
    RECEIVER = "receiver"
    DOCUMENT = "document"
    SHAPE = "shape"


class Refused(Exception):
    """The callback is not accepted. The edge answers one 4xx without a body; `reason` feeds a counter."""

    def __init__(self, reason: Reason) -> None:
        super().__init__("callback refused")
        self.reason = reason
