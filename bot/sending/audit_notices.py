"""What is told to administrators and auditors about the house itself: its audit, and what it can no longer read."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.sending.notice import Notice, Renderer
from core.foundation.practice import Practice
from core.notifications.models import Notification

ANCHORS = {"file": "外部存储上的文件", "bucket": "对象存储", "house": "另一家机构"}


async def _failing(practice: Practice, row: Notification) -> Notice:
    where = ANCHORS.get(row.ids.get("about", ""), "外部锚点")
    text = f"审计树头已有一阵送不到{where}。诊疗不受影响,系统会一直重试;请检查那里的存储或网络,再运行 huizhen audit verify 看未受保护的时间。"
    return Notice((Text(text=text),))


async def _contradicts(practice: Practice, row: Notification) -> Notice:
    where = ANCHORS.get(row.ids.get("about", ""), "外部锚点")
    text = f"**{where}收存的树头与本库的审计记录对不上,历史可能被改写。**请保留现场,马上运行 huizhen audit verify,并通知审计员。"
    return Notice((Text(text=text),))


async def _damaged(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="**审计树与上一次签名的树头对不上,已停止签名。**请保留现场,马上运行 huizhen audit verify,并通知审计员。"),))


async def _unreadable(practice: Practice, row: Notification) -> Notice:
    where = row.ids.get("about") or "文件"
    text = (
        f"**有资料打不开了(表 {where}),可能被改动或损坏。**看它的人已得到提示,其他资料不受影响。"
        "请在服务器日志里查「does not open」后面的编号,再运行 huizhen audit verify,需要时从备份恢复。"
    )
    return Notice((Text(text=text),))


async def _backup_too_old(practice: Practice, row: Notification) -> Notice:
    found = "还没有做过备份" if row.ids.get("about") == "never" else "最近一次备份已经过期"
    text = f"**{found}。**诊疗不受影响,但机器坏了会丢掉这段时间的资料。请在服务器上运行 huizhen backup,再看定时备份为什么没有做。"
    return Notice((Text(text=text),))


AUDIT_RENDERERS: dict[str, Renderer] = {
    "audit.anchor_failing": _failing, "audit.anchor_contradicts": _contradicts, "audit.tree_damaged": _damaged,
    "backup.too_old": _backup_too_old,
    "record.unreadable": _unreadable,
}  # fmt: skip
