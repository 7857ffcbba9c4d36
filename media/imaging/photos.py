"""What kind of photo the first bytes of a file tell, whatever the sender called it."""

from __future__ import annotations


def photo_type(head: bytes) -> str | None:
    """The media type; None when it is no photo."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None
