"""What is told of a record that was opened in an emergency: the patient's side at once and in plain words, the reviewers, the doctor."""

from __future__ import annotations

from bot.channels.outgoing import Link, Text
from bot.channels.words import cut
from bot.sending.notice import Notice, Renderer
from core.foundation.actor import Actor
from core.foundation.clock import spoken
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight.commands import ReadBreakGlass, ReviewView
from core.people.service import actor_for, number_on_list

_SYSTEM = Actor.system("worker")
LOOKED = "privacy?at=looked"
"""The mini program's page of who looked at the record."""


async def _opening(practice: Practice, row: Notification) -> ReviewView:
    view: ReviewView = await practice.ask(_SYSTEM, ReadBreakGlass(break_glass_id=row.ids["break_glass_id"]))
    return view


async def _patient(practice: Practice, row: Notification) -> Notice:
    one = await _opening(practice, row)
    text = (
        f"**档案被紧急调阅**\n{spoken(one.opened_at)},{one.doctor}以「{one.reason_label}」为由打开了 {one.patient} 的档案,"
        f"能看到 {spoken(one.until)}。县里会审查这样做是否合理,不合理会告诉您。\n觉得不对,请告诉您的村医;看过什么,在小程序「谁看过我的记录」里。"
    )
    values = {"code": one.code, "state": "档案调阅", "text": cut(f"{one.doctor}:{one.reason_label}", 20)}
    return Notice((Text(text=text),), template=("progress", values), page=LOOKED)


async def _tell_patient(practice: Practice, row: Notification) -> Notice:
    """To the village doctor of somebody without WeChat: by her own number of him."""
    one = await _opening(practice, row)
    doctor = (await actor_for(str(row.account_id), "wecom_app", practice.clock.now())).practitioner_id
    number = None if doctor is None else await number_on_list(doctor, row.ids["patient_id"])
    who = "一位病人" if number is None else f"{number} 号病人"
    text = f"**{who}的档案被紧急调阅**({one.code})\n{one.doctor},{one.reason_label},{spoken(one.opened_at)}。他没有微信,请当面或打电话告诉他。"
    return Notice((Text(text=text),))


async def _to_review(practice: Practice, row: Notification) -> Notice:
    one = await _opening(practice, row)
    if one.reviewed_at is not None:
        return Notice()
    late = "已经超过 72 小时没有审查,请今天处理。" if row.kind == "break_glass.overdue" else "请在 72 小时内审查。"
    text = f"紧急调阅 **{one.code}**:{one.doctor},{one.reason_label},{spoken(one.opened_at)}。{late}\n发「调阅审查 {one.code}」看详情。"
    page = Link(title=f"去页面审查 {one.code}", url=f"page:/h5/emergency/review/{row.ids['break_glass_id']}/", description="看过什么、为什么。")
    return Notice((Text(text=text), page))


async def _reviewed(practice: Practice, row: Notification) -> Notice:
    one = await _opening(practice, row)
    return Notice((Text(text=f"您的紧急调阅 **{one.code}** 已审查:{one.verdict_label}。{one.verdict_words}"),))


async def _unjustified(practice: Practice, row: Notification) -> Notice:
    one = await _opening(practice, row)
    text = f"{one.doctor}{spoken(one.opened_at)}对 {one.patient} 档案的紧急调阅,县里审查为**不合理**,已停止。您可以向县卫生健康部门投诉,或打 12345。"
    values = {"code": one.code, "state": "审查结论", "text": cut(f"{one.doctor}不合理,可投诉", 20)}
    return Notice((Text(text=text),), template=("progress", values), page=LOOKED)


async def _in_your_name(practice: Practice, row: Notification) -> Notice:
    text = (
        f"服务器的操作员以您的名义开始了一份去标识化副本 **{row.ids.get('about', '')}**。没有您的动态码,系统不能知道您是否同意。"
        "不是您要的,请马上告诉审计员;审计记录里写的是操作员和您的名字。"
    )
    return Notice((Text(text=text),))


async def _none_made(practice: Practice, row: Notification) -> Notice:
    return Notice((Text(text=f"去标识化副本 **{row.ids.get('about', '')}** 没有做成:合条件的患者太少。没有写出任何资料,它的密钥已销毁。"),))


OVERSIGHT_RENDERERS: dict[str, Renderer] = {
    "break_glass.patient": _patient,
    "break_glass.tell_patient": _tell_patient,
    "break_glass.to_review": _to_review,
    "break_glass.overdue": _to_review,
    "break_glass.reviewed": _reviewed,
    "break_glass.unjustified": _unjustified,
    "deidentification.in_your_name": _in_your_name,
    "deidentification.none_made": _none_made,
}
