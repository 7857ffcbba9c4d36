"""Who speaks for whom: scope, terms, endings, guardians, and the birthdays that change them."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from bot.sending.notice import Notice
from bot.sending.notices import render
from core.appointments.commands import BookSlot, MyAppointments
from core.foundation.actor import Actor
from core.foundation.clock import ManualClock
from core.foundation.errors import Conflict, NotAllowed, NotFound
from core.foundation.orders import Command, Query, all_orders
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.models import Notification
from core.people.cards import patient_accounts
from core.people.commands import ConfirmAccount, LookAtClaim, RegisterPatient
from core.people.commands_consents import GiveConsent
from core.people.commands_families import AllowSpeaker, EndSpeaker, Speakers, SpeakersView, SpeakerView
from core.people.commands_views import Me, WhoLookedAtMyRecord
from core.people.consent_texts import CURRENT
from core.people.errors import ClaimCodeWrong, ClaimExpired, RecordNeedsConfirmation
from core.people.errors_families import (
    GuardianKept,
    GuardianOfAdult,
    OnlyThePatientConfirms,
    OwnRelationKept,
    RelationOver,
    ScopeEmpty,
    TermPast,
)
from core.people.models import CareRelation
from core.people.scopes import WHOLE, Scope, read, scope_of, written
from tests.core.people.test_patients import visitor
from tests.support.county import SmallCounty, id_number, seed_small

pytestmark = pytest.mark.storage
WOMAN = id_number(date(1975, 7, 1), 22)


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def claim(practice: Practice, actor: Actor, order: RegisterPatient) -> str:
    with pytest.raises(RecordNeedsConfirmation) as refused:
        await practice.execute(actor, order)
    return str(refused.value.fields["claim_code"])


async def daughter_of(practice: Practice, county: SmallCounty) -> Actor:
    """The woman's daughter, let in by the woman herself."""
    daughter = await visitor(practice, "daughter", "19900000077")
    code = await claim(practice, daughter, RegisterPatient(relation="mother", full_name="李秀英", id_number=WOMAN))
    await practice.execute(county.woman_account, ConfirmAccount(patient_id=county.woman, claim_code=code))
    return daughter


async def seen(practice: Practice, actor: Actor, patient_id: str) -> dict[str, SpeakerView]:
    view: SpeakersView = await practice.ask(actor, Speakers(patient_id=patient_id))
    return {one.relation_id: one for one in view.speakers}


async def relation_of(actor: Actor, patient_id: str) -> str:
    return (await CareRelation.get(account_id=actor.account_id, patient_id=patient_id)).id


async def child_of(practice: Practice, mother: Actor, birth: date, name: str = "刘乐乐") -> str:
    order = RegisterPatient(relation="child", full_name=name, id_number=id_number(birth, 7))
    return str((await practice.execute(mother, order)).patient_id)


async def test_the_patient_lets_somebody_in_sees_her_and_ends_it_at_once(practice: Practice, county: SmallCounty):
    daughter = await daughter_of(practice, county)
    relation_id = await relation_of(daughter, county.woman)
    found = (await seen(practice, county.woman_account, county.woman))[relation_id]
    assert (found.relation_label, found.standing, found.scope, found.called) == ("子女", "live", WHOLE, "微信用户(尾号 0077)")
    assert found.may_end
    assert found.may_limit
    assert not found.mine
    assert (await practice.ask(daughter, WhoLookedAtMyRecord(patient_id=county.woman))).entries
    with pytest.raises(NotAllowed):
        await practice.ask(daughter, Speakers(patient_id=county.woman))
    await practice.execute(county.woman_account, EndSpeaker(patient_id=county.woman, relation_id=relation_id))
    for order in (WhoLookedAtMyRecord(patient_id=county.woman), Speakers(patient_id=county.woman)):
        with pytest.raises(NotAllowed):
            await practice.ask(daughter, order)
    with pytest.raises(NotAllowed):
        await practice.execute(daughter, GiveConsent(patient_id=county.woman, purpose="care", text_version=CURRENT["care"]))
    assert (await practice.ask(daughter, Me())).patients == ()
    assert daughter.account_id not in await patient_accounts(Work(practice, daughter, Me()), county.woman)
    with pytest.raises(RelationOver):
        await practice.execute(county.woman_account, EndSpeaker(patient_id=county.woman, relation_id=relation_id))
    ended = (await seen(practice, county.woman_account, county.woman))[relation_id]
    assert (ended.standing, ended.may_end) == ("ended", False)


async def test_who_was_ended_does_not_come_back_by_the_phone(practice: Practice, county: SmallCounty):
    daughter = await daughter_of(practice, county)
    relation_id = await relation_of(daughter, county.woman)
    await practice.execute(county.woman_account, EndSpeaker(patient_id=county.woman, relation_id=relation_id))
    sealer = await practice.keys.sealer("patient", county.woman)
    from core.people.models import Patient

    await Patient.filter(id=county.woman).update(
        phone=sealer.seal("patient", "phone", county.woman, "19900000077"), phone_blind=practice.keys.blind("phone", "19900000077")
    )
    code = await claim(practice, daughter, RegisterPatient(relation="mother", full_name="李秀英", id_number=WOMAN))
    assert (await practice.ask(daughter, Me())).patients == ()
    await practice.execute(county.village_doctor, ConfirmAccount(patient_id=county.woman, claim_code=code))
    assert [one.relation for one in (await practice.ask(daughter, Me())).patients] == ["mother"]
    assert await CareRelation.filter(patient_id=county.woman).count() == 2


async def test_a_scope_opens_what_it_names_and_nothing_else(practice: Practice, county: SmallCounty):
    daughter = await daughter_of(practice, county)
    relation_id = await relation_of(daughter, county.woman)

    async def allow(*scope: Scope) -> None:
        await practice.execute(county.woman_account, AllowSpeaker(patient_id=county.woman, relation_id=relation_id, scope=scope))

    await allow(Scope.BOOK)
    booked = await practice.execute(daughter, BookSlot(slot_id=county.slots[0], patient_id=county.woman))
    assert booked.patient_id == county.woman
    assert [one.appointment_id for one in (await practice.ask(daughter, MyAppointments())).appointments] == [booked.appointment_id]
    with pytest.raises(NotAllowed):
        await practice.ask(daughter, WhoLookedAtMyRecord(patient_id=county.woman))
    with pytest.raises(NotAllowed):
        await practice.execute(daughter, GiveConsent(patient_id=county.woman, purpose="consultation", text_version=CURRENT["consultation"]))
    assert daughter.account_id not in await patient_accounts(Work(practice, daughter, Me()), county.woman)
    await allow(Scope.RECORD, Scope.NOTICES)
    assert (await practice.ask(daughter, WhoLookedAtMyRecord(patient_id=county.woman))).entries
    assert daughter.account_id in await patient_accounts(Work(practice, daughter, Me()), county.woman)
    with pytest.raises(NotAllowed):
        await practice.execute(daughter, BookSlot(slot_id=county.slots[1], patient_id=county.woman))
    with pytest.raises(ScopeEmpty):
        await allow()
    (mine,) = (await practice.ask(daughter, Me())).patients
    assert mine.scope == ("record", "notices")


async def test_a_term_ends_by_itself(practice: Practice, county: SmallCounty, clock: ManualClock):
    daughter = await daughter_of(practice, county)
    relation_id = await relation_of(daughter, county.woman)
    until = clock.now() + timedelta(days=7)
    order = AllowSpeaker(patient_id=county.woman, relation_id=relation_id, scope=WHOLE, until=until)
    with pytest.raises(TermPast):
        await practice.execute(county.woman_account, order.model_copy(update={"until": clock.now()}))
    await practice.execute(county.woman_account, order)
    clock.advance(days=6, hours=23)
    assert (await practice.ask(daughter, Me())).patients
    clock.advance(hours=1)
    assert (await practice.ask(daughter, Me())).patients == ()
    assert (await seen(practice, county.woman_account, county.woman))[relation_id].standing == "term_over"
    await practice.execute(county.woman_account, order.model_copy(update={"until": None}))
    assert (await practice.ask(daughter, Me())).patients


async def test_nobody_else_limits_or_ends_it(practice: Practice, county: SmallCounty):
    daughter = await daughter_of(practice, county)
    relation_id, own = await relation_of(daughter, county.woman), await relation_of(county.woman_account, county.woman)
    strangers = (county.stranger, county.duty_doctor, county.administrator, county.experts[0])
    for actor in (*strangers, daughter, county.village_doctor):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, AllowSpeaker(patient_id=county.woman, relation_id=relation_id, scope=WHOLE))
    for actor in strangers:
        with pytest.raises(NotAllowed):
            await practice.execute(actor, EndSpeaker(patient_id=county.woman, relation_id=relation_id))
    with pytest.raises(NotAllowed):
        await practice.execute(daughter, EndSpeaker(patient_id=county.woman, relation_id=own))
    with pytest.raises(OwnRelationKept):
        await practice.execute(county.woman_account, EndSpeaker(patient_id=county.woman, relation_id=own))
    with pytest.raises(NotFound):  # Named under another patient, it is not found.
        await practice.execute(county.village_doctor, EndSpeaker(patient_id=county.old_man, relation_id=relation_id))
    await practice.execute(daughter, EndSpeaker(patient_id=county.woman, relation_id=relation_id))
    assert (await practice.ask(daughter, Me())).patients == ()


async def test_she_sees_whom_she_lets_in_and_chooses_what_before_anything_is_given(practice: Practice, county: SmallCounty, clock: ManualClock):
    daughter = await visitor(practice, "daughter", "19900000077")
    order = RegisterPatient(relation="mother", full_name="李秀英", id_number=WOMAN)
    with pytest.raises(RecordNeedsConfirmation, match="needs_confirmation") as refused:
        await practice.execute(daughter, order)
    code = refused.value.fields["claim_code"]
    assert f"确认码 {code} 念给他本人" in refused.value.message
    assert "谁能替我办" in refused.value.message
    view = await practice.execute(county.woman_account, LookAtClaim(patient_id=county.woman, claim_code=code.lower()))
    assert view.called.endswith("(尾号 0077)")
    assert (view.relation_label, view.guardian) == ("子女", False)
    assert (await practice.ask(daughter, Me())).patients == ()
    with pytest.raises(NotAllowed):
        await practice.execute(daughter, LookAtClaim(patient_id=county.woman, claim_code=code))
    with pytest.raises(ClaimCodeWrong):
        await practice.execute(county.woman_account, LookAtClaim(patient_id=county.woman, claim_code="000000"))
    let_in = ConfirmAccount(patient_id=county.woman, claim_code=code, scope=(Scope.BOOK, Scope.NOTICES), until=clock.now() + timedelta(days=7))
    with pytest.raises(ScopeEmpty):
        await practice.execute(county.woman_account, let_in.model_copy(update={"scope": ()}))
    with pytest.raises(TermPast):
        await practice.execute(county.woman_account, let_in.model_copy(update={"until": clock.now()}))
    await practice.execute(county.woman_account, let_in)
    (patient,) = (await practice.ask(daughter, Me())).patients
    assert patient.scope == (Scope.BOOK, Scope.NOTICES)
    told = await render(practice, await Notification.get(account_id=daughter.account_id, kind="relation.granted"))
    assert isinstance(told, Notice)
    assert (told.template is not None, told.page, "李秀英" in str(told)) == (True, "family", False)
    clock.advance(days=8)
    assert (await practice.ask(daughter, Me())).patients == ()


async def test_tried_codes_count_when_only_looked_at(practice: Practice, county: SmallCounty):
    daughter = await visitor(practice, "daughter", "19900000077")
    code = await claim(practice, daughter, RegisterPatient(relation="mother", full_name="李秀英", id_number=WOMAN))
    for _ in range(5):
        with pytest.raises(ClaimCodeWrong):
            await practice.execute(county.woman_account, LookAtClaim(patient_id=county.woman, claim_code="000000"))
    with pytest.raises(ClaimExpired):
        await practice.execute(county.woman_account, LookAtClaim(patient_id=county.woman, claim_code=code))


async def test_who_helped_and_has_not_written_lately_is_told_by_template(practice: Practice, county: SmallCounty):
    daughter = await daughter_of(practice, county)
    await practice.execute(county.woman_account, EndSpeaker(patient_id=county.woman, relation_id=await relation_of(daughter, county.woman)))
    told = await render(practice, await Notification.get(account_id=daughter.account_id, kind="relation.ended"))
    assert isinstance(told, Notice)
    assert told.template is not None
    name, values = told.template
    assert name == "progress"
    assert all(values.values())
    assert len(values["text"]) <= 20
    assert told.page == "family"
    # No message at all may reach her: her own page says it, by no name, for a month; and what she ended herself is not told her.
    (ended,) = (await practice.ask(daughter, Me())).ended
    assert (ended.relation, ended.ended_at) == ("mother", practice.clock.now())
    assert (await practice.ask(county.woman_account, Me())).ended == ()


async def test_the_village_doctor_ends_it_for_who_has_no_wechat(practice: Practice, county: SmallCounty):
    son = await visitor(practice, "son")
    code = await claim(practice, son, RegisterPatient(relation="father", full_name="罗大山", id_number=id_number(date(1968, 3, 9), 11)))
    await practice.execute(county.village_doctor, ConfirmAccount(patient_id=county.old_man, claim_code=code))
    relation_id = await relation_of(son, county.old_man)
    assert (await seen(practice, county.village_doctor, county.old_man))[relation_id].may_end
    await practice.execute(county.village_doctor, EndSpeaker(patient_id=county.old_man, relation_id=relation_id, reason="dispute"))
    assert (await practice.ask(son, Me())).patients == ()
    row = await CareRelation.get(id=relation_id)
    assert (row.end_reason, row.ended_by) == ("dispute", county.village_doctor.account_id)


async def test_a_guardian_speaks_for_a_minor_until_eighteen(practice: Practice, county: SmallCounty, clock: ManualClock):
    mother = await visitor(practice, "mother")
    teenager = await child_of(practice, mother, date(2008, 11, 25))
    (child,) = (await practice.ask(mother, Me())).patients
    assert child.guardian
    aunt = await visitor(practice, "aunt")
    code = await claim(practice, aunt, RegisterPatient(relation="other", full_name="刘乐乐", id_number=id_number(date(2008, 11, 25), 7)))
    await practice.execute(mother, ConfirmAccount(patient_id=teenager, claim_code=code))
    found = await seen(practice, mother, teenager)
    assert {one.relation_label for one in found.values()} == {"监护人", "家人"}
    await practice.execute(mother, EndSpeaker(patient_id=teenager, relation_id=await relation_of(aunt, teenager)))
    clock.advance(days=4, hours=13)  # 2026-11-24, 23:00 in Shanghai.
    assert (await practice.ask(mother, Me())).patients
    clock.advance(hours=1)  # The birthday.
    assert (await practice.ask(mother, Me())).patients == ()
    with pytest.raises(NotAllowed):
        await practice.ask(mother, Speakers(patient_id=teenager))


async def test_of_age_he_says_himself_that_it_goes_on(practice: Practice, county: SmallCounty, clock: ManualClock):
    mother, son = await visitor(practice, "mother"), await visitor(practice, "son", "19900000088")
    birth = date(2008, 11, 25)
    teenager = await child_of(practice, mother, birth)
    sealer = await practice.keys.sealer("patient", teenager)
    from core.people.models import Patient

    await Patient.filter(id=teenager).update(
        phone=sealer.seal("patient", "phone", teenager, "19900000088"), phone_blind=practice.keys.blind("phone", "19900000088")
    )
    await practice.execute(son, RegisterPatient(full_name="刘乐乐", id_number=id_number(birth, 7)))
    mothers = await relation_of(mother, teenager)
    for order in (
        EndSpeaker(patient_id=teenager, relation_id=mothers), AllowSpeaker(patient_id=teenager, relation_id=mothers, scope=(Scope.BOOK,)),
    ):
        with pytest.raises(GuardianKept):
            await practice.execute(son, order)
    clock.advance(days=5)
    assert (await seen(practice, son, teenager))[mothers].standing == "of_age"
    assert (await practice.ask(mother, Me())).patients == ()
    await practice.execute(son, AllowSpeaker(patient_id=teenager, relation_id=mothers, scope=(Scope.BOOK, Scope.NOTICES)))
    (child,) = (await practice.ask(mother, Me())).patients
    assert (child.guardian, child.scope) == (False, ("book", "notices"))
    assert (await CareRelation.get(id=mothers)).confirmed_at == clock.now()


async def test_one_guardian_does_not_remove_the_other(practice: Practice, county: SmallCounty):
    mother, father = await visitor(practice, "mother"), await visitor(practice, "father")
    child = await child_of(practice, mother, date(2020, 3, 20))
    code = await claim(practice, father, RegisterPatient(relation="child", full_name="刘乐乐", id_number=id_number(date(2020, 3, 20), 7)))
    await practice.execute(mother, ConfirmAccount(patient_id=child, claim_code=code))
    for one, other in ((mother, father), (father, mother)):
        with pytest.raises(GuardianKept):
            await practice.execute(one, EndSpeaker(patient_id=child, relation_id=await relation_of(other, child)))
        with pytest.raises(GuardianKept):
            await practice.execute(one, AllowSpeaker(patient_id=child, relation_id=await relation_of(other, child), scope=(Scope.BOOK,)))


async def test_a_grandmother_becomes_guardian_by_who_may_say_so(practice: Practice, county: SmallCounty):
    mother, grandmother = await visitor(practice, "mother"), await visitor(practice, "grandmother")
    child = await child_of(practice, mother, date(2020, 3, 20))
    order = RegisterPatient(relation="other", full_name="刘乐乐", id_number=id_number(date(2020, 3, 20), 7))
    await practice.execute(mother, ConfirmAccount(patient_id=child, claim_code=await claim(practice, grandmother, order)))
    assert [one.guardian for one in (await practice.ask(grandmother, Me())).patients] == [False]
    code = await claim(practice, grandmother, order.model_copy(update={"guardian": True}))  # She does not make herself the guardian.
    await practice.execute(mother, ConfirmAccount(patient_id=child, claim_code=code))
    assert [one.guardian for one in (await practice.ask(grandmother, Me())).patients] == [True]
    with pytest.raises(GuardianOfAdult):
        await practice.execute(
            grandmother, RegisterPatient(relation="other", guardian=True, full_name="王小兰", id_number=id_number(date(1991, 5, 17), 46))
        )


async def test_of_age_nobody_decides_for_the_patient(practice: Practice, county: SmallCounty):
    """A relation of a grown-up is his own to give: the record's other speakers, and the village doctor, cannot widen it."""
    daughter = await daughter_of(practice, county)
    with pytest.raises(NotAllowed):
        await practice.execute(
            daughter, AllowSpeaker(patient_id=county.woman, relation_id=await relation_of(daughter, county.woman), scope=WHOLE)
        )
    assert OnlyThePatientConfirms.status == 403


async def test_a_row_of_the_first_edition_is_read_as_it_was_meant(practice: Practice, county: SmallCounty, clock: ManualClock):
    mother = await visitor(practice, "mother")
    small, grown = await child_of(practice, mother, date(2020, 3, 20)), await child_of(practice, mother, date(1999, 3, 20), "刘强")
    await CareRelation.filter(account_id=mother.account_id).update(guardian=None, since=None)
    found = await seen(practice, mother, small)
    assert [one.relation_label for one in found.values()] == ["监护人"]
    assert {one.patient_id for one in (await practice.ask(mother, Me())).patients} == {small, grown}
    clock.advance(days=365 * 12)
    assert {one.patient_id for one in (await practice.ask(mother, Me())).patients} == {grown}


async def test_ended_by_two_at_once_it_ends_once(practice: Practice, county: SmallCounty):
    daughter = await daughter_of(practice, county)
    order = EndSpeaker(patient_id=county.woman, relation_id=await relation_of(daughter, county.woman))
    actors = [county.woman_account, daughter, county.village_doctor] * 2
    results = await asyncio.gather(*(practice.execute(actor, order) for actor in actors), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    assert {type(one) for one in results if isinstance(one, BaseException)} <= {RelationOver, Conflict}


def test_every_order_has_its_scope():
    for order in all_orders().values():
        if issubclass(order, Query):
            assert scope_of(order.model_construct()) is Scope.RECORD
        elif issubclass(order, Command) and order.name in ("people.give_consent", "people.withdraw_consent"):
            assert scope_of(order.model_construct()) is Scope.CONSENT


def test_scopes_are_written_and_read_in_their_order():
    assert written((Scope.NOTICES, Scope.BOOK)) == "book,notices"
    assert read("notices,book,everything") == (Scope.BOOK, Scope.NOTICES)
    assert read("") == ()
    assert read(written(WHOLE)) == WHOLE
