"""How far a patient's prescriptions are, in his words. What is on them is read only after the pharmacist's release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tortoise.expressions import Q, Subquery

from core.consultations.models import Consultation
from core.foundation.models import Signature
from core.foundation.orders import answers
from core.foundation.withheld import shown
from core.foundation.work import Work
from core.people.cards import patient_cards
from core.people.relations import spoken_for
from core.people.scopes import Scope
from core.prescriptions.commands_lists import PrescriptionStage, PrescriptionStages, Stages
from core.prescriptions.models import Prescription
from core.prescriptions.moments import good_until, since
from core.prescriptions.reading import PATIENTS_STATES
from core.prescriptions.workflow import State

SHOWN = 20

Stage = Literal["signing", "reviewing", "changing", "ready", "fetched", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Words:
    stage: Stage
    label: str
    next: str


_SIGNING = Words("signing", "等医生签名", "医生看过、签了名,再交给药师核对。")
WORDS: dict[State, Words] = {
    State.PROPOSED: _SIGNING,
    State.REFERRED: _SIGNING,
    State.SIGNED: Words("reviewing", "药师在审", "药师核对完就能取药,好了会告诉您。"),
    State.RETURNED: Words("changing", "医生在改", "先不要取药。药师请医生再看一看,改好会告诉您。"),
    State.RELEASED: Words("ready", "可以取药", "带上取药码和身份证去取药。"),
    State.DISPENSED: Words("fetched", "已取药", "按下面写的吃。不舒服随时说。"),
    State.EXPIRED: Words("expired", "过期", "三天里没有取药,这张处方不能用了。还要用药,请找村医。"),
    State.WITHDRAWN: Words("withdrawn", "已撤回", "不要取这张处方的药,取药码不能用了。还要用药,请问村医。"),
}
"""A withdrawn one is nothing to the patient unless he had been told to fetch it."""


@answers(Stages)
async def stages(work: Work, order: Stages) -> PrescriptionStages:
    work.concerns("account", work.actor.account_id)
    patients = await spoken_for(work, Scope.RECORD)
    released = Subquery(Signature.filter(kind="review").values("subject_id"))
    told = ~Q(state=State.WITHDRAWN.value) | Q(id__in=released)
    rows = await Prescription.filter(told, patient_id__in=patients).order_by("-id").limit(SHOWN) if patients else []
    codes = {one.id: one.code for one in await Consultation.filter(id__in={row.consultation_id for row in rows})}
    cards = await patient_cards(work, {row.patient_id for row in rows})

    async def lines(some: list[Prescription]) -> list[PrescriptionStage]:
        return [_stage_of(row, codes[row.consultation_id], cards[row.patient_id].full_name) for row in some]

    found, withheld = await shown(work, rows, lines)
    return PrescriptionStages(prescriptions=found, withheld=withheld)


def _stage_of(row: Prescription, consultation_code: str, patient: str) -> PrescriptionStage:
    state = State(row.state)
    words = WORDS[state]
    return PrescriptionStage(
        prescription_id=row.id, code=row.code, consultation_id=row.consultation_id, consultation_code=consultation_code,
        patient_id=row.patient_id, patient=patient, stage=words.stage, stage_label=words.label, next=words.next, at=since(row),
        until=good_until(row) if state is State.RELEASED else None,
        readable=row.state in PATIENTS_STATES,
    )
