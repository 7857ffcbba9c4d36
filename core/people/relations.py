"""Who speaks for whom: one account, one own record; one record, one account of its own."""

from __future__ import annotations

from core.foundation.work import Work
from core.people.errors import OwnRecordExists, PatientTaken
from core.people.models import CareRelation, Patient


async def check_own(account_id: str, patient: Patient | None) -> None:
    """One account, one own record; one record, one account of its own."""
    await check_no_other_own(account_id, patient)
    if patient is not None:
        other = await CareRelation.get_or_none(self_of_id=patient.id)
        if other is not None and other.account_id != account_id:
            raise PatientTaken


async def check_no_other_own(account_id: str, patient: Patient | None) -> None:
    """:class:`OwnRecordExists` when the account is already somebody else's own. It tells nothing of ``patient``."""
    own = await CareRelation.get_or_none(account_id=account_id, relation="self")
    if own is not None and (patient is None or own.patient_id != patient.id):
        raise OwnRecordExists


async def speak_for(work: Work, account_id: str, patient_id: str, relation: str) -> None:
    if await CareRelation.filter(account_id=account_id, patient_id=patient_id).exists():
        return
    await CareRelation.create(
        id=work.new_id(),
        account_id=account_id,
        patient_id=patient_id,
        relation=relation,
        self_of_id=patient_id if relation == "self" else None,
        created_at=work.now,
    )
