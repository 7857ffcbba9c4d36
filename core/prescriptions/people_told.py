"""Who is asked to sign and who reviews: the nearest house above the inviting clinic with somebody on duty."""

from __future__ import annotations

from typing import Literal

from core.appointments.roster import on_duty
from core.consultations.service import consultation_of
from core.foundation.actor import Role
from core.foundation.work import Work
from core.notifications.service import card_holders, tell
from core.people.houses import houses_above
from core.people.models import Practitioner, RoleHeld
from core.people.roles import running
from core.people.rules import local_date
from core.people.service import patient_accounts, practitioner_card
from core.prescriptions.models import Prescription

_DUTIES: dict[Literal["duty_doctor", "pharmacist"], Role] = {"duty_doctor": Role.DUTY_DOCTOR, "pharmacist": Role.PHARMACIST}


async def nearest(work: Work, duty: Literal["duty_doctor", "pharmacist"], organisation_id: str) -> list[str]:
    """Accounts on this duty at the nearest house above that has any; when nobody is on duty, all above who hold the role."""
    houses = await houses_above(organisation_id)
    for house in houses:
        if present := await on_duty(duty, work.now, [house]):
            rows = await Practitioner.filter(id__in=present, active=True, licence_valid_until__gte=local_date(work.now)).order_by("id")
            if rows:
                return [row.account_id for row in rows]
    held = await RoleHeld.filter(running(work.now), role=_DUTIES[duty].value, organisation_id__in=houses).order_by("id")
    return list(dict.fromkeys(row.account_id for row in held))


async def tell_on_duty(work: Work, accounts: list[str], kind: str, **ids: str) -> None:
    """Who is on duty is there for this: neither the night nor 停止提醒 holds it back."""
    for account_id in accounts:
        await tell(work, account_id, kind, urgent=True, **ids)


async def close_cards(work: Work, row: Prescription, asked_by: str, *others: str) -> None:
    """What was asked with a card ``asked_by`` is done: whoever holds one, and ``others`` who are about to, see by whom."""
    for account_id in dict.fromkeys((*await card_holders(row.id, asked_by), *others)):
        await tell(work, account_id, "prescription.closed", urgent=True, prescription_id=row.id)


async def tell_practitioner(work: Work, practitioner_id: str, kind: str, *, urgent: bool = False, **ids: str) -> None:
    account_id = (await practitioner_card(work, practitioner_id)).account_id
    await tell(work, account_id, kind, urgent=urgent, **ids)


async def is_pressing(row: Prescription) -> bool:
    """Whether the consultation that it is for was asked for in a hurry: what must be done then does not wait for the morning."""
    return (await consultation_of(row.consultation_id)).urgency in ("critical", "emergent", "urgent")


async def tell_patient(work: Work, row: Prescription, kind: str, *, urgent: bool = False) -> None:
    """The patient's own account, or one that speaks for him; nobody when he has no WeChat. What was asked for in a hurry is told at night too."""
    for account_id in (await patient_accounts(work, row.patient_id))[:1]:
        await tell(work, account_id, kind, urgent=urgent or await is_pressing(row), prescription_id=row.id)
