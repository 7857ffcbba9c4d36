"""What can be asked about the emergency dose 急用一剂: which there are, order one, say why one is not given, look at what was given."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.prescriptions.commands import Codes


class DoseChoice(Result):
    """``contraindications``: each asked for; ``watch``: to be read, and no reason against it, empty where there is nothing to say."""

    code: str
    name: str
    amount: str
    directions: str
    when: str
    contraindications: dict[str, str]
    watch: str = ""


class DoseChoices(Result):
    doses: tuple[DoseChoice, ...]
    rules_signed: bool


class EmergencyDoses(Query):
    """The single doses that the decision alone may order, with what forbids each."""

    name = "prescriptions.emergency_doses"
    title = "急用一剂目录"
    access = (Grant(Role.SYSTEM), Grant(Role.VILLAGE_DOCTOR), Grant(Role.EXPERT), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST))
    no_relation = "不含病人资料"
    gives = DoseChoices


class DoseCheckView(Result):
    """``refused``: what is on record and forbids it, empty when it may be signed; ``warnings``: what is to be weighed before the signature."""

    refused: tuple[str, ...]
    warnings: tuple[str, ...]


class CheckDose(Query):
    """What is on record of the patient against one single dose, to be read before it is signed."""

    name = "prescriptions.check_dose"
    title = "核对急用一剂"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = DoseCheckView
    audited = True
    consultation_id: Id
    dose: str = Field(max_length=40)


class DoseView(Result):
    """``ruled_out``: what was asked and answered 没有; ``warnings``: what stood on record against it at the signature; ``watch``: as listed."""

    dose_id: Id
    consultation_id: Id
    consultation_code: str
    name: str
    amount: str
    directions: str
    ruled_out: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    watch: str = ""
    ordered_by: str
    ordered_at: datetime
    signature_valid: bool
    seen_by: str | None
    rules_signed: bool


class OrderDose(Command):
    """One emergency dose on the strength of the signed decision; every contraindication is shown and ruled out by its code."""

    name = "prescriptions.order_dose"
    title = "急用一剂"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = DoseView
    consultation_id: Id
    dose: str = Field(max_length=40)
    ruled_out: Codes
    confirm: bool = False


class DoseNotGiven(Result):
    """``words``: which dose and why not. ``given_since``: one was ordered after all."""

    consultation_id: Id
    consultation_code: str
    words: str
    said_by: str
    said_at: datetime
    given_since: bool


class DeclineDose(Command):
    """The inviting side does not give an emergency dose: the expert must not go on believing that it was given.

    ``why``: she will not use it; one of its contraindications holds (``contraindication`` is its code); what is on record refuses it.
    """

    name = "prescriptions.decline_dose"
    title = "不用急用一剂"
    access = (Grant(Role.VILLAGE_DOCTOR, "own_consultation"),)
    gives = DoseNotGiven
    consultation_id: Id
    dose: str = Field(max_length=40)
    why: Literal["not_used", "contraindicated", "on_record"]
    contraindication: str = Field(default="", max_length=40)


class ReadDoseNotGiven(Query):
    """The last that was not given in a consultation: for what the system tells the expert."""

    name = "prescriptions.dose_not_given"
    title = "急用一剂没有用"
    access = (Grant(Role.SYSTEM),)
    gives = DoseNotGiven
    audited = True
    consultation_id: Id


class ViewDose(Query):
    name = "prescriptions.dose"
    title = "看急用医嘱"
    access = (
        Grant(Role.VILLAGE_DOCTOR, "own_dose"), Grant(Role.EXPERT, "own_dose"), Grant(Role.PHARMACIST, "dose_to_see"), Grant(Role.SYSTEM),
    )
    gives = DoseView
    audited = True
    dose_id: Id


class AcknowledgeDose(Command):
    """The pharmacist has seen afterwards what was given."""

    name = "prescriptions.acknowledge_dose"
    title = "药师已阅急用医嘱"
    access = (Grant(Role.PHARMACIST, "dose_to_see"),)
    gives = DoseView
    dose_id: Id
