"""What can be asked about several prescriptions at once: one's own, how far they are, those of a case or a patient."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import IN_EMERGENCY, Grant, Query, Result
from core.foundation.withheld import WithWithheld
from core.prescriptions.commands import PrescriptionView, State
from core.prescriptions.commands_doses import DoseView


class PrescriptionList(WithWithheld):
    prescriptions: tuple[PrescriptionView, ...]


class Mine(Query):
    """Those that wait for the actor or that he has a part in, newest first: to sign, to review, to dispense; a pharmacist's
    from the signature on; a patient's released ones.

    Of them only the one with this ``code``, only those in these ``states``; none named, all."""

    name = "prescriptions.mine"
    title = "我的处方"
    access = (
        Grant(Role.EXPERT), Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST), Grant(Role.VISITOR),
    )
    no_relation = "只列他开的、签的、要审的,或他替办的人的"
    gives = PrescriptionList
    audited = True
    code: str | None = Field(default=None, max_length=12)
    states: tuple[State, ...] = Field(default=(), max_length=8)


class PrescriptionStage(Result):
    """``stage`` in a patient's words; ``until``: the last moment to fetch it. ``readable``: what is on it may be read (:class:`View`)."""

    prescription_id: Id
    code: str
    consultation_id: Id
    consultation_code: str
    patient_id: Id
    patient: str
    stage: Literal["signing", "reviewing", "changing", "ready", "fetched", "expired", "withdrawn"]
    stage_label: str
    next: str
    at: datetime
    until: datetime | None
    readable: bool


class PrescriptionStages(WithWithheld):
    prescriptions: tuple[PrescriptionStage, ...]


class Stages(Query):
    """How far the prescriptions are of those for whom the actor speaks, newest first: before the pharmacist's release no drug is named."""

    name = "prescriptions.stages"
    title = "处方到哪一步"
    access = (Grant(Role.VISITOR),)
    no_relation = "只列他自己和他替办的人"
    gives = PrescriptionStages
    audited = True


class CaseMedicinesView(WithWithheld):
    """``prescriptions`` newest first."""

    prescriptions: tuple[PrescriptionView, ...]
    dose: DoseView | None


class CaseMedicines(Query):
    """What was prescribed and given in one consultation."""

    name = "prescriptions.of_consultation"
    title = "会诊的用药"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"), *IN_EMERGENCY)
    gives = CaseMedicinesView
    audited = True
    consultation_id: Id


class PatientPrescriptions(Query):
    """A patient's prescriptions for the one on whose list he stands, newest first: her own consultations' all, others' once they took effect."""

    name = "prescriptions.of_patient"
    title = "病人的处方"
    access = (Grant(Role.VILLAGE_DOCTOR, "listed_patient"), *IN_EMERGENCY)
    gives = PrescriptionList
    audited = True
    patient_id: Id
