"""The room's front: loading this module registers its handlers, relations and due work; other rooms import from here."""

from __future__ import annotations

from core.oversight import backups, disposals, erasures, holds, opening, relations, reviewing, schema, traces

__all__ = ["backups", "disposals", "erasures", "holds", "opening", "relations", "reviewing", "schema", "traces"]
