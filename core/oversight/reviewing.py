"""调阅审查: somebody of the county who had no part in it says whether the record was opened for good reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import cast

from tortoise.queryset import QuerySet

from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.models import AuditEntry
from core.foundation.orders import BREAK_GLASS, Done, answers, handles, order_named
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.notifications.service import tell
from core.oversight.commands import (
    BreakGlassesOfPatient,
    BreakGlassesToReview,
    PatientBreakGlass,
    PatientBreakGlasses,
    ReadBreakGlass,
    ReadThing,
    RemindReview,
    ReviewBreakGlass,
    ReviewList,
    ReviewView,
)
from core.oversight.errors import AlreadyReviewed, BreakGlassUnknown
from core.oversight.models import BreakGlass
from core.oversight.opening import REMIND, in_part, verdict_label
from core.oversight.people_told import tell_reviewers
from core.oversight.relations import counties_reviewed
from core.oversight.rules import REASONS, REMIND_EVERY, REVIEW_WITHIN, Verdict
from core.people.access_log import ONE_VISIT
from core.people.cards import PatientCard, PractitionerCard, patient_cards
from core.people.models import Practitioner
from core.people.service import patient_accounts, practitioner_cards

SHOWN = 50
MOST_READS = 200
"""Different things shown; the same thing again is not another."""
MOST_ENTRIES = 20_000


async def _row(break_glass_id: str) -> BreakGlass:
    row = await BreakGlass.get_or_none(id=break_glass_id)
    if row is None:
        raise BreakGlassUnknown
    return row


@answers(BreakGlassesToReview)
async def to_review(work: Work, order: BreakGlassesToReview) -> ReviewList:
    work.concerns("account", work.actor.account_id)
    ours = BreakGlass.filter(region_code__in=list(await counties_reviewed(work))).exclude(account_id=work.actor.account_id)
    waiting = await ours.filter(reviewed_at__isnull=True).order_by("id").limit(SHOWN)
    done = await ours.filter(reviewed_at__isnull=False).order_by("-reviewed_at").limit(SHOWN)
    lines, withheld = await shown(work, [*waiting, *done], partial(_views_of, work))
    return ReviewList(
        openings=lines,
        withheld=withheld,
        unreviewed=await ours.filter(reviewed_at__isnull=True).count(),
    )


@answers(ReadBreakGlass)
async def read_break_glass(work: Work, order: ReadBreakGlass) -> ReviewView:
    row = await _row(order.break_glass_id)
    work.concerns("patient", row.patient_id, opening=row.code)
    return await review_view(work, row)


@handles(ReviewBreakGlass)
async def review(work: Work, order: ReviewBreakGlass) -> ReviewView:
    row = await _row(order.break_glass_id)
    work.concerns("patient", row.patient_id, opening=row.code, verdict=order.verdict)
    if row.reviewed_at is not None:
        raise AlreadyReviewed(code=row.code, verdict=verdict_label(row))
    sealer = await work.sealer("patient", row.patient_id)
    # What was opened without need closes now.
    until = min(row.until, work.now) if order.verdict == "unjustified" else row.until
    await row.change(
        verdict=order.verdict, verdict_words=sealer.seal("break_glass", "verdict_words", row.id, order.words), until=until,
        reviewed_by=work.actor.account_id, reviewed_at=work.now, slot=None,
    )
    await work.unschedule(REMIND, row.id)
    await tell(work, row.account_id, "break_glass.reviewed", break_glass_id=row.id)
    if order.verdict == "unjustified":
        for account_id in await patient_accounts(work, row.patient_id):
            await tell(work, account_id, "break_glass.unjustified", break_glass_id=row.id)
    return await review_view(work, row)


@handles(RemindReview)
async def remind(work: Work, order: RemindReview) -> Done:
    """Nobody looked at it: auditors and administrators are told, every day until somebody does."""
    row = await _row(order.break_glass_id)
    if row.reviewed_at is not None:
        return Done(done=False)
    await row.change(escalated_at=work.now)
    await tell_reviewers(work, row, "break_glass.overdue", also_administrators=True)
    await work.schedule(REMIND, row.id, work.now + REMIND_EVERY)
    return Done()


@answers(BreakGlassesOfPatient)
async def of_patient(work: Work, order: BreakGlassesOfPatient) -> PatientBreakGlasses:
    work.concerns("patient", order.patient_id)
    rows = await BreakGlass.filter(patient_id=order.patient_id).order_by("-id").limit(SHOWN)
    doctors = await practitioner_cards(work, {row.practitioner_id for row in rows}) if rows else {}
    return PatientBreakGlasses(openings=tuple([
        PatientBreakGlass(
            at=row.opened_at, until=row.until, doctor=doctors[row.practitioner_id].introduced,
            reason_label=REASONS[row.reason], verdict_label=verdict_label(row),
        )
        for row in rows
    ]))


async def review_view(work: Work, row: BreakGlass) -> ReviewView:
    """For the reviewer: the patient without his full name, what was read by its titles."""
    [view] = await _views_of(work, [row])
    found = await _reads_of([row]).filter(at__gte=row.opened_at, at__lte=_read_until(work, row)).order_by("id").limit(MOST_ENTRIES)
    first = {(one.action, tuple(sorted((one.detail or {}).items()))): one for one in reversed(found)}
    return view.model_copy(update={"reads": tuple(_thing(one) for one in sorted(first.values(), key=lambda one: one.id)[:MOST_READS])})


async def _views_of(work: Work, rows: list[BreakGlass]) -> list[ReviewView]:
    """In their order, without the things that were read; as many statements for many as for one."""
    if not rows:
        return []
    reviewers = await Practitioner.filter(account_id__in=[row.reviewed_by for row in rows if row.reviewed_by is not None])
    doctors = await practitioner_cards(work, {row.practitioner_id for row in rows} | {one.id for one in reviewers})
    called = {one.account_id: doctors[one.id].called for one in reviewers}
    patients = await patient_cards(work, {row.patient_id for row in rows})
    times: dict[tuple[str, str], list[datetime]] = {}
    for account_id, patient_id, at in _looks(await _reads_of(rows).order_by("id").only("account_id", "subject_id", "action", "detail", "at")):
        times.setdefault((account_id, patient_id), []).append(at)
    views = []
    for row in rows:
        until = _read_until(work, row)
        read = sum(row.opened_at <= at <= until for at in times.get((row.account_id, row.patient_id), ()))
        views.append(await _view(work, row, doctors[row.practitioner_id], patients[row.patient_id], called.get(row.reviewed_by or ""), read))
    return views


def _reads_of(rows: list[BreakGlass]) -> QuerySet[AuditEntry]:
    """What was read through openings by those who made ``rows``, of those patients, since the first of them."""
    return AuditEntry.filter(
        account_id__in=list({row.account_id for row in rows}), subject_id__in=list({row.patient_id for row in rows}), relation=BREAK_GLASS,
        outcome="done", at__gte=min(row.opened_at for row in rows),
    )


def _looks(entries: Iterable[AuditEntry]) -> Iterator[tuple[str, str, datetime]]:
    """Who looked, at whose, when. The same thing again within an hour is the same look: an open page renews itself, and nobody sits before it."""
    began: dict[tuple[str, str, str, tuple[tuple[str, str], ...]], datetime] = {}
    for one in entries:
        what = (one.account_id, one.subject_id, one.action, tuple(sorted((one.detail or {}).items())))
        last = began.get(what)
        if last is None or one.at - last >= ONE_VISIT:
            began[what] = one.at
            yield one.account_id, one.subject_id, one.at


def _read_until(work: Work, row: BreakGlass) -> datetime:
    return row.until if row.live_for is None or row.until <= work.now else work.now


async def _view(
    work: Work, row: BreakGlass, doctor: PractitionerCard, patient: PatientCard, reviewed_by: str | None, read_count: int
) -> ReviewView:
    sealer = await work.sealer("patient", row.patient_id)
    words = None if row.verdict_words is None else sealer.open("break_glass", "verdict_words", row.id, bytes(row.verdict_words))
    return ReviewView(
        break_glass_id=row.id, code=row.code, doctor=doctor.introduced, role_label=ROLE_LABELS[Role(row.role)],
        patient=in_part(patient), reason_label=REASONS[row.reason],
        words=sealer.open("break_glass", "words", row.id, bytes(row.words)), opened_at=row.opened_at, until=row.until,
        overdue=row.reviewed_at is None and row.opened_at <= work.now - REVIEW_WITHIN, reviewed_at=row.reviewed_at,
        reviewed_by=reviewed_by, verdict=cast(Verdict, row.verdict) if row.verdict else None,
        verdict_label=verdict_label(row), verdict_words=words or "",
        read_count=read_count,
    )


def _thing(entry: AuditEntry) -> ReadThing:
    order = order_named(entry.action)
    return ReadThing(at=entry.at, title=entry.action if order is None else order.title, about=(entry.detail or {}).get("consultation", ""))
