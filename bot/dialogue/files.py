"""Pictures and files: photos of the village doctor and of patients, DICOM images. Fetched and stored outside any transaction, then recorded."""

from __future__ import annotations

from typing import Any

from bot.channels.message import ChannelName, Kind
from bot.channels.outgoing import Text
from bot.dialogue import case_photos, pictures
from bot.dialogue.cases import consultation_lacking
from bot.dialogue.kept_files import hand_over as _hand_over
from bot.dialogue.kept_files import stored_under
from bot.dialogue.turn import Reply, Turn
from core.consultations.commands import UploadTarget, UploadTargetView
from core.foundation.actor import Role
from core.imaging.commands import ReceiveUpload


async def received(turn: Turn) -> Reply:
    """A picture or file of any person."""
    if turn.group:
        return turn.say("图片和文件请发到单独会话里,群里不放病人资料。")
    if not turn.staff:
        return await pictures.received(turn)
    if not turn.actor.holds(Role.VILLAGE_DOCTOR):
        return turn.say("这个会话里不收图片和文件。影像请村医从她的会话里发。")
    return await (case_photos.received(turn) if turn.incoming.kind is Kind.IMAGE else _image_file(turn))


async def _image_file(turn: Turn) -> Reply:
    consultation_id, many = await consultation_lacking(turn, "material")
    if consultation_id is None and not many:
        consultation_id, many = await consultation_lacking(turn, "open")
    if consultation_id is None:
        if many:
            return turn.say("您有几份会诊开着。请先发「进度」,点要补的那一份的【去补】,再发文件。")
        return turn.say("现在没有开着的会诊,这个文件没有存。请先请会诊,再发影像。")
    stored = await _stored(turn, consultation_id)
    await _hand_over(
        turn, ReceiveUpload(consultation_id=consultation_id, blob_id=stored["blob_id"], size=stored["size"], sha256=stored["sha256"])
    )
    where = "在「会诊工作台」里" if turn.incoming.channel is ChannelName.WECOM_ROBOT else ""
    return Reply((Text(text=f"文件收到了,正在检查。好了我会{where}告诉您。"),), turn.state)


async def _stored(turn: Turn, consultation_id: str) -> dict[str, Any]:
    """The file in the blob store under the patient's key: fetched once, whatever happens to this process in between."""
    target: UploadTargetView = await turn.ask(UploadTarget(consultation_id=consultation_id))
    return await stored_under(turn, target.patient_id, turn.incoming)
