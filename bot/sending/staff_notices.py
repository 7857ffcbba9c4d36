"""What is told to members of staff about their own signature, roles and licence, and to administrators about a colleague's."""

from __future__ import annotations

from datetime import date, datetime

from bot.channels.outgoing import Link, Text
from bot.dialogue.second_factor import PAGE
from bot.sending.notice import Notice, Renderer
from core.foundation.actor import Actor
from core.foundation.clock import shanghai
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands_staff import PractitionerView, RoleView, ViewPractitioner

_SYSTEM = Actor.system("worker")


async def _enrolled(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您的签名刚刚绑定了动态码。\n**不是您本人操作的,请马上联系管理员重置。**"),))


async def _reset(practice: Practice, row: Notification) -> Notice:
    text = "管理员已重置您的签名动态码,旧验证器不能再用。签名前请重新绑定。\n**不是您要求的,请马上联系管理员。**"
    return Notice((Text(text=text), PAGE))


async def _locked(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您的签名动态码连着输错 5 次,已锁 15 分钟。\n**不是您本人操作的,请马上联系管理员。**"),))


async def _expiring(practice: Practice, row: Notification) -> Notice:
    view = await _practitioner(practice, row)
    who = f"{view.full_name}({view.organisation} {view.title_name})"
    text = f"{who}的执业证书 {_day(view.licence_valid_until)} 到期。换证后请更新,到期后不能接诊、开方和审方。"
    page = Link(title=f"打开{view.full_name}的页面", url=f"page:/h5/staff/person/{view.practitioner_id}/", description="更新执业证。")
    return Notice((Text(text=text), page))


async def _expiring_own(practice: Practice, row: Notification) -> Notice:
    view = await _practitioner(practice, row)
    text = f"您的执业证书 {_day(view.licence_valid_until)} 到期。请及时换证,把新证给管理员登记;到期后不能接诊、开方和审方。"
    return Notice((Text(text=text),))


async def _role_granted(practice: Practice, row: Notification) -> Notice:
    held = _held(await _practitioner(practice, row), row)
    if held is None or held.ended_at is not None:
        return Notice()
    dates = "".join((f",{_day(held.valid_from)} 起" if held.valid_from else "", f",到 {_day(held.valid_until)} 为止" if held.valid_until else ""))
    return Notice((Text(text=f"您在{held.organisation}有了新的岗位:**{held.label}**{dates}。"),))


async def _role_ended(practice: Practice, row: Notification) -> Notice:
    held = _held(await _practitioner(practice, row), row)
    if held is None or held.ended_at is None:
        return Notice()
    return Notice((Text(text=f"您在{held.organisation}的岗位「{held.label}」已结束。有疑问请联系管理员。"),))


async def _deactivated(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您的岗位已全部停用。有疑问请联系管理员。"),))


async def _practitioner(practice: Practice, row: Notification) -> PractitionerView:
    view: PractitionerView = await practice.ask(_SYSTEM, ViewPractitioner(practitioner_id=row.ids["practitioner_id"]))
    return view


def _held(view: PractitionerView, row: Notification) -> RoleView | None:
    wanted = (row.ids["role"], row.ids["organisation_id"])
    return next((one for one in view.roles if (one.role, one.organisation_id) == wanted), None)


def _day(moment: date) -> str:
    local = shanghai(moment) if isinstance(moment, datetime) else moment
    return f"{local.year}年{local.month}月{local.day}日"


STAFF_RENDERERS: dict[str, Renderer] = {
    "factor.enrolled": _enrolled,
    "factor.reset": _reset,
    "factor.locked": _locked,
    "licence.expiring": _expiring,
    "licence.expiring_own": _expiring_own,
    "role.granted": _role_granted,
    "role.ended": _role_ended,
    "staff.deactivated": _deactivated,
}
