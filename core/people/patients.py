"""Patients: real-name registration, and how one record is kept for one ID number."""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation.actor import Actor
from core.foundation.orders import handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.account_joins import is_doubted
from core.people.accounts import account_phone, live_account
from core.people.claims import refuse_with_code
from core.people.commands import EnlistPatient, PatientRef, RegisterPatient
from core.people.errors import NoOrganisation
from core.people.errors_real_name import RealNameMismatch
from core.people.id_numbers import IdNumber, read_id_number
from core.people.models import Organisation, Patient
from core.people.names import certificate_name
from core.people.real_name import Answered, RealName, ask_real_name
from core.people.real_name_again import KIND, again_at
from core.people.relations import check_guardian, check_no_other_own, check_own, ever_spoke, live_relations, speak_for
from core.people.rules import check_self, county_of, local_date


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was given as name, number and phone, checked."""

    name: str
    number: IdNumber
    phone: str | None


@prepares(RegisterPatient)
@prepares(EnlistPatient)
async def ask_whether_it_is_he(practice: Practice, actor: Actor, order: RegisterPatient | EnlistPatient) -> Answered | None:
    """The real-name check of who is not on record yet, outside the transaction. A wrong form is refused before anybody is asked."""
    today = local_date(practice.clock.now())
    number, name = read_id_number(order.id_number, today), certificate_name(order.full_name)
    if await Patient.filter(id_number_blind=practice.keys.blind("id_number", number.text)).exists():
        return None
    return await ask_real_name(practice, name, number.text, today)


@handles(RegisterPatient)
async def register_patient(work: Work, order: RegisterPatient, answered: Answered | None = None) -> PatientRef:
    account_id = work.actor.account_id
    verified_phone = await account_phone(work, account_id)
    number = read_id_number(order.id_number, local_date(work.now))
    # For oneself only the phone that the platform vouched for proves anything.
    phone = verified_phone if order.relation == "self" else order.phone
    certificate = Certificate(certificate_name(order.full_name), number, phone)
    if order.relation == "self":
        check_self(number.birth_date, local_date(work.now))
    await check_guardian(work, number.birth_date, guardian=order.guardian)
    patient = await recorded(work, number)
    if order.relation == "self":
        await check_no_other_own(account_id, patient)
    if patient is not None and not await _has_proven(work, order, certificate.name, patient):
        await refuse_with_code(work, await live_account(account_id), patient, order.relation, guardian=order.guardian)
    if order.relation == "self":
        await check_own(account_id, patient)
    if patient is None:
        patient = await record_patient(work, await home_organisation(county_of(number.text)), certificate, answered)
    await speak_for(work, account_id, patient.id, order.relation, guardian=order.guardian)
    work.concerns("patient", patient.id)
    return PatientRef(patient_id=patient.id)


async def _has_proven(work: Work, order: RegisterPatient, name: str, patient: Patient) -> bool:
    """That who asks may be joined to the record of ``patient``: he speaks for him already, or the phone that the platform vouched for is the one
    on the record. Name and ID number are found out easily and a phone that he merely types proves nothing, while the record is sensitive
    personal information, handled only under strict protection (个人信息保护法 articles 28 and 29). The same for oneself and for family.

    Whose relation ended comes back by the village doctor's hand alone, and so does a relative who wants to become the guardian; and a number
    that somebody else had, or has, proves nothing."""
    sealer = await work.sealer("patient", patient.id)
    if sealer.open("patient", "full_name", patient.id, bytes(patient.full_name)) != name:
        return False
    account = await live_account(work.actor.account_id)
    if live := await live_relations(work, account_id=account.id, patient_id=patient.id):
        return not order.guardian or bool(live[0].guardian)
    if any(row.account_id == account.id for row in await ever_spoke(patient.id)) or await is_doubted(account.id):
        return False
    return account.phone_verified_at is not None and account.phone_blind is not None and account.phone_blind == patient.phone_blind


async def recorded(work: Work, number: IdNumber) -> Patient | None:
    """The record of this ID number."""
    return await Patient.get_or_none(id_number_blind=work.blind("id_number", number.text))


async def record_patient(work: Work, organisation_id: str, certificate: Certificate, answered: Answered | None) -> Patient:
    """The new row. :class:`RealNameMismatch` when name and number are not one person's; what could not be asked is asked again."""
    answer = answered or Answered(RealName.AWAY, "")
    if answer.state is RealName.MISMATCH:
        raise RealNameMismatch
    patient_id = work.new_id()
    if answer.state is RealName.AWAY:
        await work.schedule(KIND, patient_id, again_at(work.now, 1), step="1")
    sealer = await work.sealer("patient", patient_id)

    def seal(column: str, text: str) -> bytes:
        return sealer.seal("patient", column, patient_id, text)

    return await Patient.create(
        id=patient_id,
        organisation_id=organisation_id,
        full_name=seal("full_name", certificate.name),
        full_name_blind=work.blind("name", certificate.name),
        birth_date=seal("birth_date", certificate.number.birth_date.isoformat()),
        sex=certificate.number.sex,
        id_number=seal("id_number", certificate.number.text),
        id_number_blind=work.blind("id_number", certificate.number.text),
        phone=None if certificate.phone is None else seal("phone", certificate.phone),
        phone_blind=None if certificate.phone is None else work.blind("phone", certificate.phone),
        real_name_state=answer.state.value,
        real_name_at=work.now,
        real_name_provider=answer.provider,
        demonstration=work.practice.demo,
        created_at=work.now,
    )


async def home_organisation(county: str = "") -> str:
    """Who keeps the record of a patient whom no village doctor enlisted: the hospital of ``county`` (six digits; an ID number begins with those of
    the county that first issued it), else the house's first county hospital. Where he is listed later counts from then on."""
    hospitals = await Organisation.filter(kind="county_hospital").order_by("id")
    if not hospitals:
        raise NoOrganisation
    return next((one.id for one in hospitals if county_of(one.region_code) == county), hospitals[0].id)
