"""What administrators and auditors see of disposals: ids, months, times and numbers, never what it is that goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from core.foundation.errors import NotFound
from core.oversight.commands_disposals import REASONS, DisposalState, DisposalView
from core.oversight.models import Disposal
from core.people.models import Organisation, Patient

LABELS: dict[str, str] = {"announced": "已预告", "held": "继续保留", "alive": "又有新的诊疗,不删", "erasing": "正在删除", "done": "已删除"}


async def row_of(disposal_id: str) -> Disposal:
    row = await Disposal.get_or_none(id=disposal_id)
    if row is None:
        raise NotFound
    return row


async def views_of(rows: Sequence[Disposal]) -> tuple[DisposalView, ...]:
    """``rows`` as they are shown, in their order."""
    patients = await Patient.filter(id__in=[row.subject_id for row in rows if row.kind == "record"]).only("id", "organisation_id")
    houses = {one.id: one.name for one in await Organisation.filter(id__in=list({one.organisation_id for one in patients}))}
    places = {one.id: houses.get(one.organisation_id, "") for one in patients}
    return tuple(_view(row, places.get(row.subject_id, "")) for row in rows)


async def view_of(row: Disposal) -> DisposalView:
    (view,) = await views_of([row])
    return view


def _view(row: Disposal, place: str) -> DisposalView:
    held = row.state == "held"
    return DisposalView(
        disposal_id=row.id, kind="record" if row.kind == "record" else "process", subject=row.subject_id, state=cast(DisposalState, row.state),
        state_label=LABELS[row.state], announced_at=row.announced_at, due_at=row.due_at, done_at=row.done_at, place=place,
        held_at=row.held_at if held else None, reason=row.reason if held else "", reason_label=REASONS.get(row.reason, "") if held else "",
        total=row.total, gone=row.gone, kept=row.kept,
    )  # fmt: skip
