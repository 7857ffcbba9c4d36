"""Photos that patients send, and experts in a call: into an open consultation of theirs, checked like everything else, shown as whose they are, told
to who treats the patient.

They are no material that dispatch waits for: what a patient takes for important is not the electrocardiogram that the doctor was asked for.
"""

from __future__ import annotations

from datetime import timedelta

from core.consultations.models import Consultation
from core.consultations.rules import word_entries
from core.consultations.service import keep_blob, note, open_consultation
from core.consultations.workflow import OPEN_STATES
from core.foundation.actor import Role
from core.foundation.orders import answers, handles
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.imaging.commands import MAX_PHOTO, UploadView
from core.imaging.commands_pictures import PicturePlace, PicturePlaces, PicturePlacesView, ReceivePicture
from core.imaging.errors import FileEmpty, FileTooLarge, TooManyPictures
from core.imaging.models import ConsultationImage, Instance, Upload
from core.imaging.uploads import UNREAD, view_of
from core.notifications.service import tell
from core.people.cards import patient_cards
from core.people.purposes import PURPOSES, PurposeCode
from core.people.relations import live_relations, spoken_for
from core.people.scopes import Scope
from core.people.service import practitioner_card, was_withdrawn

MOST_PICTURES = 20
"""Of one account in one consultation."""
SHOWN = 10
TOLD_EVERY = timedelta(minutes=5)
"""Several photos in a row are told of once."""
_USED_UNDER: tuple[PurposeCode, ...] = ("care", "sensitive", "children", "consultation")
"""What a photo in a consultation is used for."""
SENDERS = {"patient": "患者", "family": "家属", "expert": "专家"}

word_entries({"picture.arrived": "{who}发来一张照片", "picture.refused": "{who}发来的一张照片没有收下"})


@answers(PicturePlaces)
async def picture_places(work: Work, order: PicturePlaces) -> PicturePlacesView:
    work.concerns("account", work.actor.account_id)
    patients = await spoken_for(work, Scope.BOOK)
    found = Consultation.filter(patient_id__in=patients, state__in=[state.value for state in OPEN_STATES])
    rows = await found.order_by("-id").limit(SHOWN) if patients else []

    async def lines(some: list[Consultation]) -> list[PicturePlace]:
        cards = await patient_cards(work, {row.patient_id for row in some})
        withdrawn = {patient_id: await _withdrawn(work, patient_id) for patient_id in cards}
        return [
            PicturePlace(
                consultation_id=row.id, code=row.code, patient_id=row.patient_id, patient=cards[row.patient_id].full_name,
                withdrawn=withdrawn[row.patient_id],
            )
            for row in some
        ]  # fmt: skip

    places, withheld = await shown(work, rows, lines)
    return PicturePlacesView(places=places, withheld=withheld)


async def _withdrawn(work: Work, patient_id: str) -> str:
    for purpose in _USED_UNDER:
        if await was_withdrawn(work, patient_id, purpose) is not None:
            return PURPOSES[purpose].label
    return ""


@handles(ReceivePicture)
async def receive_picture(work: Work, order: ReceivePicture) -> UploadView:
    row = await open_consultation(work, order.consultation_id)
    known = await Upload.get_or_none(blob_id=order.blob_id)
    if known is not None:
        return await view_of(known)
    if order.size == 0:
        raise FileEmpty
    if order.size > MAX_PHOTO:
        raise FileTooLarge(limit=MAX_PHOTO >> 20)
    account_id = work.actor.account_id
    await check_number(row.id, account_id)
    await keep_blob(work, order.blob_id, row.patient_id, media_type=UNREAD, size=order.size, sha256=order.sha256)
    upload = await Upload.create(
        id=order.upload_id or work.new_id(), organisation_id=row.organisation_id, consultation_id=row.id, patient_id=row.patient_id,
        account_id=account_id,
        blob_id=order.blob_id, size=order.size, sha256=order.sha256, state="received", received_at=work.now,
        sent_as=await _as_whose(work, row),
    )  # fmt: skip
    await work.emit("upload.received", key=row.id, upload_id=upload.id)
    return await view_of(upload)


async def check_number(consultation_id: str, account_id: str) -> None:
    """TooManyPictures when the account has sent as many as one may."""
    if await Upload.filter(consultation_id=consultation_id, account_id=account_id).exclude(state="refused").count() >= MOST_PICTURES:
        raise TooManyPictures(most=MOST_PICTURES)


async def _as_whose(work: Work, row: Consultation) -> str:
    if work.role is Role.EXPERT:
        return "expert"
    relations = await live_relations(work, account_id=work.actor.account_id, patient_id=row.patient_id)
    return "patient" if any(one.relation == "self" for one in relations) else "family"


async def picture_arrived(work: Work, upload: Upload, instance: Instance) -> None:
    """Checked and well: shown in the consultation as the patient's, and who treats him is told."""
    if await ConsultationImage.filter(consultation_id=upload.consultation_id, instance_id=instance.id).exists():
        return
    row = await note(work, upload.consultation_id, "picture.arrived", ids={"instance_id": instance.id, "who": SENDERS[upload.sent_as]})
    lately = ConsultationImage.filter(consultation_id=row.id, added_at__gt=work.now - TOLD_EVERY).exclude(sent_as="")
    told_lately = await lately.exists()
    await ConsultationImage.create(
        id=work.new_id(), consultation_id=row.id, instance_id=instance.id, added_at=work.now, sent_as=upload.sent_as
    )
    await work.emit("image.arrived", key=row.id, consultation_id=row.id, instance_id=instance.id)
    if told_lately:
        return
    urgent = row.urgency in ("critical", "emergent")
    accounts = [row.requester_account_id]
    if row.expert_id is not None:
        accounts.append((await practitioner_card(work, row.expert_id)).account_id)
    for account_id in (one for one in accounts if one != upload.account_id):
        await tell(work, account_id, "picture.arrived", urgent=urgent, consultation_id=row.id, sent_as=upload.sent_as)


async def picture_refused(work: Work, upload: Upload, code: str) -> UploadView:
    """Nothing becomes visible; the sender is told that he may try again."""
    await note(work, upload.consultation_id, "picture.refused", ids={"upload_id": upload.id, "code": code, "who": SENDERS[upload.sent_as]})
    await upload.change(state="refused", refusal_code=code, checked_at=work.now)
    await tell(work, upload.account_id, "picture.refused", upload_id=upload.id)
    return await view_of(upload)
