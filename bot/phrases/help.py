"""帮助: what a person can say, from the definitions, for the roles he holds."""

from __future__ import annotations

from bot.phrases.definitions import PHRASES
from bot.phrases.phrase import Phrase
from core.foundation.actor import Actor


def sayable(actor: Actor, *, staff: bool, group: bool) -> tuple[Phrase, ...]:
    """The phrases that make sense for ``actor`` here."""
    return tuple(
        phrase
        for phrase in PHRASES
        if phrase.audience != ("patient" if staff else "staff") and phrase.may_be_said_by(actor) and (phrase.in_group or not group)
    )


def help_text(actor: Actor, *, staff: bool, group: bool, roles: tuple[str, ...] = ()) -> str:
    """One line a phrase: how to say it and what it does."""
    lines = [f"· {phrase.example}:{phrase.explains}" for phrase in sayable(actor, staff=staff, group=group) if phrase.key != "help"]
    if not staff:
        head = "直接说哪里不舒服就行,比如「咳嗽三天,发烧38度5」。还可以说:"
        tail = "喘不上气、剧烈胸痛、叫不醒、大出血,请马上打 **120**。"
        return "\n".join([head, *lines, tail])
    head = f"您的身份:{'、'.join(roles)}。可以说:" if roles else "可以说:"
    tail = "病人的姓名和资料,请只在单独会话里说。" if group else "按钮和文字都可以。"
    return "\n".join([head, *lines, tail])
