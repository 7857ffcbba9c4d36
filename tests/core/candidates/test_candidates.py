"""From a request to the list, to who sees it, to the signed diagnosis that agrees or does not, to figures and drift: on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.candidates import watching
from core.candidates.commands import UNSIGNED, CaseCandidates, CountAgreement, ModelStatus, RecordValues, WatchDrift, WorkOutCandidates
from core.candidates.errors import ValueImpossible, ValuesClosed, ValueUnknown
from core.candidates.models import CandidateDrift, CandidateList, CandidateReference, CaseValues
from core.candidates.working_out import at_its_beginning, case_facts
from core.consultations.commands import CancelConsultation
from core.consultations.commands_opinions import Diagnosis, GiveOpinion, OpinionView, ReadOpinion, SearchDiagnoses
from core.consultations.models import Consultation
from core.foundation.actor import Actor
from core.foundation.encryption.erasure import destroy_keys
from core.foundation.errors import NotAllowed
from core.foundation.events import Event, listeners_of
from core.foundation.keys import SubjectErased
from core.foundation.models import AuditEntry, OutboxEvent
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.intake.commands import Say
from core.notifications.models import Notification
from core.practice_rooms import load_rooms
from nlp.interface.candidates import Candidates, Worked
from tests.core.dispatch.ward import CRITICAL, URGENT, Ward, open_ward
from tests.support.county import SYSTEM

load_rooms()
pytestmark = pytest.mark.storage


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=2)


async def heard(ward: Ward, *topics: str) -> None:
    """What a worker does with the events of these topics."""
    for row in await OutboxEvent.filter(topic__in=topics).order_by("id"):
        for listener in listeners_of(row.topic):
            if listener.__module__.startswith("core.candidates"):
                await listener(ward.practice, Event(id=row.id, topic=row.topic, key=row.key, body=row.body, tries=0))


async def requested(ward: Ward, text: str = CRITICAL) -> str:
    asked = await ward.request(text, number=5)
    await heard(ward, "consultation.created")
    return str(asked.consultation_id)


async def taken(ward: Ward) -> tuple[str, Actor]:
    consultation_id = await requested(ward)
    offer = (await ward.offers(consultation_id))[0]
    await ward.accept(offer)
    return consultation_id, ward.who(offer)


async def signed(ward: Ward, expert: Actor, consultation_id: str, *diagnoses: Diagnosis, advice: str = "立即转县医院") -> OpinionView:
    order = GiveOpinion(consultation_id=consultation_id, diagnoses=diagnoses, advice=advice, confirm=True)
    opinion: OpinionView = await ward.practice.execute(expert, order)
    await heard(ward, "consultation.opinion_given")
    return opinion


INFARCTION = Diagnosis(icd10="I21.0", name="急性前壁心肌梗死")
REFLUX = Diagnosis(icd10="K21.9", name="胃食管反流")
ASTHMA = Diagnosis(icd10="J45.9", name="哮喘")


async def test_those_who_treat_read_the_list_and_each_look_is_audited_with_it(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    row = await CandidateList.get(consultation_id=consultation_id)
    assert (row.model, row.digest, row.number) == ("line-1", "e" * 64, 1)
    for reader in (expert, ward.county.village_doctor):
        view = await ward.practice.ask(reader, CaseCandidates(consultation_id=consultation_id))
        assert [one.name for one in view.candidates] == ["急性心肌梗死", "胃食管反流病"]
        assert (view.state, view.note, view.model) == ("ready", UNSIGNED, "line-1")
        assert view.candidates[0].danger
        look = await AuditEntry.filter(action=CaseCandidates.name, account_id=reader.account_id).order_by("-id").first()
        assert look is not None
        assert look.detail["list"] == row.id


async def test_the_duty_doctor_above_reads_it_while_he_is_on_duty(ward: Ward) -> None:
    consultation_id, _ = await taken(ward)
    view = await ward.practice.ask(ward.county.duty_doctor, CaseCandidates(consultation_id=consultation_id))
    assert view.candidates
    assert not view.open, "he reads, those of the consultation add"
    with pytest.raises(NotAllowed):
        await ward.practice.execute(ward.county.duty_doctor, RecordValues(consultation_id=consultation_id, values={"crp": 10.0}))


async def test_an_erased_patient_leaves_figures_and_no_list(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    await signed(ward, expert, consultation_id, INFARCTION)
    row = await Consultation.get(id=consultation_id)
    await destroy_keys(ward.practice, "patient", row.patient_id)
    with pytest.raises(SubjectErased):
        await ward.practice.ask(expert, CaseCandidates(consultation_id=consultation_id))
    (model,) = (await ward.practice.ask(SYSTEM, ModelStatus())).models
    assert (model.all.first.count, model.all.first.of) == (1, 1)
    await ward.practice.execute(SYSTEM, WatchDrift())


async def test_patients_and_strangers_never_read_it(ward: Ward) -> None:
    consultation_id, _ = await taken(ward)
    county = ward.county
    for reader in (county.woman_account, county.stranger, county.scheduler, county.auditor, county.experts[3]):
        with pytest.raises(NotAllowed):
            await ward.practice.ask(reader, CaseCandidates(consultation_id=consultation_id))


async def test_no_disease_stands_in_plain(ward: Ward) -> None:
    consultation_id = await requested(ward)
    row = await CandidateList.get(consultation_id=consultation_id)
    assert "心肌梗死".encode() not in bytes(row.body)
    assert b"I21" not in bytes(row.body)


async def test_worked_out_again_nothing_changes_until_something_was_added(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    again = await ward.practice.execute(SYSTEM, WorkOutCandidates(consultation_id=consultation_id))
    assert not again.done
    order = RecordValues(consultation_id=consultation_id, values={"crp": 140.0, "wbc": 15.2}, examined={"crackles": True})
    await ward.practice.execute(expert, order)
    await ward.practice.execute(expert, order)
    assert await OutboxEvent.filter(topic="candidates.stale").count() == 1, "the same again is no news"
    await heard(ward, "candidates.stale")
    view = await ward.practice.ask(ward.county.village_doctor, CaseCandidates(consultation_id=consultation_id))
    assert view.candidates[0].name == "肺炎"
    assert {one.code: one.value for one in view.values if one.value is not None} == {"crp": 140.0, "wbc": 15.2}
    assert [one.code for one in view.signs if one.value == 1] == ["crackles"]
    assert await CandidateList.filter(consultation_id=consultation_id).count() == 2
    assert b"140" not in bytes((await CaseValues.get(consultation_id=consultation_id)).body)


async def test_what_nobody_can_have_is_refused_and_nothing_is_kept(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    wrong: tuple[tuple[dict[str, Any], type[Exception]], ...] = (
        ({"values": {"temperature": 390.0}}, ValueImpossible), ({"values": {"age": 30.0}}, ValueUnknown),
        ({"values": {"cholesterol": 5.0}}, ValueUnknown), ({"examined": {"cough": True}}, ValueUnknown),
        ({"values": {"crp": float("nan")}}, ValueImpossible),
    )
    for given, refusal in wrong:
        with pytest.raises(refusal):
            await ward.practice.execute(expert, RecordValues(consultation_id=consultation_id, **given))
    assert not await CaseValues.all().exists()
    await ward.practice.execute(ward.county.village_doctor, CancelConsultation(consultation_id=consultation_id, reason="病人走了"))
    with pytest.raises(ValuesClosed):
        await ward.practice.execute(ward.county.village_doctor, RecordValues(consultation_id=consultation_id, values={"crp": 10.0}))


async def test_words_that_were_taken_away_stop_nothing(ward: Ward) -> None:
    said = await ward.practice.execute(ward.county.woman_account, Say(text="我咳嗽 30岁"))
    consultation_id = await requested(ward, URGENT)
    intake_id = said.intake_id
    await Consultation.filter(id=consultation_id).update(intake_id=intake_id)
    work = Work(ward.practice, SYSTEM, WorkOutCandidates(consultation_id=consultation_id))
    row = await Consultation.get(id=consultation_id)
    assert (await case_facts(work, row, ward.practice.engines.clinical)).findings
    await destroy_keys(ward.practice, "intake", intake_id)
    assert (await case_facts(work, row, ward.practice.engines.clinical)).findings


async def test_two_workers_at_once_leave_one_list(ward: Ward) -> None:
    asked = await ward.request(URGENT, number=5)
    order = WorkOutCandidates(consultation_id=asked.consultation_id)
    await asyncio.gather(*(ward.practice.execute(SYSTEM, order) for _ in range(3)))
    assert await CandidateList.filter(consultation_id=asked.consultation_id).count() == 1


@pytest.mark.parametrize(
    ("diagnoses", "outcome", "place"),
    [
        ((INFARCTION,), "coded", 1), ((REFLUX,), "coded", 2), ((ASTHMA,), "coded", 0), ((Diagnosis(name="胸痛待查"),), "uncoded", None),
        ((), "uncoded", None),
    ],
)
async def test_the_signed_diagnosis_is_held_against_the_list(ward: Ward, diagnoses: tuple[Diagnosis, ...], outcome: str, place: int | None) -> None:
    consultation_id, expert = await taken(ward)
    await signed(ward, expert, consultation_id, *diagnoses)
    row = await CandidateList.get(consultation_id=consultation_id)
    assert (row.outcome, row.place, row.seen) == (outcome, place, False)


async def test_a_later_revision_counts_in_place_of_the_first_and_who_had_looked_is_known(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    first = await signed(ward, expert, consultation_id, ASTHMA)
    await ward.practice.ask(expert, CaseCandidates(consultation_id=consultation_id))
    await signed(ward, expert, consultation_id, INFARCTION, advice="马上转")
    stale = await ward.practice.execute(SYSTEM, CountAgreement(consultation_id=consultation_id, opinion_id=first.opinion_id))
    assert not stale.done
    row = await CandidateList.get(consultation_id=consultation_id)
    assert (row.outcome, row.place, row.seen) == ("coded", 1, True)
    status = await ward.practice.ask(SYSTEM, ModelStatus())
    (model,) = status.models
    assert (model.uses, model.uncoded, model.all.first.count, model.all.first.of, model.seen.first.of) == (1, 0, 1, 1, 1)
    assert 0 < model.all.first.low < 1 == model.all.first.high


async def test_only_who_runs_the_house_reads_the_figures(ward: Ward) -> None:
    county = ward.county
    for reader in (county.village_doctor, county.experts[0], county.woman_account, county.stranger):
        with pytest.raises(NotAllowed):
            await ward.practice.ask(reader, ModelStatus())
    assert (await ward.practice.ask(county.auditor, ModelStatus())).models == ()


async def test_diagnoses_are_signed_with_the_opinion_and_read_by_those_who_read_it(ward: Ward) -> None:
    consultation_id, expert = await taken(ward)
    opinion = await signed(ward, expert, consultation_id, INFARCTION, Diagnosis(name="胸痛待查"))
    assert opinion.signature_valid
    read = await ward.practice.ask(ward.county.village_doctor, ReadOpinion(consultation_id=consultation_id))
    assert [one.spoken for one in read.diagnoses] == ["急性前壁心肌梗死(I21.0)", "胸痛待查"]
    assert read.signature_valid


async def test_diagnoses_are_found_by_words_or_code(ward: Ward) -> None:
    found = await ward.practice.ask(ward.county.experts[0], SearchDiagnoses(words="肺炎"))
    assert found.found
    assert any(one.icd10 == "J18.9" for one in found.found)
    with pytest.raises(NotAllowed):
        await ward.practice.ask(ward.county.woman_account, SearchDiagnoses(words="肺炎"))


async def test_a_consultation_that_is_gone_stops_no_worker(ward: Ward) -> None:
    asked = await ward.request(URGENT, number=5)
    row = await Consultation.get(id=asked.consultation_id)
    await destroy_keys(ward.practice, "patient", row.patient_id)
    await at_its_beginning(ward.practice, Event(id="e" * 26, topic="", key="", body={"consultation_id": row.id}, tries=0))
    assert not await CandidateList.all().exists()


async def made(ward: Ward, consultation_id: str, count: int, age: str, start: int) -> None:
    """So many uses, each with the class ``age``."""
    row = await Consultation.get(id=consultation_id)
    sealer = await ward.practice.keys.sealer("patient", row.patient_id)
    rows = []
    for number in range(start, start + count):
        list_id = ward.practice.ids.new()
        body = Worked(candidates=Candidates(), states={"in.age": age, "out.count": str(number % 3)}).model_dump_json()
        rows.append(CandidateList(
            id=list_id, consultation_id=row.id, patient_id=row.patient_id, number=number, model="line-1", digest="e" * 64,
            body=sealer.seal("candidate_list", "body", list_id, body), made_at=ward.clock.now(),
        ))
    await CandidateList.bulk_create(rows)


async def test_drift_is_seen_told_once_and_nothing_is_said_while_it_is_steady(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REFERENCE_CASES", 60)
    asked = await ward.request(URGENT, number=5)
    consultation_id = asked.consultation_id

    async def next_day() -> CandidateDrift:
        ward.clock.advance(days=1)
        await ward.practice.execute(SYSTEM, WatchDrift())
        found = await CandidateDrift.all().order_by("-day").first()
        assert found is not None
        return found

    await made(ward, consultation_id, 30, "adult", 1)
    assert (await next_day()).state == "few"
    assert not await CandidateReference.all().exists()
    await made(ward, consultation_id, 30, "adult", 31)
    assert (await next_day()).state == "few"
    reference = await CandidateReference.get(digest="e" * 64)
    assert (reference.cases, reference.counts["in.age"]) == (60, {"adult": 60})
    await made(ward, consultation_id, 60, "adult", 61)
    assert (await next_day()).state == "steady"
    await made(ward, consultation_id, 60, "elder", 121)
    moved = await next_day()
    assert (moved.state, moved.indexes["out.count"]) == ("moved", 0.0)
    assert moved.indexes["in.age"] > 0.25
    told = await Notification.filter(kind="candidates.moved").count()
    assert told > 0
    await next_day()
    assert await Notification.filter(kind="candidates.moved").count() == told, "told once"
    (model,) = (await ward.practice.ask(SYSTEM, ModelStatus())).models
    assert model.drift is not None
    assert model.drift.moved[0][0] == "in.age"
