"""A copy from its beginning to its end: who may have one made, whom it may hold, and the end of its key."""

from __future__ import annotations

import secrets
from typing import cast

from core.consultations.models import Consultation
from core.deidentification.commands import (
    BeginCopy,
    Candidate,
    Candidates,
    CandidatesView,
    Copies,
    CopiesView,
    CopyRef,
    CopyView,
    FinishCopy,
)
from core.deidentification.errors import CopyFinished, NeedsAdministrator
from core.deidentification.models import DeidentifiedCopy
from core.deidentification.rules import CONSENTED, PURPOSE_LABELS, CopyPurpose
from core.foundation.actor import Actor, Role
from core.foundation.encryption.erasure import destroy_keys
from core.foundation.errors import NotFound
from core.foundation.locking import is_locked
from core.foundation.models import AuditEntry
from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.notifications.service import tell
from core.people.accounts import actor_for
from core.people.cards import patient_cards
from core.people.consents import has_consent, was_withdrawn
from core.people.counties import counties_where
from core.people.models import Organisation, Patient, Practitioner
from core.people.purposes import PurposeCode
from core.people.rules import county_of

SHOWN = 50


@handles(BeginCopy)
async def begin_copy(work: Work, order: BeginCopy) -> CopyRef:
    named = await _named(work, order)
    if order.purpose not in CONSENTED and named is None:
        raise NeedsAdministrator(order=order.name)
    counties = set() if named is None else await counties_where(named, Role.ADMINISTRATOR)
    copy_id = work.new_id()
    house, own = await work.sealer("house", "deidentified_copies"), await work.sealer("deidentified_copy", copy_id)
    row = await DeidentifiedCopy.create(
        id=copy_id, code=work.new_code("F", 5), account_id=work.actor.account_id, purpose=order.purpose, region_codes=sorted(counties),
        reason=house.seal("deidentified_copy", "reason", copy_id, order.reason), k=order.k, begun_at=work.now,
        key=own.seal("deidentified_copy", "key", copy_id, secrets.token_hex(32)),
    )
    told = {} if named is None else {"administrator": str(named.practitioner_id)}
    work.concerns("deidentified_copy", row.id, copy=row.code, reason=order.purpose, k=str(order.k), **told)
    if named is not None:
        await tell(work, named.account_id, "deidentification.in_your_name", urgent=True, about=row.code)
    return CopyRef(copy_id=row.id, code=row.code)


async def _named(work: Work, order: BeginCopy) -> Actor | None:
    """The administrator whom the operator named. NeedsAdministrator when his right does not count now."""
    if order.administrator_id is None:
        return None
    held = await Practitioner.get_or_none(id=order.administrator_id)
    named = None if held is None else await actor_for(held.account_id, "terminal", work.now)
    if named is None or not named.organisations(Role.ADMINISTRATOR):
        raise NeedsAdministrator(order=order.name)
    return named


async def counties_of(work: Work) -> set[str]:
    """The counties where the actor acts; none for the operator, who acts for all."""
    return set() if work.actor.is_system else await counties_where(work.actor, work.role)


async def open_copy(copy_id: str) -> DeidentifiedCopy:
    """NotFound, CopyFinished."""
    row = await DeidentifiedCopy.get_or_none(id=copy_id)
    if row is None:
        raise NotFound
    if row.finished_at is not None:
        raise CopyFinished(code=row.code)
    return row


@answers(Candidates)
async def candidates(work: Work, order: Candidates) -> CandidatesView:
    copy = await open_copy(order.copy_id)
    seen = Consultation.all() if not order.patients else Consultation.filter(patient_id__in=list(order.patients))
    departments: dict[str, set[str]] = {}
    for patient_id, code in await seen.values_list("patient_id", "department_code"):
        departments.setdefault(str(patient_id), set()).add(str(code))
    homes = await homes_of(departments)
    cards = await patient_cards(work, [one for one in departments if is_of(copy, homes[one])])
    people: list[Candidate] = []
    without = withdrawn = 0
    for patient_id, card in sorted(cards.items()):
        refused = await refusal(work, copy, patient_id)
        if refused is not None:
            withdrawn, without = withdrawn + (refused == "withdrawn"), without + (refused == "missing")
            continue
        people.append(Candidate(
            patient_id=patient_id, age=card.age_years, sex=card.sex, region_code=homes[patient_id],
            departments=tuple(sorted(departments[patient_id])),
        ))  # fmt: skip
    work.concerns("deidentified_copy", copy.id, copy=copy.code, reason=copy.purpose, candidates=str(len(people)))
    return CandidatesView(people=tuple(people), without_consent=without, withdrawn=withdrawn, unreadable=len(cards.closed))


async def homes_of(patient_ids: dict[str, set[str]]) -> dict[str, str]:
    """The region code of the house that each patient belongs to."""
    rows = await Patient.filter(id__in=list(patient_ids)).values_list("id", "organisation_id")
    houses = dict(await Organisation.filter(id__in={str(house) for _, house in rows}).values_list("id", "region_code"))
    return {str(patient): str(houses[house]) for patient, house in rows}


def is_of(copy: DeidentifiedCopy, region_code: str) -> bool:
    return not copy.region_codes or county_of(region_code) in copy.region_codes


async def refusal(work: Work, copy: DeidentifiedCopy, patient_id: str) -> str | None:
    """Why the patient is left out: his consent is ``missing`` or ``withdrawn``; None when he is not."""
    if await is_locked(work, patient_id):
        return "withdrawn"
    asked: tuple[PurposeCode, ...] = tuple(one for one in CONSENTED if one == copy.purpose)
    for purpose in asked or CONSENTED:
        if await was_withdrawn(work, patient_id, purpose) is not None:
            return "withdrawn"
    if asked and not await has_consent(work, patient_id, asked[0]):
        return "missing"
    return None


@handles(FinishCopy)
async def finish_copy(work: Work, order: FinishCopy) -> CopyRef:
    row = await DeidentifiedCopy.get_or_none(id=order.copy_id)
    if row is None:
        raise NotFound
    counted = {name: str(getattr(order, name)) for name in ("patients", "suppressed", "k_before", "k_after")}
    work.concerns("deidentified_copy", row.id, copy=row.code, reason=row.purpose, **counted)
    if row.finished_at is None:
        await row.change(
            finished_at=work.now, key=None, patients=order.patients, suppressed=order.suppressed, k_before=order.k_before, k_after=order.k_after
        )
        if order.refused:
            await _tell_of_none(work, row)
    await destroy_keys(work.practice, "deidentified_copy", row.id)
    return CopyRef(copy_id=row.id, code=row.code)


async def _tell_of_none(work: Work, row: DeidentifiedCopy) -> None:
    """Whoever was told that one was begun in his name."""
    begun = await AuditEntry.filter(action=BeginCopy.name, subject_id=row.id).first()
    named = None if begun is None or "administrator" not in begun.detail else await Practitioner.get_or_none(id=begun.detail["administrator"])
    if named is not None:
        await tell(work, named.account_id, "deidentification.none_made", about=row.code)


@answers(Copies)
async def copies(work: Work, order: Copies) -> CopiesView:
    counties = await counties_of(work)
    rows = await DeidentifiedCopy.all().order_by("-id").limit(SHOWN)
    house = await work.sealer("house", "deidentified_copies")
    work.concerns("account", work.actor.account_id)
    return CopiesView(copies=tuple(
        CopyView(
            code=row.code, purpose=PURPOSE_LABELS[cast(CopyPurpose, row.purpose)], made_by=row.account_id,
            reason=house.open("deidentified_copy", "reason", row.id, bytes(row.reason)),
            begun_at=row.begun_at, finished_at=row.finished_at, patients=row.patients, k=row.k, k_before=row.k_before,
            k_after=row.k_after, suppressed=row.suppressed,
        )
        for row in rows if not counties or not row.region_codes or counties & set(row.region_codes)
    ))  # fmt: skip
