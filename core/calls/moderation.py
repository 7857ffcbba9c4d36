"""Who moderates a call, and who may do what to whom in it. Pure.

The village doctor moderates until the expert is there, then the expert does: she opened the case and knows who is in her room; he leads what is
said once he has come. Either hands over to the other. A call that somebody is in, but neither of them, has no moderator: then nothing is locked, so
that patient and doctors always find to each other. Neither may put the other out: both answer for the case.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from core.calls.errors import ListensOnly, NobodyThere, NotModerator, NotThatSeat
from core.calls.rules import GUEST_SEATS, LISTENS_ONLY, SEATS

Act = Literal[
    "admit", "refuse", "mute", "unmute", "remove", "lock", "unlock", "hand_over", "invite", "withdraw", "say", "show", "caption", "hand", "beside",
]  # fmt: skip
Door = Literal["open", "wait", "closed"]

MODERATORS = ("expert", "village_doctor")
"""Who can be it, the first who is there before the others."""
_ANY = frozenset((*SEATS, *GUEST_SEATS))
_MODERATES: dict[Act, frozenset[str] | None] = {
    "admit": _ANY, "refuse": _ANY, "lock": None, "unlock": None, "invite": frozenset(GUEST_SEATS), "withdraw": frozenset(GUEST_SEATS),
    "mute": _ANY - LISTENS_ONLY, "unmute": _ANY - LISTENS_ONLY, "remove": frozenset({"patient", *GUEST_SEATS}), "hand_over": frozenset(MODERATORS),
}
"""What the moderator alone does, and to which seats (None: to the room)."""
_OF_HIMSELF: dict[Act, frozenset[str]] = {
    "say": _ANY - LISTENS_ONLY, "caption": _ANY - LISTENS_ONLY, "hand": _ANY, "show": frozenset({"patient", "village_doctor", "expert"}),
    "beside": frozenset({"patient", "village_doctor"}),
}
"""What everybody on one of these seats does for himself."""
_NOT_TO_ONESELF: frozenset[Act] = frozenset({"mute", "unmute", "remove", "hand_over"})
_TO_WHO_IS_THERE: frozenset[Act] = frozenset({"mute", "unmute", "remove", "hand_over"})


def moderator_of(there: Collection[str], handed_to: str) -> str | None:
    """The seat that moderates when ``there`` are taken: the one it was handed to while that one is there, else the first of :data:`MODERATORS`."""
    if handed_to in MODERATORS and handed_to in there:
        return handed_to
    return next((seat for seat in MODERATORS if seat in there), None)


def acts_of(seat: str, moderator: str | None) -> tuple[Act, ...]:
    """Everything that ``seat`` may do, sorted."""
    own = [act for act, seats in _OF_HIMSELF.items() if seat in seats]
    return tuple(sorted([*own, *(_MODERATES if seat == moderator else ())]))


def check_act(act: Act, *, seat: str, there: Collection[str], handed_to: str, target: str | None = None) -> None:
    """Whether ``seat`` may do ``act`` (to ``target``) now.

    Raises ListensOnly for who only listens, NotModerator for who does not moderate, NotThatSeat where the act is not for that seat (or for oneself),
    NobodyThere where nobody sits on it.
    """
    if act in _OF_HIMSELF:
        if seat not in _OF_HIMSELF[act]:
            raise ListensOnly if seat in LISTENS_ONLY else NotThatSeat
        return
    if seat != moderator_of(there, handed_to):
        raise NotModerator
    seats = _MODERATES[act]
    if seats is not None and (target not in seats or (act in _NOT_TO_ONESELF and target == seat)):
        raise NotThatSeat
    if act in _TO_WHO_IS_THERE and target not in there:
        raise NobodyThere


def door(*, seat: str, state: str | None, locked: bool, moderated: bool) -> Door:
    """Whether the door opens to the person of ``seat``. ``state``: of his place in this call, None when he was never at the door.

    Who was let in, or has been in, comes back also into a locked call; who was removed waits to be let in again; a guest who was refused has lost
    his invitation. A lock holds while somebody is there who can open it.
    """
    if state == "in":
        return "open"
    if seat in GUEST_SEATS:
        return "closed" if state == "refused" else "wait"
    if state == "removed":
        return "wait"
    return "wait" if moderated and (locked or state in ("waiting", "refused")) else "open"
