"""What is told about families and registration: somebody does not speak for a patient any more, a name that could not be verified."""

from __future__ import annotations

from bot.channels.outgoing import Text
from bot.sending.notice import Notice, Renderer
from core.foundation.practice import Practice
from core.notifications.models import Notification


async def _ended(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text="您不再替一位家人办理看病的事了:他的记录看不到,也不能替他预约。\n还需要您帮忙的,请他本人或他的村医重新同意。"),))


async def _mismatch(practice: Practice, row: Notification) -> Notice:
    text = "有一位登记的病人,姓名和身份证号没有核对上,可能打错了一个字。看病不受影响;方便时请带上身份证,到村医或卫生院更正。"
    return Notice((Text(text=text),))


async def _review(practice: Practice, row: Notification) -> Notice:
    text = "有两个账号验证了同一个手机号,系统没有自动合并。请核对是不是同一个人:发「核对账号」。\n没核对以前,这个手机号不能用来打开档案。"
    return Notice((Text(text=text),))


PEOPLE_RENDERERS: dict[str, Renderer] = {"relation.ended": _ended, "people.real_name_mismatch": _mismatch, "people.join_review": _review}
