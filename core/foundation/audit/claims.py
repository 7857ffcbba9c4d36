"""The heads that verification holds the tree against: those of the anchors and those of the database, of the present log and of former ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.foundation.audit.anchoring import head_of
from core.foundation.audit.anchors import Anchor, AnchorFailed
from core.foundation.audit.findings import Finding, GivenUp, Report, What
from core.foundation.audit.former import former_logs
from core.foundation.audit.heads import SignedHead, is_signed_by
from core.foundation.audit.models import Anchoring, AuditHead

PAGE = 4096

Logs = Mapping[str, int | None]
"""The present log by its id (None), and former ones with the leaves that are left of each."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A head with who holds it."""

    head: SignedHead
    seen_by: str


async def gather(
    report: Report, keys: Mapping[str, bytes], log_id: str, anchors: Sequence[Anchor], *, former: Collection[str], known: Collection[str]
) -> list[Claim]:
    """Every head that is signed by one of ``keys``. What is wrong with the rest is found: heads without a signature, anchors that hold less than
    they took or a log that this house says nothing of, ``known`` logs that it does not go on from.

    ``log_id``: "" for a house without keys. ``former``: logs that the keys' file calls former. The tree alone is believed; of what it does not know
    all heads must still fit.
    """
    proven = await former_logs(log_id)
    logs: dict[str, int | None] = {**dict.fromkeys(former), **proven, **({log_id: None} if log_id else {})}
    report.log_id = log_id
    report.findings += [Finding(What.LOG_UNKNOWN, row=one) for one in sorted(set(known) - {log_id, *proven})]
    claims = await _anchored(report, keys, logs, anchors)
    claims += await _own_heads(report, keys, logs, claims)
    report.without = [name for name, count in report.anchored.items() if not count and report.heads]
    return claims


async def _anchored(report: Report, keys: Mapping[str, bytes], logs: Logs, anchors: Sequence[Anchor]) -> list[Claim]:
    claims = []
    rows = {row.id: row for row in await Anchoring.all()}
    for anchor in anchors:
        good: list[SignedHead] = []
        bad = 0
        try:
            for log_id, left in logs.items():
                kept = await anchor.kept(log_id)
                right = [head for head in kept.heads if head.log_id == log_id and is_signed_by(head, keys)]
                bad += kept.damaged + len(kept.heads) - len(right)
                good += _still_there(report, log_id, left, right)
            await _find_abandoned(report, keys, logs, anchor)
        except AnchorFailed as error:
            report.unasked[anchor.name] = f"{type(error).__name__}:{error.args[0] if error.args else ''}"
            continue
        report.anchored[anchor.name] = len(good)
        claims += [Claim(head, anchor.name) for head in good]
        if bad:
            report.findings.append(Finding(What.ANCHOR_DAMAGED, seen_by=anchor.name, row=str(bad)))
        row = rows.get(anchor.name)
        if row is not None and row.tree_size > max((head.tree_size for head in good), default=0):
            report.findings.append(Finding(What.ANCHOR_LOST, upto=row.tree_size, seen_by=anchor.name))
    return claims


async def _find_abandoned(report: Report, keys: Mapping[str, bytes], logs: Logs, anchor: Anchor) -> None:
    """Logs that nothing here goes on from. Nobody asks who signed them: whoever throws a history away makes himself a key as well."""
    for log_id in sorted(await anchor.logs(keys) - logs.keys()):
        kept = await anchor.kept(log_id)
        most = max((head.tree_size for head in kept.heads), default=None)
        report.findings.append(Finding(What.LOG_ABANDONED, upto=most, seen_by=anchor.name, row=log_id))


def _still_there(report: Report, log_id: str, left: int | None, heads: list[SignedHead]) -> list[SignedHead]:
    """The heads that the tree must still agree with; what those of a former log tell beyond what is left of it is told by itself."""
    if left is None:
        return heads
    most = max((head.tree_size for head in heads), default=0)
    told = report.given_up.get(log_id, GivenUp(left, 0))
    report.given_up[log_id] = GivenUp(left, max(told.lost, most - left))
    return [head for head in heads if head.tree_size <= left]


async def _own_heads(report: Report, keys: Mapping[str, bytes], logs: Logs, anchored: Sequence[Claim]) -> list[Claim]:
    claims = []
    known: set[tuple[int, bytes]] = set()
    async for row in _all_heads():
        head = head_of(row)
        report.heads += 1
        known.add((head.tree_size, head.root))
        if head.log_id in logs and is_signed_by(head, keys):
            claims.append(Claim(head, "database"))
        else:
            report.findings.append(Finding(What.HEAD_FORGED, upto=head.tree_size))
    missed = {(one.head.tree_size, one.head.root): one for one in anchored if (one.head.tree_size, one.head.root) not in known}
    for (size, _), claim in sorted(missed.items()):
        report.findings.append(Finding(What.HEAD_REMOVED, upto=size, seen_by=claim.seen_by))
    return claims


async def _all_heads() -> Any:
    after = 0
    while rows := await AuditHead.filter(tree_size__gt=after).order_by("tree_size").limit(PAGE):
        for row in rows:
            yield row
        after = rows[-1].tree_size
