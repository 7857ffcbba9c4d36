"""A credential stops counting: its holder wants it so, the insurance changed, the insurer no longer knows him, or his keys are destroyed."""

from __future__ import annotations

from tortoise.expressions import Q

from core.credentials import predicates
from core.credentials.attributes import Attribute
from core.credentials.commands import CredentialLine, RevokeCredentials, WithdrawCredential
from core.credentials.issuers import definition_of, issuer_of, registry_of
from core.credentials.issuing import live_name
from core.credentials.lines import line_of
from core.credentials.models import IssuedCredential, RevocationRegistry
from core.foundation.actor import Actor
from core.foundation.encryption.erasure import before_erasure
from core.foundation.events import Event, listens
from core.foundation.orders import Done, handles
from core.foundation.practice import Practice
from core.foundation.work import Work

_SYSTEM = Actor.system("worker")


async def revoke(work: Work, row: IssuedCredential, because: str) -> None:
    """It counts no more from the commit on: not here, and not in the next list that somebody fetches. Credential and secret are gone."""
    now = work.practice.clock.real_now()
    await row.change(live_for=None, revoked_at=now, revoked_because=because, credential=None, secret=None)
    if row.registry is None or row.place is None:
        return
    registry = await RevocationRegistry.get(county=row.county, number=row.registry)
    opened = await registry_of(work, registry)
    definition = await definition_of(work, await issuer_of(row.county))
    # Two revocations in one second still make two lists with times of their own.
    at = max(int(now.timestamp()), predicates.listed_at(opened.status_list) + 1)
    await registry.change(status_list=predicates.revoke(definition, opened, [row.place], at=at))


@handles(WithdrawCredential)
async def withdraw_credential(work: Work, order: WithdrawCredential) -> CredentialLine:
    work.concerns("patient", order.patient_id, attribute=order.attribute.value)
    row = await IssuedCredential.get_or_none(live_for=live_name(order.patient_id, order.attribute))
    if row is not None:
        await revoke(work, row, "holder")
    return line_of(order.attribute, None)


@handles(RevokeCredentials)
async def revoke_credentials(work: Work, order: RevokeCredentials) -> Done:
    work.concerns("patient", order.patient_id)
    work.because(order.because)
    return Done(done=await _revoke_all(work, order.patient_id, order.attribute, order.because))


async def _revoke_all(work: Work, patient_id: str, attribute: Attribute | None, because: str) -> bool:
    which = Q() if attribute is None else Q(attribute=attribute.value)
    rows = await IssuedCredential.filter(which, patient_id=patient_id, live_for__isnull=False).order_by("id")
    for row in rows:
        await revoke(work, row, because)
    return bool(rows)


@listens("membership.changed")
async def insurance_changed(practice: Practice, event: Event) -> None:
    order = RevokeCredentials(patient_id=event.body["patient_id"], attribute=Attribute.INSURED, because="insurance_changed")
    await practice.execute(_SYSTEM, order)


@before_erasure("patient")
async def holder_erased(work: Work, patient_id: str) -> None:
    """What he held is sealed under his key and goes with it; the lists say so too."""
    await _revoke_all(work, patient_id, None, "erased")
