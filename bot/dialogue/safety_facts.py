"""What a prescription cannot be signed without is asked of the village doctor with buttons: 过敏, 怀孕. The rest is recorded on her page."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue.cases import tapped
from bot.dialogue.medicine_words import finding_line, standing, stops_of, whose_turn
from bot.dialogue.turn import Reply, Turn
from core.foundation.errors import Invalid
from core.prescriptions.commands import PrescriptionView, View
from core.prescriptions.commands_facts import FillFact

_ASKED: dict[str, tuple[str, str]] = {
    "facts.allergies": ("no_allergy", "问过,都不过敏"),
    "facts.pregnancy": ("not_pregnant", "没有怀孕"),
}
"""By the finding that asks for it: the answer and what stands on its button."""


def questions(view: PrescriptionView, menu_id: str) -> tuple[Outgoing, ...]:
    """The buttons for what is missing; none where something else stands in the way, or only the page can take it."""
    asks = [_ASKED[key] for key in (one.key.split(":")[0] for one in stops_of(view)) if key in _ASKED]
    if not asks:
        return ()
    choices = tuple(Choice(code=f"fact:{name}:{view.prescription_id}", label=label) for name, label in asks)
    return (Menu(head="请当面问清楚再点;有过敏、怀孕或说不清的,去页面填。", choices=choices, menu_id=menu_id),)


async def recorded(turn: Turn, name: str, prescription_id: str) -> Reply:
    """【问过,都不过敏】, 【没有怀孕】: only where nothing was known yet. Who can sign then is asked again by the practice."""
    if name not in {answer for answer, _ in _ASKED.values()}:
        raise Invalid
    view: PrescriptionView = await turn.ask(View(prescription_id=prescription_id))
    await turn.execute(FillFact.model_validate({"consultation_id": view.consultation_id, "fact": name}))
    view = await turn.ask(View(prescription_id=prescription_id))
    left = stops_of(view)
    if left:
        lines = [f"记下了。处方 **{view.code}** 还不能签:", *(finding_line(view, one) for one in left), whose_turn(left)]
        return Reply((*tapped(turn, "记下了"), Text(text="\n".join(lines)), *questions(view, turn.menu_id("facts"))), turn.state.asking(None))
    text = f"记下了。处方 **{view.code}** 可以签了:{'签名的卡片马上到。' if view.state == 'PROPOSED' else standing(view)}"
    return Reply((*tapped(turn, "记下了"), Text(text=text)), turn.state.asking(None))
