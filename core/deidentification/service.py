"""The room's front: loading this module registers its handlers and relations."""

from __future__ import annotations

from core.deidentification import making, records

__all__ = ["making", "records"]
