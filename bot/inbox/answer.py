"""What the web process gives back to the platform: status, body, content type."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer to a callback. A refused callback is one 400 without a body, whatever was wrong with it."""

    status: int
    body: bytes
    content_type: str


REFUSED = HttpAnswer(400, b"", "text/plain; charset=utf-8")
BUSY = HttpAnswer(503, b"", "text/plain; charset=utf-8")
"""The database is away: the platform delivers the message again."""
