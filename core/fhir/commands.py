"""What can be asked in FHIR: a whole case."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Grant, Query, Result


class BundleView(Result):
    """``bundle``: an R4 searchset Bundle as JSON."""

    bundle: dict[str, Any]


class Everything(Query):
    """The whole case of a consultation, for those who treat the patient and for him. ``base``: the address that the resources stand under."""

    name = "fhir.everything"
    title = "会诊全部记录(FHIR)"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_consultation"), Grant(Role.EXPERT, "assigned_consultation"),
        Grant(Role.VISITOR, "own_patient_consultation"), Grant(Role.DUTY_DOCTOR, "on_duty_above"),
    )
    gives = BundleView
    audited = True
    consultation_id: Id
    base: str = Field(default="/fhir/R4", max_length=200)
