"""Drift: once a day what the model in use was given and gave of late is compared with its first uses in this house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.candidates.agreement import agreement
from core.candidates.commands import DriftView, ModelStatus, ModelsView, ModelView, WatchDrift
from core.candidates.models import CandidateDrift, CandidateList, CandidateReference
from core.candidates.rules import RECENT_DAYS, RECENT_LEAST, RECENT_MOST, REFERENCE_CASES, STEADY, DriftState, counted, drift
from core.candidates.working_out import opened_list
from core.foundation.actor import Actor
from core.foundation.due import due
from core.foundation.keys import SealBroken, SubjectErased
from core.foundation.orders import Done, answers, handles, prepares
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.alarms import AlarmAdministrators
from core.people.rules import local_date

EVERY = timedelta(days=1)
_DUE = "candidates.watch"
_VERSIONS = 5

due(_DUE, lambda row: WatchDrift())


@dataclass(frozen=True, slots=True)
class Compared:
    """``reference``: made now, where the first uses have become enough."""

    row: CandidateList
    reference: CandidateReference | None
    state: DriftState
    cases: int
    indexes: dict[str, float]


@prepares(WatchDrift)
async def compare(practice: Practice, actor: Actor, order: WatchDrift) -> Compared | None:
    """Opens what is sealed outside the transaction; what was erased meanwhile is not there any more."""
    latest = await CandidateList.all().order_by("-id").first()
    if latest is None:
        return None
    work = Work(practice, actor, order)
    of_model = CandidateList.filter(digest=latest.digest)
    reference, made = await CandidateReference.get_or_none(digest=latest.digest), None
    if reference is None:
        first = await of_model.order_by("id").limit(REFERENCE_CASES)
        states = await _states(work, first) if len(first) == REFERENCE_CASES else []
        if len(states) < REFERENCE_CASES // 2:
            return Compared(latest, None, "few", len(first), {})
        made = reference = CandidateReference(
            id=work.new_id(), digest=latest.digest, cases=len(states), counts=counted(states), reaches=first[-1].made_at, made_at=work.now
        )
    since = max(reference.reaches, work.now - timedelta(days=RECENT_DAYS))
    recent = await _states(work, await of_model.filter(made_at__gt=since).order_by("-id").limit(RECENT_MOST))
    if len(recent) < RECENT_LEAST:
        return Compared(latest, made, "few", len(recent), {})
    state, indexes = drift(reference.counts, counted(recent))
    return Compared(latest, made, state, len(recent), indexes)


async def _states(work: Work, rows: list[CandidateList]) -> list[dict[str, str]]:
    found = []
    for row in rows:
        try:
            found.append((await opened_list(work, row)).states)
        except (SubjectErased, SealBroken):
            continue
    return found


@handles(WatchDrift)
async def watch_drift(work: Work, order: WatchDrift, compared: Compared | None = None) -> Done:
    await work.unschedule(_DUE, _DUE)
    await work.schedule(_DUE, _DUE, work.now + EVERY)
    if compared is None:
        return Done(done=False)
    work.concerns("model", compared.row.digest[:12], state=compared.state)
    if compared.reference is not None and not await CandidateReference.filter(digest=compared.reference.digest).exists():
        await compared.reference.save(force_create=True)
    day = f"{local_date(work.now):%Y-%m-%d}"
    before = await CandidateDrift.filter(digest=compared.row.digest).order_by("-day").first()
    if before is not None and before.day == day:
        return Done(done=False)
    await CandidateDrift.create(
        id=work.new_id(), digest=compared.row.digest, day=day, cases=compared.cases, state=compared.state, indexes=compared.indexes, made_at=work.now
    )
    if compared.state == "moved" and (before is None or before.state != "moved"):  # once, until it has been better in between
        await work.execute(AlarmAdministrators(kind="candidates.moved"), as_system=True)
    return Done()


@answers(ModelStatus)
async def model_status(work: Work, order: ModelStatus) -> ModelsView:
    found: list[ModelView] = []
    seen: set[str] = set()
    while len(seen) < _VERSIONS:
        others = CandidateList.exclude(digest__in=list(seen)) if seen else CandidateList.all()
        latest = await others.order_by("-id").first()
        if latest is None:
            break
        seen.add(latest.digest)
        found.append(await _figures(latest))
    return ModelsView(models=tuple(found))


async def _figures(latest: CandidateList) -> ModelView:
    rows = CandidateList.filter(digest=latest.digest)
    settled = await rows.exclude(outcome="").only("id", "outcome", "place", "seen")
    reference = await CandidateReference.get_or_none(digest=latest.digest)
    drifted = await CandidateDrift.filter(digest=latest.digest).order_by("-day").first()
    return ModelView(
        model=latest.model, digest=latest.digest, uses=await rows.count(), uncoded=sum(one.outcome == "uncoded" for one in settled),
        all=agreement(settled), seen=agreement(one for one in settled if one.seen), drift=None if drifted is None else _drift(drifted),
        reference=0 if reference is None else reference.cases, last_at=latest.made_at,
    )


def _drift(row: CandidateDrift) -> DriftView:
    moved = sorted(((name, float(index)) for name, index in row.indexes.items() if index >= STEADY), key=lambda item: (-item[1], item[0]))
    return DriftView.model_validate({"day": row.day, "cases": row.cases, "state": row.state, "moved": tuple(moved)})
