"""The house as verifier for whoever has no means of his own: a nonce, good for one check, and the answer to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from core.credentials.attributes import WAY_LABELS
from core.credentials.checking import Checked, check, opened
from core.credentials.commands import CheckOpened, CheckProof, CheckResult, OpenCheck, Published
from core.credentials.errors import IssuerUnknown, NonceUnknown, NonceUsed, ProofRefused
from core.credentials.issuers import published
from core.credentials.models import ProofCheck
from core.foundation.actor import Actor
from core.foundation.orders import handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work

LASTS = timedelta(minutes=2)
_BITS = 80


@handles(OpenCheck)
async def open_check(work: Work, order: OpenCheck) -> CheckOpened:
    now = work.practice.clock.real_now()
    # Ten digits at least: a nonce has one form.
    nonce = str(work.practice.rng.getrandbits(_BITS) + 10**10)
    await ProofCheck.create(id=work.new_id(), nonce=nonce, audience=order.audience, made_at=now, expires_at=now + LASTS)
    return CheckOpened(nonce=nonce, audience=order.audience, expires_at=now + LASTS, lasts_s=int(LASTS.total_seconds()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """``right``, or the reason why not."""

    right: Checked | None
    reason: str = ""


@prepares(CheckProof)
async def look_at_proof(practice: Practice, actor: Actor, order: CheckProof) -> Outcome:
    """Checked outside the transaction, in a thread, as anybody else would: from what the county publishes."""
    work = Work(practice, actor, order)
    asked = await _open_check(work, order.nonce)
    try:
        county, _, _ = opened(order.proof)
        told = (await published(work, Published(county=county))).model_dump()
        now = practice.clock.real_now()
        return Outcome(await asyncio.to_thread(check, order.proof, told, nonce=asked.nonce, audience=asked.audience, now=now))
    except IssuerUnknown:
        return Outcome(None, "issuer")
    except ProofRefused as refused:
        return Outcome(None, refused.reason)


@handles(CheckProof)
async def check_proof(work: Work, order: CheckProof, outcome: Outcome) -> CheckResult:
    asked, now = await _open_check(work, order.nonce), work.practice.clock.real_now()
    await asked.change(conflict=NonceUsed(), used_at=now, outcome="right" if outcome.right is not None else outcome.reason)
    work.concerns("proof_check", asked.id, outcome=asked.outcome)
    if outcome.right is None:
        work.keep_what_is_written()
        raise ProofRefused(outcome.reason)
    right = outcome.right
    return CheckResult(
        attribute=right.attribute, result=right.label, issuer=right.issuer_name, county=right.county, way=right.way.value,
        way_label=WAY_LABELS[right.way], checked=right.checked, checked_at=now, key_thumbprint=right.key_thumbprint,
    )


async def _open_check(work: Work, nonce: str) -> ProofCheck:
    asked = await ProofCheck.get_or_none(nonce=nonce)
    if asked is None or asked.expires_at <= work.practice.clock.real_now():
        raise NonceUnknown
    if asked.used_at is not None:
        raise NonceUsed
    return asked
