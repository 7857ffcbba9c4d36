"""What has been kept as long as the law asks is announced, and thirty days later erased, unless somebody keeps it or a case needs it.

Record: a patient for whom nothing was done for fifteen years. His keys are destroyed, which reaches every copy; his files and what he could be
found by go. Process: what was said in a month three years ago; the words go, a batch at a time, and then the keys that they were under, one for each
account and month, so that they go in old backups too; recordings of calls of that month go with them, each with its key. Each step is a due row or a
state in a row: whoever is killed in the middle is followed by another who goes on, and what was done twice is done once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tortoise.queryset import QuerySet

from core.calls.recording_disposal import KIND as RECORDING
from core.calls.recording_disposal import dispose_recordings, first_recording, recordings_between
from core.conversations.models import Message
from core.conversations.words import KIND, accounts_with_key, first_month_with_key, words_key
from core.foundation.actor import Role
from core.foundation.due import due
from core.foundation.encryption.erasure import destroy_keys, erase_subject
from core.foundation.ids import lowest_id
from core.foundation.lifecycle import kept_alive, terms, words_needed, years_before
from core.foundation.models import Blob
from core.foundation.orders import Done, handles
from core.foundation.work import Work
from core.intake.models import KIND as INTAKE
from core.notifications.models import Notification
from core.notifications.service import tell
from core.oversight.commands_disposals import DisposalView, Dispose, ReviewRetention
from core.oversight.disposal_views import row_of, view_of
from core.oversight.models import Disposal
from core.oversight.traces import nobodys_intakes
from core.people.counties import county_of_organisation
from core.people.holders import holders
from core.people.models import Patient
from core.people.relations import live_relations

REVIEW, DISPOSE = "oversight.review_retention", "oversight.dispose"
EVERY, SOON = timedelta(days=1), timedelta(seconds=20)
NOTICE = timedelta(days=30)
"""Between the announcement and the deed: time to ask for a copy, or to say that it must stay."""
PATIENTS, WORDS, KEYS, FILES = 200, 500, 1000, 100
"""Rows of one transaction: whoever writes meanwhile waits for one batch at most."""
LATE = timedelta(days=40)
"""A notification that was made so long before it was sent is no more: it is held until the morning at most."""

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
            await announce(work, "record", row.id, found)
    return ids[-1] if len(rows) == PATIENTS else ""


async def _announce_month(work: Work) -> None:
    """The oldest month of words that is over, if none is announced: one at a time. What the house keeps is passed over, and a month that waits
    for a case: its other words are gone, and it must not hold up those after it."""
    if await Disposal.filter(kind="process", state="announced").exists():
        return
    over = years_before(work.practice.clock.real_now(), terms().process).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    begin = datetime.min.replace(tzinfo=UTC, year=1971)
    while (month := await _oldest(begin, over)) is not None:
        known = await Disposal.get_or_none(kind="process", subject_id=month)
        if known is None or known.state not in ("held", "erasing"):
            await announce(work, "process", month, known)
            return
        begin = _month(month)[1]


async def _oldest(begin: datetime, over: datetime) -> str | None:
    """The oldest month from ``begin`` on, before ``over``, of which there are words, or keys (somebody was told of something and said nothing)."""
    first = await _said(begin, over).order_by("id").first()
    months = [
        None if first is None else f"{first.received_at:%Y-%m}", await first_month_with_key(begin, over), await first_recording(begin, over),
    ]
    return min((one for one in months if one is not None), default=None)


def _month(name: str) -> tuple[datetime, datetime]:
    """Begin and end of a month, UTC."""
    begin = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    return begin, (begin + timedelta(days=32)).replace(day=1)


def _said(begin: datetime, end: datetime) -> QuerySet[Message]:
    """Messages between two times, found by their keys, which are as old as they are."""
    leeway = timedelta(days=1)
    return Message.filter(id__gte=lowest_id(begin - leeway), id__lt=lowest_id(end + leeway), received_at__gte=begin, received_at__lt=end)


async def announce(
    work: Work, kind: str, subject_id: str, found: Disposal | None, *, conflict: Exception | None = None, reason: str = ""
) -> None:
    """Say that it will go in thirty days, to everybody whom it concerns. ``found``: its row, where it was announced before."""
    due_at = work.now + NOTICE
    if found is None:
        found = await Disposal.create(
            id=work.new_id(), kind=kind, subject_id=subject_id, state="announced", announced_at=work.now, due_at=due_at
        )
    else:
        again = {"state": "announced", "announced_at": work.now, "due_at": due_at, "done_at": None, "reason": reason}
        await found.change(conflict=conflict, **again, total=0, gone=0, kept=0)
    await work.schedule(DISPOSE, found.id, due_at)
    for account_id in await _told(work, found):
        await tell(work, account_id, f"retention.{kind}", disposal_id=found.id)


async def _told(work: Work, row: Disposal) -> list[str]:
    """Those who run the house; of a patient's record his own side too."""
    county = "" if row.kind == "process" else await county_of_disposal(row)
    accounts = await holders(work, Role.ADMINISTRATOR, county=county)
    if row.kind == "record":
        accounts += [one.account_id for one in await live_relations(work, patient_id=row.subject_id)]
    return list(dict.fromkeys(accounts))


async def county_of_disposal(row: Disposal) -> str:
    """The county whose administrators decide about a record."""
    patient = await Patient.get_or_none(id=row.subject_id)
    return "" if patient is None else await county_of_organisation(patient.organisation_id) or ""


@handles(Dispose)
async def dispose(work: Work, order: Dispose) -> DisposalView:
    row = await row_of(order.disposal_id)
    if row.state not in ("announced", "erasing"):
        return await view_of(row)
    if row.kind == "process":
        return await _dispose_month(work, row)
    return await _dispose_record(work, row)


async def _dispose_record(work: Work, row: Disposal) -> DisposalView:
    work.concerns("patient", row.subject_id, disposal=row.id)
    if row.state == "announced":
        if await kept_alive([row.subject_id], years_before(work.now, terms().record)):
            await row.change(state="alive")
            return await view_of(row)
        # What he could be found by: whoever comes again is a new patient.
        nobody = work.blind("id_number", f"erased:{row.subject_id}")
        await Patient.filter(id=row.subject_id).update(full_name_blind=None, phone_blind=None, id_number_blind=nobody, phone=None)
        await row.change(state="erasing", total=await Blob.filter(subject_kind="patient", subject_id=row.subject_id).count())
    files = await Blob.filter(subject_kind="patient", subject_id=row.subject_id).limit(FILES).only("id")
    for file in files:
        await work.emit("file.dropped", blob_id=file.id)
    await Blob.filter(id__in=[file.id for file in files]).delete()
    gone = row.gone + len(files)
    if len(files) == FILES:
        await row.change(gone=gone)
        await work.schedule(DISPOSE, row.id, work.now + SOON)
    else:
        await row.change(state="done", done_at=work.now, gone=gone)
    view = await view_of(row)
    # Last, because nothing takes it back: should this transaction fail now, it is carried out again, and the keys are gone already.
    await erase_subject(work, "patient", row.subject_id)
    work.concerns("patient", row.subject_id, disposal=row.id, erased="key")
    return view


async def _dispose_month(work: Work, row: Disposal) -> DisposalView:
    work.concerns("house", row.subject_id, disposal=row.id)
    begin, end = _month(row.subject_id)
    said = _said(begin, end)
    if row.state == "announced":
        await row.change(state="erasing", total=await said.count() + await recordings_between(begin, end).count())
    needed = await words_needed(work, end)
    free = said.exclude(account_id__in=list(needed)) if needed else said
    ids = [message.id for message in await free.order_by("id").limit(WORDS).only("id")]
    await Message.filter(id__in=ids).delete()
    gone = row.gone + len(ids)
    if len(ids) < WORDS:
        return await _dispose_keys(work, row, gone, await said.count() if needed else 0, needed)
    await row.change(gone=gone)
    await work.schedule(DISPOSE, row.id, work.now + SOON)
    return await view_of(row)


async def _dispose_keys(work: Work, row: Disposal, gone: int, kept: int, needed: set[str]) -> DisposalView:
    """Its recordings go. All words of the month are gone but ``kept``, those of the accounts ``needed``: now the keys of the others. None before, so
    that what is there opens."""
    begin, end = _month(row.subject_id)
    keys = await accounts_with_key(row.subject_id, KEYS + len(needed) + 1)
    over = [one for one in keys if one not in needed]
    recordings, of_open_cases = await dispose_recordings(work, begin, end, FILES)
    gone, kept, more = gone + len(recordings), kept + of_open_cases, len(over) > KEYS or len(recordings) == FILES
    if more:
        await row.change(gone=gone, kept=kept)
        await work.schedule(DISPOSE, row.id, work.now + SOON)
    elif kept or len(over) < len(keys):
        await row.change(gone=gone, kept=kept)
        await work.schedule(DISPOSE, row.id, work.now + NOTICE)
    else:
        await row.change(state="done", done_at=work.now, gone=gone, kept=0)
    over = over[:KEYS]
    talks = [] if more else await nobodys_intakes(begin, end, needed)
    await _forget_told(begin, end, over)
    view = await view_of(row)
    if over or talks or recordings:
        work.concerns("house", row.subject_id, disposal=row.id, erased="key")
        # Last, as above. With it they are gone in every backup made before: a restore destroys these keys once more.
        await destroy_keys(work.practice, KIND, *(words_key(one, begin) for one in over))
        await destroy_keys(work.practice, INTAKE, *talks)
        await destroy_keys(work.practice, RECORDING, *recordings)
    return view


async def _forget_told(begin: datetime, end: datetime, accounts: list[str]) -> None:
    """What the accounts were told of itself in the month: the notifications stay, as events of the course, their words go."""
    told = Notification.filter(
        id__gte=lowest_id(begin - LATE), id__lt=lowest_id(end + timedelta(days=1)), words_key__in=[words_key(one, begin) for one in accounts]
    )
    if accounts:
        await told.update(words=None)
