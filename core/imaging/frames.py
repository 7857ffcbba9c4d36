"""Pictures of frames: asked for by whoever may see the image, drawn by a worker, kept encrypted for some days.

Kept and not drawn anew at each look, because a consultation is looked at by several people over and over, often over a weak link, and reading a
file of a hundred megabytes for each look would cost more than the picture. A picture is a copy under the patient's key, with nothing written into it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Literal, cast

from core.consultations.models import Consultation
from core.consultations.relations import asked_for_by, treated_by
from core.consultations.service import keep_blob, knows_images
from core.foundation.actor import Actor
from core.foundation.due import due
from core.foundation.errors import NotFound
from core.foundation.events import Event, listens
from core.foundation.keys import SealBroken
from core.foundation.models import Blob
from core.foundation.orders import Done, Order, answers, handles, prepares, relation
from core.foundation.practice import EngineAway, Practice
from core.foundation.work import Work
from core.imaging.commands import DrawFrame, ForgetFrame, FrameState, FrameView, RedrawFrame, ShowFrame
from core.imaging.errors import FrameUnknown, ImageUnknown, NotAPicture
from core.imaging.files import drop_file, lost_here
from core.imaging.models import ConsultationImage, ImageFrame, Instance
from core.people.relations import spoken_for
from core.people.scopes import scope_of
from media.imaging.broken import REASONS, BrokenDicom
from media.imaging.render_process import FileNeeded, Shown
from media.imaging.windows import window_named

logger = logging.getLogger("huizhen.imaging")

KEPT_FOR = timedelta(days=7)
ASK_AGAIN_AFTER = timedelta(seconds=40)
"""Real time after which a picture that nobody drew is ordered once more, should its event have been given up."""
PASSING = ("", "too_slow", "decoder_away", "lost_here")
"""Not yet drawn, or refused for a reason that may be gone."""
SIDES = {"thumb": 320, "full": 2048}


async def _shown_in(order: Order) -> list[str]:
    """The consultations in which the image is shown."""
    image_id = getattr(order, "image_id", None)
    return [] if image_id is None else [row.consultation_id for row in await ConsultationImage.filter(instance_id=image_id)]


@relation("own_image")
async def own_image(work: Work, order: Order) -> bool:
    """It is shown in a consultation that the actor asked for at a clinic where he still works."""
    found = await _shown_in(order)
    return bool(found) and await asked_for_by(work).filter(id__in=found).exists()


@relation("assigned_image")
async def assigned_image(work: Work, order: Order) -> bool:
    """It is shown in a consultation that the actor treats, or treated within thirty days."""
    found, practitioner_id = await _shown_in(order), work.actor.practitioner_id
    return bool(found) and practitioner_id is not None and await treated_by(practitioner_id, work.now).filter(id__in=found).exists()


@relation("own_patient_image")
async def own_patient_image(work: Work, order: Order) -> bool:
    """It shows the actor himself or somebody for whom he speaks."""
    found = await _shown_in(order)
    patients = {row.patient_id for row in await Consultation.filter(id__in=found)} if found else set()
    return bool(patients) and not patients.isdisjoint(await spoken_for(work, scope_of(order)))


@knows_images
async def is_of_the_case(consultation_id: str, image_id: str) -> bool:
    """The image is shown in the consultation."""
    return await ConsultationImage.filter(consultation_id=consultation_id, instance_id=image_id).exists()


@handles(ShowFrame)
async def show_frame(work: Work, order: ShowFrame) -> FrameView:
    instance = await _instance(order.image_id)
    work.concerns("patient", instance.patient_id, image=instance.id)
    if instance.frames == 0:
        raise NotAPicture
    if order.frame > instance.frames:
        raise FrameUnknown(frames=instance.frames)
    row = await _found(order, instance)
    if row is None:
        row = await ImageFrame.create(
            id=work.new_id(), instance_id=instance.id, patient_id=instance.patient_id, frame=order.frame, window=_window(order, instance),
            size=order.size, state="asked", asked_at=work.practice.clock.real_now(),
        )
        await work.schedule("imaging.frame", row.id, work.now + KEPT_FOR)
    elif row.state == "ready" or row.refusal_code not in PASSING or work.practice.clock.real_now() - row.asked_at < ASK_AGAIN_AFTER:
        return view_of_frame(row)
    else:
        await row.change(state="asked", refusal_code="", asked_at=work.practice.clock.real_now())
    await work.emit("frame.asked", frame_id=row.id)
    return view_of_frame(row)


@answers(FrameState)
async def frame_state(work: Work, order: FrameState) -> FrameView:
    row = await _found(order, await _instance(order.image_id))
    if row is None:
        raise ImageUnknown
    return view_of_frame(row)


async def _found(order: ShowFrame | FrameState, instance: Instance) -> ImageFrame | None:
    return await ImageFrame.get_or_none(instance_id=instance.id, frame=order.frame, window=_window(order, instance), size=order.size)


def _window(order: ShowFrame | FrameState, instance: Instance) -> str:
    """A window that this kind of image does not have is the automatic one, and not a picture of its own."""
    return window_named(order.window, instance.modality).key


async def _instance(instance_id: str) -> Instance:
    instance = await Instance.get_or_none(id=instance_id)
    if instance is None:
        raise ImageUnknown
    return instance


def view_of_frame(row: ImageFrame) -> FrameView:
    return FrameView(
        frame_id=row.id, patient_id=row.patient_id, state=cast(Literal["asked", "ready", "refused"], row.state),
        refusal_code=f"dicom.{row.refusal_code}" if row.refusal_code else None, refusal=REASONS.get(row.refusal_code),
    )


@listens("frame.asked")
async def frame_asked(practice: Practice, event: Event) -> None:
    frame_id = event.body["frame_id"]
    await practice.execute(Actor.system("worker"), DrawFrame(frame_id=frame_id), idempotency_key=f"frame:{event.id}")
    await practice.signals.publish(f"frame:{frame_id}")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the engine made outside the transaction. The picture lies in the blob store already, under the frame's id."""

    size: int = 0
    sha256: str = ""
    refusal: str = ""


@prepares(DrawFrame)
async def draw(practice: Practice, actor: Actor, order: DrawFrame) -> Drawn:
    row = await ImageFrame.get_or_none(id=order.frame_id)
    if row is None or row.state != "asked":
        return Drawn()
    if practice.engines.imaging is None:
        raise EngineAway
    instance = await _instance(row.instance_id)
    try:
        shown = await _drawn(practice, instance, row)
    except BrokenDicom as broken:
        return Drawn(refusal=broken.code)
    except (NotFound, SealBroken) as lost:
        await lost_here(practice, f"image {instance.id}", lost)
        return Drawn(refusal="lost_here")
    stored = await practice.blobs.put(row.id, "patient", row.patient_id, shown.data)
    return Drawn(stored.size, stored.sha256)


async def _drawn(practice: Practice, instance: Instance, row: ImageFrame) -> Shown:
    """The next frame of a file that the decoder still holds needs no second reading of the file."""
    draw_it = partial(practice.engines.imaging.render, frame=row.frame - 1, window=row.window, max_side=SIDES[row.size])
    try:
        return cast(Shown, await asyncio.to_thread(draw_it, instance.sha256, None))
    except FileNeeded:
        # The decoder holds the file; this process only passes it on, a piece at a time.
        content = await practice.blobs.reader(instance.blob_id, "patient", instance.patient_id)
        return cast(Shown, await asyncio.to_thread(draw_it, instance.sha256, content))


@handles(DrawFrame)
async def draw_frame(work: Work, order: DrawFrame, drawn: Drawn) -> FrameView:
    row = await ImageFrame.get_or_none(id=order.frame_id)
    if row is None:
        raise ImageUnknown
    work.concerns("image", row.instance_id)  # the look itself is entered under the patient; drawing is nobody's look
    if row.state == "asked" and drawn.refusal:
        await row.change(state="refused", refusal_code=drawn.refusal)
    elif row.state == "asked" and drawn.sha256:
        await Blob.filter(id=row.id).delete()  # of a picture that had to be drawn anew
        await keep_blob(work, row.id, row.patient_id, media_type="image/webp", size=drawn.size, sha256=drawn.sha256)
        await row.change(state="ready")
    return view_of_frame(row)


@handles(RedrawFrame)
async def redraw_frame(work: Work, order: RedrawFrame) -> FrameView:
    row = await ImageFrame.get_or_none(id=order.frame_id)
    if row is None:
        raise ImageUnknown
    work.concerns("image", row.instance_id)
    if row.state == "ready":
        await row.change(state="asked", asked_at=work.practice.clock.real_now())
        await work.emit("frame.asked", frame_id=row.id)
    return view_of_frame(row)


due("imaging.frame", lambda row: ForgetFrame(frame_id=row.ref))


@handles(ForgetFrame)
async def forget_frame(work: Work, order: ForgetFrame) -> Done:
    row = await ImageFrame.get_or_none(id=order.frame_id)
    if row is None:
        return Done(done=False)
    await row.delete()
    await drop_file(work, order.frame_id)
    return Done()
