"""Who cannot prove that he belongs to a record reads a short code to the village doctor, and she, who knows him, confirms it. Who is on the
record himself, or a minor's guardian, may let a relative in by such a code too.

Only a code that is good, live and about a patient on her own list opens the record; wrong ones are counted against every live code of that patient.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from tortoise.expressions import F

from core.foundation.actor import Role
from core.foundation.errors import NotAllowed, NotFound, Unavailable
from core.foundation.orders import handles
from core.foundation.work import Work
from core.people.accounts import live_account
from core.people.commands import ClaimantView, ConfirmAccount, LookAtClaim, PatientRef
from core.people.errors import ClaimantHasOwnRecord, ClaimCodeWrong, ClaimExpired, ClaimUsed, OwnRecordExists, RecordNeedsConfirmation
from core.people.errors_families import ScopeEmpty, TermPast
from core.people.families import LABELS, how_called
from core.people.models import Account, Patient, PatientClaim
from core.people.relations import become_guardian, birth_dates, check_own, speak_for
from core.people.standing import is_minor
from core.people.telling import tell_person

VALID_FOR = timedelta(minutes=30)
"""Real time."""
ATTEMPTS = 5
CODE_LENGTH = 6
_CODE_TRIES = 20
_TO_HIM = "把确认码 {code} 念给他本人(孩子的,念给监护人),请他填在自己手机的「家人」→「谁能替我办」里;他不用微信的,当面告诉村医"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
"""Letters that no code has, as people take them for digits."""


async def refuse_with_code(work: Work, account: Account, patient: Patient, relation: str, *, guardian: bool = False) -> NoReturn:
    """Refuse, and leave a claim that the village doctor can confirm; while one is live, the same code is shown again."""
    real_now = work.practice.clock.real_now()
    claim = await PatientClaim.get_or_none(live_for=f"{account.id}:{patient.id}")
    if claim is not None and (claim.expires_at <= real_now or claim.attempts >= ATTEMPTS):
        await claim.change(live_for=None)
        claim = None
    sealer = await work.sealer("account", account.id)
    if claim is None:
        code = await _free_code(work, patient.id)
        claim_id = work.new_id()
        claim = await PatientClaim.create(
            id=claim_id, account_id=account.id, patient_id=patient.id, live_for=f"{account.id}:{patient.id}", relation=relation,
            guardian=guardian,
            code=sealer.seal("patient_claim", "code", claim_id, code), code_blind=_blind(work, patient.id, code), created_at=real_now,
            expires_at=real_now + VALID_FOR,
        )
    elif (claim.relation, claim.guardian) != (relation, guardian):
        await claim.change(relation=relation, guardian=guardian)
    work.keep_what_is_written()
    left = max(1, int((claim.expires_at - real_now).total_seconds() // 60))
    code = sealer.open("patient_claim", "code", claim.id, bytes(claim.code))
    way = f"请找您的村医,当面把确认码 {code} 告诉村医" if relation == "self" else _TO_HIM.format(code=code)
    raise RecordNeedsConfirmation(claim_code=code, valid_minutes=left, way=way)


def _blind(work: Work, patient_id: str, code: str) -> str:
    return work.blind("claim_code", f"{patient_id}:{code}")


async def _free_code(work: Work, patient_id: str) -> str:
    """A code that no claim on this patient ever had; should two take one in the same moment, the unique column refuses the second."""
    for _ in range(_CODE_TRIES):
        code = work.practice.ids.token(CODE_LENGTH)
        if not await PatientClaim.filter(code_blind=_blind(work, patient_id, code)).exists():
            return code
    raise Unavailable


@handles(LookAtClaim)
async def look_at_claim(work: Work, order: LookAtClaim) -> ClaimantView:
    claim = await _claim_of(work, order.patient_id, order.claim_code)
    birth = (await birth_dates(work, {order.patient_id}))[order.patient_id]
    account = await live_account(claim.account_id)
    guardian = is_minor(birth, work.now) and (claim.guardian or claim.relation == "child")
    return ClaimantView(
        called=await how_called(work, account.id), relation_label="监护人" if guardian else LABELS.get(claim.relation, "家人"), guardian=guardian
    )


async def _claim_of(work: Work, patient_id: str, claim_code: str) -> PatientClaim:
    """The live claim on the patient that has this code. ClaimCodeWrong, ClaimUsed, ClaimExpired."""
    # The patient's row is held: codes for him are tried one after the other, so that neither a code nor a try counts twice.
    patient = await Patient.filter(id=patient_id).select_for_update().get_or_none()
    if patient is None:
        raise NotFound
    work.concerns("patient", patient.id)
    real_now = work.practice.clock.real_now()
    code = claim_code.upper().translate(_READ_AS)
    claim = await PatientClaim.get_or_none(code_blind=_blind(work, patient.id, code))
    if claim is None:
        await PatientClaim.filter(patient_id=patient.id, live_for__isnull=False).update(attempts=F("attempts") + 1, version=F("version") + 1)
        work.keep_what_is_written()
        raise ClaimCodeWrong
    if claim.used_at is not None:
        raise ClaimUsed
    if claim.live_for is None or claim.attempts >= ATTEMPTS or claim.expires_at <= real_now:
        raise ClaimExpired
    return claim


@handles(ConfirmAccount)
async def confirm_account(work: Work, order: ConfirmAccount) -> PatientRef:
    claim = await _claim_of(work, order.patient_id, order.claim_code)
    patient = await Patient.get(id=order.patient_id)
    if order.scope == ():
        raise ScopeEmpty
    if order.until is not None and order.until <= work.now:
        raise TermPast
    account = await live_account(claim.account_id)
    if work.role is Role.VISITOR and claim.relation == "self":
        # Somebody's own account is given to him by the village doctor, not by who is on the record already.
        raise NotAllowed(order=order.name)
    if claim.relation == "self":
        try:
            await check_own(account.id, patient)
        except OwnRecordExists:
            raise ClaimantHasOwnRecord from None
    await claim.change(
        conflict=ClaimUsed(), live_for=None, used_at=work.practice.clock.real_now(),
        confirmed_by=work.actor.practitioner_id or work.actor.account_id,
    )
    await speak_for(work, account.id, patient.id, claim.relation, guardian=claim.guardian, scope=order.scope, until=order.until)
    if claim.guardian:
        await become_guardian(work, account.id, patient.id)
    # He typed his code half an hour ago at most, and may have closed the page since.
    await tell_person(work, account.id, "relation.granted", patient_id=patient.id, relation=claim.relation)
    work.concerns("patient", patient.id, account=account.id, relation=claim.relation)
    return PatientRef(patient_id=patient.id)
