"""What is told about families and registration: somebody does not speak for a patient any more, a name that could not be verified."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.sending.notice import Notice, Renderer
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.people.commands_staff import PractitionerView, ViewPractitioner

_SYSTEM = Actor.system("worker")


async def _ended(practice: Practice, row: Notification) -> Notice:
    text = "您不再替一位家人办理看病的事了:他的记录看不到,也不能替他预约。\n还需要您帮忙的,请他本人或他的村医重新同意。"
    # Who has not written for two days gets a template only, and none of them is about families: without a case there is no code to show.
    values = {"code": "-", "state": "代办结束", "text": "您不再替一位家人办看病的事"}
    return Notice((Text(text=text),), template=("progress", values), page="family")


async def _granted(practice: Practice, row: Notification) -> Notice:
    own = row.ids.get("relation") == "self"
    text = "您的微信和您的健康档案对上了。" if own else "您现在可以替一位家人办看病的事了。他让您办哪几样、到什么时候,在小程序「家人」里看。"
    values = {"code": "-", "state": "可以办了", "text": "您的健康档案可以看了" if own else "您可以替一位家人办看病的事"}
    return Notice((Text(text=text),), template=("progress", values), page="family")


async def _mismatch(practice: Practice, row: Notification) -> Notice:
    text = "有一位登记的病人,姓名和身份证号没有核对上,可能打错了一个字。看病不受影响;方便时请带上身份证,到村医或卫生院更正。"
    return Notice((Text(text=text),))


async def _review(practice: Practice, row: Notification) -> Notice:
    text = "有两个账号验证了同一个手机号,系统没有自动合并。请核对是不是同一个人:发「核对账号」。\n没核对以前,这个手机号不能用来打开档案。"
    return Notice((Text(text=text),))


async def _listed(practice: Practice, row: Notification) -> Notice:
    text = "{who}把您或您的家人登记成了签约病人,可以看健康档案。\n不是您同意的,请告诉您的村医或卫生院;谁看过档案,在小程序「谁看过我的记录」里。"
    return Notice((Text(text=text.format(who=await _doctor(practice, row))),))


async def _listed_too(practice: Practice, row: Notification) -> Notice:
    text = "{who}也登记了您的一位签约病人。病人换了村医或在外地看病都会这样;觉得不对,请告诉卫生院的管理员。"
    return Notice((Text(text=text.format(who=await _doctor(practice, row))),))


async def _listed_review(practice: Practice, row: Notification) -> Notice:
    text = "请核对:{who}登记了一位别人已经签约的病人,没有病人的手机号可以对照。是不是病人自己的意思,请问一下;不是的话,请停用或提醒这位村医。"
    return Notice((Text(text=text.format(who=await _doctor(practice, row))),))


async def _doctor(practice: Practice, row: Notification) -> str:
    """Name and house of the village doctor who lists."""
    view: PractitionerView = await practice.ask(_SYSTEM, ViewPractitioner(practitioner_id=row.ids["practitioner_id"]))
    return f"{view.full_name}({view.organisation})"


PEOPLE_RENDERERS: dict[str, Renderer] = {
    "relation.ended": _ended, "relation.granted": _granted, "people.real_name_mismatch": _mismatch, "people.join_review": _review,
    "people.listed": _listed, "people.listed_too": _listed_too, "people.listed_review": _listed_review,
}
