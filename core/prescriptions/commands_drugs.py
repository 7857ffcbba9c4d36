"""What can be asked about the drug list 药品目录."""

from __future__ import annotations

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.orders import Grant, Query, Result


class DrugView(Result):
    code: str
    name: str
    form: str
    unit: str
    route: str
    pack: str
    max_single: str
    max_daily: str
    village: bool
    tier: str
    coverage: str
    price_fen: int


class DrugList(Result):
    drugs: tuple[DrugView, ...]
    conditions: dict[str, str]
    allergies: dict[str, str]
    rules_signed: bool


class Drugs(Query):
    """The drug list, those whose name holds ``text``; with what the facts may name."""

    name = "prescriptions.drugs"
    title = "药品目录"
    access = (Grant(Role.EXPERT), Grant(Role.VILLAGE_DOCTOR), Grant(Role.DUTY_DOCTOR), Grant(Role.PHARMACIST))
    no_relation = "不含病人资料"
    gives = DrugList
    text: str = Field(default="", max_length=40)
