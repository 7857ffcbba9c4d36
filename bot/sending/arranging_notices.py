"""What expert and village doctor are told of each other's wishes before a consultation: another time, material that is wanted, that there is none."""

from __future__ import annotations

from bot.channels.outgoing import Button, Card, Text
from bot.channels.words import cut
from bot.sending.notice import CardChange, Notice, Renderer
from core.consultations.commands_arranging import MaterialRequestView, ReadMaterialRequest, ReadTimeProposal, TimeProposalView
from core.foundation.actor import Actor
from core.foundation.clock import spoken
from core.foundation.practice import Practice
from core.notifications.models import Notification

_SYSTEM = Actor.system("worker")
_TITLE, _DESCRIPTION, _SUB_TITLE = 26, 30, 110


async def _time_proposed(practice: Practice, row: Notification) -> Notice | CardChange:
    view: TimeProposalView = await practice.ask(_SYSTEM, ReadTimeProposal(proposal_id=row.ids["proposal_id"]))
    if view.state != "open":
        return Notice()
    card = Card(
        task_id=f"time-{row.id}",
        title=cut(f"改时间 · {view.code}", _TITLE),
        description=cut(spoken(view.at), _DESCRIPTION),
        sub_title=cut(f"{view.who}提议改到这个时间,行吗?病人变重不要等,马上打 120。", _SUB_TITLE),
        buttons=(
            Button(key=f"time_ok:{view.consultation_id}:{view.proposal_id}", label="就这个时间", style=1),
            Button(key=f"time_other:{view.consultation_id}", label="换个时间", style=2),
        ),
    )
    return Notice((card,), card_ref=view.proposal_id, shown={"consultation": view.consultation_id})


async def _material_requested(practice: Practice, row: Notification) -> Notice:
    view: MaterialRequestView = await practice.ask(_SYSTEM, ReadMaterialRequest(request_id=row.ids["request_id"]))
    if view.state != "open":
        return Notice()
    card = Card(
        task_id=f"wanted-{row.id}",
        title=cut(f"专家要资料 · {view.code}", _TITLE),
        description=cut(f"{view.expert}要看:", _DESCRIPTION),
        sub_title=cut(view.wanted, _SUB_TITLE),
        buttons=(
            Button(key=f"upload:{view.consultation_id}", label="去补", style=1),
            Button(key=f"no_such:{view.consultation_id}:{view.request_id}", label="没有", style=2),
        ),
    )
    return Notice((card,), card_ref=view.request_id, shown={"consultation": view.consultation_id})


async def _material_not_there(practice: Practice, row: Notification) -> Notice:
    view: MaterialRequestView = await practice.ask(_SYSTEM, ReadMaterialRequest(request_id=row.ids["request_id"]))
    text = f"会诊 **{view.code}**:您要的资料({view.wanted})没有。村医说:{view.answer}"
    return Notice((Text(text=text),), shown={"consultation": view.consultation_id})


ARRANGING_RENDERERS: dict[str, Renderer] = {
    "time.proposed": _time_proposed, "material.requested": _material_requested, "material.not_there": _material_not_there,
}
