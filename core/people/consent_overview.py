"""我的授权: every purpose on one page, with who agreed to what, and what follows from taking it back."""

from __future__ import annotations

from core.foundation.errors import DomainError
from core.foundation.orders import answers
from core.foundation.work import Work
from core.people.commands_consents import ConsentGiven, ConsentLine, Consents, ConsentsView
from core.people.consent_texts import current_text
from core.people.consents import age_of, giver_of, standing_consents
from core.people.families import how_called
from core.people.models import Consent
from core.people.purposes import ENDED_LABELS, GIVER_LABELS, PURPOSES, Giver, Purpose, care_purposes, check_giver, check_withdrawer, is_of_age_for

_OLD_LABEL = "家人"
"""Rows of the first edition say what the patient was to who gave it: father, child …"""


@answers(Consents)
async def consents(work: Work, order: Consents) -> ConsentsView:
    work.concerns("patient", order.patient_id)
    age = await age_of(work, order.patient_id)
    standing = {row.purpose: row for row in await standing_consents(work, order.patient_id)}
    counting = {row.id for row in standing.values()}
    rows = [row for row in await Consent.filter(patient_id=order.patient_id).order_by("-given_at", "-id") if row.id not in counting]
    lines = []
    for purpose in PURPOSES.values():
        if is_of_age_for(purpose.code, age):
            last = next((row for row in rows if row.purpose == purpose.code), None)
            lines.append(await _line(work, order.patient_id, purpose, age, standing.get(purpose.code), last))
    return ConsentsView(patient_id=order.patient_id, lines=tuple(lines))


async def _line(work: Work, patient_id: str, purpose: Purpose, age: int, standing: Consent | None, last: Consent | None) -> ConsentLine:
    why_not, may_withdraw = "", standing is not None
    try:
        giver = await giver_of(work, patient_id)
        check_giver(purpose.code, giver, age)
    except DomainError as refusal:
        why_not = refusal.message
    try:
        check_withdrawer(await giver_of(work, patient_id), age)
    except DomainError:
        may_withdraw = False
    return ConsentLine(
        purpose=purpose.code, label=purpose.label, permits=purpose.permits, without=purpose.without, needed=purpose.code in care_purposes(age),
        current_version=current_text(purpose.code).version, standing=None if standing is None else await _given(work, standing),
        last=None if last is None else await _given(work, last), may_give=not why_not, why_not=why_not, may_withdraw=may_withdraw,
    )


async def _given(work: Work, row: Consent) -> ConsentGiven:
    own = row.given_as in (Giver.SELF.value, Giver.PAPER.value)
    return ConsentGiven(
        version=row.text_version, sha256=row.text_sha256, given_at=row.given_at, channel=row.channel, given_as=row.given_as,
        given_as_label=GIVER_LABELS.get(row.given_as, _OLD_LABEL), given_by="" if own else await how_called(work, row.given_by),
        withdrawn_at=row.withdrawn_at, withdrawn_as_label=ENDED_LABELS.get(row.withdrawn_as, "") if row.withdrawn_at else "",
    )
