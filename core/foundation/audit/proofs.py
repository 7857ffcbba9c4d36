"""Proofs for somebody who has nothing of ours: one entry with its place in the tree, or one head going on from another."""

from __future__ import annotations

from typing import Any

from tortoise.connection import get_connection

from core.foundation.actor import Role
from core.foundation.audit.anchoring import head_of
from core.foundation.audit.entries import SELECTED, entry_bytes
from core.foundation.audit.models import AuditHead, AuditLeaf
from core.foundation.audit.store import consistency_path, inclusion_path
from core.foundation.audit.tree import leaf_hash, proves_consistency, proves_inclusion
from core.foundation.database.connection import PRACTICE, dialect
from core.foundation.errors import Conflict, NotFound
from core.foundation.ids import Id
from core.foundation.orders import Grant, Query, Result, answers
from core.foundation.work import Work

INCLUSION = "huizhen.audit.inclusion/1"
CONSISTENCY = "huizhen.audit.consistency/1"


class EntryUnknown(NotFound):
    code = "audit.entry_unknown"
    sentence = "没有这条审计记录。请核对编号。"


class EntryNotSigned(Conflict):
    code = "audit.entry_not_signed"
    sentence = "这条记录还没有被签名的树头覆盖,请过几秒再试;一直如此请查看时钟进程的日志。"


class HeadUnknown(NotFound):
    code = "audit.head_unknown"
    sentence = "没有这个大小的签名树头。huizhen audit heads 列出已有的。"


class TreeBroken(Conflict):
    code = "audit.tree_broken"
    sentence = "审计树与这条记录对不上,给不出证明。请运行 huizhen audit verify。"


class Proof(Result):
    """A JSON document: ``form``, hashes in hexadecimal, heads as :meth:`SignedHead.document`, the entry as its canonical text."""

    document: dict[str, Any]


class ProveEntry(Query):
    """That an entry is in the tree of a signed head. It holds what the entry holds: ids and codes."""

    name = "audit.prove_entry"
    title = "证明审计记录"
    access = (Grant(Role.AUDITOR), Grant(Role.SYSTEM))
    no_relation = "只有编号和摘要,没有内容;要证明的不只一个县"
    gives = Proof
    audited = True
    entry_id: Id


class ProveHeads(Query):
    """That the signed tree of ``second`` leaves goes on from that of ``first``: nothing before was changed."""

    name = "audit.prove_heads"
    title = "证明树头相承"
    access = (Grant(Role.AUDITOR), Grant(Role.SYSTEM))
    no_relation = "只有摘要,没有内容"
    gives = Proof
    first: int
    second: int


@answers(ProveEntry)
async def prove_entry(work: Work, order: ProveEntry) -> Proof:
    """:class:`EntryUnknown`, :class:`EntryNotSigned`; :class:`TreeBroken` when the rows do not give the head, so that no false proof goes out."""
    work.concerns("audit_entry", order.entry_id)
    leaf = await AuditLeaf.get_or_none(entry_id=order.entry_id)
    mark = "?" if dialect() == "sqlite" else "%s"
    rows = await get_connection(PRACTICE).execute_query_dict(
        f"SELECT {SELECTED} FROM audit_entry e WHERE e.id = {mark}", [order.entry_id]  # noqa: S608 - constants
    )
    if not rows:
        raise EntryUnknown
    row = None if leaf is None else await AuditHead.filter(tree_size__gt=leaf.leaf_index).order_by("tree_size").first()
    if leaf is None or row is None:
        raise EntryNotSigned
    head, data = head_of(row), entry_bytes(list(rows[0].values()))
    path = await inclusion_path(leaf.leaf_index, head.tree_size)
    if not proves_inclusion(leaf_hash(data), leaf.leaf_index, head.tree_size, path, head.root):
        raise TreeBroken
    return Proof(document={
        "form": INCLUSION, "entry": data.decode(), "leaf_index": leaf.leaf_index, "path": [one.hex() for one in path], "head": head.document(),
    })  # fmt: skip


@answers(ProveHeads)
async def prove_heads(work: Work, order: ProveHeads) -> Proof:
    """:class:`HeadUnknown`; :class:`TreeBroken` when the later head does not go on from the earlier one."""
    first = await AuditHead.get_or_none(tree_size=order.first)
    second = await AuditHead.get_or_none(tree_size=order.second)
    if first is None or second is None or order.first > order.second:
        raise HeadUnknown
    one, two = head_of(first), head_of(second)
    path = await consistency_path(order.first, order.second)
    if not proves_consistency(one.tree_size, two.tree_size, one.root, two.root, path):
        raise TreeBroken
    return Proof(document={"form": CONSISTENCY, "first": one.document(), "second": two.document(), "path": [hashed.hex() for hashed in path]})
