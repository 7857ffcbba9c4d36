"""A village doctor puts somebody on her list, who is on record already or not; each of her numbers is one patient's."""

from __future__ import annotations

from core.foundation.actor import Role
from core.foundation.errors import NotAllowed
from core.foundation.orders import handles
from core.foundation.work import Work
from core.people.accounts import live_account
from core.people.commands import EnlistPatient, PatientRef
from core.people.errors import AlreadyListed, NumberTaken
from core.people.id_numbers import read_id_number
from core.people.listing_known import check_listing, tell_of_listing
from core.people.models import ListedPatient, Patient, Practitioner, RoleHeld
from core.people.names import certificate_name
from core.people.patients import Certificate, record_patient, recorded
from core.people.real_name import Answered
from core.people.relations import check_own, speak_for
from core.people.roles import running
from core.people.rules import check_same_person, local_date


@handles(EnlistPatient)
async def enlist_patient(work: Work, order: EnlistPatient, answered: Answered | None = None) -> PatientRef:
    practitioner = await Practitioner.get_or_none(id=order.practitioner_id)
    if practitioner is None or (order.account_id is not None and work.role is not Role.SYSTEM):
        raise NotAllowed(order=order.name)
    number = read_id_number(order.id_number, local_date(work.now))
    certificate = Certificate(certificate_name(order.full_name), number, order.phone)
    clinic = _clinic_of(work, practitioner)
    taken = await ListedPatient.get_or_none(practitioner_id=practitioner.id, number=order.number)
    known = await _known(work, certificate)
    if known is not None:
        if work.role is not Role.SYSTEM:
            await check_listing(work, known, clinic, order.phone)
        listed = await ListedPatient.get_or_none(practitioner_id=practitioner.id, patient_id=known.id)
        if listed is not None:
            return await _list_anew(work, order, practitioner, listed, taken)
    if taken is not None:
        raise NumberTaken(number=order.number)
    patient = known or await record_patient(work, practitioner.organisation_id, certificate, answered)
    await ListedPatient.create(
        id=work.new_id(), organisation_id=clinic, practitioner_id=practitioner.id, patient_id=patient.id, number=order.number, created_at=work.now
    )
    if order.account_id is not None:
        account = await live_account(order.account_id)
        await check_own(account.id, patient)
        await speak_for(work, account.id, patient.id, "self")
    if known is not None and work.role is not Role.SYSTEM:
        await tell_of_listing(work, known, practitioner.id, order.phone)
    work.concerns("patient", patient.id)
    return PatientRef(patient_id=patient.id)


def _clinic_of(work: Work, practitioner: Practitioner) -> str:
    """At which clinic she lists somebody: her house, or where else she works as village doctor."""
    clinics = work.actor.organisations(Role.VILLAGE_DOCTOR)
    return practitioner.organisation_id if not clinics or practitioner.organisation_id in clinics else min(clinics)


async def _still_works_at(work: Work, practitioner: Practitioner, organisation_id: str) -> bool:
    return await RoleHeld.filter(
        running(work.now), account_id=practitioner.account_id, role=Role.VILLAGE_DOCTOR.value, organisation_id=organisation_id
    ).exists()


async def _list_anew(
    work: Work, order: EnlistPatient, practitioner: Practitioner, listed: ListedPatient, taken: ListedPatient | None
) -> PatientRef:
    """She had the patient at a clinic that she left; now she has him at the one where she works. AlreadyListed, NumberTaken."""
    if await _still_works_at(work, practitioner, listed.organisation_id):
        raise AlreadyListed(number=listed.number)
    if taken is not None and taken.id != listed.id:
        raise NumberTaken(number=order.number)
    await listed.change(organisation_id=_clinic_of(work, practitioner), number=order.number)
    work.concerns("patient", listed.patient_id)
    return PatientRef(patient_id=listed.patient_id)


async def _known(work: Work, certificate: Certificate) -> Patient | None:
    """The record of this ID number, when the person named is the one recorded; :class:`RecordDiffers` when not."""
    patient = await recorded(work, certificate.number)
    if patient is None:
        return None
    sealer = await work.sealer("patient", patient.id)
    check_same_person(
        name=certificate.name,
        known_name=sealer.open("patient", "full_name", patient.id, bytes(patient.full_name)),
        phone=certificate.phone,
        known_phone=None if patient.phone is None else sealer.open("patient", "phone", patient.id, bytes(patient.phone)),
    )
    return patient
