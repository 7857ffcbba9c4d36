"""From the expert's opinion to the rating: two signatures, who may what, what an altered word does, two at once."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError

from core.consultations.commands import BeginConsultation, CompleteConsultation, ReturnConsultation
from core.consultations.commands_opinions import Decide, Diagnosis, GiveOpinion, OpinionView, ReadOpinion
from core.consultations.commands_ratings import RateConsultation
from core.consultations.errors import (
    AlreadyDecided,
    AlreadyRated,
    ConsentNotOnRecord,
    NotCompleted,
    NotDecided,
    OpinionMissing,
    OpinionReplaced,
    ReasonNeeded,
    WritingIsTheExperts,
)
from core.consultations.models import Consultation, Decision, Opinion, Rating
from core.consultations.opinions import OpinionText, _opinion_document
from core.consultations.workflow import IllegalStep
from core.foundation.actor import Actor
from core.foundation.errors import Conflict, NotAllowed
from core.foundation.models import AuditEntry, Signature, SigningKey
from core.foundation.practice import Practice
from core.foundation.signing_keys import SignatureNotConfirmed
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward

pytestmark = pytest.mark.storage


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=4)


async def assigned(ward: Ward, number: int = 5) -> tuple[str, Actor]:
    asked = await ward.request(CRITICAL, number=number)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    return asked.consultation_id, ward.who(offer)


async def opined(ward: Ward) -> tuple[str, Actor, OpinionView]:
    consultation_id, expert = await assigned(ward)
    order = GiveOpinion(consultation_id=consultation_id, assessment="疑似急性冠脉综合征", advice="阿司匹林嚼服,立即转县医院", confirm=True)
    return consultation_id, expert, await ward.practice.execute(expert, order)


async def test_the_whole_way_to_the_rating(ward: Ward) -> None:
    consultation_id, expert, opinion = await opined(ward)
    doctor, patient = ward.county.village_doctor, ward.county.woman_account
    assert opinion.revision == 1
    assert opinion.signature_valid
    assert (await ward.row(consultation_id)).state == "IN_PROGRESS"
    assert "opinion.given" in await ward.told(doctor)

    with pytest.raises(OpinionMissing):
        await ward.practice.ask(patient, ReadOpinion(consultation_id=consultation_id))
    with pytest.raises(NotDecided):
        await ward.practice.execute(doctor, CompleteConsultation(consultation_id=consultation_id))
    with pytest.raises(ReasonNeeded):
        await ward.practice.execute(doctor, Decide(consultation_id=consultation_id, opinion_id=opinion.opinion_id, choice="partly", confirm=True))
    decided = await ward.practice.execute(
        doctor, Decide(consultation_id=consultation_id, opinion_id=opinion.opinion_id, choice="partly", reason="先做心电图再转", confirm=True)
    )
    assert decided.decision.choice_label == "部分同意"
    assert decided.decision.signature_valid
    assert "decision.made" in await ward.told(expert)
    with pytest.raises(NotCompleted):
        await ward.practice.execute(doctor, RateConsultation(consultation_id=consultation_id, stars=5))

    with pytest.raises(ConsentNotOnRecord, match="consent_not_on_record") as wanting:
        await ward.practice.execute(doctor, CompleteConsultation(consultation_id=consultation_id, without=" "))
    assert "确认病人、知情同意" in wanting.value.message
    assert (await ward.row(consultation_id)).state == "IN_PROGRESS"
    status = await ward.practice.execute(doctor, CompleteConsultation(consultation_id=consultation_id, without="病人已急转县医院"))
    assert status.state == "COMPLETED"
    assert (await ward.row(consultation_id)).busy_expert_id is None
    seen = await ward.practice.ask(patient, ReadOpinion(consultation_id=consultation_id))
    assert seen.signature_valid
    assert seen.decision.reason == "先做心电图再转"
    await ward.practice.execute(doctor, RateConsultation(consultation_id=consultation_id, stars=5))
    await ward.practice.execute(patient, RateConsultation(consultation_id=consultation_id, stars=4, words="医生很耐心"))
    with pytest.raises(AlreadyRated):
        await ward.practice.execute(patient, RateConsultation(consultation_id=consultation_id, stars=1))
    assert sorted(await Rating.all().values_list("rated_as", "stars")) == [("patient", 4), ("village_doctor", 5)]

    kinds = await ward.timeline(consultation_id)
    assert [kind for kind in kinds if kind in ("begin", "opinion.given", "decision.made", "complete", "rated")] == [
        "begin", "opinion.given", "decision.made", "complete", "rated", "rated",
    ]
    assert "consultation.progress_patient/completed" in await ward.told(patient)
    assert await AuditEntry.filter(action="consultations.opinion", subject_id=ward.county.woman).exists()


async def test_an_altered_opinion_or_decision_fails_its_signature(ward: Ward) -> None:
    consultation_id, _expert, opinion = await opined(ward)
    doctor = ward.county.village_doctor
    await ward.practice.execute(doctor, Decide(consultation_id=consultation_id, opinion_id=opinion.opinion_id, choice="agree", confirm=True))
    row = await Opinion.get(id=opinion.opinion_id)
    sealer = await ward.practice.keys.sealer("patient", ward.county.woman)
    text = sealer.open("opinion", "body", row.id, bytes(row.body))

    altered = sealer.seal("opinion", "body", row.id, text.replace("嚼服", "停用"))
    await Opinion.filter(id=row.id).update(body=altered)
    seen = await ward.practice.ask(doctor, ReadOpinion(consultation_id=consultation_id))
    assert "停用" in seen.advice
    assert not seen.signature_valid
    assert seen.decision.signature_valid

    await Decision.filter(opinion_id=row.id).update(choice="disagree")
    seen = await ward.practice.ask(doctor, ReadOpinion(consultation_id=consultation_id))
    assert not seen.decision.signature_valid
    # Another practitioner's key does not vouch for it either.
    mine = await Signature.get(kind="opinion")
    await Opinion.filter(id=row.id).update(body=row.body)
    await Signature.filter(id=mine.id).update(key_id=(await SigningKey.get(practitioner_id=doctor.practitioner_id)).id)
    assert not (await ward.practice.ask(doctor, ReadOpinion(consultation_id=consultation_id))).signature_valid
    await Signature.filter(id=mine.id).update(key_id=mine.key_id)
    assert (await ward.practice.ask(doctor, ReadOpinion(consultation_id=consultation_id))).signature_valid


async def test_nothing_is_signed_without_a_confirmation_and_nothing_stays(ward: Ward) -> None:
    consultation_id, expert = await assigned(ward)
    with pytest.raises(SignatureNotConfirmed):
        await ward.practice.execute(expert, GiveOpinion(consultation_id=consultation_id, advice="转院"))
    assert await Opinion.all().count() == 0
    assert (await ward.row(consultation_id)).state == "ASSIGNED"


async def test_a_new_revision_must_be_read_before_it_is_decided_on(ward: Ward) -> None:
    consultation_id, expert, first = await opined(ward)
    second = await ward.practice.execute(expert, GiveOpinion(consultation_id=consultation_id, advice="改为就地观察", confirm=True))
    assert second.revision == 2
    again = await ward.practice.execute(expert, GiveOpinion(consultation_id=consultation_id, advice="改为就地观察", confirm=True))
    assert again.opinion_id == second.opinion_id
    with pytest.raises(OpinionReplaced):
        await ward.practice.execute(
            ward.county.village_doctor, Decide(consultation_id=consultation_id, opinion_id=first.opinion_id, choice="agree", confirm=True)
        )
    assert await SigningKey.filter(practitioner_id=expert.practitioner_id).count() == 1


async def test_words_and_keys_lie_sealed(ward: Ward) -> None:
    _consultation_id, expert, opinion = await opined(ward)
    row, key = await Opinion.get(id=opinion.opinion_id), await SigningKey.get(practitioner_id=expert.practitioner_id)
    assert "冠脉".encode() not in bytes(row.body)
    assert len(bytes(key.private_key)) == 4 + 12 + 32 + 16  # Form, suite, key version; nonce; key; tag.
    assert len(bytes(key.public_key)) == 32


async def test_deciding_twice_at_once_makes_one_decision(ward: Ward) -> None:
    consultation_id, _, opinion = await opined(ward)
    orders = [Decide(consultation_id=consultation_id, opinion_id=opinion.opinion_id, choice="agree", confirm=True) for _ in range(4)]
    outcomes = await asyncio.gather(*(ward.practice.execute(ward.county.village_doctor, one) for one in orders), return_exceptions=True)
    assert sum(isinstance(one, OpinionView) for one in outcomes) == 1
    assert all(isinstance(one, OpinionView | AlreadyDecided) for one in outcomes)
    assert await Decision.all().count() == 1
    assert await Signature.filter(kind="decision").count() == 1


async def test_who_may(ward: Ward) -> None:
    consultation_id, expert, opinion = await opined(ward)
    other = next(one for one in ward.hearts if one.practitioner_id != expert.practitioner_id)
    county = ward.county
    for actor in (other, county.village_doctor, county.woman_account, county.pharmacist):
        with pytest.raises(NotAllowed):
            await ward.practice.execute(actor, GiveOpinion(consultation_id=consultation_id, advice="随便写写", confirm=True))
    for actor in (expert, other, county.woman_account, county.duty_doctor):
        with pytest.raises(NotAllowed):
            await ward.practice.execute(actor, Decide(consultation_id=consultation_id, opinion_id=opinion.opinion_id, choice="agree", confirm=True))
    for actor in (other, county.stranger, county.scheduler, county.auditor, county.administrator, county.pharmacist):
        with pytest.raises(NotAllowed):
            await ward.practice.ask(actor, ReadOpinion(consultation_id=consultation_id))
    for actor in (county.duty_doctor, expert):
        assert (await ward.practice.ask(actor, ReadOpinion(consultation_id=consultation_id))).signature_valid
    with pytest.raises(NotAllowed):
        await ward.practice.execute(county.stranger, RateConsultation(consultation_id=consultation_id, stars=5))


async def test_a_consultation_begins_by_call_and_only_the_expert_begins_in_writing(ward: Ward) -> None:
    consultation_id, _ = await assigned(ward)
    doctor = ward.county.village_doctor
    with pytest.raises(WritingIsTheExperts):
        await ward.practice.execute(doctor, BeginConsultation(consultation_id=consultation_id, manner="writing"))
    assert (await ward.practice.execute(doctor, BeginConsultation(consultation_id=consultation_id, manner="phone"))).state == "IN_PROGRESS"
    with pytest.raises(IllegalStep):
        await ward.practice.execute(doctor, BeginConsultation(consultation_id=consultation_id, manner="call"))


async def test_given_back_it_finds_another_expert_at_once(ward: Ward) -> None:
    consultation_id, expert = await assigned(ward)
    status = await ward.practice.execute(expert, ReturnConsultation(consultation_id=consultation_id, reason="突发手术"))
    row = await Consultation.get(id=consultation_id)
    assert status.state == "PENDING"
    assert (row.expert_id, row.busy_expert_id) == (None, None)
    offers = await ward.offers(consultation_id)
    assert offers
    assert expert.practitioner_id not in {one.practitioner_id for one in offers}
    assert "consultation.progress/returned" in await ward.told(ward.county.village_doctor)
    await ward.accept(offers[0])
    assert (await ward.row(consultation_id)).state == "ASSIGNED"


async def test_the_desk_takes_it_from_an_expert_who_does_not_appear(ward: Ward) -> None:
    consultation_id, expert = await assigned(ward)
    await ward.practice.execute(ward.county.scheduler, ReturnConsultation(consultation_id=consultation_id, reason="专家没有出现"))
    assert "consultation.taken_back" in await ward.told(expert)
    with pytest.raises((Conflict, NotAllowed)):
        await ward.practice.execute(expert, GiveOpinion(consultation_id=consultation_id, advice="来晚了", confirm=True))


async def test_an_opinion_without_diagnoses_is_signed_as_before_there_were_any(ward: Ward) -> None:
    consultation_id, _, opinion = await opined(ward)
    row, kept = await ward.row(consultation_id), await Opinion.get(id=opinion.opinion_id)
    plain = OpinionText(assessment="疑似", advice="转院", watch_for="")
    coded = plain.model_copy(update={"diagnoses": (Diagnosis(icd10="I21.9", name="急性心肌梗死"),)})
    assert _opinion_document(row, kept, plain)["text"] == {"assessment": "疑似", "advice": "转院", "watch_for": ""}
    assert _opinion_document(row, kept, coded)["text"]["diagnoses"] == [{"icd10": "I21.9", "name": "急性心肌梗死"}]


async def test_a_diagnosis_that_was_altered_breaks_the_signature(ward: Ward) -> None:
    consultation_id, expert = await assigned(ward)
    order = GiveOpinion(consultation_id=consultation_id, diagnoses=(Diagnosis(icd10="I21.9", name="急性心肌梗死"),), advice="马上转院", confirm=True)
    opinion = await ward.practice.execute(expert, order)
    row, kept = await ward.row(consultation_id), await Opinion.get(id=opinion.opinion_id)
    sealer = await ward.practice.keys.sealer("patient", row.patient_id)
    text = OpinionText.model_validate_json(sealer.open("opinion", "body", kept.id, bytes(kept.body)))
    other = text.model_copy(update={"diagnoses": (Diagnosis(icd10="K21.9", name="胃食管反流"),)})
    await Opinion.filter(id=kept.id).update(body=sealer.seal("opinion", "body", kept.id, other.model_dump_json()))
    read = await ward.practice.ask(expert, ReadOpinion(consultation_id=consultation_id))
    assert not read.signature_valid


@pytest.mark.parametrize(
    "wrong", [{"icd10": "21.9", "name": "x"}, {"icd10": "I21.999", "name": "x"}, {"icd10": "", "name": " "}, {"name": "x" * 101}]
)
def test_what_is_no_diagnosis_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Diagnosis.model_validate(wrong)
