"""A workflow as a table: (event, state) → step. What is not listed is an illegal step that names both; who may step stands in the table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar

from core.foundation.actor import Role
from core.foundation.errors import Conflict


class IllegalStep(Conflict):
    """The step is not possible in this state; both are named. A workflow derives its own with code, sentence and labels."""

    state_labels: ClassVar[Mapping[Any, str]]
    event_labels: ClassVar[Mapping[Any, str]]

    def __init__(self, state: StrEnum, event: StrEnum) -> None:
        super().__init__(
            state=state.value, event=event.value, state_label=self.state_labels[state], event_label=self.event_labels[event]
        )


class NotYourStep(Conflict):
    """The step is possible, but not for this role."""

    event_labels: ClassVar[Mapping[Any, str]]
    status = 403
    sentence = "“{event_label}”这一步不由您来做。"

    def __init__(self, event: StrEnum, role: Role) -> None:
        super().__init__(event=event.value, role=role.value, event_label=self.event_labels[event])


class Permitted(Protocol):
    @property
    def who(self) -> frozenset[Role]: ...


E = TypeVar("E", bound=StrEnum)
S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=Permitted)


def listed_step(
    transitions: Mapping[tuple[E, S], T], event: E, state: S, role: Role, *, illegal: type[IllegalStep], not_yours: type[NotYourStep]
) -> T:
    """The listed step; ``illegal`` for an unlisted pair, ``not_yours`` for another role."""
    step = transitions.get((event, state))
    if step is None:
        raise illegal(state, event)
    if role not in step.who:
        raise not_yours(event, role)
    return step
