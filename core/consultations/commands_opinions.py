"""What can be asked of the expert's opinion 意见 and the decision 决定 on it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Command, Grant, Query, Result

Choice = Literal["agree", "partly", "disagree"]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class DecisionView(Result):
    """``signature_valid``: the signature fits exactly what stands here."""

    decision_id: Id
    choice: Choice
    choice_label: str
    reason: str
    decided_by: str
    decided_at: datetime
    signature_valid: bool


class Diagnosis(Result):
    """A diagnosis 诊断: chosen by its ICD-10 code, or in words alone (``icd10`` empty)."""

    icd10: Annotated[str, StringConstraints(pattern=r"^([A-Z]\d{2}(\.\d{1,2})?)?$")] = ""
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]

    @property
    def spoken(self) -> str:
        return f"{self.name}({self.icd10})" if self.icd10 else self.name


class OpinionView(Result):
    """The expert's advice in its latest revision, and what the inviting side decided on it."""

    opinion_id: Id
    consultation_id: Id
    code: str
    revision: int
    diagnoses: tuple[Diagnosis, ...] = ()
    assessment: str
    advice: str
    watch_for: str
    expert: str
    given_at: datetime
    signature_valid: bool
    decision: DecisionView | None


class GiveOpinion(Command):
    """The expert's advice, signed. An assigned consultation begins with it, in writing; given again, it is the next revision."""

    name = "consultations.give_opinion"
    title = "写意见"
    access = (Grant(Role.EXPERT, "assigned_consultation"),)
    gives = OpinionView
    consultation_id: Id
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(max_length=5)] = ()
    """What he takes it for, the leading one first."""
    assessment: Paragraph = ""
    """What he thinks it is, and why."""
    advice: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]
    """What he advises to do."""
    watch_for: Paragraph = ""
    """When to call again or to go."""
    confirm: bool = False


class Decide(Command):
    """The inviting side decides on the opinion that was read, and answers for it. A reason is needed unless it agrees."""

    name = "consultations.decide"
    title = "决定"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = OpinionView
    consultation_id: Id
    opinion_id: Id
    choice: Choice
    reason: Paragraph = ""
    confirm: bool = False


class ReadOpinion(Query):
    """The latest opinion and the decision on it. The patient reads it once it has been decided on."""

    name = "consultations.opinion"
    title = "专家意见"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"), Grant(Role.EXPERT, "wrote_opinion"),
        Grant(Role.VISITOR, "own_patient_consultation"), Grant(Role.DUTY_DOCTOR, "on_duty_above"), Grant(Role.DUTY_DOCTOR, "referred_consultation"),
        Grant(Role.PHARMACIST, "prescribed_consultation"), *IN_EMERGENCY, Grant(Role.SYSTEM),
    )
    gives = OpinionView
    audited = True
    consultation_id: Id


class NamedDiagnoses(Result):
    found: tuple[Diagnosis, ...]


class SearchDiagnoses(Query):
    """Names of diseases with their ICD-10 code that the words may mean, the nearest first."""

    name = "consultations.diagnoses"
    title = "查诊断名称"
    access = (Grant(Role.EXPERT), Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR))
    no_relation = "疾病名录,不涉及患者"
    gives = NamedDiagnoses
    words: Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)] = ""
