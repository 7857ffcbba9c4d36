"""Patients: real-name registration, a village doctor's list, and how one record is kept for one ID number."""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation.actor import ROLE_LABELS, Actor, Role
from core.foundation.errors import NotAllowed
from core.foundation.orders import answers, handles, prepares
from core.foundation.practice import Practice
from core.foundation.withheld import Withheld, shown
from core.foundation.work import Work
from core.people.account_joins import is_doubted
from core.people.accounts import account_phone, live_account
from core.people.cards import patient_cards, practitioner_card
from core.people.claims import refuse_with_code
from core.people.commands import EnlistPatient, PatientRef, RegisterPatient
from core.people.commands_views import HeldRoleView, Me, MeView, MyPatientList, PatientListView, PatientView
from core.people.consents import care_needs, consent_views
from core.people.errors import AlreadyListed, NoOrganisation, NumberTaken
from core.people.errors_real_name import RealNameMismatch
from core.people.id_numbers import IdNumber, read_id_number
from core.people.listing_known import check_listing, tell_of_listing
from core.people.lists import own_list
from core.people.models import Account, CareRelation, ListedPatient, Organisation, Patient, Practitioner, RoleHeld
from core.people.names import certificate_name
from core.people.real_name import Answered, RealName, ask_real_name
from core.people.real_name_again import KIND, again_at
from core.people.relations import check_guardian, check_no_other_own, check_own, ever_spoke, live_relations, speak_for
from core.people.roles import running
from core.people.rules import check_same_person, check_self, county_of, local_date
from core.people.scopes import Scope, read


@dataclass(frozen=True, slots=True)
class _Certificate:
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
    certificate = _Certificate(certificate_name(order.full_name), number, phone)
    if order.relation == "self":
        check_self(number.birth_date, local_date(work.now))
    await check_guardian(work, number.birth_date, guardian=order.guardian)
    patient = await _recorded(work, number)
    if order.relation == "self":
        await check_no_other_own(account_id, patient)
    if patient is not None and not await _has_proven(work, order, certificate.name, patient):
        await refuse_with_code(work, await live_account(account_id), patient, order.relation, guardian=order.guardian)
    if order.relation == "self":
        await check_own(account_id, patient)
    if patient is None:
        patient = await _record(work, await home_organisation(county_of(number.text)), certificate, answered)
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


@handles(EnlistPatient)
async def enlist_patient(work: Work, order: EnlistPatient, answered: Answered | None = None) -> PatientRef:
    practitioner = await Practitioner.get_or_none(id=order.practitioner_id)
    if practitioner is None or (order.account_id is not None and work.role is not Role.SYSTEM):
        raise NotAllowed(order=order.name)
    number = read_id_number(order.id_number, local_date(work.now))
    certificate = _Certificate(certificate_name(order.full_name), number, order.phone)
    taken = await ListedPatient.get_or_none(practitioner_id=practitioner.id, number=order.number)
    patient = await _known(work, certificate)
    if patient is not None and work.role is not Role.SYSTEM:
        await check_listing(work, patient, _clinic_of(work, practitioner), order.phone)
    known = patient
    if patient is not None:
        listed = await ListedPatient.get_or_none(practitioner_id=practitioner.id, patient_id=patient.id)
        if listed is not None and await _still_works_at(work, practitioner, listed.organisation_id):
            raise AlreadyListed(number=listed.number)
        if listed is not None:
            return await _listed_anew(work, order, practitioner, listed, taken)
    if taken is not None:
        raise NumberTaken(number=order.number)
    if patient is None:
        patient = await _record(work, practitioner.organisation_id, certificate, answered)
    await ListedPatient.create(
        id=work.new_id(),
        organisation_id=_clinic_of(work, practitioner),
        practitioner_id=practitioner.id,
        patient_id=patient.id,
        number=order.number,
        created_at=work.now,
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


async def _listed_anew(
    work: Work, order: EnlistPatient, practitioner: Practitioner, listed: ListedPatient, taken: ListedPatient | None
) -> PatientRef:
    """She had the patient at a clinic that she left; now she has him at the one where she works."""
    if taken is not None and taken.id != listed.id:
        raise NumberTaken(number=order.number)
    await listed.change(organisation_id=_clinic_of(work, practitioner), number=order.number)
    work.concerns("patient", listed.patient_id)
    return PatientRef(patient_id=listed.patient_id)


async def _known(work: Work, certificate: _Certificate) -> Patient | None:
    """The record of this ID number, when the person named is the one recorded; :class:`RecordDiffers` when not."""
    patient = await _recorded(work, certificate.number)
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


async def _recorded(work: Work, number: IdNumber) -> Patient | None:
    """The record of this ID number."""
    return await Patient.get_or_none(id_number_blind=work.blind("id_number", number.text))


async def _record(work: Work, organisation_id: str, certificate: _Certificate, answered: Answered | None) -> Patient:
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


async def care_relations(work: Work, account_id: str) -> list[tuple[str, str]]:
    """For whom the account may act: (relation, patient id), himself first, then in the order they were registered."""
    return [(row.relation, row.patient_id) for row in await live_relations(work, account_id=account_id, scope=Scope.BOOK)]


async def home_organisation(county: str = "") -> str:
    """Who keeps the record of a patient whom no village doctor enlisted: the hospital of ``county`` (six digits; an ID number begins with those of
    the county that first issued it), else the house's first county hospital. Where he is listed later counts from then on."""
    hospitals = await Organisation.filter(kind="county_hospital").order_by("id")
    if not hospitals:
        raise NoOrganisation
    return next((one.id for one in hospitals if county_of(one.region_code) == county), hospitals[0].id)


@answers(Me)
async def me(work: Work, order: Me) -> MeView:
    account = await Account.get_or_none(id=work.actor.account_id)
    organisations = {row.id: row for row in await Organisation.filter(id__in=[held.organisation_id for held in work.actor.roles])}
    patients, withheld = await _own_patients(work)
    name = next((patient.full_name for patient in patients if patient.relation == "self"), None)
    if work.actor.practitioner_id is not None:
        name = (await practitioner_card(work, work.actor.practitioner_id)).full_name
    work.concerns("account", work.actor.account_id)
    return MeView(
        account_id=work.actor.account_id,
        display_name=name,
        roles=tuple(
            HeldRoleView(
                role=held.role.value,
                label=ROLE_LABELS[held.role],
                organisation_id=held.organisation_id,
                organisation=organisations[held.organisation_id].name,
                region_code=organisations[held.organisation_id].region_code,
            )
            for held in work.actor.roles
            if held.organisation_id in organisations
        ),
        practitioner_id=work.actor.practitioner_id,
        phone_verified=account is not None and account.phone is not None,
        patients=patients,
        withheld=withheld,
    )


async def _own_patients(work: Work) -> tuple[tuple[PatientView, ...], tuple[Withheld, ...]]:
    """Those for whom the actor speaks, himself first."""

    async def lines(some: list[CareRelation]) -> list[PatientView]:
        views = await patient_views(work, [row.patient_id for row in some])
        return [
            view.model_copy(update={"relation": row.relation, "relation_id": row.id, "scope": read(row.scope), "guardian": bool(row.guardian)})
            for row, view in zip(some, views, strict=True)
        ]

    return await shown(work, await live_relations(work, account_id=work.actor.account_id), lines)


@answers(MyPatientList)
async def my_patient_list(work: Work, order: MyPatientList) -> PatientListView:
    if work.actor.practitioner_id is None:
        return PatientListView(patients=())
    rows = await own_list(work).order_by("number")
    work.concerns("practitioner", work.actor.practitioner_id)
    return await listed(work, rows)


async def listed(work: Work, rows: list[ListedPatient]) -> PatientListView:
    """The patients of these lines of a list, with the numbers under which they stand there."""

    async def lines(some: list[ListedPatient]) -> list[PatientView]:
        views = await patient_views(work, [row.patient_id for row in some])
        return [view.model_copy(update={"number": row.number}) for row, view in zip(some, views, strict=True)]

    patients, withheld = await shown(work, rows, lines)
    return PatientListView(patients=patients, withheld=withheld)


async def patient_views(work: Work, patient_ids: list[str]) -> list[PatientView]:
    """The patients in this order, however many in a few questions to the database."""
    cards = await patient_cards(work, patient_ids)
    consents = await consent_views(patient_ids)
    return [
        PatientView(
            patient_id=card.patient_id,
            full_name=card.full_name,
            sex="male" if card.sex == "male" else "female",
            birth_date=card.birth_date,
            age_years=card.age_years,
            phone=card.phone,
            has_wechat=card.has_wechat,
            real_name=card.real_name,
            consents=consents.get(card.patient_id, ()),
            care_needs=care_needs(consents.get(card.patient_id, ()), card.age_years),
        )
        for card in (cards[patient_id] for patient_id in patient_ids)
    ]
