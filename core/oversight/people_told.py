"""Who is told of an opening: the patient's side at once, the reviewers of the county."""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.work import Work
from core.notifications.service import tell
from core.oversight.models import BreakGlass
from core.people.holders import holders
from core.people.service import patient_accounts, practitioner_cards, village_doctors_of


async def tell_patients_side(work: Work, row: BreakGlass) -> None:
    """The patient and all who are told for him. One without WeChat hears it from the village doctor who has him on her list."""
    accounts = await patient_accounts(work, row.patient_id)
    for account_id in accounts:
        await tell(work, account_id, "break_glass.patient", urgent=True, break_glass_id=row.id)
    if accounts:
        return
    doctors = [one for one in await village_doctors_of(work, row.patient_id) if one != row.practitioner_id]
    for card in (await practitioner_cards(work, doctors)).values():
        await tell(work, card.account_id, "break_glass.tell_patient", break_glass_id=row.id, patient_id=row.patient_id)


async def tell_reviewers(work: Work, row: BreakGlass, kind: str, *, also_administrators: bool = False) -> None:
    """The county's auditors; its administrators where it has none or they were silent; those of any county rather than nobody."""
    people = await _who(work, row, Role.AUDITOR, row.region_code)
    if also_administrators or not people:
        people |= await _who(work, row, Role.ADMINISTRATOR, row.region_code)
    for account_id in sorted(people or await _who(work, row, Role.ADMINISTRATOR, "")):
        await tell(work, account_id, kind, break_glass_id=row.id)


async def _who(work: Work, row: BreakGlass, role: Role, county: str) -> set[str]:
    """Who holds ``role`` in the county now, but for the one who did it."""
    return set(await holders(work, role, county=county)) - {row.account_id}
