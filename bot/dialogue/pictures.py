"""A patient's photo: into his open consultation, to be seen by who treats him. Nobody here reads pictures, and it says so.

One that comes before there is a consultation is not kept: the platform has it for three days, and is asked for it once the person has said that it
shall go into the consultation that was opened within a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import Choice, Menu, Text
from bot.dialogue.kept_files import hand_over, is_photo, photo_for
from bot.dialogue.turn import FetchedFile, Reply, Turn
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.clock import ago
from core.foundation.errors import Invalid
from core.foundation.withheld import in_words
from core.imaging.commands import MAX_PHOTO
from core.imaging.commands_pictures import PicturePlace, PicturePlaces, PicturePlacesView, ReceivePicture

DANGER = "情况危急的话,先打 **120**,不要等看照片。"
_TELL = "我自己看不懂图片。哪里不舒服、多久了,请用文字告诉我。"
_NO_CASE = "您现在没有进行中的会诊,这张照片**没有存**。看医生时请带上给他看;一天之内村医为您请了专家会诊,我会问您要不要放进去。"
_NO_PLACE = "这份会诊现在收不了照片。看医生时请带上给他看。"
_PAST = "这些照片已经放进去了,或者过了一天。要给医生看的,请再发一次。"
FOR_A_DAY = timedelta(days=1)
_MOST = 5
"""Photos that one touch puts in, the newest."""
_REFUSED = {
    "photo": "发来的不是照片,没有收下。请拍照片(JPEG 或 PNG)再发。",
    "size": f"照片太大(上限 {MAX_PHOTO >> 20} MB),没有收下。请不要选「原图」,再发一次。",
    "empty": "照片是空的,没有传过来。请再发一次。",
}
_LABEL = 20
_PLACES = "picture_places"
"""Under which a photo's message keeps the open consultations that there were when it came."""


async def received(turn: Turn) -> Reply:
    """A photo (or file) in the chat of a patient."""
    first = (DANGER,) if turn.state.in_danger else ()
    if turn.incoming.kind is not Kind.IMAGE:
        return turn.say(*first, "文件我这里收不了。报告、片子请拍成照片发来;看医生时也请带上原件。")
    found: PicturePlacesView = await turn.ask(PicturePlaces())
    places = {one.consultation_id: one for one in found.places}

    async def open_ones() -> list[str]:
        return list(places)

    fitting = [one for one in await turn.settle(_PLACES, open_ones) if one in places]
    if not fitting:
        return turn.say(*first, in_words(found.withheld) or _NO_CASE, _TELL)
    if len(fitting) == 1:
        reply = await _sent(turn, places[fitting[0]], turn.incoming, turn.message_id)
        return Reply((*(Text(text=one) for one in first), *reply.shapes), reply.state)
    choices = tuple(
        Choice(code=f"picture:{one}:{turn.message_id}", label=f"{places[one].patient} {places[one].code}"[:_LABEL]) for one in fitting
    )
    reply = turn.offer("照片收到了。这是谁的、放进哪一份会诊?", choices, tail="选好了才存。")
    return Reply((*(Text(text=one) for one in first), *reply.shapes), reply.state)


async def chosen(turn: Turn, consultation_id: str, message_id: str) -> Reply:
    """【谁的会诊】 under the photo of that message."""
    message = await Message.get_or_none(id=message_id, conversation_id=turn.conversation_id, account_id=turn.actor.account_id)
    if message is None:
        raise Invalid
    incoming = await _incoming(turn, message)
    found: PicturePlacesView = await turn.ask(PicturePlaces())
    place = next((one for one in found.places if one.consultation_id == consultation_id), None)
    if place is None or incoming.kind is not Kind.IMAGE:
        return turn.say(in_words(found.withheld) or _NO_PLACE)
    turn.state = turn.state.asking(None)
    return await _sent(turn, place, incoming, message_id)


async def waiting(account_id: str, now: datetime) -> list[Message]:
    """Photos of the last day (``now``: real time) that found no open consultation and were put into none since, newest first."""
    sent = await reading.pictures_since(account_id, now - FOR_A_DAY)
    return [one for one in sent if one.settled.get(_PLACES) == [] and not any(key.startswith("stored_") for key in one.settled)][:_MOST]


async def offered(account_id: str, consultation_id: str, words: str, now: datetime, menu_id: str) -> Menu | None:
    """``words`` about a consultation that was opened, and the photos that came shortly before; None where there are none."""
    photos = await waiting(account_id, now)
    if not photos:
        return None
    many = f"({len(photos)} 张)" if len(photos) > 1 else ""
    head = f"{words}\n您{ago(now - photos[0].received_at)}发的照片{many}还没有存。要放进这次会诊,给医生看吗?"
    return Menu(head=head, choices=(Choice(code=f"pictures:{consultation_id}", label="放进去"),), tail="不点就不放。", menu_id=menu_id)


async def put_in(turn: Turn, consultation_id: str) -> Reply:
    """【放进去】: the person's own photos that wait, into this consultation. The open question stays open."""
    found: PicturePlacesView = await turn.ask(PicturePlaces())
    place = next((one for one in found.places if one.consultation_id == consultation_id), None)
    if place is None:
        return turn.say(in_words(found.withheld) or _NO_PLACE)
    if place.withdrawn:
        return turn.say(f"「{place.withdrawn}」的授权撤回了,之前发的照片没有放进去。要给医生看,请再发一次,或者看医生时带上。")

    async def which() -> list[str]:
        return [one.id for one in await waiting(turn.actor.account_id, turn.practice.clock.real_now())]

    photos = await Message.filter(id__in=await turn.settle("waiting_pictures", which), account_id=turn.actor.account_id).order_by("id")
    if not photos:
        return turn.say(_PAST)
    refused = [await _handed_over(turn, place, await _incoming(turn, one), one.id) for one in photos]
    taken = refused.count("")
    first = (DANGER,) if turn.state.in_danger else ()
    return turn.say(*first, *dict.fromkeys(filter(None, refused)), *((_taken(place, taken), _TELL) if taken else ()))


async def _incoming(turn: Turn, message: Message) -> Incoming:
    return Incoming.model_validate_json(await reading.opened(turn.practice, message, "body"))


async def _sent(turn: Turn, place: PicturePlace, incoming: Incoming, message_id: str) -> Reply:
    why = await _handed_over(turn, place, incoming, message_id)
    return turn.say(why) if why else turn.say(_taken(place, 1), _TELL)


async def _handed_over(turn: Turn, place: PicturePlace, incoming: Incoming, message_id: str) -> str:
    """Fetched, stored and given to the practice; what is said where it is no photo that can be taken, else nothing."""
    stored = await photo_for(turn, place.patient_id, incoming, _refused, of_message=message_id, consultation_id=place.consultation_id)
    if why := stored.get("refused"):
        return _REFUSED[why]
    order = ReceivePicture(
        consultation_id=place.consultation_id, blob_id=stored["blob_id"], size=stored["size"], sha256=stored["sha256"]
    )
    await hand_over(turn, order)
    return ""


def _taken(place: PicturePlace, number: int) -> str:
    several = f"{number} 张" if number > 1 else ""
    return f"{several}照片收到了,正在检查。查好就放进**{place.patient}**的会诊 **{place.code}**,医生能看到;打不开会告诉您。"


def _refused(file: FetchedFile) -> str:
    if not file.content:
        return "empty"
    if len(file.content) > MAX_PHOTO:
        return "size"
    return "" if is_photo(file) else "photo"
