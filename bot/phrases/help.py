"""帮助: what a person can say, from the definitions, for the roles he holds."""

from __future__ import annotations

from bot.phrases.definitions import PHRASES
from bot.phrases.phrase import Phrase
from bot.phrases.shorter import HELP, HELP_HEAD, MORE
from core.foundation.actor import Actor

_NOT_LISTED = frozenset({"help", "more"})
"""What leads here."""
_DANGER = "喘不上气、剧烈胸痛、叫不醒、大出血,请马上打 **120**。"


def sayable(actor: Actor, *, staff: bool, group: bool) -> tuple[Phrase, ...]:
    """The phrases that make sense for ``actor`` here."""
    return tuple(
        phrase
        for phrase in PHRASES
        if phrase.audience != ("patient" if staff else "staff") and phrase.may_be_said_by(actor) and (phrase.in_group or not group)
    )


def help_text(actor: Actor, *, staff: bool, group: bool, roles: tuple[str, ...] = ()) -> str:
    """One line a phrase: how to say it and what it does."""
    lines = [f"· {phrase.example}:{phrase.explains}" for phrase in sayable(actor, staff=staff, group=group) if phrase.key not in _NOT_LISTED]
    if not staff:
        head = "直接说哪里不舒服就行,比如「咳嗽三天,发烧38度5」。还可以说:"
        return "\n".join([head, *lines, _DANGER])
    head = f"您的身份:{'、'.join(roles)}。可以说:" if roles else "可以说:"
    tail = "病人的姓名和资料,请只在单独会话里说。" if group else "按钮和文字都可以。"
    return "\n".join([head, *lines, tail])


NOT_STAFF = "您还没有登记为医务人员,请联系管理员登记。"


def help_for_patients(actor: Actor, *, staffs_channel: bool, group: bool = False, elder: bool = False, everything: bool = False) -> tuple[str, ...]:
    """What 帮助 (``everything``: 更多) says to somebody who is no member of staff. ``staffs_channel``: he writes where members of staff do."""
    if staffs_channel:
        return NOT_STAFF, help_text(actor, staff=False, group=group)
    return (help_in_short() if elder and not everything else help_text(actor, staff=False, group=group),)


def help_in_short() -> str:
    """For 长辈模式: what is said most, and the way to the rest. 120 stands whole."""
    return "\n".join([HELP_HEAD, *(f"· {said}:{does}" for said, does in (*HELP, MORE)), _DANGER])
