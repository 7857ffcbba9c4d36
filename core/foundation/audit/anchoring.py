"""Signing the tree's head and taking it outside, every few seconds when it has grown. What fails is told and tried again; care never waits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError

from core.foundation.audit.anchors import Anchor, AnchorContradicts, AnchorFailed
from core.foundation.audit.heads import HeadKeys, SignedHead
from core.foundation.audit.models import Anchoring, AuditHead
from core.foundation.audit.store import TreeDamaged, root_of, tree_size
from core.foundation.audit.times import WAITING
from core.foundation.ids import lowest_id
from core.foundation.models import AuditEntry

if TYPE_CHECKING:
    from core.foundation.practice import Practice

logger = logging.getLogger("huizhen.audit")

TOLD_AFTER = timedelta(minutes=2)
"""An anchor that fails so long is told to the administrators; a contradiction at once."""
TOLD_AGAIN = timedelta(hours=12)
LONGEST_PAUSE_S = 300

Tell = Callable[[str, str], Awaitable[None]]
"""``(kind, anchor)``: tell the administrators; kinds: anchor_failing, anchor_contradicts, tree_damaged."""


@dataclass(slots=True)
class _Trouble:
    kind: str
    told_at: float


class Anchorer:
    """Run by the process that sequences."""

    def __init__(self, practice: Practice, keys: HeadKeys, anchors: Sequence[Anchor], tell: Tell) -> None:
        self._practice = practice
        self._keys = keys
        self._anchors = anchors
        self._tell = tell
        self._told: dict[str, _Trouble] = {}

    async def run_once(self) -> SignedHead | None:
        """Sign what has grown and bring every anchor up to the latest head; the new head, None when nothing grew."""
        try:
            new = await self._sign()
        except TreeDamaged:
            logger.error("the audit tree does not go on from its last signed head: run huizhen audit verify")
            await self._say("tree_damaged", "")
            new = None
        latest = await latest_head()
        if latest is not None:
            for anchor in self._anchors:
                await self._bring(anchor, latest)
        return new

    async def _sign(self) -> SignedHead | None:
        """Sign the tree as it is now; :class:`TreeDamaged` when it is not the last signed one with more behind it."""
        size, last = await tree_size(), await latest_head()
        if last is not None:
            if size < last.tree_size or await root_of(last.tree_size) != last.root:
                raise TreeDamaged
            if size == last.tree_size:
                return None
        now = self._practice.clock.real_now()
        if not size or await AuditEntry.filter(in_tree=None, id__lt=lowest_id(now - WAITING)).exists():
            return None  # what waits was there before this head: once it is in the tree, a head says so
        head = self._keys.sign(size, await root_of(size), int(now.timestamp() * 1000))
        try:
            await AuditHead.create(
                tree_size=head.tree_size, log_id=head.log_id, root=head.root, at=head.at, key_id=head.key_id, signature=head.signature
            )
        except IntegrityError:  # another process signed the same size
            return None
        return head

    async def _bring(self, anchor: Anchor, head: SignedHead) -> None:
        now = self._practice.clock.real_now()
        row, _ = await Anchoring.get_or_create(id=anchor.name)
        if row.tree_size >= head.tree_size and not row.trouble:
            return
        if row.retry_at is not None and now < row.retry_at:
            return
        try:
            await anchor.put(head)
        except AnchorFailed as error:
            since = row.failing_since or now
            code = f"{type(error).__name__}:{error.args[0] if error.args else ''}"[:60]
            retry_at = now + timedelta(seconds=min(LONGEST_PAUSE_S, 2 ** min(row.tries + 1, 10)))
            await Anchoring.filter(id=row.id).update(failing_since=since, retry_at=retry_at, tries=row.tries + 1, trouble=code)
            logger.warning("anchor %s did not take the audit's head: %s", anchor.name, code)
            if isinstance(error, AnchorContradicts):
                await self._say("anchor_contradicts", anchor.name)
            elif now - since >= TOLD_AFTER:
                await self._say("anchor_failing", anchor.name)
            return
        self._told.pop(anchor.name, None)
        await Anchoring.filter(id=row.id).update(
            tree_size=head.tree_size, anchored_at=now, failing_since=None, retry_at=None, tries=0, trouble=""
        )

    async def _say(self, kind: str, anchor: str) -> None:
        """Tell the administrators, each trouble once in a long while."""
        now = self._practice.clock.real_now().timestamp()
        told = self._told.get(anchor)
        if told is not None and told.kind == kind and now - told.told_at < TOLD_AGAIN.total_seconds():
            return
        try:
            await self._tell(kind, anchor)
        except Exception as error:  # being told must not stop the anchoring
            logger.warning("administrators not told of %s: %s", kind, type(error).__name__)
            return
        self._told[anchor] = _Trouble(kind, now)


async def latest_head() -> SignedHead | None:
    """The head over the most leaves that the database holds."""
    row = await AuditHead.all().order_by("-tree_size").first()
    return None if row is None else head_of(row)


async def has_signed() -> bool:
    """Whether the database knows of a head that was ever signed here."""
    return await AuditHead.all().exists() or await Anchoring.all().exists()


def head_of(row: AuditHead) -> SignedHead:
    return SignedHead(row.log_id, row.tree_size, bytes(row.root), row.at, row.key_id, bytes(row.signature))
