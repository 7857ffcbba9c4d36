"""A village doctor's photo: the signed consent, an ECG, a report. Which one it is, nobody here sees; where the case does not say, she is asked.

The photo is fetched when it comes and kept under the patient's key meanwhile. In a case that does not wait it goes to the expert at once, whatever
it shows. A paper that was taken for the consent and is none can be put right.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.outgoing import Choice, Text
from bot.dialogue import case_meant
from bot.dialogue.cases import MISSING, consultation_lacking, tapped
from bot.dialogue.kept_files import copied, hand_over, is_photo, photo_for
from bot.dialogue.turn import FetchedFile, Reply, Turn
from core.consultations.commands import AttachConsent, ConsultationStatus, TakeBackConsent, UploadTarget, UploadTargetView
from core.consultations.commands_arranging import MaterialRequests, MaterialRequestsView
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.errors import Invalid
from core.imaging.commands import ReceiveUpload
from core.intake.urgency import urgency

_KINDS = (("photo_consent", "知情同意书"), ("photo_image", "心电图、检查单"), ("photo_other", "伤口等别的照片"))
_NONE = "现在没有会诊在等知情同意书或影像,这张照片没有存。请先请会诊,再发照片。"
_NO_PHOTO = "发来的不是照片,没有存。请拍照发图片(JPG 或 PNG);DICOM 影像请当文件发。"
_OVER = "这份会诊已经结束,不能再补资料。发「进度」看看。"
_PAST = "这张照片已经不在了,请再发一次。"
_KEPT = timedelta(hours=20)
"""Real time. What is recorded nowhere is swept after a day."""
_ASKED, _AS_CONSENT, _AS_IMAGE = "asked_{}", "stored_consent_{}", "stored_image_{}"
"""Under which a photo's message keeps for which case she was asked what it is, and as what it was taken there."""
_MOST = 6


async def received(turn: Turn) -> Reply:
    consultation_id, many = await consultation_lacking(turn, "consent")
    if consultation_id is None and many:
        return await _which_case(turn, "consent")
    if consultation_id is not None:
        return await _for_case(turn, consultation_id, turn.message_id, turn.incoming)
    for what in ("material", "open"):
        consultation_id, many = await consultation_lacking(turn, what)
        if consultation_id is not None:
            return await _as_image(turn, consultation_id, turn.message_id, turn.incoming)
        if many:
            return await _which_case(turn, what)
    return turn.say(_NONE)


async def _which_case(turn: Turn, what: str) -> Reply:
    """Several fit: the photo waits, nothing has to be sent again."""
    fitting = [one for one in await case_meant.open_ones(turn) if what == "open" or what in one.missing][:_MOST]
    choices = tuple(
        Choice(code=f"photo_case:{one.consultation_id}:{turn.message_id}", label=f"{one.number or ''}号 {one.code}".lstrip("号 "))
        for one in fitting
    )
    return turn.offer("照片收到了。是哪一份会诊的?", choices, tail="点了才存。")


async def case_chosen(turn: Turn, consultation_id: str, message_id: str) -> Reply:
    """【3号 C-7K2M】 under the photo of that message."""
    status = await case_meant.by_id(turn, consultation_id)
    if status is None or status.state not in case_meant.OPEN:
        return turn.say(_OVER)
    incoming = await _photo(turn, message_id)
    turn.state = turn.state.asking(None).showing("consultation", consultation_id)
    go_on = _for_case if "consent" in status.missing else _as_image
    reply = await go_on(turn, consultation_id, message_id, incoming)
    return Reply((*tapped(turn, status.code), *reply.shapes), reply.state)


async def _for_case(turn: Turn, consultation_id: str, message_id: str, incoming: Incoming) -> Reply:
    """A photo for a case that lacks its consent: surely that where nothing else is wanted, in an emergency never surely."""
    status = await case_meant.by_id(turn, consultation_id)
    if status is None:
        return turn.say(_OVER)

    async def look_up() -> str:
        if urgency(status.urgency).starts_at_once:
            return "at_once"
        wanted: MaterialRequestsView = await turn.ask(MaterialRequests())
        return "ask" if "material" in status.missing or any(one.consultation_id == consultation_id for one in wanted.requests) else "consent"

    way = await turn.settle("photo_way", look_up)
    if way == "consent":
        return await _as_consent(turn, consultation_id, message_id, incoming)
    stored = await _stored(turn, consultation_id, message_id, incoming)
    if "refused" in stored:
        return turn.say(_NO_PHOTO)

    async def asked() -> bool:
        return True

    await turn.settle(_ASKED.format(consultation_id), asked, of_message=message_id)
    if way == "at_once":
        await _record_image(turn, consultation_id, message_id)
    return _question(turn, status, message_id, at_once=way == "at_once")


def _question(turn: Turn, status: ConsultationStatus, message_id: str, *, at_once: bool, again: str = "") -> Reply:
    choices = tuple(Choice(code=f"{verb}:{status.consultation_id}:{message_id}", label=label) for verb, label in _KINDS)
    named = f"{status.number}号 " if status.number is not None else ""
    if at_once:
        head = f"照片收到了,**不等您回答,先给专家看**({named}会诊 **{status.code}**)。{again}这张是什么?"
        return turn.offer(head, choices, tail="是知情同意书,请一定点一下:点了才算数。")
    return turn.offer(f"{again or '照片收到了,先留着。'}这张是什么?({named}会诊 **{status.code}**)", choices, tail="点了才放进会诊。")


async def is_consent(turn: Turn, consultation_id: str, message_id: str) -> Reply:
    """【知情同意书】."""
    incoming = await _photo(turn, message_id)
    turn.state = turn.state.asking(None)
    reply = await _as_consent(turn, consultation_id, message_id, incoming)
    return await _and_the_next(turn, Reply((*tapped(turn, "知情同意书"), *reply.shapes), reply.state), consultation_id, message_id)


async def is_image(turn: Turn, consultation_id: str, message_id: str) -> Reply:
    """【心电图、检查单】, 【伤口等别的照片】; of one that stands as the consent, 【这不是知情同意书】."""
    incoming = await _photo(turn, message_id)
    turn.state = turn.state.asking(None)
    corrected = await _taken_back(turn, consultation_id, message_id)
    reply = await _as_image(turn, consultation_id, message_id, incoming)
    first = (*tapped(turn, "心电图、检查单"), *((Text(text=corrected),) if corrected else ()))
    return await _and_the_next(turn, Reply((*first, *reply.shapes), reply.state), consultation_id, message_id)


async def _taken_back(turn: Turn, consultation_id: str, message_id: str) -> str:
    """Whether this very photo stood as the consent: it does not any more."""
    kept = (await Message.get(id=message_id)).settled.get(_AS_CONSENT.format(consultation_id))
    if kept is None:
        return ""
    status: ConsultationStatus = await turn.execute(TakeBackConsent(consultation_id=consultation_id, blob_id=kept["blob_id"]))
    if "consent" not in status.missing:
        return ""
    return f"更正了:这张不是知情同意书。会诊 **{status.code}** 还要补:{'、'.join(MISSING[item] for item in status.missing)}。"


async def _as_consent(turn: Turn, consultation_id: str, message_id: str, incoming: Incoming) -> Reply:
    stored = await _stored(turn, consultation_id, message_id, incoming)
    if "refused" in stored:
        return turn.say(_NO_PHOTO)
    file = await copied(turn, await _patient(turn, consultation_id), consultation_id, message_id, "consent")
    if file is None:
        return turn.say(_PAST)
    order = AttachConsent(
        consultation_id=consultation_id, blob_id=file["blob_id"], media_type=file["media_type"], size=file["size"], sha256=file["sha256"]
    )
    status: ConsultationStatus = await hand_over(turn, order)
    left = f"还要补:{'、'.join(MISSING[item] for item in status.missing)}。" if status.missing else ""
    if _AS_IMAGE.format(consultation_id) in (await Message.get(id=message_id)).settled:
        left += "专家先看到的就是这张纸;**心电图、检查单请接着拍。**"  # the case no longer asks for any: it has an image
    undo = (Choice(code=f"not_consent:{consultation_id}:{message_id}", label="这不是同意书"),)
    return turn.offer(f"知情同意收到了,存进会诊 **{status.code}**。{left}\n{status.next}", undo, tail="发错了,点上面改成心电图、检查单。")


async def _as_image(turn: Turn, consultation_id: str, message_id: str, incoming: Incoming) -> Reply:
    stored = await _stored(turn, consultation_id, message_id, incoming)
    if "refused" in stored:
        return turn.say(_NO_PHOTO)
    if not await _record_image(turn, consultation_id, message_id):
        return turn.say(_PAST)
    where = "在「会诊工作台」里" if turn.incoming.channel is ChannelName.WECOM_ROBOT else ""
    return turn.say(f"照片放进会诊的影像里了,正在检查。好了我会{where}告诉您。")


async def _record_image(turn: Turn, consultation_id: str, message_id: str) -> bool:
    """As a photo that is put in on the doctor's page; twice it is one."""
    file = await copied(turn, await _patient(turn, consultation_id), consultation_id, message_id, "image")
    if file is None:
        return False
    await hand_over(turn, ReceiveUpload(consultation_id=consultation_id, blob_id=file["blob_id"], size=file["size"], sha256=file["sha256"]))
    return True


async def _and_the_next(turn: Turn, reply: Reply, consultation_id: str, message_id: str) -> Reply:
    """Of several photos that wait the newest is asked about last: what was sent before it is not forgotten over it."""
    status = await case_meant.by_id(turn, consultation_id)
    waiting = await _unsorted(turn, consultation_id, message_id)
    if status is None or not waiting or status.state not in case_meant.OPEN:
        return reply
    turn.state = reply.state
    many = f"还有 {len(waiting)} 张" if len(waiting) > 1 else "还有一张"
    shown = _question(turn, status, waiting[0], at_once=False, again=f"{many}没说是什么,先说早发的那张。")
    return Reply((*reply.shapes, *shown.shapes), shown.state)


async def _unsorted(turn: Turn, consultation_id: str, but: str) -> list[str]:
    """Photos of the case that she was asked about and has said nothing of, oldest first."""
    sent = await reading.pictures_since(turn.actor.account_id, turn.practice.clock.real_now() - _KEPT)
    asked = [one for one in reversed(sent) if one.settled.get(_ASKED.format(consultation_id)) and one.id != but]
    sorted_as = (_AS_CONSENT.format(""), _AS_IMAGE.format(""))
    return [one.id for one in asked if not any(key.startswith(sorted_as) for key in one.settled)]


async def _photo(turn: Turn, message_id: str) -> Incoming:
    message = await Message.get_or_none(id=message_id, account_id=turn.actor.account_id)
    if message is None:
        raise Invalid
    incoming = Incoming.model_validate_json(await reading.opened(turn.practice, message, "body"))
    if incoming.kind is not Kind.IMAGE:
        raise Invalid
    return incoming


async def _patient(turn: Turn, consultation_id: str) -> str:
    target: UploadTargetView = await turn.ask(UploadTarget(consultation_id=consultation_id))
    return target.patient_id


async def _stored(turn: Turn, consultation_id: str, message_id: str, incoming: Incoming) -> dict[str, Any]:
    patient_id = await _patient(turn, consultation_id)
    return await photo_for(turn, patient_id, incoming, _refused, of_message=message_id, consultation_id=consultation_id)


def _refused(file: FetchedFile) -> str:
    return "" if is_photo(file) else "photo"

