"""A notification came between a question and its answer: the question stays open, and a bare number that may mean either is asked back."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Menu
from bot.dialogue.again import question_before
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.place import read_place

KIND = "which"
_KEPT, _ANSWER, _PRESS = "kept", "answer", "press"


async def which(turn: Turn, asked: Asked, code: str, text: str) -> Reply | None:
    """Asked back where ``text`` is a place among the question's options (``code``) and among the notification's buttons; else None."""
    noticed = turn.noticed
    place = read_place(text, len(noticed)) if noticed and asked.kind != KIND else None
    if not place or asked.options[place - 1 : place] != (code,):
        return None
    label = next((shape.choices[place - 1].label for shape in await question_before(turn, asked)
                  if isinstance(shape, Menu) and len(shape.choices) >= place), "")  # fmt: skip
    choices = (
        Choice(code=_ANSWER, label=f"答前面问的{':' if label else ''}{label}"),
        Choice(code=_PRESS, label=f"点刚来的通知里第 {place} 个"),
    )
    detail = {_KEPT: asked.model_dump_json(), _ANSWER: code, _PRESS: noticed[place - 1]}
    return turn.offer(f"刚才来了一条通知,「{place}」是说哪个?", choices, asked=Asked(kind=KIND, ref=asked.ref, detail=detail))


def chosen(turn: Turn, choice: str) -> tuple[str | None, str]:
    """The kind of the question and the option that answers it; or None and the button to press, with the question still open."""
    now = turn.state.asked
    kept = Asked.model_validate_json(now.detail[_KEPT]) if now is not None and _KEPT in now.detail else None
    turn.state = turn.state.asking(kept)
    if now is None or kept is None or choice not in (_ANSWER, _PRESS):
        return None, ""
    return (None, now.detail[_PRESS]) if choice == _PRESS else (kept.kind, now.detail[_ANSWER])
