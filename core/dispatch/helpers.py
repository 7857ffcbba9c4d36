"""A person is asked for: 转人工, 请村医一起看. The village doctor on whose list the patient stands is told, once in a while and not at night."""

from __future__ import annotations

from datetime import timedelta

from core.dispatch.commands import AskHelper, HelperAsked
from core.foundation.orders import handles
from core.foundation.work import Work
from core.notifications.models import Notification
from core.notifications.service import tell
from core.people.service import care_relations, practitioner_card, village_doctors_of

ASKED = "helper.asked"
ONCE_IN = timedelta(minutes=30)


@handles(AskHelper)
async def ask_helper(work: Work, order: AskHelper) -> HelperAsked:
    """The first of those for whom the actor speaks (himself first) who stands on a list. Asked again soon, the doctor is not told again."""
    relations = sorted(await care_relations(work, work.actor.account_id), key=lambda one: one[0] != "self")
    for _, patient_id in relations:
        doctors = await village_doctors_of(work, patient_id)
        if not doctors:
            continue
        work.concerns("patient", patient_id)
        doctor = await practitioner_card(work, doctors[0])
        before = await Notification.filter(account_id=doctor.account_id, kind=ASKED, created_at__gt=work.now - ONCE_IN).order_by("-id")
        known = next((row for row in before if row.ids.get("patient_id") == patient_id), None)
        if known is None:
            known = await Notification.get(id=await tell(work, doctor.account_id, ASKED, patient_id=patient_id))
        if known.state == "stopped":
            return HelperAsked(told=None, waits=False)
        return HelperAsked(told=doctor.called, waits=known.state == "held")
    return HelperAsked(told=None, waits=False)
