"""Where an intake stood before a sentence was taken in: what 返回 goes back to.

Kept beside the sentence, sealed like it, because it cannot be read off the words again: the engine that heard them may have changed since, and what
a tap or an unseen question meant is not in them. It is no line of the record and is shown to nobody.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from nlp.interface.assessment import Facts, Question

STOOD, UNDONE = "stood", "undone"
"""What such an entry is called among the lines; and after the intake has gone back to it."""
NO_LINES = (STOOD, UNDONE)


class Stood(BaseModel):
    """``question``: the one that the sentence after it answered, None where none was open."""

    model_config = ConfigDict(frozen=True)

    facts: Facts
    question: Question | None = None
    relation: str | None = None
    patient_id: str | None = None
    organisation_id: str = ""

    def kept(self) -> str:
        """As it is sealed, without what was never said."""
        return self.model_dump_json(exclude_defaults=True)
