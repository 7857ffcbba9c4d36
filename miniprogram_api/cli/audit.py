"""`huizhen audit verify|find|prove|heads|key|recover`: what an operator, an auditor and a regulator do with the audit's tree."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import traceback
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.foundation.audit.anchoring import has_signed
from core.foundation.audit.anchors import Anchor, AnchorFailed
from core.foundation.audit.finding import FindEntries, FoundEntries
from core.foundation.audit.findings import Finding, Report, What
from core.foundation.audit.heads import HeadKeys
from core.foundation.audit.key_acts import ReplaceHeadKey
from core.foundation.audit.models import AuditHead
from core.foundation.audit.proofs import ProveEntry, ProveHeads
from core.foundation.audit.recovery import recover
from core.foundation.audit.store import tree_size
from core.foundation.audit.verify import verify
from core.foundation.clock import SHANGHAI, shanghai
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.practice_rooms import load_rooms
from miniprogram_api.app.auditing import HeadKeyGone, anchors_of, head_keys, known_keys
from miniprogram_api.app.settings import Settings
from miniprogram_api.app.signing import OPERATOR, open_for_signing
from miniprogram_api.cli.refusals import explain_settings, sentence_for

AGREEMENT = "另立"
UNCHECKED = 2
"""Status of ``verify`` where the answer is not whole."""
SHOWN = 50
"""Findings printed of each kind; all are counted."""
_WINDOW_WARNING_S = 120
_WAITING_WARNING_S = 30

WORDS = {
    What.ENTRY_EDITED: "记录被改动",
    What.ENTRY_REMOVED: "记录被删除",
    What.SHOWN_ALTERED: "名单里显示过哪些病人,和写下时不一样",
    What.ENTRY_OUTSIDE: "记录不在树中(绕过系统写入,或它的叶子被删)",
    What.LEAF_REMOVED: "叶子被删除",
    What.REORDERED: "两条记录被调换",
    What.LEAF_ALTERED: "这一段里有记录连同它的叶子被改动",
    What.NODE_ALTERED: "树的内部节点被改动(记录本身无误)",
    What.HEAD_FORGED: "树头签名不对",
    What.HEAD_REMOVED: "数据库里的树头被删除或换掉",
    What.HISTORY_REWRITTEN: "历史被改写:这一段里有记录与当时签名的树头不符",
    What.TAIL_CUT: "末尾被截断",
    What.ACT_WITHOUT_ENTRY: "有事件没有对应的审计记录",
    What.ENTRY_BACKDATED: "记录的时间早于它进树之前已签名的树头(事后补写,或时钟曾被拨动)",
    What.ENTRY_POSTDATED: "记录的时间晚于覆盖它的树头(事先写好,或时钟曾超前)",
    What.CLOCK_SET_BACK: "后签的树头时间反而更早(时钟被拨回过)",
    What.LOG_ABANDONED: "锚点里有本机构的另一个日志,本库不承接它(历史可能被整个换掉)",
    What.LOG_UNKNOWN: "不是您记下的日志,也不承接它",
    What.ANCHOR_DAMAGED: "锚点里有不是树头的内容",
    What.ANCHOR_LOST: "锚点丢了它收存过的树头",
}


def run(given: argparse.Namespace) -> int:
    """Of ``verify``: 0 in order, 1 tampering (and nothing else), 2 it could not be checked, or not wholly (a key, setting or anchor is not there, or
    an anchor holds nothing of this log), 3 in order but for a declared loss that was not named. Of the others: 0 done, 1 refused."""
    settings = explain_settings()
    if settings is not None and (status := _status(settings, given)) is not None:
        return status
    if given.action == "verify":
        print("没有核对:这不等于发现了改动。")
        return UNCHECKED
    return 1


def _status(settings: Settings, given: argparse.Namespace) -> int | None:
    """The status of what was done; None after saying why nothing could be."""
    try:
        return asyncio.run(_run(settings, given))
    except FileNotFoundError:
        print(f"没有主密钥 {settings.secrets_dir / 'keyring.key'}:请先运行 huizhen keys(演示则先 make run 一次)。")
    except HeadKeyGone as gone:
        held = "".join(f"锚点 {name} 里有日志 {log}。" for name, log in gone.logs)
        print(f"没有签名钥 {gone.path}:已有签名的树头,请从另存的副本放回它。没有它无法核对签名,也不会另立日志。{held}")
    except AnchorFailed:
        print("锚点读不到,不知道本机构是否已有日志,所以没有开始新的。请先让锚点可用。")
    except UnusableAnchor:
        print(f"{settings.audit_bucket_file} 不能用:请写成 JSON,至少有 bucket。")
    except BrokenPipeError:
        raise
    except Exception as error:
        if sentence := sentence_for(error):
            print(sentence)
        elif given.action == "verify":  # an interpreter that ends of itself has status 1, which says tampering
            traceback.print_exc()
        else:
            raise
    return None


class UnusableAnchor(Exception):
    """The file with the bucket of heads is no JSON, or says too little."""


def _anchors(settings: Settings) -> list[Anchor]:
    try:
        return anchors_of(settings)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise UnusableAnchor from None


async def _run(settings: Settings, given: argparse.Namespace) -> int:
    load_rooms()
    async with open_for_signing(settings) as practice:
        if given.action == "prove":
            return await _prove(practice, given)
        if given.action == "find":
            return await _find(practice, given)
        if given.action == "heads":
            return await _heads()
        if given.action == "key":  # the only one that begins a log: the others look
            _anchors(settings)
            return await _key(practice, settings, await head_keys(settings, practice), new=given.new)
        keys = await known_keys(settings)
        if keys is None and (given.action == "recover" or await has_signed()):
            raise HeadKeyGone(settings.audit_key_file)
        if keys is not None and given.action == "recover":
            return await _recover(practice, settings, keys)
        return await _verify(keys, _anchors(settings), given)


async def _verify(keys: HeadKeys | None, anchors: list[Anchor], given: argparse.Namespace) -> int:
    from tqdm import tqdm

    accepted = _accepted(given.accept_loss)
    if accepted is None:
        print("--accept-loss 请写成 日志:条数,例如 01ARZ3NDEKTSV4RRFFQ69G5FAV:50")
        return UNCHECKED
    begun = time.monotonic()
    with tqdm(unit="条", unit_scale=True, desc="核对", disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, whole: int) -> None:
            bar.total = whole
            bar.update(done - bar.n)

        public, log_id, former = ({}, "", {}) if keys is None else (keys.public, keys.log_id, keys.former)
        report = await verify(public, log_id, anchors, former=former, known=given.log, progress=show)
    lost = {name for name, one in report.given_up.items() if one.lost and accepted.get(name) != one.left}
    _tell(report, time.monotonic() - begun, lost)
    if not report.clean:
        return 1
    if report.unasked or report.without:
        return UNCHECKED
    return 3 if lost else 0


def _accepted(words: Sequence[str]) -> dict[str, int] | None:
    """Losses that whoever asks knows of: how many entries were left of each log; None for what is not of that form."""
    found = {}
    for one in words:
        log, _, left = one.partition(":")
        if not left.isdecimal():
            return None
        found[log] = int(left)
    return found


def _tell(report: Report, seconds: float, lost: Collection[str]) -> None:
    held = "、".join(f"{name} {count}" for name, count in report.anchored.items()) or "没有锚点"
    print(f"核对了 {report.size} 条审计记录、{report.heads} 个树头(锚点:{held}),用时 {seconds:.1f} 秒。")
    begun = "" if report.begun_at is None else f",最早的树头签于北京时间 {_china(report.begun_at):%Y-%m-%d %H:%M}"
    print(f"日志 {report.log_id}{begun}。请与另处记下的对照(--log)。" if report.log_id else "本机构还没有审计日志。")
    for name, code in report.unasked.items():
        print(f"! 锚点 {name} 读不到({code}):它收存的树头没有核对。")
    for name in report.without:
        print(f"! 锚点 {name} 里没有这个日志的任何树头:它证明不了什么。")
    for log_id, gone in report.given_up.items():
        how = f"与当时的恢复核对无误后,可加 --accept-loss {log_id}:{gone.left}。" if log_id in lost else "(已声明的损失)。"
        print(f"! 恢复备份时曾另立日志:旧日志 {log_id} 留下 {gone.left} 条,在锚点里还有 {gone.lost} 条记录,本库已没有{how}")
    for what in What:
        found = [one for one in report.findings if one.what is what]
        if found:
            print(f"✗ {WORDS[what]}:{len(found)} 处")
            for one in found[:SHOWN]:
                print(f"    {_place(one)}")
            if len(found) > SHOWN:
                print(f"    …… 还有 {len(found) - SHOWN} 处")
    late = 0 if report.oldest_waiting_at is None else int(time.time()) - report.oldest_waiting_at // 1000
    if late > _WAITING_WARNING_S:
        print(f"! 有 {report.waiting} 条记录在等待进树,最久的已等 {late} 秒:请查看时钟进程(ticker)的日志。")
    print("未发现改动。" if report.clean else "请保留现场,停止写入,通知审计员。")
    print(_window(report, int(time.time() * 1000)))


def _china(at: int) -> datetime:
    """The wall clock in China of milliseconds since 1970."""
    return shanghai(datetime.fromtimestamp(at / 1000, UTC))


def _place(one: Finding) -> str:
    parts = []
    if one.leaf is not None:
        if one.what is What.REORDERED:
            parts.append(f"叶 {one.leaf} 与叶 {one.upto}")
        else:
            parts.append(f"叶 {one.leaf}" if one.upto is None else f"叶 {one.leaf}–{one.upto - 1}")
    elif one.upto is not None:
        parts.append(f"{one.upto} 条时的树头")
    parts += [f"记录 {entry}" for entry in (one.entry_id, one.other_id) if entry]
    if one.row:
        parts.append(one.row)
    if one.seen_by != "database":
        parts.append(f"据锚点 {one.seen_by}")
    return ",".join(parts)


def _window(report: Report, now: int) -> str:
    """What could still be changed without anything outside contradicting."""
    waiting = f",其中 {report.waiting} 条还没有进树" if report.waiting else ""
    if report.anchored_at is None:
        return f"未受保护:全部 {report.size + report.waiting} 条记录{waiting};还没有树头送到外部。"
    age = max(0, now - report.anchored_at) // 1000
    if not report.unprotected:
        return f"未受保护:0 条。最近一次锚定在 {age} 秒前,覆盖全部 {report.anchored_size} 条;此后没有新记录。"
    late = "时间偏长,请查看锚点。" if age > _WINDOW_WARNING_S else ""
    return f"未受保护:最近 {age} 秒内的 {report.unprotected} 条记录{waiting}(锚定到第 {report.anchored_size} 条)。{late}"


async def _prove(practice: Practice, given: argparse.Namespace) -> int:
    if not given.out or (not given.entry and not (given.first and given.second)):
        print("用法:huizhen audit prove --entry 编号 --out 文件,或 huizhen audit prove --from 条数 --to 条数 --out 文件")
        return 1
    try:
        order = ProveEntry.model_validate({"entry_id": given.entry}) if given.entry else ProveHeads(first=given.first, second=given.second)
        proof = await practice.ask(OPERATOR, order)
    except DomainError as refusal:
        print(refusal.message)
        return 1
    except ValueError:
        print("编号不对:审计记录的编号是 26 个字符。")
        return 1
    try:
        await asyncio.to_thread(Path(given.out).write_text, json.dumps(proof.document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        print(f"写不了 {given.out}:{error.strerror}")
        return 1
    print(f"证明已写入 {given.out}。收件方用 tools/verify_audit_proof.py 和我方公钥(huizhen audit key)核对,不需要我们的数据库。")
    return 0


async def _find(practice: Practice, given: argparse.Namespace) -> int:
    try:
        since = datetime.fromisoformat(given.since) if given.since else None
        if since is not None and since.tzinfo is None:
            since = since.replace(tzinfo=SHANGHAI)
        order = FindEntries.model_validate({"patient_id": given.patient or None, "action": given.act, "since": since})
    except ValueError:
        print("请写:--patient 患者编号(26 个字符)、--act 动作(如 consultations 或 people.me)、--since 2026-11-20T08:30(北京时间)。")
        return 1
    found: FoundEntries = await practice.ask(OPERATOR, order)
    if found.more:
        print(f"只列最近 {len(found.entries)} 条;要看以前的,请写得更细(--patient、--act、--since)。")
    for one in found.entries:
        print(f"{one.entry_id}  {shanghai(one.at):%Y-%m-%d %H:%M:%S}  {one.action}")
    print("时间是北京时间。用 huizhen audit prove --entry 编号 --out 文件 出具证明。" if found.entries else "没有这样的审计记录。")
    return 0


async def _heads() -> int:
    rows = await AuditHead.all().order_by("-tree_size").limit(SHOWN)
    if rows:
        print("条数、签名时间(北京时间)、根、签名钥:")
    for row in reversed(rows):
        print(f"{row.tree_size:>12}  {_china(row.at):%Y-%m-%d %H:%M:%S}  {bytes(row.root).hex()}  {row.key_id}")
    if not rows:
        print("还没有签名的树头。")
    return 0


async def _recover(practice: Practice, settings: Settings, keys: HeadKeys) -> int:
    size = await tree_size()
    print(f"恢复备份以后,旧日志 {keys.log_id} 只剩 {size} 条记录,锚点里可能更多。另立日志后继续签名;这次截断会记入审计,以后每次核对都会说明。")
    print("只在确实恢复过备份、并且系统已停止时使用。")
    try:
        answer = await asyncio.to_thread(input, f"确认请输入“{AGREEMENT}”:")
    except EOFError:
        answer = ""
    if answer.strip() != AGREEMENT:
        print("没有改动。")
        return 1
    try:
        keys = await recover(practice, OPERATOR, keys, settings.audit_key_file, practice.ids.new(), size)
    except DomainError as refusal:
        print(refusal.message)
        return 1
    print(f"新日志 {keys.log_id}。请把它和公钥告诉收存树头的机构(huizhen audit key),再启动系统。")
    return 0


async def _key(practice: Practice, settings: Settings, keys: HeadKeys, *, new: bool) -> int:
    if new:
        fresh = keys.renewed()
        # The entry first: the worst stop in between leaves an entry, never a key that nothing tells of.
        await practice.execute(OPERATOR, ReplaceHeadKey(log_id=keys.log_id, key=fresh.current, former=keys.current))
        keys = fresh.put_in_place(settings.audit_key_file)
        print("已换新钥。请重启时钟进程,另存一份副本,并把新公钥告诉收存树头的机构与监管方。")
    print(f"日志 {keys.log_id}(请抄下来,与公钥一起放在别处)")
    for name, key in keys.public.items():
        print(f"{'签名用' if name == keys.current else '已换下'}  {name}  {key.hex()}")
    return 0
