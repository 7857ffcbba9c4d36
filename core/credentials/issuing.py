"""A credential on its way: asked for by the patient, given a place in a list, signed in a worker, kept for him under his key."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from tortoise.expressions import F

from core.coverage.memberships import InsuredAs
from core.credentials import predicates, selective
from core.credentials.attributes import LIFE, WAYS, Attribute, Way, youngest_adult
from core.credentials.commands import (
    AddRegistry,
    CredentialLine,
    CredentialState,
    IssueCredential,
    MakeCredential,
    MakeIssuer,
    RevokeCredentials,
    TakePlace,
)
from core.credentials.errors import BirthNotChecked, CredentialMissing, NotInsured, NotOfAge, RegistryFull
from core.credentials.facts import attested_birth, birth_of_adult, county_of_patient, insured_county, insured_now
from core.credentials.issuers import definition_of, issuer_of, registry_of, signing_key
from core.credentials.lines import line_of
from core.credentials.models import CountyIssuer, IssuedCredential, RevocationRegistry
from core.credentials.status_lists import SIZE, list_uri
from core.foundation.actor import Actor
from core.foundation.errors import Conflict
from core.foundation.events import Event, listens
from core.foundation.orders import handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.models import Patient
from core.people.rules import local_date

_SYSTEM = Actor.system("worker")


@prepares(IssueCredential)
async def ask_insurer(practice: Practice, actor: Actor, order: IssueCredential) -> InsuredAs | None:
    """As what the patient is insured, asked outside the transaction; None where that is not what is to be proved."""
    return await insured_now(Work(practice, actor, order), order.patient_id) if order.attribute is Attribute.INSURED else None


@handles(IssueCredential)
async def issue_credential(work: Work, order: IssueCredential, told: InsuredAs | None = None) -> CredentialLine:
    work.concerns("patient", order.patient_id, attribute=order.attribute.value)
    live_for, now = live_name(order.patient_id, order.attribute), work.practice.clock.real_now()
    live = await IssuedCredential.get_or_none(live_for=live_for)
    if live is not None and live.expires_at > now:
        return line_of(order.attribute, live)
    if live is not None:
        await live.change(live_for=None, credential=None, secret=None)
    if told is not None:
        county, basis, organisation = await insured_county(told), "insurer", cast(Any, told.membership).organisation_id
    else:
        basis = (await birth_of_adult(work, order.patient_id)).basis
        county, organisation = await county_of_patient(order.patient_id), await _house_of(order.patient_id)
    row = await IssuedCredential.create(
        id=work.new_id(), organisation_id=organisation, patient_id=order.patient_id, attribute=order.attribute.value, live_for=live_for,
        county=county, basis=basis, asked_at=now, expires_at=now + LIFE[order.attribute],
    )
    await work.emit("credential.asked", key=row.id, credential_id=row.id)
    return line_of(order.attribute, row)


def live_name(patient_id: str, attribute: Attribute) -> str:
    return f"{patient_id}:{attribute.value}"


async def _house_of(patient_id: str) -> str:
    return (await Patient.get(id=patient_id)).organisation_id


@listens("credential.asked")
async def bring_about(practice: Practice, event: Event) -> None:
    """Keys where the county has none, a place, the signature. Done again, each step finds that it is done."""
    row = await IssuedCredential.get_or_none(id=event.body["credential_id"], live_for__isnull=False)
    if row is None or row.credential is not None:
        return
    await practice.execute(_SYSTEM, MakeIssuer(county=row.county))
    while True:
        try:
            await practice.execute(_SYSTEM, TakePlace(credential_id=row.id))
            break
        except RegistryFull as full:
            await practice.execute(_SYSTEM, AddRegistry(county=row.county, after=full.fields["number"]))
    try:
        await practice.execute(_SYSTEM, MakeCredential(credential_id=row.id))
    except (NotInsured, BirthNotChecked, NotOfAge):
        # What was so when it was asked for is so no more.
        attribute = Attribute(row.attribute)
        await practice.execute(_SYSTEM, RevokeCredentials(patient_id=row.patient_id, attribute=attribute, because="not_so"))


@handles(TakePlace)
async def take_place(work: Work, order: TakePlace) -> CredentialState:
    row = await _row(work, order.credential_id)
    if row.place is not None or row.live_for is None:
        return state_of(row)
    if WAYS[Attribute(row.attribute)] is Way.SD_JWT:
        # The counting row is taken first, so that two at once queue there and never get one place.
        await CountyIssuer.filter(county=row.county).update(next_status=F("next_status") + 1, version=F("version") + 1)
        await row.change(place=(await issuer_of(row.county)).next_status - 1)
        return state_of(row)
    newest = await RevocationRegistry.filter(county=row.county).order_by("-number").first()
    if newest is None:
        raise RegistryFull(number=0)
    taken = await RevocationRegistry.filter(id=newest.id, next_index__lt=newest.capacity).update(
        next_index=F("next_index") + 1, version=F("version") + 1
    )
    if not taken:
        raise RegistryFull(number=newest.number)
    await row.change(registry=newest.number, place=(await RevocationRegistry.get(id=newest.id)).next_index - 1)
    return state_of(row)


@dataclass(frozen=True, slots=True)
class Made:
    """A credential with the holder's secret that it is bound to."""

    credential: str
    secret: str


@prepares(MakeCredential)
async def sign_credential(practice: Practice, actor: Actor, order: MakeCredential) -> Made | None:
    """Signed outside the transaction, from what is on record now; None when it is no longer wanted, or made."""
    row = await IssuedCredential.get_or_none(id=order.credential_id)
    if row is None or row.live_for is None or row.credential is not None or row.place is None:
        return None
    work = Work(practice, actor, order)
    if WAYS[Attribute(row.attribute)] is Way.SD_JWT:
        return await _sign_insured(work, row)
    return await _sign_age(work, row)


async def _sign_insured(work: Work, row: IssuedCredential) -> Made:
    told = await insured_now(work, row.patient_id)
    await insured_county(told)
    assert told.membership is not None and row.place is not None  # noqa: S101, PT018 - insured_county has looked; so has the caller
    issuer = await issuer_of(row.county)
    birth = await _birth_or_none(work, row.patient_id)
    # Whoever sees a showing counts what is hidden, so that as much is hidden of everybody: None where nobody looked at the birth date.
    of_age = None if birth is None else birth <= youngest_adult(local_date(work.practice.clock.real_now()))
    claims: dict[str, Any] = {Attribute.INSURED.value: True, "scheme": told.membership.scheme, "age_over_18": of_age}
    secret = selective.new_key()
    credential = selective.issue(
        await signing_key(work, issuer), secret, row.county, claims, status_uri=list_uri(row.county, row.place // SIZE),
        status_index=row.place % SIZE, issued=_seconds(work.practice.clock.real_now()), expires=_seconds(row.expires_at),
    )
    return Made(credential, json.dumps(secret))


async def _birth_or_none(work: Work, patient_id: str) -> date | None:
    try:
        return (await attested_birth(work, patient_id)).day
    except BirthNotChecked:
        return None


async def _sign_age(work: Work, row: IssuedCredential) -> Made:
    birth = await birth_of_adult(work, row.patient_id)
    definition = await definition_of(work, await issuer_of(row.county))
    registry = await registry_of(work, await RevocationRegistry.get(county=row.county, number=row.registry))
    until = local_date(row.expires_at)

    def sign() -> Made:
        assert row.place is not None  # noqa: S101 - the caller has looked
        secret = predicates.new_link_secret()
        return Made(predicates.issue(row.county, definition, registry, row.place, secret, birth.day, until), secret)

    return await asyncio.to_thread(sign)


@handles(MakeCredential)
async def make_credential(work: Work, order: MakeCredential, made: Made | None = None) -> CredentialState:
    row = await _row(work, order.credential_id)
    if made is None or row.live_for is None or row.credential is not None:
        return state_of(row)
    sealer = await work.sealer("patient", row.patient_id)
    await row.change(
        conflict=Conflict(), credential=sealer.seal("issued_credential", "credential", row.id, made.credential),
        secret=sealer.seal("issued_credential", "secret", row.id, made.secret),
    )
    return state_of(row)


async def _row(work: Work, credential_id: str) -> IssuedCredential:
    row = await IssuedCredential.get_or_none(id=credential_id)
    if row is None:
        raise CredentialMissing
    work.concerns("patient", row.patient_id, credential=row.id)
    return row


def state_of(row: IssuedCredential) -> CredentialState:
    state = "revoked" if row.revoked_at is not None else "making" if row.credential is None else "ready"
    return CredentialState.model_validate({"credential_id": row.id, "state": state})


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
