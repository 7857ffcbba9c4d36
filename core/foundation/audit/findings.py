"""What a verification found: each finding says what, where in the tree, which entry, and by what it was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class What(StrEnum):
    ENTRY_EDITED = "entry_edited"
    """The entry's row does not give the hash of its leaf."""
    ENTRY_REMOVED = "entry_removed"
    """The leaf is there, its entry is not."""
    ENTRY_OUTSIDE = "entry_outside"
    """The entry says that it is in the tree, and has no leaf."""
    LEAF_REMOVED = "leaf_removed"
    """A leaf index below the tree's size has no row."""
    REORDERED = "reordered"
    """Two leaves were exchanged: ``leaf`` and ``upto``."""
    LEAF_ALTERED = "leaf_altered"
    """Of the leaves from ``leaf`` to before ``upto`` one has another hash than the tree was built over."""
    NODE_ALTERED = "node_altered"
    """The tree's own row over these leaves is wrong or gone; the leaves themselves are right."""
    HEAD_FORGED = "head_forged"
    """A head without a right signature."""
    HEAD_REMOVED = "head_removed"
    """An anchor holds a head that the database does not know any more."""
    HISTORY_REWRITTEN = "history_rewritten"
    """A signed head was made over other leaves: something from ``leaf`` to before ``upto`` was changed, and the tree with it."""
    TAIL_CUT = "tail_cut"
    """A signed head stands over more leaves than there are."""
    ACT_WITHOUT_ENTRY = "act_without_entry"
    """A row that an act left (outbox, timeline) names an audit entry that is not there, or none."""
    SHOWN_ALTERED = "shown_altered"
    """The lines of the patients whom a list showed are not those that its entry was written with."""
    ENTRY_BACKDATED = "entry_backdated"
    """The entry came into the tree after a head that was signed later than it says it was made, by more than the longest order takes."""
    ENTRY_POSTDATED = "entry_postdated"
    """The entry says that it was made later than the head over it was signed, by more than clocks differ."""
    CLOCK_SET_BACK = "clock_set_back"
    """A head says an earlier time than one over fewer leaves."""
    LOG_ABANDONED = "log_abandoned"
    """An anchor holds a log of this house that is neither the present one nor one that the tree says was given up: ``row`` names it."""
    LOG_UNKNOWN = "log_unknown"
    """Whoever asked knows this house by a log (``row``) that it does not go on from."""
    ANCHOR_DAMAGED = "anchor_damaged"
    """An anchor holds records that are no heads."""
    ANCHOR_LOST = "anchor_lost"
    """An anchor does not hold the head that it took."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``leaf``/``upto``: leaf indexes; ``entry_id``/``other_id``: entries; ``seen_by``: database, or an anchor's name; ``row``: a row elsewhere."""

    what: What
    leaf: int | None = None
    upto: int | None = None
    entry_id: str = ""
    other_id: str = ""
    seen_by: str = "database"
    row: str = ""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A log that was given up when a backup was restored: ``left`` of its entries are here, anchors tell of ``lost`` more."""

    left: int
    lost: int


@dataclass(slots=True)
class Report:
    """``size``: leaves checked; ``waiting``: entries not yet in the tree. Times in milliseconds since 1970.

    ``unasked``: anchors that could not be read, with a code that says why.
    """

    findings: list[Finding] = field(default_factory=list)
    size: int = 0
    heads: int = 0
    anchored: dict[str, int] = field(default_factory=dict)
    """How many heads each anchor holds."""
    waiting: int = 0
    oldest_waiting_at: int | None = None
    anchored_size: int = 0
    anchored_at: int | None = None
    """The latest head that an anchor holds and that is right."""
    given_up: dict[str, GivenUp] = field(default_factory=dict)
    """Each former log, as far as the tree says that it was given up."""
    unasked: dict[str, str] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)
    """Anchors that hold nothing of this log, although heads of it were signed."""
    log_id: str = ""
    begun_at: int | None = None
    """The earliest head that is signed: since then every act names its entry."""

    @property
    def clean(self) -> bool:
        return not self.findings

    @property
    def unprotected(self) -> int:
        """Entries that no anchored head covers yet: what is done to them cannot be proved from outside."""
        return max(0, self.size - self.anchored_size) + self.waiting
