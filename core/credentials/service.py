"""The room's front: loading this module registers its handlers, relations and listeners."""

from __future__ import annotations

from core.credentials import issuers, issuing, relations, reviewing, revoking, showing, verifying

__all__ = ["issuers", "issuing", "relations", "reviewing", "revoking", "showing", "verifying"]
