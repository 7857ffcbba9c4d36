"""The way into the call: the address of the room, for each on the platform he signs in on. The page itself asks who he is."""

from __future__ import annotations

from bot.channels.outgoing import Link, Text
from bot.sending.notice import Notice, Renderer
from core.calls.commands import CallView, ViewCall
from core.foundation.actor import Actor
from core.foundation.practice import Practice
from core.notifications.models import Notification

_SYSTEM = Actor.system("worker")
_TEXT = "点这里进入。先看看画面和声音,再点「加入」。打不开时,点右上角「…」→「在浏览器打开」。"


async def _invite(practice: Practice, row: Notification) -> Notice:
    """Nothing any more when no call can be held by now."""
    view: CallView = await practice.ask(_SYSTEM, ViewCall(consultation_id=row.ids["consultation_id"]))
    if view.closed is not None:
        return Notice()
    folder = "room" if row.ids["seat"] == "patient" else "doctor/room"
    link = Link(title=f"会诊 {view.code} · 进入视频", url=f"/h5/{folder}/{view.consultation_id}/", description=_TEXT)
    values = {"code": view.code, "state": "可以视频", "text": "请到小程序「会诊」里进入视频"}
    shown = {"consultation": view.consultation_id}
    if row.ids["seat"] != "patient":
        return Notice((link,), shown=shown)
    return Notice((link,), shown=shown, template=("progress", values), page=f"consultation/{view.consultation_id}")


async def _phone(practice: Practice, row: Notification) -> Notice:
    """Somebody's video does not work: a task for who treats the patient. Nothing any more when the case is over."""
    view: CallView = await practice.ask(_SYSTEM, ViewCall(consultation_id=row.ids["consultation_id"]))
    if view.closed is not None:
        return Notice()
    label = next((one.label for one in view.seats if one.seat == row.ids["seat"]), "对方")
    text = f"会诊 {view.code}:{label}的视频打不开,请您打电话联系。打过以后,在视频页点「已打过电话」。"
    return Notice((Text(text=text),), shown={"consultation": view.consultation_id})


CALL_RENDERERS: dict[str, Renderer] = {"call.invite": _invite, "call.phone": _phone}
