"""Keeping heads for another house: checked against the key that was agreed on and against the last head kept, and never forgotten.

What comes in is hashes and a signature; the house that keeps them learns nothing but how much another one writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from core.foundation.actor import Actor, Role
from core.foundation.audit.heads import SignedHead, is_signed_by
from core.foundation.audit.models import WitnessedHead
from core.foundation.audit.tree import proves_consistency
from core.foundation.errors import Conflict, Invalid, NotAllowed
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result, answers, handles
from core.foundation.work import Work

if TYPE_CHECKING:
    from core.foundation.practice import Practice

Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
PAGE = 1000
_WITNESS = Actor.system("witness")


class LogUnknown(NotAllowed):
    code = "heads.unknown_log"
    sentence = "这里没有登记这家单位的审计日志。请先交换公钥(huizhen audit key)。"


class HeadForged(Invalid):
    code = "heads.bad_signature"
    sentence = "树头的签名不对,没有收下。"


class HeadContradicts(Conflict):
    """The head does not go on from the one that is kept: one of the two histories was rewritten."""

    code = "heads.contradict"
    sentence = "这个树头与已收存的树头不一致:历史可能被改写,请立即核查。"


class HeadMoved(Conflict):
    """The proof goes on from another head than the last one kept."""

    code = "heads.moved"
    sentence = "证明的起点不是最近收存的树头,请重新读取后再送。"


class HeadView(Result):
    log: Id
    tree_size: int = Field(ge=0, lt=2**53)
    root: Hash
    at: int = Field(ge=0, lt=2**53)
    key: str = Field(pattern="^[0-9a-f]{16}$")
    signature: str = Field(pattern="^[0-9a-f]{128}$")


class HeadsView(Result):
    heads: tuple[HeadView, ...]


class KeepHead(Command):
    """Another house's signed head, whose signature was checked, with the proof that it goes on from the one over ``first`` leaves (0: the first)."""

    name = "audit.keep_head"
    title = "收存树头"
    access = (Grant(Role.SYSTEM),)
    head: HeadView
    first: int = Field(ge=0, lt=2**53)
    path: tuple[Hash, ...] = Field(max_length=128)


class HeadsKept(Query):
    """The heads kept of a log beyond ``after`` leaves, fewest first, a page at a time; with ``latest`` only the last one."""

    name = "audit.heads_kept"
    title = "收存的树头"
    access = (Grant(Role.SYSTEM),)
    gives = HeadsView
    log_id: Id
    after: int = Field(default=0, ge=0)
    latest: bool = False


class LogView(Result):
    """``key``: that of its last head."""

    log: Id
    key: str


class LogsView(Result):
    logs: tuple[LogView, ...]


class LogsKept(Query):
    """Every log of which heads are kept here."""

    name = "audit.logs_kept"
    title = "收存了哪些日志"
    access = (Grant(Role.SYSTEM),)
    gives = LogsView


async def take_in(practice: Practice, known: Mapping[str, Mapping[str, bytes]], order: KeepHead) -> None:
    """Keep the head of ``order`` if it is signed by a key that was agreed on for its log (``known``: public keys by id by log).

    :class:`LogUnknown`, :class:`HeadForged`, :class:`HeadContradicts`, :class:`HeadMoved`.
    """
    view = order.head
    keys = known.get(view.log)
    if keys is None:
        raise LogUnknown
    head = SignedHead(view.log, view.tree_size, bytes.fromhex(view.root), view.at, view.key, bytes.fromhex(view.signature))
    if not is_signed_by(head, keys):
        raise HeadForged
    await practice.execute(_WITNESS, order)


async def heads_kept(practice: Practice, order: HeadsKept) -> HeadsView:
    view: HeadsView = await practice.ask(_WITNESS, order)
    return view


async def logs_kept(practice: Practice) -> LogsView:
    view: LogsView = await practice.ask(_WITNESS, LogsKept())
    return view


@handles(KeepHead)
async def keep_head(work: Work, order: KeepHead) -> Done:
    view, root = order.head, bytes.fromhex(order.head.root)
    work.concerns("audit_log", view.log, tree_size=str(view.tree_size))
    last = await WitnessedHead.filter(log_id=view.log).order_by("-tree_size").first()
    same = await WitnessedHead.get_or_none(id=f"{view.log}:{view.tree_size}")
    if same is not None:
        if bytes(same.root) != root:
            raise HeadContradicts
        return Done(done=False)
    if not view.tree_size or (last is not None and view.tree_size < last.tree_size):
        raise HeadContradicts
    before = 0 if last is None else last.tree_size
    if order.first != before:
        raise HeadMoved
    if last is not None and not proves_consistency(before, view.tree_size, bytes(last.root), root, [bytes.fromhex(one) for one in order.path]):
        raise HeadContradicts
    await WitnessedHead.create(
        id=f"{view.log}:{view.tree_size}", follows=f"{view.log}:{before}", log_id=view.log, tree_size=view.tree_size, root=root, at=view.at,
        key_id=view.key, signature=bytes.fromhex(view.signature), received_at=work.practice.clock.real_now(),
    )  # fmt: skip
    return Done()


@answers(HeadsKept)
async def answer_heads(work: Work, order: HeadsKept) -> HeadsView:
    found = WitnessedHead.filter(log_id=order.log_id, tree_size__gt=order.after)
    rows = await (found.order_by("-tree_size").limit(1) if order.latest else found.order_by("tree_size").limit(PAGE))
    return HeadsView(heads=tuple(_view(row) for row in rows))


@answers(LogsKept)
async def answer_logs(work: Work, order: LogsKept) -> LogsView:
    """Two questions a log, each answered by the index: there are a few logs and millions of heads."""
    found: list[LogView] = []
    while len(found) < PAGE:
        after = found[-1].log if found else ""
        first = await WitnessedHead.filter(log_id__gt=after).order_by("log_id", "tree_size").first()
        if first is None:
            break
        last = await WitnessedHead.filter(log_id=first.log_id).order_by("-tree_size").first()
        found.append(LogView(log=first.log_id, key=(last or first).key_id))
    return LogsView(logs=tuple(found))


def _view(row: WitnessedHead) -> HeadView:
    return HeadView(
        log=row.log_id, tree_size=row.tree_size, root=bytes(row.root).hex(), at=row.at, key=row.key_id, signature=bytes(row.signature).hex()
    )
