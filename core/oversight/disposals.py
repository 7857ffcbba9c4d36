"""What has been kept as long as the law asks is announced, and thirty days later erased, unless somebody keeps it or a case needs it.

Record: a patient for whom nothing was done for fifteen years. His keys are destroyed, which reaches every copy; his files and what he could be
found by go. Process: what was said in a month three years ago; the words go, row by row. Each step is a due row or a state in a row: whoever
is killed in the middle is followed by another who goes on, and what was done twice is done once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from core.conversations.models import Message
from core.foundation.actor import Role
from core.foundation.due import due
from core.foundation.encryption.erasure import erase_subject
from core.foundation.errors import NotFound
from core.foundation.ids import lowest_id
from core.foundation.lifecycle import kept_alive, terms, words_needed, years_before
from core.foundation.models import Blob
from core.foundation.orders import Done, Order, answers, handles, relation
from core.foundation.work import Work
from core.notifications.service import tell
from core.oversight.commands_disposals import (
    DisposalList,
    Disposals,
    DisposalState,
    DisposalView,
    Dispose,
    HoldDisposal,
    ReviewRetention,
)
from core.oversight.errors import DisposalOver
from core.oversight.models import Disposal
from core.people.access import acts_in_county
from core.people.counties import counties_where, county_of_organisation, houses_in
from core.people.holders import holders
from core.people.models import Patient
from core.people.relations import live_relations

REVIEW, DISPOSE = "oversight.review_retention", "oversight.dispose"
EVERY, SOON = timedelta(days=1), timedelta(seconds=20)
NOTICE = timedelta(days=30)
"""Between the announcement and the deed: time to ask for a copy, or to say that it must stay."""
PATIENTS, ANNOUNCED, WORDS, FILES, SHOWN = 200, 50, 500, 100, 50
"""Rows of one transaction: whoever writes meanwhile waits for one batch at most."""

LABELS: dict[str, str] = {"announced": "已预告", "held": "继续保留", "alive": "又有新的诊疗,不删", "erasing": "正在删除", "done": "已删除"}

due(REVIEW, lambda row: ReviewRetention(after=row.step))
due(DISPOSE, lambda row: Dispose(disposal_id=row.ref))


@handles(ReviewRetention)
async def review_retention(work: Work, order: ReviewRetention) -> Done:
    """Ids are in the order of their making, so that those who came long ago are found without looking at the others."""
    last = await _announce_records(work, order.after)
    if not last:
        await _announce_month(work)
    await work.unschedule(REVIEW, REVIEW)
    await work.schedule(REVIEW, REVIEW, work.now + (SOON if last else EVERY), step=last)
    return Done()


async def _announce_records(work: Work, after: str) -> str:
    """Announce the next patients whose time is over; the last one looked at, "" when all were."""
    since = years_before(work.now, terms().record)
    rows = await Patient.filter(id__gt=after, created_at__lt=since).order_by("id").limit(PATIENTS).only("id", "organisation_id")
    if not rows:
        return ""
    ids = [row.id for row in rows]
    alive = await kept_alive(ids, since)
    known = {row.subject_id: row for row in await Disposal.filter(kind="record", subject_id__in=ids)}
    for row in rows:
        found = known.get(row.id)
        if row.id not in alive and (found is None or found.state == "alive"):
            await _announce(work, "record", row.id, found)
    return ids[-1] if len(rows) == PATIENTS else ""


async def _announce_month(work: Work) -> None:
    """The oldest month of words that is over, if none is announced: one at a time. What the house keeps is passed over, and a month that waits
    for a case: its other words are gone, and it must not hold up those after it."""
    if await Disposal.filter(kind="process", state="announced").exists():
        return
    over = years_before(work.practice.clock.real_now(), terms().process).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    begin = datetime.min.replace(tzinfo=UTC, year=1971)
    while (first := await _said(begin, over).order_by("id").first()) is not None:
        month = f"{first.received_at:%Y-%m}"
        known = await Disposal.get_or_none(kind="process", subject_id=month)
        if known is None or known.state not in ("held", "erasing"):
            await _announce(work, "process", month, known)
            return
        begin = _month(month)[1]


def _month(name: str) -> tuple[datetime, datetime]:
    """Begin and end of a month, UTC."""
    begin = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    return begin, (begin + timedelta(days=32)).replace(day=1)


def _said(begin: datetime, end: datetime) -> QuerySet[Message]:
    """Messages between two times, found by their keys, which are as old as they are."""
    leeway = timedelta(days=1)
    return Message.filter(id__gte=lowest_id(begin - leeway), id__lt=lowest_id(end + leeway), received_at__gte=begin, received_at__lt=end)


async def _announce(work: Work, kind: str, subject_id: str, found: Disposal | None) -> None:
    due_at = work.now + NOTICE
    if found is None:
        found = await Disposal.create(
            id=work.new_id(), kind=kind, subject_id=subject_id, state="announced", announced_at=work.now, due_at=due_at
        )
    else:
        await found.change(state="announced", announced_at=work.now, due_at=due_at, done_at=None)
    await work.schedule(DISPOSE, found.id, due_at)
    for account_id in await _told(work, found):
        await tell(work, account_id, f"retention.{kind}", disposal_id=found.id)


async def _told(work: Work, row: Disposal) -> list[str]:
    """Those who run the house; of a patient's record his own side too."""
    county = "" if row.kind == "process" else await _county(row)
    accounts = await holders(work, Role.ADMINISTRATOR, county=county)
    if row.kind == "record":
        accounts += [one.account_id for one in await live_relations(work, patient_id=row.subject_id)]
    return list(dict.fromkeys(accounts))


async def _county(row: Disposal) -> str:
    patient = await Patient.get_or_none(id=row.subject_id)
    return "" if patient is None else await county_of_organisation(patient.organisation_id) or ""


@handles(Dispose)
async def dispose(work: Work, order: Dispose) -> DisposalView:
    row = await _row(order.disposal_id)
    if row.state not in ("announced", "erasing"):
        return _view(row)
    if row.kind == "process":
        return await _dispose_month(work, row)
    return await _dispose_record(work, row)


async def _dispose_record(work: Work, row: Disposal) -> DisposalView:
    work.concerns("patient", row.subject_id, disposal=row.id)
    if row.state == "announced":
        if await kept_alive([row.subject_id], years_before(work.now, terms().record)):
            await row.change(state="alive")
            return _view(row)
        # What he could be found by: whoever comes again is a new patient.
        nobody = work.blind("id_number", f"erased:{row.subject_id}")
        await Patient.filter(id=row.subject_id).update(full_name_blind=None, phone_blind=None, id_number_blind=nobody, phone=None)
        await row.change(state="erasing")
    files = await Blob.filter(subject_kind="patient", subject_id=row.subject_id).limit(FILES).only("id")
    for file in files:
        await work.emit("file.dropped", blob_id=file.id)
    await Blob.filter(id__in=[file.id for file in files]).delete()
    if len(files) == FILES:
        await work.schedule(DISPOSE, row.id, work.now + SOON)
    else:
        await row.change(state="done", done_at=work.now)
    # Last, because nothing takes it back: should this transaction fail now, it is carried out again, and the keys are gone already.
    await erase_subject(work, "patient", row.subject_id)
    work.concerns("patient", row.subject_id, disposal=row.id, erased="key")
    return _view(row)


async def _dispose_month(work: Work, row: Disposal) -> DisposalView:
    work.concerns("house", row.subject_id, disposal=row.id)
    begin, end = _month(row.subject_id)
    said = _said(begin, end)
    accounts = [str(one) for one in await said.distinct().values_list("account_id", flat=True)]
    needed = await words_needed(work, accounts, end) if accounts else set()
    free = said.exclude(account_id__in=list(needed)) if needed else said
    ids = [message.id for message in await free.order_by("id").limit(WORDS).only("id")]
    await Message.filter(id__in=ids).delete()
    if row.state == "announced":
        await row.change(state="erasing")
    if len(ids) == WORDS:
        await work.schedule(DISPOSE, row.id, work.now + SOON)
    elif needed:
        await work.schedule(DISPOSE, row.id, work.now + NOTICE)
    else:
        await row.change(state="done", done_at=work.now)
    return _view(row)


@relation("same_county")
async def disposal_of_county(work: Work, order: Order) -> bool:
    """The patient whose record it is is at home in a county where the actor holds a granted role; words of a month are everybody's."""
    disposal_id = getattr(order, "disposal_id", None)
    row = None if disposal_id is None else await Disposal.get_or_none(id=disposal_id)
    if row is None:
        return False
    return row.kind == "process" or await acts_in_county(work, order, await _county(row))


@handles(HoldDisposal)
async def hold_disposal(work: Work, order: HoldDisposal) -> DisposalView:
    row = await _row(order.disposal_id)
    work.concerns("patient" if row.kind == "record" else "house", row.subject_id, disposal=row.id)
    if row.state == "held":
        return _view(row)
    if row.state != "announced":
        raise DisposalOver
    await row.change(conflict=DisposalOver(), state="held", held_by=work.actor.account_id)
    await work.unschedule(DISPOSE, row.id)
    return _view(row)


@answers(Disposals)
async def disposals(work: Work, order: Disposals) -> DisposalList:
    work.concerns("account", work.actor.account_id)
    rows = Disposal.all()
    if work.role is not Role.SYSTEM:
        houses = await houses_in(await counties_where(work.actor, work.role))
        theirs = Subquery(Patient.filter(organisation_id__in=houses).values("id"))
        rows = rows.filter(Q(kind="process") | Q(subject_id__in=theirs))
    ahead = await rows.filter(state__in=["announced", "erasing"]).order_by("due_at").limit(SHOWN)
    over = await rows.filter(state__in=["done", "held", "alive"]).order_by("-id").limit(SHOWN)
    return DisposalList(disposals=tuple(_view(row) for row in (*ahead, *over)))


async def _row(disposal_id: str) -> Disposal:
    row = await Disposal.get_or_none(id=disposal_id)
    if row is None:
        raise NotFound
    return row


def _view(row: Disposal) -> DisposalView:
    return DisposalView(
        disposal_id=row.id, kind="record" if row.kind == "record" else "process", subject=row.subject_id, state=cast(DisposalState, row.state),
        state_label=LABELS[row.state], announced_at=row.announced_at, due_at=row.due_at, done_at=row.done_at,
    )
