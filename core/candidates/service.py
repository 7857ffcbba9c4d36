"""The room's front: loading this module registers its handlers and listeners."""

from __future__ import annotations

from core.candidates import agreement, reading, watching, working_out

__all__ = ["agreement", "reading", "watching", "working_out"]
