"""Who sees what of a consultation: by the nearest relation, not by every role he holds; and nothing clinical once he has no part in it."""

from __future__ import annotations

from datetime import date

import pytest

from core.consultations.commands import CancelConsultation, Progress
from core.dispatch.commands import AskExpert, DeclineOffer, Offer, OfferView
from core.dispatch.models import ExpertOffer
from core.foundation.actor import Actor, HeldRole, Role
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.work import shown_digest
from core.people.commands_staff import RegisterPractitioner
from core.people.service import actor_for
from tests.core.dispatch.ward import CRITICAL, Ward
from tests.support.county import CORP, SYSTEM

pytestmark = pytest.mark.storage


async def colleague(ward: Ward, organisation: str, *roles: Role, subject: str = "colleague") -> Actor:
    registered = await ward.practice.execute(SYSTEM, RegisterPractitioner(
        organisation_id=organisation, full_name="马兰", sex="female", title_name="执业助理医师", licence_number=f"1190000000{subject}",
        licence_valid_until=date(2030, 1, 1), years_of_practice=9, roles=roles, app=CORP, subject=subject,
    ))
    return await actor_for(registered.account_id, "wecom_app", ward.clock.now())


async def test_a_village_doctor_with_desk_duty_sees_no_name_of_anothers_patient(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    both = await colleague(ward, ward.county.township_centre, Role.VILLAGE_DOCTOR, Role.DUTY_DOCTOR)
    (seen,) = (await ward.practice.ask(both, Progress())).consultations
    assert (seen.code, seen.patient, seen.number) == (asked.code, None, None)


async def test_an_expert_who_is_only_asked_sees_no_name_whatever_else_he_is(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    (offer, *_) = await ward.offers(asked.consultation_id)
    expert = ward.who(offer)
    both = Actor(
        expert.account_id, (HeldRole(Role.VILLAGE_DOCTOR, ward.county.clinic), *expert.roles), "wecom_app", expert.practitioner_id
    )
    (seen,) = (await ward.practice.ask(both, Progress())).consultations
    assert (seen.code, seen.patient) == (asked.code, None)


async def test_the_desk_of_the_experts_county_does_not_ask_for_another_countys_patient(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    elsewhere = await colleague(ward, ward.county.provincial_hospital, Role.SCHEDULER)
    asked_already = {one.practitioner_id for one in await ExpertOffer.all()}
    free = next(one for one in ward.hearts if one.practitioner_id not in asked_already)
    order = AskExpert(consultation_id=asked.consultation_id, practitioner_id=free.practitioner_id or "")
    with pytest.raises(NotAllowed):
        await ward.practice.execute(elsewhere, order)
    assert await ExpertOffer.filter(practitioner_id=free.practitioner_id).count() == 0
    await ward.practice.execute(ward.county.scheduler, order)


def clinical(view: OfferView) -> tuple[object, ...]:
    return (view.headline, view.patient, view.vitals, view.why_you, view.do_now)


async def test_an_offer_that_is_over_tells_nothing_clinical(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first, second, third = await ward.offers(asked.consultation_id)
    assert all(clinical(await ward.practice.ask(ward.who(first), Offer(offer_id=first.id))))

    await ward.practice.execute(ward.who(second), DeclineOffer(offer_id=second.id))
    await ward.accept(first)

    for closed in (second, third):
        seen = await ward.practice.ask(ward.who(closed), Offer(offer_id=closed.id))
        assert not any(clinical(seen))
        assert seen.taken_by is not None
        assert any(clinical(await ward.practice.ask(SYSTEM, Offer(offer_id=closed.id))))
    assert all(clinical(await ward.practice.ask(ward.who(first), Offer(offer_id=first.id))))


async def test_an_offer_of_a_cancelled_consultation_tells_nothing_clinical(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    first, *_ = await ward.offers(asked.consultation_id)
    await ward.practice.execute(ward.county.village_doctor, CancelConsultation(consultation_id=asked.consultation_id, reason="已转院"))
    assert not any(clinical(await ward.practice.ask(ward.who(first), Offer(offer_id=first.id))))


async def test_what_was_typed_for_a_code_does_not_stand_in_the_audit(ward: Ward) -> None:
    asked = await ward.request(CRITICAL)
    with pytest.raises(DomainError):
        await ward.practice.ask(ward.county.village_doctor, Progress(code="罗大山"))
    await ward.practice.ask(ward.county.village_doctor, Progress(code=asked.code.lower()))
    details = [entry.detail for entry in await AuditEntry.filter(action="consultations.progress").order_by("id")]
    of_one = {"patients": "1", "shown": shown_digest([(await ward.row(asked.consultation_id)).patient_id])}
    assert details == [{}, {"code": asked.code, **of_one}]
