"""For what a patient is asked: a closed list. What each consent permits, what is refused without it, and who may give it.

Consent to sensitive data is separate from the general one (个人信息保护法 article 29); for a child under 14 a guardian gives one of its own
(article 31). Recording, research and teaching are not given unless somebody gave them, and nothing of the care hangs on them (article 16).
Under 18 a guardian decides on research and teaching (涉及人的生命科学和医学研究伦理审查办法, 2023, article 36).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from core.people.errors import TooYoung
from core.people.errors_consents import ConsentIsThePatients, ConsentOfGuardian, ConsentWrongAge
from core.people.rules import ADULT_YEARS, GUARDIAN_BELOW_YEARS

PurposeCode = Literal["care", "sensitive", "children", "consultation", "recording", "research", "teaching"]


class Giver(StrEnum):
    """As what somebody gives or withdraws a consent. ``PAPER``: the village doctor, with what was signed before her."""

    SELF = "self"
    GUARDIAN = "guardian"
    PROXY = "proxy"
    PAPER = "village_doctor"


MISTAKEN = "mistaken"
"""As what a consent ends that stood on a wrong paper: nobody took anything back, it was never one."""

GIVER_LABELS = {Giver.SELF.value: "本人", Giver.GUARDIAN.value: "监护人", Giver.PROXY.value: "家人", Giver.PAPER.value: "纸质签字,村医存"}
ENDED_LABELS = {**GIVER_LABELS, MISTAKEN: "村医(存的那张不是同意书)"}


@dataclass(frozen=True, slots=True)
class Purpose:
    """``permits`` and ``without`` are read by the patient. ``own_below``: a guardian decides below this age. ``by_proxy``: another may give it
    for a grown-up."""

    code: PurposeCode
    label: str
    permits: str
    without: str
    own_from: int = GUARDIAN_BELOW_YEARS
    by_proxy: bool = False


PURPOSES: dict[PurposeCode, Purpose] = {
    one.code: one
    for one in (
        Purpose("care", "看病与健康服务", "建档、问诊、预约、随访。", "不能预约和建随访;已约好的照旧,急事照样帮您找人。", by_proxy=True),
        Purpose(
            "sensitive", "使用健康信息(敏感信息)", "看病时用您的病情、检查、用药和证件号。", "不能预约和建随访,因为医生看不到您的病情。",
            by_proxy=True,
        ),
        Purpose("children", "未满 14 岁孩子的信息", "监护人同意给孩子看病时用他的信息。", "不能给孩子预约和建随访。"),
        Purpose(
            "consultation", "远程会诊", "把病情、检查和影像给外院专家看,请他出意见。", "不再请专家,专家不能再接、不能再视频;抢救时除外。",
            by_proxy=True,
        ),
        Purpose("recording", "录下视频会诊", "会诊视频录下来,存进病历。", "只看不录,看病不受影响。"),
        Purpose("research", "医学研究", "去掉姓名后用于医学研究。", "不用于研究,看病不受影响。", own_from=ADULT_YEARS),
        Purpose("teaching", "教学", "去掉姓名后用于培训医生。", "不用于教学,看病不受影响。", own_from=ADULT_YEARS),
    )
}


def care_purposes(age: int) -> tuple[PurposeCode, PurposeCode]:
    """What booking and follow-up need at ``age``: the general consent, and the separate one for what is sensitive."""
    return ("care", "children") if age < GUARDIAN_BELOW_YEARS else ("care", "sensitive")


def is_of_age_for(purpose: PurposeCode, age: int) -> bool:
    """Whether ``purpose`` is asked of somebody of ``age`` at all: a child's consent is the guardian's, and ends with the childhood."""
    if purpose == "children":
        return age < GUARDIAN_BELOW_YEARS
    return purpose != "sensitive" or age >= GUARDIAN_BELOW_YEARS


def check_giver(purpose: PurposeCode, giver: Giver, age: int) -> None:
    """That ``giver`` may give it for who is ``age``: ConsentWrongAge, TooYoung, ConsentOfGuardian, ConsentIsThePatients.

    What is signed on paper is signed by whom the paper names; the village doctor answers for that.
    """
    if not is_of_age_for(purpose, age):
        raise ConsentWrongAge
    if giver is Giver.PAPER:
        return
    if giver is Giver.SELF and age < PURPOSES[purpose].own_from:
        raise TooYoung if age < GUARDIAN_BELOW_YEARS else ConsentOfGuardian
    if giver is Giver.PROXY and age < ADULT_YEARS:
        raise ConsentOfGuardian
    if giver is Giver.PROXY and not PURPOSES[purpose].by_proxy:
        raise ConsentIsThePatients


def check_withdrawer(giver: Giver, age: int) -> None:
    """Who may withdraw: who may consent, and from 14 on always the patient; a relative who is no guardian not for a minor."""
    if giver is Giver.SELF and age < GUARDIAN_BELOW_YEARS:
        raise TooYoung
    if giver is Giver.PROXY and age < ADULT_YEARS:
        raise ConsentOfGuardian
