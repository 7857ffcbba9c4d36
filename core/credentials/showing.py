"""The holder's side: what he has, and one showing of it. Whoever brings the number within two minutes gets one proof, for his nonce alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import date, timedelta

from core.coverage.memberships import InsuredAs
from core.credentials import predicates, selective
from core.credentials.attributes import LABELS, WAYS, Attribute, Way, youngest_adult
from core.credentials.checking import envelope
from core.credentials.commands import CredentialsView, MyCredentials, OfferProof, OfferView, ProofShown, ShownLine, ShowProof
from core.credentials.errors import BirthNotChecked, CredentialBeingMade, CredentialMissing, NotInsured, NotOfAge, OfferUnknown, OfferUsed
from core.credentials.facts import birth_of_adult, county_name, county_of_patient, insured_county, insured_now
from core.credentials.issuers import definition_of, issuer_of, registry_of
from core.credentials.issuing import live_name
from core.credentials.lines import line_of
from core.credentials.models import IssuedCredential, ProofOffer, RevocationRegistry
from core.credentials.revoking import revoke
from core.foundation.actor import Actor
from core.foundation.orders import answers, handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.relations import birth_dates
from core.people.rules import local_date

LASTS = timedelta(minutes=2)
_SHOWN_LINES = 10


@answers(MyCredentials)
async def my_credentials(work: Work, order: MyCredentials) -> CredentialsView:
    work.concerns("patient", order.patient_id)
    now = work.practice.clock.real_now()
    rows = await IssuedCredential.filter(patient_id=order.patient_id, live_for__isnull=False, expires_at__gt=now)
    live = {row.attribute: row for row in rows}
    births = await birth_dates(work, {order.patient_id})
    too_young = NotOfAge.sentence if any(birth > youngest_adult(local_date(now)) for birth in births.values()) else ""
    offers = await ProofOffer.filter(patient_id=order.patient_id).order_by("-id").limit(_SHOWN_LINES)
    return CredentialsView(
        lines=tuple(line_of(one, live.get(one.value), too_young if one is Attribute.OF_AGE else "") for one in Attribute),
        shown=tuple(
            ShownLine(
                attribute=Attribute(one.attribute), label=LABELS[Attribute(one.attribute)], made_at=one.made_at, used_at=one.used_at,
                audience=one.audience,
            )
            for one in offers
        ),
        issuer=await county_name(await county_of_patient(order.patient_id)),
    )


@prepares(OfferProof)
async def ask_insurer_again(practice: Practice, actor: Actor, order: OfferProof) -> InsuredAs | None:
    return await insured_now(Work(practice, actor, order), order.patient_id) if order.attribute is Attribute.INSURED else None


@handles(OfferProof)
async def offer_proof(work: Work, order: OfferProof, told: InsuredAs | None = None) -> OfferView:
    work.concerns("patient", order.patient_id, attribute=order.attribute.value)
    now = work.practice.clock.real_now()
    row = await IssuedCredential.get_or_none(live_for=live_name(order.patient_id, order.attribute))
    if row is None or row.expires_at <= now:
        raise CredentialMissing
    try:
        await _still_so(work, order, told)
    except (NotInsured, BirthNotChecked, NotOfAge) as changed:
        # What was so yesterday is not shown today, nor later.
        await revoke(work, row, "not_insured" if isinstance(changed, NotInsured) else "not_so")
        work.keep_what_is_written()
        raise
    if row.credential is None:
        raise CredentialBeingMade
    code = work.new_code("Z", 8)
    await ProofOffer.create(
        id=work.new_id(), patient_id=order.patient_id, credential_id=row.id, attribute=row.attribute, code_hash=_hash(code), made_at=now,
        expires_at=now + LASTS,
    )
    return OfferView(code=code, attribute=order.attribute, expires_at=now + LASTS, lasts_s=int(LASTS.total_seconds()))


async def _still_so(work: Work, order: OfferProof, told: InsuredAs | None) -> None:
    """NotInsured by the insurer's word of now (``told``); BirthNotChecked, NotOfAge by what is on record now."""
    if told is not None:
        await insured_county(told)
    else:
        await birth_of_adult(work, order.patient_id)


@prepares(ShowProof)
async def make_proof(practice: Practice, actor: Actor, order: ShowProof) -> str:
    """The proof as it travels, made outside the transaction."""
    work = Work(practice, actor, order)
    offer = await _open_offer(work, order.code)
    row = await IssuedCredential.get_or_none(id=offer.credential_id, live_for__isnull=False)
    if row is None or row.credential is None or row.secret is None:
        raise OfferUnknown
    sealer = await work.sealer("patient", row.patient_id)
    credential = sealer.open("issued_credential", "credential", row.id, bytes(row.credential))
    secret = sealer.open("issued_credential", "secret", row.id, bytes(row.secret))
    attribute = Attribute(row.attribute)
    if WAYS[attribute] is Way.SD_JWT:
        shown = selective.present(credential, json.loads(secret), (attribute.value,), nonce=order.nonce, audience=order.audience)
    else:
        shown = await _prove_age(work, row, credential, secret, order)
    return envelope(row.county, attribute, shown)


async def _prove_age(work: Work, row: IssuedCredential, credential: str, secret: str, order: ShowProof) -> str:
    definition = await definition_of(work, await issuer_of(row.county))
    registry = await registry_of(work, await RevocationRegistry.get(county=row.county, number=row.registry))
    today: date = local_date(work.practice.clock.real_now())
    nonce = predicates.bound_nonce(order.nonce, order.audience)
    return await asyncio.to_thread(predicates.prove, row.county, definition, registry, credential, secret, nonce=nonce, today=today)


@handles(ShowProof)
async def show_proof(work: Work, order: ShowProof, made: str) -> ProofShown:
    offer = await _open_offer(work, order.code)
    work.concerns("patient", offer.patient_id, credential=offer.credential_id)
    if not await IssuedCredential.exists(id=offer.credential_id, live_for__isnull=False):
        raise OfferUnknown
    await offer.change(conflict=OfferUsed(), used_at=work.practice.clock.real_now(), audience=order.audience)
    return ProofShown(proof=made)


async def _open_offer(work: Work, code: str) -> ProofOffer:
    offer = await ProofOffer.get_or_none(code_hash=_hash(code))
    if offer is None or offer.expires_at <= work.practice.clock.real_now():
        raise OfferUnknown
    if offer.used_at is not None:
        raise OfferUsed
    return offer


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
