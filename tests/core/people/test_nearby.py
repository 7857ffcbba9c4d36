"""Which house is near: straight lines, open houses only, nobody's place kept; the administrator says where a house stands."""

from __future__ import annotations

from math import isclose, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.foundation.errors import NotAllowed
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.people.commands_nearby import NearestHouses, PlaceOrganisation
from core.people.commands_register import ImportRegister
from core.people.commands_staff import CloseOrganisation, Organisations, RegisterOrganisation
from core.people.errors_staff import OrganisationClosed, RegisterWrong
from core.people.models import Organisation
from core.people.nearby import EARTH_KM, distance_km
from tests.support.county import SYSTEM, SmallCounty, seed_small

DEGREES = st.floats(-90, 90), st.floats(-180, 180)


@pytest.fixture
async def county(practice: Practice) -> SmallCounty:
    return await seed_small(practice)


async def put(practice: Practice, organisation_id: str, latitude: float, longitude: float, phone: str = "") -> None:
    await practice.execute(SYSTEM, PlaceOrganisation(organisation_id=organisation_id, latitude=latitude, longitude=longitude, phone=phone))


def test_distances_as_they_are_known() -> None:
    assert isclose(distance_km(39.9042, 116.4074, 31.2304, 121.4737), 1067, abs_tol=2), "Beijing to Shanghai"
    assert isclose(distance_km(0, 0, 1, 0), 111.195, abs_tol=0.01)
    assert isclose(distance_km(25.83, 179.99, 25.83, -179.99), distance_km(25.83, 0, 25.83, 0.02), rel_tol=1e-6), "over the date line"
    assert distance_km(25.83, 107.32, 25.83, 107.32) == 0


@settings(max_examples=300, deadline=None)
@given(*DEGREES, *DEGREES)
def test_a_distance_is_a_distance(a: float, b: float, c: float, d: float) -> None:
    there = distance_km(a, b, c, d)
    assert 0 <= there <= EARTH_KM * 3.1416
    assert isclose(there, distance_km(c, d, a, b), abs_tol=1e-6)


@pytest.mark.storage
async def test_the_nearest_open_houses_with_distance_and_telephone(practice: Practice, county: SmallCounty) -> None:
    await put(practice, county.clinic, 25.730, 107.140)
    await put(practice, county.township_centre, 25.7205, 107.1302, "0854-4821234")
    await put(practice, county.county_hospital, 25.8316, 107.3227)
    await put(practice, county.provincial_hospital, 25.721, 107.131)
    found = (await practice.ask(county.stranger, NearestHouses(latitude=25.72, longitude=107.13))).houses
    assert [(one.full_name, one.kind_label, one.phone) for one in found] == [
        ("塘边镇卫生院", "乡镇卫生院", "0854-4821234"), ("新塘村卫生室", "村卫生室", ""), ("平塘县人民医院", "县级医院", ""),
    ]
    assert [round(one.km, 1) for one in found] == [0.1, 1.5, 22.9]
    await practice.execute(SYSTEM, CloseOrganisation(organisation_id=await _empty_house(practice, 25.72, 107.13)))
    assert len((await practice.ask(county.village_doctor, NearestHouses(latitude=25.72, longitude=107.13))).houses) == 3
    assert (await practice.ask(county.stranger, NearestHouses(latitude=45.0, longitude=80.0))).houses == ()
    assert not await AuditEntry.filter(action__contains="nearest_houses").exists(), "where somebody stands is written nowhere"


async def _empty_house(practice: Practice, latitude: float, longitude: float) -> str:
    order = RegisterOrganisation(
        full_name="关了的卫生室", kind="village_clinic", region_code="522727102209", latitude=latitude, longitude=longitude
    )
    return str((await practice.execute(SYSTEM, order)).organisation_id)


async def test_only_three_and_a_far_corner_does_not_stand_before_what_is_nearer(practice: Practice, county: SmallCounty) -> None:
    for number in range(5):
        order = RegisterOrganisation(
            full_name=f"第{number}卫生室", kind="village_clinic", region_code=f"52272710230{number}", latitude=25.0 + number / 10, longitude=107.0
        )
        await practice.execute(SYSTEM, order)
    found = (await practice.ask(county.stranger, NearestHouses(latitude=25.39, longitude=107.0))).houses
    assert [one.full_name for one in found] == ["第4卫生室", "第3卫生室", "第2卫生室"]


async def test_only_the_countys_administrator_sets_it(practice: Practice, county: SmallCounty) -> None:
    order = PlaceOrganisation(organisation_id=county.clinic, latitude=25.73, longitude=107.14, phone="13800000000")
    for who in (county.village_doctor, county.stranger, county.scheduler):
        with pytest.raises(NotAllowed):
            await practice.execute(who, order)
    with pytest.raises(NotAllowed):
        await practice.execute(county.administrator, order.model_copy(update={"organisation_id": county.provincial_hospital}))
    view = await practice.execute(county.administrator, order)
    assert (view.latitude, view.longitude, view.phone) == (25.73, 107.14, "13800000000")
    seen = (await practice.ask(county.administrator, Organisations(region_code="522727"))).organisations
    assert next(one for one in seen if one.organisation_id == county.clinic).latitude == 25.73
    await practice.execute(county.administrator, PlaceOrganisation(organisation_id=county.clinic))
    assert (await Organisation.get(id=county.clinic)).latitude is None
    closed = await _empty_house(practice, 25.7, 107.1)
    await practice.execute(SYSTEM, CloseOrganisation(organisation_id=closed))
    with pytest.raises(OrganisationClosed):
        await practice.execute(county.administrator, PlaceOrganisation(organisation_id=closed))


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": 25.8}, {"longitude": 107.3}, {"latitude": 107.3, "longitude": 25.8}, {"latitude": nan, "longitude": 107.3},
        {"latitude": 2.0, "longitude": 107.3}, {"phone": "打我电话"}, {"phone": "1" * 30},
    ],
)  # fmt: skip
def test_a_place_outside_the_country_or_half_a_place_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlaceOrganisation.model_validate({"organisation_id": "01ARZ3NDEKTSV4RRFFQ69G5FAW", **wrong})


async def test_the_register_brings_them_where_it_has_the_columns(practice: Practice, county: SmallCounty) -> None:
    head = "名称,类别,区划代码,地区,上级机构,纬度,经度,电话\n"
    line = "清水村卫生室,村卫生室,522727102202,塘边镇清水村,塘边镇卫生院,{},{},{}\n"

    def table(*values: str) -> ImportRegister:
        return ImportRegister(region_code="522727", what="organisations", table=head + line.format(*values))

    wrong = (("25.74", "", ""), ("107.1", "25.7", ""), ("北", "107.1", ""), ("25.74", "107.1", "不知道"), ("1e1", "107.1", ""), ("NaN", "107.1", ""))
    for values in wrong:
        with pytest.raises(RegisterWrong):
            await practice.execute(county.administrator, table(*values))
    await practice.execute(county.administrator, table("25.7436", "107.1426", "0854-4821000"))
    made = await Organisation.get(name="清水村卫生室")
    assert (made.latitude, made.longitude, made.phone) == (25.7436, 107.1426, "0854-4821000")
