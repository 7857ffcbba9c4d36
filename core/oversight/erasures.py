"""Erasure because the person wants it: what the law lets go goes at once with its keys, in old backups too; what it keeps is locked."""

from __future__ import annotations

from tortoise.expressions import Q

from core.conversations.models import Message
from core.followups.models import Reading
from core.foundation.actor import Role
from core.foundation.encryption.intended import erase_with_commit, lock_with_commit
from core.foundation.errors import NotFound
from core.foundation.locking import is_locked, opens_locked
from core.foundation.models import Blob
from core.foundation.orders import Done, Order, answers, handles, relation
from core.foundation.work import Work
from core.intake.models import KIND as INTAKE
from core.intake.models import Intake
from core.notifications.models import Notification
from core.notifications.service import tell
from core.oversight.commands import BreakTheGlass
from core.oversight.commands_disposals import REASONS
from core.oversight.commands_erasures import (
    EraseMine,
    ErasurePreview,
    ErasureRequestList,
    ErasureRequests,
    ErasureRequestView,
    ErasureView,
    SettleErasure,
    UnlockRecord,
)
from core.oversight.erasing import Found, accounts_joined, case_under_way, find, spoken
from core.oversight.errors import CaseUnderWay, ErasureSettled, KeysNotApart, NotYours
from core.oversight.models import BreakGlass, ErasureRequest
from core.people.access import acts_in_county
from core.people.consents import withdraw_all
from core.people.counties import counties_where, county_of_organisation
from core.people.holders import holders
from core.people.models import CareRelation, Patient
from core.people.purposes import Giver
from core.people.relations import guardians_of

SHOWN = 100


@relation("same_county")
async def request_of_county(work: Work, order: Order) -> bool:
    """The account is of a county where the actor holds a granted role; one of no county is every administrator's."""
    request_id = getattr(order, "request_id", None)
    row = None if request_id is None else await ErasureRequest.get_or_none(id=request_id)
    return row is not None and (row.region_code == "" or await acts_in_county(work, order, row.region_code))


@opens_locked
async def emergency_opens(work: Work, patient_id: str) -> bool:
    """Treatment or an inquiry: an emergency opening with its reason, of which the patient's side is told, and while it lasts. The case and the
    prescriptions that came of it go to their end: an erasure waits for those that are under way, so that nothing else can be."""
    if isinstance(work.order, BreakTheGlass | UnlockRecord):
        return True
    if await case_under_way(patient_id):
        return True
    return await BreakGlass.filter(patient_id=patient_id, account_id=work.actor.account_id, until__gt=work.now).exists()


@answers(ErasurePreview)
async def preview(work: Work, order: ErasurePreview) -> ErasureView:
    found = await _whose(work, work.actor.account_id, order.patient_id)
    work.concerns("account", work.actor.account_id)
    sealers = await work.practice.keys.sealers([f"patient:{one}" for one in found.kept])
    locked = [one for one in found.kept if f"patient:{one}" in sealers and sealers[f"patient:{one}"].locked]
    return spoken(found, "possible").model_copy(update={"locked": next(iter(locked), None)})


@handles(EraseMine)
async def erase_mine(work: Work, order: EraseMine) -> ErasureView:
    found = await _whose(work, work.actor.account_id, order.patient_id)
    if found.disputed:
        return await _asked(work, order, found)
    return await _erase(work, work.actor.account_id, found)


async def _whose(work: Work, account_id: str, patient_id: str | None) -> Found:
    """:class:`NotYours` for a record of which the account does not decide."""
    if patient_id is None:
        own = await CareRelation.filter(account_id=account_id, self_of_id__isnull=False, ended_at__isnull=True).values_list("patient_id", flat=True)
        return await find(work, await accounts_joined(account_id), [str(one) for one in own])
    if not await Patient.filter(id=patient_id).exists() or await _as_what(work, account_id, patient_id) is None:
        raise NotYours
    return await find(work, [], [patient_id])


async def _as_what(work: Work, account_id: str, patient_id: str) -> Giver | None:
    if await CareRelation.filter(account_id=account_id, self_of_id=patient_id, ended_at__isnull=True).exists():
        return Giver.SELF
    return Giver.GUARDIAN if any(one.account_id == account_id for one in await guardians_of(work, patient_id)) else None


async def _erase(work: Work, account_id: str, found: Found) -> ErasureView:
    """The rows with what is meant for the key ring; locks and keys follow the commit, because nothing takes destroyed keys back."""
    if any(until is None for until in found.kept.values()):
        raise CaseUnderWay
    if found.accounts and await _under_the_account(found):
        raise KeysNotApart
    view = spoken(found, "done")
    for patient_id in (*found.gone, *found.kept):
        await withdraw_all(work, patient_id, await _as_what(work, account_id, patient_id) or Giver.SELF)
    # So long as he can be found by them, the record of who was never treated would be taken up again.
    for patient_id in found.gone:
        nobody = work.blind("id_number", f"erased:{patient_id}")
        await Patient.filter(id=patient_id).update(full_name_blind=None, phone_blind=None, id_number_blind=nobody, phone=None)
    await _drop_files(work, Q(subject_kind="patient", subject_id__in=found.gone))
    pictures = await Reading.filter(id__in=found.readings, trend_blob_id__isnull=False).values_list("trend_blob_id", flat=True)
    await _drop_files(work, Q(id__in=[str(one) for one in pictures]))
    await Reading.filter(id__in=found.readings).delete()
    keys = [one.partition(":")[2] for one in found.words]
    # What is from before there were such keys is the account's: it is in no month that stays, as was looked at.
    await Message.filter(Q(words_key__in=keys) | Q(words_key__isnull=True), account_id__in=found.accounts).delete()
    await Notification.filter(account_id__in=found.accounts, words_key__in=keys).update(words=None)
    concerned = [*found.gone, *found.kept]
    told = {"account": account_id, "erased": "key", "gone": str(len(found.gone)), "locked": str(len(found.kept))}
    # Whoever asks what became of the record finds it by the record.
    work.concerns(*(("patient", concerned[0]) if len(concerned) == 1 else ("account", account_id)), **told)
    for patient_id in found.kept:
        await lock_with_commit(work, patient_id, locked=True)
    await erase_with_commit(work, [
        *(f"patient:{one}" for one in found.gone), *(f"{INTAKE}:{one}" for one in found.talks), *found.words,
        *(f"account:{one}" for one in found.accounts),
    ])  # fmt: skip
    return view


async def _under_the_account(found: Found) -> bool:
    """Whether something that must stay has no key of its own yet."""
    if await Intake.filter(id__in=found.kept_talks, own_key__isnull=True).exists():
        return True
    old = Message.filter(account_id__in=found.accounts, words_key__isnull=True)
    months = {one.partition(":")[2][:7] for one in found.months}
    return bool(months) and any(f"{at:%Y-%m}" in months for at in await old.values_list("received_at", flat=True))


async def _drop_files(work: Work, which: Q) -> None:
    ids = [str(one) for one in await Blob.filter(which).values_list("id", flat=True)]
    for blob_id in ids:
        await work.emit("file.dropped", blob_id=blob_id)
    await Blob.filter(id__in=ids).delete()


async def _asked(work: Work, order: EraseMine, found: Found) -> ErasureView:
    """Left to an administrator of the county, who is told."""
    account_id = work.actor.account_id
    live_for = f"{account_id}:{order.patient_id or ''}"
    work.concerns("account", account_id, question="dispute")
    if not await ErasureRequest.filter(live_for=live_for).exists():
        first = await Patient.get_or_none(id=next(iter((*found.kept, *found.gone)), ""))
        county = "" if first is None else await county_of_organisation(first.organisation_id) or ""
        row = await ErasureRequest.create(
            id=work.new_id(), account_id=account_id, of_patient_id=order.patient_id, region_code=county, question="dispute", state="asked",
            live_for=live_for, asked_at=work.now,
        )  # fmt: skip
        for administrator in await holders(work, Role.ADMINISTRATOR, county=county):
            await tell(work, administrator, "erasure.asked", request_id=row.id)
    return spoken(found, "asked")


@answers(ErasureRequests)
async def requests(work: Work, order: ErasureRequests) -> ErasureRequestList:
    work.concerns("account", work.actor.account_id)
    counties = ["", *await counties_where(work.actor, work.role)]
    rows = await ErasureRequest.filter(state="asked", region_code__in=counties).order_by("id").limit(SHOWN)
    return ErasureRequestList(requests=tuple(_view(row) for row in rows))


def _view(row: ErasureRequest) -> ErasureRequestView:
    return ErasureRequestView(
        request_id=row.id, kind="account" if row.of_patient_id is None else "record", question=row.question,
        question_label=REASONS.get(row.question, ""), state=row.state, asked_at=row.asked_at,
    )  # fmt: skip


@handles(SettleErasure)
async def settle(work: Work, order: SettleErasure) -> ErasureRequestView:
    row = await ErasureRequest.filter(id=order.request_id).select_for_update().get_or_none()
    if row is None:
        raise NotFound
    if row.state != "asked":
        raise ErasureSettled
    state = "done" if order.decision == "erase" else "kept"
    await row.change(
        conflict=ErasureSettled(), state=state, live_for=None, decided_at=work.now, decided_by=work.actor.account_id, reason=order.reason
    )
    work.because(order.reason)
    if order.decision == "keep":
        work.concerns("account", row.account_id, request=row.id)
        await tell(work, row.account_id, "erasure.kept", request_id=row.id, reason=order.reason)
        return _view(row)
    view = _view(row)
    # Whose account goes too can be told nothing any more: the page says that he is to be told by telephone.
    if row.of_patient_id is not None:
        await tell(work, row.account_id, "erasure.done", request_id=row.id)
    await _erase(work, row.account_id, await _whose(work, row.account_id, row.of_patient_id))
    work.concerns("account", row.account_id, request=row.id, erased="key")
    return view


@handles(UnlockRecord)
async def unlock(work: Work, order: UnlockRecord) -> Done:
    work.concerns("patient", order.patient_id, lock="opened")
    for account_id in dict.fromkeys(one.account_id for one in await CareRelation.filter(patient_id=order.patient_id, ended_at__isnull=True)):
        if account_id != work.actor.account_id:
            await tell(work, account_id, "erasure.unlocked", patient_id=order.patient_id)
    was_locked = await is_locked(work, order.patient_id)
    await lock_with_commit(work, order.patient_id, locked=False)
    return Done(done=was_locked)
