"""Organisations and practitioners, and the county's border."""

from __future__ import annotations

from datetime import date

import pytest

from core.foundation.actor import Actor, Role
from core.foundation.errors import DomainError, NotAllowed
from core.foundation.practice import Practice
from core.foundation.work import Work
from core.people.cards import practitioner_card
from core.people.commands_staff import RegisterOrganisation, RegisterPractitioner
from core.people.commands_views import Me
from core.people.errors import AlreadyPractitioner, DepartmentUnknown, ExpertiseInvalid, OrganisationUnknown, RoleNotHeld
from core.people.models import Organisation
from tests.support.county import seed_small

pytestmark = pytest.mark.storage


def doctor(organisation: str, **changes: object) -> RegisterPractitioner:
    values: dict[str, object] = {
        "organisation_id": organisation, "full_name": "钱一鸣", "sex": "male", "title_name": "主治医师", "licence_number": "115209999900001",
        "licence_valid_until": date(2030, 1, 1), "department_code": "03.01", "expertise": ("J44",), "years_of_practice": 9,
        "roles": (Role.EXPERT, Role.DUTY_DOCTOR), "app": "wwtest", "subject": "qian01",
    }
    return RegisterPractitioner.model_validate(values | changes)


async def test_a_practitioner_has_his_card_and_roles(practice: Practice, system: Actor):
    county = await seed_small(practice)
    ref = await practice.execute(county.administrator, doctor(county.county_hospital))
    card = await practitioner_card(Work(practice, system, Me()), ref.practitioner_id)
    assert (card.full_name, card.called, card.department, card.organisation) == ("钱一鸣(演示)", "钱医生", "呼吸内科", "平塘县人民医院")
    assert card.expertise == ("J44",)
    assert card.licence_valid_until == date(2030, 1, 1)
    assert card.region_name == "平塘县"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"department_code": "99"}, DepartmentUnknown),
        ({"expertise": ("胸痛",)}, ExpertiseInvalid),
        ({"roles": (Role.SYSTEM,)}, RoleNotHeld),
        ({"roles": (Role.PATIENT,)}, RoleNotHeld),
        ({"roles": ()}, RoleNotHeld),
        ({"organisation_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, OrganisationUnknown),
        ({"subject": "staff01"}, AlreadyPractitioner),
        ({"licence_number": "115200000000001"}, AlreadyPractitioner),
    ],
)
async def test_what_is_wrong_is_named(practice: Practice, system: Actor, changes: dict[str, object], error: type[DomainError]):
    county = await seed_small(practice)
    with pytest.raises(error):
        await practice.execute(system, doctor(county.county_hospital, **changes))


async def test_an_administrator_acts_in_his_county_only(practice: Practice):
    county = await seed_small(practice)
    clinic = RegisterOrganisation(
        full_name="清水村卫生室", kind="village_clinic", region_code="522727102202", parent_id=county.township_centre
    )
    ref = await practice.execute(county.administrator, clinic)
    assert (await Organisation.get(id=ref.organisation_id)).parent_id == county.township_centre
    elsewhere = RegisterOrganisation(full_name="清水村卫生室", kind="village_clinic", region_code="522728102202")
    for actor, order in (
        (county.administrator, elsewhere),
        (county.administrator, doctor(county.provincial_hospital)),
        (county.scheduler, clinic),
        (county.experts[2], doctor(county.county_hospital)),
        (county.woman_account, clinic),
    ):
        with pytest.raises(NotAllowed):
            await practice.execute(actor, order)
    with pytest.raises(OrganisationUnknown):
        await practice.execute(
            county.administrator, clinic.model_copy(update={"parent_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
        )
