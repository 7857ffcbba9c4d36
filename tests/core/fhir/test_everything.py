"""A whole case as an R4 Bundle: valid under the classes and our own checks, for those who treat the patient, audited."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from core.consultations.commands_opinions import Decide, Diagnosis, GiveOpinion
from core.coverage.commands import EnrolMember, ItemLine, RecordMembership, ReverseClaim, SubmitClaim
from core.coverage.policies import DrugClass, Service
from core.fhir.capability import RESOURCES, capability_statement
from core.fhir.checks import BINDINGS, faults, missing_bindings
from core.fhir.commands import Everything
from core.fhir.validation import BundleFaulty, validate
from core.followups.commands import RecordReading, StartPlan
from core.foundation.due import tick
from core.foundation.errors import NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.intake.commands import Say, TakeBack
from media.imaging import build
from tests.core.dispatch.test_with_intake import says_danger
from tests.core.dispatch.ward import CRITICAL, Ward, open_ward
from tests.core.imaging.test_uploads import send
from tests.core.intake.small_engine import SmallEngine
from tests.media.test_check import named
from tests.support.county import NUMBER_WITH_WECHAT, SYSTEM

Json = dict[str, Any]


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    practice.engines.imaging = build()
    return await open_ward(practice, hearts=3)


async def work_off(ward: Ward) -> None:
    ward.clock.advance(seconds=1)
    worker = OutboxWorker(ward.practice, "send", "test")
    while await worker.work_once():
        pass


async def whole_case(ward: Ward) -> tuple[str, Any]:
    """A case with everything: images, opinion and decision, insurance and two claims, a follow-up plan with values. Its id and its expert."""
    county, practice = ward.county, ward.practice
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    first, *_ = await ward.offers(asked.consultation_id)
    await ward.accept(first)
    expert = ward.who(first)
    await send(ward, asked.consultation_id, named("CT_small.dcm"))
    opinion = await practice.execute(
        expert, GiveOpinion(
            consultation_id=asked.consultation_id, diagnoses=(Diagnosis(icd10="I21.1", name="急性下壁心肌梗死"), Diagnosis(name="待排主动脉夹层")),
            assessment="考虑急性下壁心梗", advice="立即转县医院导管室", confirm=True,
        )
    )
    await practice.execute(
        county.village_doctor,
        Decide(consultation_id=asked.consultation_id, opinion_id=opinion.opinion_id, choice="partly", reason="先稳定血压再转", confirm=True),
    )
    await practice.execute(
        SYSTEM, EnrolMember(scheme="residents", member_number="GZ520000112233", valid_from=date(2026, 1, 1), valid_until=date(2027, 12, 31))
    )
    await practice.execute(SYSTEM, RecordMembership(patient_id=county.woman, scheme="residents", member_number="GZ520000112233"))
    lines = (
        ItemLine(ref="1", name="远程会诊", service=Service.TELECONSULTATION, fee_fen=300_00),
        ItemLine(ref="2", name="阿司匹林", service=Service.DRUG, fee_fen=12_34, drug_class=DrugClass.A),
    )
    claims = [
        await practice.execute(SYSTEM, SubmitClaim(
            patient_id=county.woman, ref=practice.ids.new(), items=items, consultation_id=asked.consultation_id
        ))
        for items in (lines, lines[1:])
    ]
    await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension", consultation_id=asked.consultation_id))
    await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="diabetes", consultation_id=asked.consultation_id))
    await work_off(ward)
    await practice.execute(county.administrator, ReverseClaim(claim_id=claims[1].claim_id, reason="药品退回"))
    ward.clock.advance(days=1)
    await tick(practice)
    await practice.execute(county.woman_account, RecordReading(patient_id=county.woman, systolic=150, diastolic=95))
    await practice.execute(county.woman_account, RecordReading.model_validate({"patient_id": county.woman, "glucose": "6.8"}))
    await work_off(ward)
    return asked.consultation_id, expert


async def read(ward: Ward, actor: Any, consultation_id: str) -> Json:
    order = Everything(consultation_id=consultation_id, base="https://huizhen.example/fhir/R4")
    bundle: Json = (await ward.practice.ask(actor, order)).bundle
    return bundle


def of(bundle: Json, kind: str) -> list[Json]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


async def test_a_whole_case_is_one_valid_bundle(ward: Ward) -> None:
    consultation_id, expert = await whole_case(ward)
    bundle = await read(ward, expert, consultation_id)
    validate(bundle)
    assert faults(bundle) == ()
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds >= {
        "Patient", "Practitioner", "PractitionerRole", "Organization", "Encounter", "ServiceRequest", "Observation", "Consent", "ImagingStudy",
        "DiagnosticReport", "Task", "Provenance", "Coverage", "Claim", "ClaimResponse", "CarePlan", "CommunicationRequest",
    }
    assert kinds <= set(RESOURCES)
    assert not missing_bindings(kinds - {"Practitioner", "Organization"})

    (encounter,) = of(bundle, "Encounter")
    assert encounter["class"] == {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR", "display": "virtual"}
    assert (encounter["id"], encounter["status"]) == (consultation_id, "in-progress")
    (request,) = of(bundle, "ServiceRequest")
    assert (request["status"], request["intent"], request["priority"]) == ("active", "order", "stat")
    (patient,) = of(bundle, "Patient")
    assert patient["name"][0]["text"].startswith("李秀英")
    assert "19900000011" not in json.dumps(bundle, ensure_ascii=False)
    (study,) = of(bundle, "ImagingStudy")
    assert study["series"][0]["instance"][0]["uid"] == "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    (report,) = of(bundle, "DiagnosticReport")
    coded, in_words = report["conclusionCode"]
    assert (coded["coding"][0]["code"], coded["text"], in_words) == ("I21.1", "急性下壁心肌梗死", {"text": "待排主动脉夹层"})
    assert "急性下壁心梗" in report["conclusion"]
    (decision,) = of(bundle, "Task")
    assert decision["focus"]["reference"] == f"DiagnosticReport/{report['id']}"
    signed = [one for one in of(bundle, "Provenance") if "signature" in one]
    assert {one["target"][0]["type"] for one in signed} == {"DiagnosticReport", "Task"}


async def test_the_patients_own_words_are_for_the_expert_and_for_who_said_them(ward: Ward) -> None:
    await says_danger(ward)
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    county = ward.county
    for actor, reads in ((ward.who(offer), True), (county.woman_account, True), (county.duty_doctor, False), (county.village_doctor, False)):
        bundle = await read(ward, actor, asked.consultation_id)
        assert bool(of(bundle, "QuestionnaireResponse")) is reads, actor
        assert ("半拉身子" in json.dumps(bundle, ensure_ascii=False)) is reads, actor


async def test_an_answer_that_was_taken_back_is_no_answer(ward: Ward) -> None:
    told = await says_danger(ward)
    of_lines, ward.practice.engines.clinical = ward.practice.engines.clinical, SmallEngine()
    await ward.practice.execute(ward.county.woman_account, Say(text="昨天晚上开始的"))
    await ward.practice.execute(ward.county.woman_account, TakeBack(intake_id=told.intake_id))
    ward.practice.engines.clinical = of_lines
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    bundle = await read(ward, ward.county.woman_account, asked.consultation_id)
    assert "半拉身子" in json.dumps(bundle, ensure_ascii=False)
    assert "昨天晚上" not in json.dumps(bundle, ensure_ascii=False)


async def test_money_and_measurements_carry_their_codes_and_units(ward: Ward) -> None:
    consultation_id, expert = await whole_case(ward)
    bundle = await read(ward, expert, consultation_id)
    paid, reversed_ = of(bundle, "ClaimResponse")
    assert (paid["outcome"], paid["payment"]["amount"]) == ("complete", {"value": 158.64, "currency": "CNY"})
    assert [one["adjudication"][1]["amount"]["value"] for one in paid["item"]] == [150.0, 8.64]
    assert reversed_["status"] == "cancelled"
    assert of(bundle, "Claim")[0]["total"] == {"value": 312.34, "currency": "CNY"}
    mine = [one for one in of(bundle, "Observation") if one["status"] == "final"]
    pressure, glucose = mine
    assert pressure["code"]["coding"][0]["code"] == "85354-9"
    assert [(one["code"]["coding"][0]["code"], one["valueQuantity"]["value"], one["valueQuantity"]["code"]) for one in pressure["component"]] == [
        ("8480-6", 150.0, "mm[Hg]"), ("8462-4", 95.0, "mm[Hg]"),
    ]
    assert (glucose["valueQuantity"]["value"], glucose["valueQuantity"]["code"]) == (6.8, "mmol/L")
    said = [one for one in of(bundle, "Observation") if one["status"] == "preliminary"]
    assert said
    assert {one["category"][0]["coding"][0]["code"] for one in said} == {"vital-signs"}
    told = of(bundle, "CommunicationRequest")
    assert {one["status"] for one in told} >= {"active", "completed"}


async def test_only_who_treats_the_patient_and_he_himself_read_the_case_and_each_reading_is_audited(ward: Ward) -> None:
    county = ward.county
    consultation_id, expert = await whole_case(ward)
    readers = (expert, county.village_doctor, county.woman_account, county.duty_doctor)
    for actor in readers:
        assert of(await read(ward, actor, consultation_id), "Encounter")
    entries = await AuditEntry.filter(action="fhir.everything", outcome="done")
    assert {(one.account_id, one.subject_kind, one.subject_id) for one in entries} == {
        (actor.account_id, "patient", county.woman) for actor in readers
    }
    others = [one for one in ward.hearts if one is not expert]
    for actor in (county.stranger, county.scheduler, county.auditor, county.pharmacist, county.administrator, others[0]):
        with pytest.raises(NotAllowed):
            await read(ward, actor, consultation_id)


async def test_the_patient_reads_the_opinion_once_it_was_decided_on(ward: Ward) -> None:
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    first, *_ = await ward.offers(asked.consultation_id)
    await ward.accept(first)
    await ward.practice.execute(ward.who(first), GiveOpinion(consultation_id=asked.consultation_id, advice="先观察", confirm=True))
    assert of(await read(ward, ward.county.village_doctor, asked.consultation_id), "DiagnosticReport")
    assert not of(await read(ward, ward.county.woman_account, asked.consultation_id), "DiagnosticReport")


async def test_a_case_that_has_just_begun_is_a_valid_bundle_too(ward: Ward) -> None:
    for line in (CRITICAL, "咳嗽 三天", "头晕 不急"):
        asked = await ward.request(line)
        bundle = await read(ward, ward.county.village_doctor, asked.consultation_id)
        assert of(bundle, "Encounter")[0]["status"] == "planned"
        ward.clock.advance(minutes=1)


Spoil = Callable[[Json], Any]


def the(bundle: Json, kind: str) -> Json:
    return of(bundle, kind)[0]


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda b: the(b, "Encounter").update(status="bogus"), "Encounter.status"),
    (lambda b: the(b, "Patient").update(gender="M"), "Patient.gender"),
    (lambda b: the(b, "Patient").update(id="x" * 65), "Patient.id"),
    (lambda b: the(b, "Encounter").update(subject={"reference": "Patient/nobody"}), "not in the bundle"),
    (lambda b: the(b, "Encounter").update(subject={"reference": "ServiceRequest/" + the(b, "Encounter")["id"]}), "may not refer to"),
    (lambda b: the(b, "Encounter").update(period={"start": "2026-11-20T02:00:00Z", "end": "2026-11-19T02:00:00Z"}), "ends before"),
    (lambda b: the(b, "Encounter")["priority"]["coding"][0].pop("system"), "without its system"),
    (lambda b: the(b, "ServiceRequest").update(code={}), "empty"),
    (lambda b: b.update(type="heap"), "Bundle.type"),
    (lambda b: b["entry"][0].update(fullUrl="https://elsewhere/Patient/1"), "fullUrl"),
    (lambda b: b["entry"].append(copy.deepcopy(b["entry"][0])), "two resources"),
    (lambda b: the(b, "Encounter").pop("class"), "class"),
    (lambda b: the(b, "Patient").update(birthDate="1975-02-30"), "birthDate"),
    (lambda b: the(b, "Patient").update(colour="red"), "colour"),
])
async def test_what_the_classes_or_our_checks_must_find_is_found(ward: Ward, spoil: Spoil, said: str) -> None:
    asked = await ward.request(CRITICAL)
    bundle = await read(ward, ward.county.village_doctor, asked.consultation_id)
    spoil(bundle)
    with pytest.raises(BundleFaulty) as found:
        validate(bundle)
    places = "; ".join(found.value.places)
    assert said in places
    assert "罗大山" not in places


def test_the_capability_statement_is_valid_and_names_every_type() -> None:
    from fhir.resources.R4B.capabilitystatement import CapabilityStatement

    statement = CapabilityStatement.model_validate(capability_statement("https://huizhen.example/fhir/R4"))
    assert {one.type for one in statement.rest[0].resource} == set(RESOURCES)


def test_our_code_lists_are_those_of_r4() -> None:
    """The classes name the codes of each bound element in their enum values: ours must be the same where they know them."""
    import importlib

    compared = 0
    for path, codes in BINDINGS.items():
        kind, *rest = path.split(".")
        if len(rest) != 1 or kind == "Bundle":
            continue
        module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
        field = getattr(module, kind).model_fields[rest[0]]
        extra = field.json_schema_extra or {}
        if values := extra.get("enum_values"):
            # A "+" stands where the classes name only the first ones.
            assert set(values) - {"+"} <= codes if "+" in values else codes == set(values), path
            compared += 1
    assert compared > 5


def test_the_room_does_not_load_the_classes_with_it() -> None:
    import subprocess
    import sys

    code = "import sys, core.practice_rooms as rooms; rooms.load_rooms(); print(any(name.startswith('fhir') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


