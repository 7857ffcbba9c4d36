"""A real-name check that nobody could answer is asked again: after ten minutes, then later and later, once a day in the end, until it is answered.

A mismatch that comes so late changes nothing of the care: the people who are told of the patient, and his village doctor, are asked to bring the
certificate.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.foundation.actor import Actor
from core.foundation.due import due
from core.foundation.orders import Done, handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.cards import patient_accounts, practitioner_cards
from core.people.commands_real_name import CheckRealName
from core.people.lists import village_doctors_of
from core.people.models import Patient
from core.people.real_name import Answered, RealName, ask_real_name
from core.people.rules import local_date
from core.people.telling import tell_person

KIND = "people.real_name"
FIRST_AFTER = timedelta(minutes=10)
LATEST_AFTER = timedelta(days=1)
MISMATCH = "people.real_name_mismatch"

due(KIND, lambda row: CheckRealName(patient_id=row.ref, step=int(row.step or "1")))


def again_at(now: datetime, tries: int) -> datetime:
    """When to ask after ``tries`` times in vain (1 or more)."""
    doublings: int = 2 ** min(tries - 1, 10)
    return now + min(LATEST_AFTER, FIRST_AFTER * doublings)


@prepares(CheckRealName)
async def ask_again(practice: Practice, actor: Actor, order: CheckRealName) -> Answered | None:
    row = await Patient.get_or_none(id=order.patient_id)
    if row is None or row.real_name_state == RealName.MATCH.value:
        return None
    sealer = await practice.keys.sealer("patient", row.id)
    name, number = (sealer.open("patient", column, row.id, bytes(getattr(row, column))) for column in ("full_name", "id_number"))
    return await ask_real_name(practice, name, number, local_date(practice.clock.now()))


@handles(CheckRealName)
async def check_real_name(work: Work, order: CheckRealName, answered: Answered | None = None) -> Done:
    row = await Patient.get_or_none(id=order.patient_id)
    if row is None or answered is None or row.real_name_state == RealName.MATCH.value:
        return Done(done=False)
    work.concerns("patient", row.id, answer=answered.state.value)
    await row.change(real_name_state=answered.state.value, real_name_at=work.now, real_name_provider=answered.provider)
    if answered.state is not RealName.AWAY:
        # Whatever was attested of him on another's word is looked at again.
        await work.emit("patient.identity_changed", key=row.id, patient_id=row.id)
    if answered.state is RealName.AWAY:
        await work.schedule(KIND, row.id, again_at(work.now, order.step + 1), step=str(order.step + 1))
    elif answered.state is RealName.MISMATCH:
        await _tell(work, row.id)
    return Done()


async def _tell(work: Work, patient_id: str) -> None:
    cards = await practitioner_cards(work, await village_doctors_of(work, patient_id))
    for account_id in dict.fromkeys([*await patient_accounts(work, patient_id), *(card.account_id for card in cards.values())]):
        await tell_person(work, account_id, MISMATCH, patient_id=patient_id)
