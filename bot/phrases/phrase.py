"""What one phrase is: how it is said, what may follow, which order of the practice it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.foundation.actor import Actor, Role
from core.foundation.orders import Order

Argument = Literal[
    "none", "code", "code_reason", "code_words", "code_rank", "consultation", "department", "decline", "claim", "rating", "follow"
]
Audience = Literal["patient", "staff", "both"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """``names``: how it is said, the first one is how help writes it. ``argument``: what may follow. ``alone``: must be the whole text.

    ``example`` and ``explains`` are what help shows. ``in_group``: may be answered where others read along.
    """

    key: str
    order: type[Order]
    names: tuple[str, ...]
    example: str
    explains: str
    argument: Argument = "none"
    audience: Audience = "both"
    in_group: bool = False
    letter: str = ""
    """With which letter the code must begin where the same word is said of different things: 退回 C-7K2M, 退回 R-31."""

    @property
    def menu_key(self) -> str:
        """What a click in the account's own menu carries (``bot.phrases.menu``): the phrase itself, said without arguments."""
        return self.key

    def may_be_said_by(self, actor: Actor) -> bool:
        """Whether a role that the actor holds may ever give the order."""
        return any(grant.role is not Role.SYSTEM and actor.holds(grant.role) for grant in self.order.access)
