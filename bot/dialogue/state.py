"""What a conversation remembers between two messages: ids and codes only, never a person's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FLAG = "flag:"
"""Before what ``DialogueState.danger`` holds of a red flag: told, but no talk that goes on about nothing else."""


class Asked(BaseModel):
    """The open question. ``options``: codes in the order in which they were shown, so that a number means the same as a tap.

    ``kind``: intake (a question of the engine), actions (buttons that act by themselves), whose, who, cancel_reason, decline_reason,
    consent_for, material_for, worse, resume (is it the talk of days ago?), which (of a question
    and a notification's buttons, ``detail``: what each would be), decision_reason, rx_reason, rx_confirm, return_reason
    (``detail``: what a reason in words is for, and the messages in which earlier ones were written), dose, dose_confirm (``detail``: which dose,
    which contraindications were ruled out so far), second_factor (``ref``: the button that signs, ``detail``: the question that was open when it
    was pressed).
    ``ref``: the id it is about. ``menu_id`` tells a late tap from one that answers this question.
    ``message_id``: the message whose reply asks it, so that a question that never arrived is not taken for answered.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    ref: str = ""
    options: tuple[str, ...] = ()
    menu_id: str = ""
    message_id: str = ""
    detail: dict[str, str] = Field(default_factory=dict)
    at: datetime | None = None
    """When it was asked (domain time)."""

    def same_as(self, other: Asked) -> bool:
        """Whether it is the same question, whenever and in whatever message it was asked."""
        return (self.kind, self.ref, self.options, self.detail) == (other.kind, other.ref, other.options, other.detail)


class DialogueState(BaseModel):
    """``subject``: whom the running intake is about, as a relation code; ``shown``: the last offer, alert, consultation put before the person."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    asked: Asked | None = None
    before: Asked | None = None
    """The question that was open before ``asked``, for 返回."""
    intake_id: str | None = None
    subject: str | None = None
    danger: str | None = None
    """The emergency that this person has been told of: ``<intake id>:<rule>``; or the red flag, with ``FLAG`` before it."""
    shown: dict[str, str] = Field(default_factory=dict)

    noticed: tuple[str, ...] = ()
    """Keys of the buttons of a notification that came after ``asked``: a bare number may mean one of them."""

    @staticmethod
    def of(stored: dict[str, Any]) -> DialogueState:
        """The state as stored; an empty one where an older edition stored something else."""
        try:
            return DialogueState.model_validate(stored)
        except ValidationError:
            return DialogueState()

    @property
    def in_danger(self) -> bool:
        return self.danger is not None and self.intake_id is not None and self.danger.startswith(self.intake_id)

    def asking(self, asked: Asked | None) -> DialogueState:
        return self.model_copy(update={"asked": asked})

    def after(self, before: DialogueState, message_id: str, now: datetime) -> DialogueState:
        """As it is stored behind the reply to ``message_id``: a question that was not open ``before`` was asked by it, now."""
        if self.asked == before.asked:
            return self
        if self.asked is None:
            return self.model_copy(update={"before": None, "noticed": ()})
        # Back at the question before, there is none before it that is remembered; it may stand where it was asked first.
        went_back = before.before is not None and before.before.same_as(self.asked)
        asked = self.asked.model_copy(update={"message_id": (went_back and self.asked.message_id) or message_id, "at": now})
        same = before.asked is not None and before.asked.same_as(asked)
        kept = before.before if same else None if went_back else before.asked
        return self.model_copy(update={"asked": asked, "before": kept, "noticed": ()})

    def showing(self, kind: str, ref: str) -> DialogueState:
        return self.model_copy(update={"shown": {**self.shown, kind: ref}})

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True)
