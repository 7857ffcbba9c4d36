"""A patient's photo: into his open consultation, to be seen by who treats him. Nobody here reads pictures, and it says so."""

from __future__ import annotations

from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import Choice, Text
from bot.dialogue.kept_files import hand_over, is_photo, photo_for
from bot.dialogue.turn import FetchedFile, Reply, Turn
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.errors import Invalid
from core.foundation.withheld import in_words
from core.imaging.commands import MAX_PHOTO
from core.imaging.commands_pictures import PicturePlace, PicturePlaces, PicturePlacesView, ReceivePicture

DANGER = "情况危急的话,先打 **120**,不要等看照片。"
_TELL = "我自己看不懂图片。哪里不舒服、多久了,请用文字告诉我。"
_NO_CASE = "您现在没有进行中的会诊,这张照片**没有存**。看医生时请带上给他看;村医为您请了专家会诊以后,再发到这里,医生就能看到。"
_REFUSED = {
    "photo": "发来的不是照片,没有收下。请拍照片(JPEG 或 PNG)再发。",
    "size": f"照片太大(上限 {MAX_PHOTO >> 20} MB),没有收下。请不要选「原图」,再发一次。",
    "empty": "照片是空的,没有传过来。请再发一次。",
}
_LABEL = 20


async def received(turn: Turn) -> Reply:
    """A photo (or file) in the chat of a patient."""
    first = (DANGER,) if turn.state.in_danger else ()
    if turn.incoming.kind is not Kind.IMAGE:
        return turn.say(*first, "文件我这里收不了。报告、片子请拍成照片发来;看医生时也请带上原件。")
    found: PicturePlacesView = await turn.ask(PicturePlaces())
    places = {one.consultation_id: one for one in found.places}

    async def open_ones() -> list[str]:
        return list(places)

    fitting = [one for one in await turn.settle("picture_places", open_ones) if one in places]
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
    incoming = Incoming.model_validate_json(await reading.opened(turn.practice, message, "body"))
    found: PicturePlacesView = await turn.ask(PicturePlaces())
    place = next((one for one in found.places if one.consultation_id == consultation_id), None)
    if place is None or incoming.kind is not Kind.IMAGE:
        return turn.say(in_words(found.withheld) or _NO_CASE)
    turn.state = turn.state.asking(None)
    return await _sent(turn, place, incoming, message_id)


async def _sent(turn: Turn, place: PicturePlace, incoming: Incoming, message_id: str) -> Reply:
    stored = await photo_for(turn, place.patient_id, incoming, _refused, of_message=message_id, consultation_id=place.consultation_id)
    if why := stored.get("refused"):
        return turn.say(_REFUSED[why])
    order = ReceivePicture(
        consultation_id=place.consultation_id, blob_id=stored["blob_id"], size=stored["size"], sha256=stored["sha256"]
    )
    await hand_over(turn, order)
    return turn.say(f"照片收到了,正在检查。查好就放进**{place.patient}**的会诊 **{place.code}**,医生能看到;打不开会告诉您。", _TELL)


def _refused(file: FetchedFile) -> str:
    if not file.content:
        return "empty"
    if len(file.content) > MAX_PHOTO:
        return "size"
    return "" if is_photo(file) else "photo"
