"""Finding a patient on one's own list by the whole name, the phone number or the ID number: through blind indexes, nothing is decrypted to search.

Only the whole value is found. An index of beginnings or of pinyin would tell a thief of the database surnames and their frequencies, from which
names are guessed; a village doctor's list is short enough to look through (docs/decisions/019-encryption.md).
"""

from __future__ import annotations

from pydantic import Field, model_validator

from core.foundation.actor import Role
from core.foundation.orders import Grant, Query, answers
from core.foundation.work import Work
from core.people.commands_views import PatientListView
from core.people.lists import own_list
from core.people.models import Patient
from core.people.names import certificate_name
from core.people.views import listed


class FindOnMyList(Query):
    """Patients on the village doctor's list with exactly this name, phone number or ID number."""

    name = "people.find_on_my_list"
    title = "在名单上找人"
    access = (Grant(Role.VILLAGE_DOCTOR),)
    no_relation = "只找她名单上的"
    gives = PatientListView
    audited = True
    full_name: str | None = Field(default=None, min_length=2, max_length=40)
    phone: str | None = Field(default=None, pattern=r"^1[0-9]{10}$")
    id_number: str | None = Field(default=None, pattern=r"^[0-9]{17}[0-9Xx]$")

    @model_validator(mode="after")
    def _one(self) -> FindOnMyList:
        if sum(value is not None for value in (self.full_name, self.phone, self.id_number)) != 1:
            raise ValueError("one of full_name, phone, id_number")
        return self


@answers(FindOnMyList)
async def find_on_my_list(work: Work, order: FindOnMyList) -> PatientListView:
    if work.actor.practitioner_id is None:
        return PatientListView(patients=())
    work.concerns("practitioner", work.actor.practitioner_id)
    enlisted = await own_list(work).order_by("number")
    numbers = {row.patient_id: row.number for row in enlisted}
    found = await Patient.filter(id__in=list(numbers), **_wanted(work, order)).only("id")
    hits = {row.id for row in found}
    return await listed(work, [row for row in enlisted if row.patient_id in hits])


def _wanted(work: Work, order: FindOnMyList) -> dict[str, str]:
    if order.full_name is not None:
        return {"full_name_blind": work.blind("name", certificate_name(order.full_name))}
    if order.phone is not None:
        return {"phone_blind": work.blind("phone", order.phone)}
    return {"id_number_blind": work.blind("id_number", (order.id_number or "").upper())}
