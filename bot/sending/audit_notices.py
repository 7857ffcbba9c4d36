"""What is told to administrators and auditors about the house itself: its audit, and what it can no longer read."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.sending.notice import Notice, Renderer
from core.foundation.actor import Actor
from core.foundation.clock import shanghai
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight.commands_disposals import REASONS, Disposals, DisposalView

_SYSTEM = Actor.system("worker")

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
    if row.ids.get("about") == "second":
        text = "**第二份备份已经过期。**本处的备份是好的,但没有送到另一处。请在服务器上运行 huizhen backup,看第二份仓库为什么连不上。"
        return Notice((Text(text=text),))
    found = "还没有做过备份" if row.ids.get("about") == "never" else "最近一次备份已经过期"
    text = f"**{found}。**诊疗不受影响,但机器坏了会丢掉这段时间的资料。请在服务器上运行 huizhen backup,再看定时备份为什么没有做。"
    return Notice((Text(text=text),))


async def _candidates_moved(practice: Practice, row: Notification) -> Notice:
    text = (
        "**候选诊断的模型和刚用时不一样了:**最近的病例,或者它给出的结果,分布明显变了。诊疗不受影响,医生照常判断。"
        "请在服务器上运行 huizhen models status 看哪几项变了,再请临床负责人看看是病人变了,还是模型该改了。"
    )
    return Notice((Text(text=text),))


async def _disposal(practice: Practice, row: Notification) -> DisposalView | None:
    found = await practice.ask(_SYSTEM, Disposals(disposal_id=row.ids.get("disposal_id")))
    return next(iter(found.disposals), None)


async def _record_over(practice: Practice, row: Notification) -> Notice:
    """To the administrators of the county and to the patient's own side; no name stands in it."""
    view = await _disposal(practice, row)
    what = "有一份病历" if view is None else f"有一份病历(编号末六位 {view.subject[-6:]})"
    day = "一个月后" if view is None else f"{shanghai(view.due_at):%Y年%m月%d日}"
    text = (
        f"{what}最后一次诊疗已过法定保存年限,将在 {day} 按规定删除,删除后无法恢复。"
        "本人或家属需要留存,请在这之前到医院复印;又来看病,就不会删除。医院要继续保留的,请管理员在「员工与机构」的「到期资料」里选保留。"
    )
    return Notice((Text(text=text),))


async def _words_over(practice: Practice, row: Notification) -> Notice:
    view = await _disposal(practice, row)
    what, day = ("到期的聊天记录", "一个月后") if view is None else (f"{view.subject} 的聊天记录", f"{shanghai(view.due_at):%Y年%m月%d日}")
    text = f"{what}已过法定保存年限,将在 {day} 按规定删除;未结束的会诊需要的不删。要继续保留,请管理员在「员工与机构」的「到期资料」里选保留。"
    return Notice((Text(text=text),))


async def _erasure_asked(practice: Practice, row: Notification) -> Notice:
    text = "有人要求注销账号或删除资料,但资料因纠纷或检查正在保留。请在「员工与机构」的「到期资料」里决定:同意删除,或继续保留。"
    return Notice((Text(text=text),))


async def _erasure_kept(practice: Practice, row: Notification) -> Notice:
    why = REASONS.get(row.ids.get("reason", ""), "其他原因")
    text = f"您要求删除的资料暂时继续保留,原因:{why}。有疑问请找村医或卫生院,也可打 12345。原因消除后可以再申请。"
    return Notice((Text(text=text),))


async def _erasure_done(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您要求删除的档案已经删除;依法要保存的病历已锁定,只保存、不使用。看明细:小程序「注销与删除」。"),))


async def _unlocked(practice: Practice, row: Notification) -> Notice:
    text = "按要求锁定的病历已恢复使用。不是您本人要求的,请马上找村医或卫生院,也可打 12345。"
    return Notice((Text(text=text),))


AUDIT_RENDERERS: dict[str, Renderer] = {
    "audit.anchor_failing": _failing, "audit.anchor_contradicts": _contradicts, "audit.tree_damaged": _damaged,
    "backup.too_old": _backup_too_old,
    "candidates.moved": _candidates_moved,
    "record.unreadable": _unreadable,
    "erasure.asked": _erasure_asked, "erasure.kept": _erasure_kept, "erasure.done": _erasure_done, "erasure.unlocked": _unlocked,
    "retention.record": _record_over,
    "retention.process": _words_over,
}  # fmt: skip
