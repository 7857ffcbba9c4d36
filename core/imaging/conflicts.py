"""Two files under one UID: the county's administrators are told, see what stands open, and say when they have looked into it."""

from __future__ import annotations

from typing import Literal, cast

from core.consultations.service import note
from core.foundation.actor import Role
from core.foundation.orders import Done, Order, answers, handles, relation
from core.foundation.rows import row_named
from core.foundation.work import Work
from core.imaging.commands import ConflictList, Conflicts, ConflictView, SettleConflict
from core.imaging.errors import ConflictUnknown
from core.imaging.models import ImageConflict, Instance, Upload
from core.notifications.service import tell
from core.people.counties import counties_where, county_of_organisation, houses_in
from core.people.holders import holders

SHOWN = 50


async def keep_conflict(work: Work, upload: Upload, instance: Instance) -> ImageConflict:
    """Both files stay; the administrators of the county that sent the second one are told."""
    kind = "content" if instance.patient_id == upload.patient_id else "patient"
    conflict = await ImageConflict.create(id=work.new_id(), upload_id=upload.id, instance_id=instance.id, kind=kind, found_at=work.now)
    county = await county_of_organisation(upload.organisation_id) or ""
    for account_id in await holders(work, Role.ADMINISTRATOR, county=county):
        await tell(work, account_id, "image.conflict", urgent=True, conflict_id=conflict.id)
    return conflict


@relation("conflict_of_county")
async def conflict_of_county(work: Work, order: Order) -> bool:
    """The second file came from a county where the actor is administrator."""
    conflict = await row_named(ImageConflict, order, "conflict_id")
    if conflict is None:
        return False
    upload = await Upload.get(id=conflict.upload_id)
    return await county_of_organisation(upload.organisation_id) in await counties_where(work.actor, Role.ADMINISTRATOR)


@answers(Conflicts)
async def conflicts(work: Work, order: Conflicts) -> ConflictList:
    work.concerns("account", work.actor.account_id)
    wanted = ImageConflict.filter(id=order.conflict_id) if order.conflict_id is not None else ImageConflict.filter(resolved_at__isnull=True)
    rows = await wanted.order_by("-id")
    uploads = {one.id: one for one in await Upload.filter(id__in=[row.upload_id for row in rows])} if rows else {}
    # Where the second file is gone, nothing is left to settle.
    rows = [row for row in rows if row.upload_id in uploads]
    if work.role is not Role.SYSTEM:
        # Before the newest are taken: another county's must not push this one's off the list.
        near = set(await houses_in(await counties_where(work.actor, Role.ADMINISTRATOR)))
        rows = [row for row in rows if uploads[row.upload_id].organisation_id in near]
    return ConflictList(conflicts=tuple(_view(row, uploads[row.upload_id]) for row in rows[:SHOWN]))


def _view(row: ImageConflict, upload: Upload) -> ConflictView:
    return ConflictView(
        conflict_id=row.id, kind=cast(Literal["content", "patient"], row.kind), consultation_id=upload.consultation_id, upload_id=upload.id,
        instance_id=row.instance_id, found_at=row.found_at, settled_at=row.resolved_at,
    )


@handles(SettleConflict)
async def settle_conflict(work: Work, order: SettleConflict) -> Done:
    conflict = await ImageConflict.get_or_none(id=order.conflict_id)
    if conflict is None:
        raise ConflictUnknown
    upload = await Upload.get(id=conflict.upload_id)
    work.concerns("patient", upload.patient_id, conflict=conflict.id)
    if conflict.resolved_at is None:
        await conflict.change(resolved_at=work.now)
        await note(work, upload.consultation_id, "material.conflict_settled", ids={"upload_id": upload.id})
    return Done()
