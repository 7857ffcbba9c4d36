"""我的授权 and 撤回授权: what one agreed to, said plainly, and taken back with one tap. Of oneself; for a child the page names him."""

from __future__ import annotations

from typing import get_args

from bot.channels.outgoing import Choice, Link, Text
from bot.dialogue.turn import Reply, Turn
from core.foundation.clock import spoken
from core.foundation.errors import Invalid
from core.people.commands_consents import ConsentLine, Consents, ConsentsView, WithdrawConsent
from core.people.commands_views import Me, MeView, PatientView
from core.people.errors import ConsentMissing
from core.people.purposes import PURPOSES, PurposeCode

PAGE = Link(title="授权与隐私", url="mini:pages/web/web?to=privacy", description="看同意书原文、谁看过我的记录、谁能替我办")
_NOBODY = "您还没有登记,也就没有授权过什么。登记在小程序「会诊」里,一分钟就好。"


async def mine(turn: Turn) -> Reply:
    """我的授权."""
    if turn.group:
        return turn.say("授权请在单独会话里看。")
    patient = await _whose(turn)
    if patient is None:
        return Reply((Text(text=_NOBODY), PAGE), turn.state)
    lines = await _lines(turn, patient.patient_id)
    text = "\n".join([f"{patient.full_name}的授权:", *(_said(line) for line in lines), "要撤回,说「撤回授权」。"])
    return Reply((Text(text=text), PAGE), turn.state.asking(None))


def _said(line: ConsentLine) -> str:
    if line.standing is None:
        return f"- {line.label}:没有同意"
    return f"- **{line.label}**:{spoken(line.standing.given_at)}{line.standing.given_as_label}同意"


async def withdraw(turn: Turn) -> Reply:
    """撤回授权: which one is chosen; what follows stands beside it."""
    if turn.group:
        return turn.say("授权请在单独会话里撤回。")
    patient = await _whose(turn)
    standing = [] if patient is None else [line for line in await _lines(turn, patient.patient_id) if line.standing and line.may_withdraw]
    if patient is None or not standing:
        return Reply((Text(text="您现在没有可以撤回的授权。"), PAGE), turn.state)
    text = "\n".join(["撤回哪一项?点了马上生效,已有的病历按规定保存。", *(f"- {line.label}:撤回以后{line.without}" for line in standing)])
    return turn.offer(text, tuple(Choice(code=f"withdraw:{patient.patient_id}:{line.purpose}", label=f"撤回「{line.label}」") for line in standing))


async def withdrawn(turn: Turn, patient_id: str, purpose: str) -> Reply:
    """【撤回「教学」】; tapped again, it is withdrawn already."""
    code: PurposeCode | None = next((one for one in get_args(PurposeCode) if one == purpose), None)
    if code is None:
        raise Invalid
    label, without = PURPOSES[code].label, PURPOSES[code].without
    try:
        await turn.execute(WithdrawConsent(patient_id=patient_id, purpose=code))
    except ConsentMissing:
        return turn.say(f"「{label}」已经撤回过了。")
    turn.state = turn.state.asking(None)
    return turn.say(f"好的,**「{label}」已撤回**。从现在起:{without}想再同意,在小程序「授权与隐私」里点。")


async def _lines(turn: Turn, patient_id: str) -> tuple[ConsentLine, ...]:
    view: ConsentsView = await turn.ask(Consents(patient_id=patient_id))
    return view.lines


async def _whose(turn: Turn) -> PatientView | None:
    """Oneself; without a record of one's own, the one person for whom one may read."""
    me: MeView = await turn.ask(Me())
    readable = [one for one in me.patients if "record" in one.scope]
    own = next((one for one in readable if one.relation == "self"), None)
    return own or (readable[0] if len(readable) == 1 else None)
