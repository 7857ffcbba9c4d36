"""What can be asked about prescriptions: facts for the check, proposing, signing, the pharmacist's review, the single emergency dose."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Command, Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.prescriptions.items import Facts, Finding, Item, Override, Pregnancy

Items = Annotated[tuple[Item, ...], Field(min_length=1, max_length=5)]
"""At most five drugs on one prescription (处方管理办法 article 6)."""
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Diagnosis = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Codes = Annotated[tuple[Annotated[str, StringConstraints(max_length=40)], ...], Field(max_length=20)]
State = Literal["PROPOSED", "REFERRED", "SIGNED", "RETURNED", "RELEASED", "DISPENSED", "WITHDRAWN", "EXPIRED"]


class FactsView(Result):
    """``facts``: as the check takes them, with what was measured for the request and what is computed; ``recorded``: what stands on record and still
    counts, for a form to start from; ``outdated``: names of what was recorded too long ago. ``version``: what was read, to be sent with a change; 0
    where nothing was recorded yet. ``open``: they may be recorded in this consultation."""

    patient_id: Id
    facts: Facts
    recorded: Facts
    outdated: tuple[str, ...]
    open: bool
    version: int
    recorded_at: datetime | None


class RecordFacts(Command):
    """What must be known of the patient before he is given drugs; replaces what was recorded before, if that is what was read (``version``)."""

    name = "prescriptions.record_facts"
    title = "记录用药安全资料"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"))
    gives = FactsView
    consultation_id: Id
    version: int = Field(default=0, strict=True, ge=0)
    allergies_asked: bool
    allergies: Codes = ()
    allergy_words: Words = ""
    current: Codes = ()
    current_words: Words = ""
    conditions: Codes = ()
    pregnancy: Pregnancy = "unknown"
    weight_kg: Annotated[Decimal, Field(ge=Decimal("0.5"), le=300)] | None = None
    systolic: Annotated[Decimal, Field(ge=30, le=300)] | None = None
    heart_rate: Annotated[Decimal, Field(ge=10, le=350)] | None = None
    creatinine: Annotated[Decimal, Field(ge=5, le=3000)] | None = None
    """µmol/L; where no ``egfr`` is given, it is computed from this."""
    egfr: Annotated[Decimal, Field(ge=0, le=250)] | None = None
    potassium: Annotated[Decimal, Field(ge=1, le=12)] | None = None
    guardian_present: bool = False


class FillFact(Command):
    """One answer where nothing was known; what is known, whatever it says, is never changed by it. Given again, it changes nothing."""

    name = "prescriptions.fill_fact"
    title = "补一项用药安全资料"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = FactsView
    consultation_id: Id
    fact: Literal["no_allergy", "not_pregnant"]


class ReadFacts(Query):
    name = "prescriptions.facts"
    title = "用药安全资料"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"),
        Grant(Role.DUTY_DOCTOR, "referred_consultation"), Grant(Role.PHARMACIST, "prescribed_consultation"), *IN_EMERGENCY,
    )
    gives = FactsView
    audited = True
    consultation_id: Id


class DrugView(Result):
    code: str
    name: str
    form: str
    unit: str
    route: str
    pack: str
    max_single: str
    max_daily: str
    village: bool
    tier: str
    coverage: str
    price_fen: int


class DrugList(Result):
    drugs: tuple[DrugView, ...]
    conditions: dict[str, str]
    allergies: dict[str, str]
    rules_signed: bool


class Drugs(Query):
    """The drug list, those whose name holds ``text``; with what the facts may name."""

    name = "prescriptions.drugs"
    title = "药品目录"
    access = (Grant(Role.EXPERT), Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST))
    no_relation = "不含病人资料"
    gives = DrugList
    text: str = Field(default="", max_length=40)


class ItemView(Result):
    """``amount`` as it is spoken, ``pieces`` as a patient counts them; ``packs`` whole packs for the course, ``fee_fen`` what they cost."""

    drug: str
    name: str
    form: str
    dose: str
    amount: str
    pieces: str
    times_per_day: int
    days: int
    route: str
    directions: str
    packs: int
    pack: str
    price_fen: int
    fee_fen: int
    coverage: str


class SourceView(Result):
    """What a rule of the check rests on. ``grade``: P the original was read, 2 a restatement, - to be opened before release."""

    code: str
    title: str
    edition: str
    grade: str


class PrescriptionView(Result):
    """``findings``: the check as it stands now, ``sources`` what they name; ``overrides``: what was signed with which reason.
    ``signature_valid``: None before the signature; it fits exactly what stands here. ``dispense_code``: once released and until dispensed, for the
    patient's side and the village doctor who prints it. ``dispensed_by``: who handed it out; None before that. ``withdrawable``: by the one who
    reads."""

    prescription_id: Id
    code: str
    consultation_id: Id
    consultation_code: str
    state: State
    state_label: str
    revision: int
    urgency: str
    urgency_label: str
    patient: str | None
    sex: str
    age: str
    diagnosis: str
    note: str
    items: tuple[ItemView, ...]
    fee_fen: int
    proposed_at: datetime
    findings: tuple[Finding, ...]
    sources: tuple[SourceView, ...]
    overrides: tuple[Override, ...]
    beyond_village: tuple[str, ...]
    expert: str
    signer: str | None
    signed_at: datetime | None
    signature_valid: bool | None
    pharmacist: str | None
    reviewed_at: datetime | None
    return_reason: str | None
    dispensed_at: datetime | None
    dispensed_by: str | None
    dispense_code: str | None
    withdrawable: bool
    rules_signed: bool


class CheckView(Result):
    """``items``: the drugs as they would stand on the prescription, with whole packs and what they cost."""

    items: tuple[ItemView, ...]
    findings: tuple[Finding, ...]
    sources: tuple[SourceView, ...]
    beyond_village: tuple[str, ...]
    rules_signed: bool


class Check(Query):
    """The check before anything is proposed: nothing is kept. ``prescription_id``: the one that would be revised to it."""

    name = "prescriptions.check"
    title = "用药检查"
    access = (Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.VILLAGE_DOCTOR, "own_consultation"))
    gives = CheckView
    audited = True
    consultation_id: Id
    prescription_id: Id | None = None
    items: Items


class Propose(Command):
    """The expert proposes; who signs follows from the drugs: the village doctor, or beyond her list the duty doctor above."""

    name = "prescriptions.propose"
    title = "开方"
    access = (Grant(Role.EXPERT, "assigned_consultation"),)
    gives = PrescriptionView
    consultation_id: Id
    diagnosis: Diagnosis
    items: Items
    note: Words = ""


class Revise(Command):
    """Another revision, after a return or before the signature."""

    name = "prescriptions.revise"
    title = "改方"
    access = (Grant(Role.EXPERT, "proposed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    diagnosis: Diagnosis
    items: Items
    note: Words = ""


class Refer(Command):
    """The village doctor would rather have the doctor above sign."""

    name = "prescriptions.refer"
    title = "转上级签名"
    access = (Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),)
    gives = PrescriptionView
    prescription_id: Id


class Sign(Command):
    """``reasons``: one for each warning, by its key. ``revision``: what was read; an older one is refused."""

    name = "prescriptions.sign"
    title = "签处方"
    access = (Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"), Grant(Role.DUTY_DOCTOR, "referred_prescription"))
    gives = PrescriptionView
    prescription_id: Id
    revision: int = Field(strict=True, ge=1)
    reasons: dict[Annotated[str, StringConstraints(max_length=120)], Reason] = Field(default_factory=dict, max_length=40)
    confirm: bool = False


class Withdraw(Command):
    """Before the signature either side's; after it, until the drugs are handed out, of who prescribed and who signed."""

    name = "prescriptions.withdraw"
    title = "撤回处方"
    access = (
        Grant(Role.EXPERT, "proposed_prescription"), Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),
        Grant(Role.DUTY_DOCTOR, "referred_prescription"),
    )
    gives = PrescriptionView
    prescription_id: Id
    reason: Reason


class Release(Command):
    """审方通过. ``revision``: what was read; another one is refused. ``overrides_seen``: the pharmacist has read the reasons of what was signed over
    warnings."""

    name = "prescriptions.release"
    title = "审方放行"
    access = (Grant(Role.PHARMACIST, "signed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    revision: int = Field(strict=True, ge=1)
    overrides_seen: bool = False
    confirm: bool = False


class ReturnPrescription(Command):
    """审方退回, or 收回放行 of what lies ready. ``revision``: what was read; another one is refused."""

    name = "prescriptions.return"
    title = "审方退回"
    access = (Grant(Role.PHARMACIST, "signed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    revision: int = Field(strict=True, ge=1)
    reason: Reason


class Dispense(Command):
    """The drugs are handed to the one who shows the 取药码 (``dispense_code`` of :class:`PrescriptionView`), once."""

    name = "prescriptions.dispense"
    title = "发药"
    access = (Grant(Role.PHARMACIST, "signed_prescription"),)
    gives = PrescriptionView
    prescription_id: Id
    dispense_code: str = Field(min_length=4, max_length=20, repr=False)


class ExpirePrescription(Command):
    """The system: three days after the signature it is worth nothing."""

    name = "prescriptions.expire"
    title = "处方过期"
    access = (Grant(Role.SYSTEM),)
    prescription_id: Id
    step: str


class View(Query):
    """The patient and who speaks for him see it once it is released; a pharmacist once it is signed."""

    name = "prescriptions.view"
    title = "看处方"
    access = (
        Grant(Role.EXPERT, "proposed_prescription"), Grant(Role.VILLAGE_DOCTOR, "inviting_prescription"),
        Grant(Role.DUTY_DOCTOR, "referred_prescription"),
        Grant(Role.PHARMACIST, "signed_prescription"), Grant(Role.VISITOR, "own_patient_prescription"),
        Grant(Role.SYSTEM),
    )
    gives = PrescriptionView
    audited = True
    prescription_id: Id


class PrescriptionList(WithWithheld):
    prescriptions: tuple[PrescriptionView, ...]


class Mine(Query):
    """Those that wait for the actor or that he has a part in, newest first: to sign, to review, to dispense; a pharmacist's
    from the signature on; a patient's released ones.

    Of them only the one with this ``code``, only those in these ``states``; none named, all."""

    name = "prescriptions.mine"
    title = "我的处方"
    access = (
        Grant(Role.EXPERT), Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST), Grant(Role.VISITOR),
    )
    no_relation = "只列他开的、签的、要审的,或他替办的人的"
    gives = PrescriptionList
    audited = True
    code: str | None = Field(default=None, max_length=12)
    states: tuple[State, ...] = Field(default=(), max_length=8)


class PrescriptionStage(Result):
    """``stage`` in a patient's words; ``until``: the last moment to fetch it. ``readable``: what is on it may be read (:class:`View`)."""

    prescription_id: Id
    code: str
    consultation_id: Id
    consultation_code: str
    patient_id: Id
    patient: str
    stage: Literal["signing", "reviewing", "changing", "ready", "fetched", "expired", "withdrawn"]
    stage_label: str
    next: str
    at: datetime
    until: datetime | None
    readable: bool


class PrescriptionStages(WithWithheld):
    prescriptions: tuple[PrescriptionStage, ...]


class Stages(Query):
    """How far the prescriptions are of those for whom the actor speaks, newest first: before the pharmacist's release no drug is named."""

    name = "prescriptions.stages"
    title = "处方到哪一步"
    access = (Grant(Role.VISITOR),)
    no_relation = "只列他自己和他替办的人"
    gives = PrescriptionStages
    audited = True


class DoseChoice(Result):
    """``contraindications``: each asked for; ``watch``: to be read, and no reason against it, empty where there is nothing to say."""

    code: str
    name: str
    amount: str
    directions: str
    when: str
    contraindications: dict[str, str]
    watch: str = ""


class DoseChoices(Result):
    doses: tuple[DoseChoice, ...]
    rules_signed: bool


class EmergencyDoses(Query):
    """The single doses that the decision alone may order, with what forbids each."""

    name = "prescriptions.emergency_doses"
    title = "急用一剂目录"
    access = (Grant(Role.SYSTEM), Grant(Role.VILLAGE_DOCTOR), Grant(Role.EXPERT), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST))
    no_relation = "不含病人资料"
    gives = DoseChoices


class DoseCheckView(Result):
    """``refused``: what is on record and forbids it, empty when it may be signed; ``warnings``: what is to be weighed before the signature."""

    refused: tuple[str, ...]
    warnings: tuple[str, ...]


class CheckDose(Query):
    """What is on record of the patient against one single dose, to be read before it is signed."""

    name = "prescriptions.check_dose"
    title = "核对急用一剂"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = DoseCheckView
    audited = True
    consultation_id: Id
    dose: str = Field(max_length=40)


class DoseView(Result):
    """``ruled_out``: what was asked and answered 没有; ``warnings``: what stood on record against it at the signature; ``watch``: as listed."""

    dose_id: Id
    consultation_id: Id
    consultation_code: str
    name: str
    amount: str
    directions: str
    ruled_out: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    watch: str = ""
    ordered_by: str
    ordered_at: datetime
    signature_valid: bool
    seen_by: str | None
    rules_signed: bool


class OrderDose(Command):
    """One emergency dose on the strength of the signed decision; every contraindication is shown and ruled out by its code."""

    name = "prescriptions.order_dose"
    title = "急用一剂"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = DoseView
    consultation_id: Id
    dose: str = Field(max_length=40)
    ruled_out: Codes
    confirm: bool = False


class DoseNotGiven(Result):
    """``words``: which dose and why not. ``given_since``: one was ordered after all."""

    consultation_id: Id
    consultation_code: str
    words: str
    said_by: str
    said_at: datetime
    given_since: bool


class DeclineDose(Command):
    """The inviting side does not give an emergency dose: the expert must not go on believing that it was given.

    ``why``: she will not use it; one of its contraindications holds (``contraindication`` is its code); what is on record refuses it.
    """

    name = "prescriptions.decline_dose"
    title = "不用急用一剂"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = DoseNotGiven
    consultation_id: Id
    dose: str = Field(max_length=40)
    why: Literal["not_used", "contraindicated", "on_record"]
    contraindication: str = Field(default="", max_length=40)


class ReadDoseNotGiven(Query):
    """The last that was not given in a consultation: for what the system tells the expert."""

    name = "prescriptions.dose_not_given"
    title = "急用一剂没有用"
    access = (Grant(Role.SYSTEM),)
    gives = DoseNotGiven
    audited = True
    consultation_id: Id


class ViewDose(Query):
    name = "prescriptions.dose"
    title = "看急用医嘱"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_dose"), Grant(Role.EXPERT, "own_dose"), Grant(Role.PHARMACIST, "dose_to_see"), Grant(Role.SYSTEM),
    )
    gives = DoseView
    audited = True
    dose_id: Id


class AcknowledgeDose(Command):
    """The pharmacist has seen afterwards what was given."""

    name = "prescriptions.acknowledge_dose"
    title = "药师已阅急用医嘱"
    access = (Grant(Role.PHARMACIST, "dose_to_see"),)
    gives = DoseView
    dose_id: Id


class CaseMedicinesView(WithWithheld):
    """``prescriptions`` newest first."""

    prescriptions: tuple[PrescriptionView, ...]
    dose: DoseView | None


class CaseMedicines(Query):
    """What was prescribed and given in one consultation."""

    name = "prescriptions.of_consultation"
    title = "会诊的用药"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"), *IN_EMERGENCY)
    gives = CaseMedicinesView
    audited = True
    consultation_id: Id


class PatientPrescriptions(Query):
    """A patient's prescriptions for the one on whose list he stands, newest first: her own consultations' all, others' once they took effect."""

    name = "prescriptions.of_patient"
    title = "病人的处方"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"), *IN_EMERGENCY)
    gives = PrescriptionList
    audited = True
    patient_id: Id


class WaitingPrescription(Result):
    """One line of a queue. ``waiting_since``: when it came to the state in which it is; ``overrides``: how many warnings were signed over."""

    prescription_id: Id
    code: str
    consultation_id: Id
    revision: int
    state: State
    state_label: str
    urgency: str
    urgency_label: str
    patient: str
    sex: str
    age: str
    drugs: tuple[str, ...]
    waiting_since: datetime
    overrides: int
    expert: str
    signer: str | None
    pharmacist: str | None


class WaitingDose(Result):
    dose: DoseView
    patient: str
    sex: str
    age: str


class WaitingView(WithWithheld):
    """The most urgent first, then who has waited longest. ``now`` is the practice's time; ``done_today`` counts from midnight in China."""

    now: datetime
    doses: tuple[WaitingDose, ...] = ()
    to_sign: tuple[WaitingPrescription, ...] = ()
    to_review: tuple[WaitingPrescription, ...] = ()
    to_dispense: tuple[WaitingPrescription, ...] = ()
    done_today: tuple[WaitingPrescription, ...] = ()


class Waiting(Query):
    """For a pharmacist: emergency doses to look at, what to review and to dispense, what his county's pharmacists did today; for a duty doctor:
    what was referred to his house, what he signed today."""

    name = "prescriptions.waiting"
    title = "待办处方"
    access = (Grant(Role.PHARMACIST), Grant(Role.DUTY_DOCTOR))
    no_relation = "只列他所在县或机构等他办的"
    gives = WaitingView
    audited = True
