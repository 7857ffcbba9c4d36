"""The tree of organisations: made, renamed, moved, closed within the county; no circles, no child outside its parent's region."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.actor import Role
from core.foundation.errors import Conflict, NotAllowed
from core.foundation.models import AuditEntry
from core.people.commands_staff import (
    CloseOrganisation,
    EndRole,
    GrantRole,
    MoveOrganisation,
    Organisations,
    OrganisationView,
    RegisterOrganisation,
    RenameOrganisation,
)
from core.people.errors_staff import (
    ChildrenOutside,
    OrganisationClosed,
    OrganisationExists,
    OrganisationInUse,
    OtherCounty,
    OutsideParent,
    ParentTooSmall,
    RegionInvalid,
)
from core.people.models import Organisation
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.people.test_roles_now import enrol, himself
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage


@pytest.fixture
async def ward(practice) -> Ward:
    return await open_ward(practice, hearts=1)


def clinic(name: str = "清水村卫生室", region: str = "522727102202", parent: str | None = None) -> RegisterOrganisation:
    return RegisterOrganisation(full_name=name, kind="village_clinic", region_code=region, parent_id=parent)


async def test_made_renamed_moved_and_closed_each_with_its_entry(ward: Ward) -> None:
    county, practice, administrator = ward.county, ward.practice, ward.county.administrator
    centre = RegisterOrganisation(full_name="甲茶镇卫生院", kind="township_centre", region_code="522727103", parent_id=county.county_hospital)
    new_centre = (await practice.execute(administrator, centre)).organisation_id
    made = (await practice.execute(administrator, clinic(parent=county.township_centre))).organisation_id
    renamed: OrganisationView = await practice.execute(administrator, RenameOrganisation(organisation_id=made, full_name="清水社区卫生室"))
    assert renamed.full_name == "清水社区卫生室"
    moved = await practice.execute(
        administrator, MoveOrganisation(organisation_id=made, parent_id=new_centre, region_code="522727103201", region_name="平塘县甲茶镇")
    )
    assert (moved.parent_id, moved.region_code, moved.region_name) == (new_centre, "522727103201", "平塘县甲茶镇")
    with pytest.raises(OrganisationInUse):
        await practice.execute(administrator, CloseOrganisation(organisation_id=new_centre))
    assert (await practice.execute(administrator, CloseOrganisation(organisation_id=made))).closed_at is not None
    await practice.execute(administrator, CloseOrganisation(organisation_id=new_centre))
    done = await AuditEntry.filter(subject_kind="organisation", outcome="done").order_by("id").values_list("action", flat=True)
    assert list(done)[-6:] == [f"people.{one}_organisation" for one in ("register", "register", "rename", "move", "close", "close")]
    listed = await practice.ask(administrator, Organisations(region_code="522727"))
    assert [one.kind for one in listed.organisations] == ["county_hospital", "township_centre", "township_centre", "village_clinic", "village_clinic"]


async def test_what_does_not_fit_is_refused_and_nothing_changed(ward: Ward) -> None:
    county, practice, administrator = ward.county, ward.practice, ward.county.administrator
    before = await Organisation.all().count()
    with pytest.raises(RegionInvalid):
        await practice.execute(administrator, clinic(region="522727102000", parent=county.township_centre))
    with pytest.raises(OutsideParent):
        await practice.execute(administrator, clinic(region="522727103201", parent=county.township_centre))
    with pytest.raises(ParentTooSmall):
        await practice.execute(administrator, clinic(parent=county.clinic))
    with pytest.raises(OrganisationExists):
        await practice.execute(administrator, clinic(name="新塘村卫生室", parent=county.township_centre))
    with pytest.raises(ChildrenOutside):  # the clinic below would lie elsewhere
        await practice.execute(administrator, MoveOrganisation(
            organisation_id=county.township_centre, parent_id=county.county_hospital, region_code="522727109",
        ))
    with pytest.raises(ParentTooSmall):  # no circle: the hospital below its own clinic
        await practice.execute(administrator, MoveOrganisation(
            organisation_id=county.county_hospital, parent_id=county.clinic, region_code="522727",
        ))
    assert await Organisation.all().count() == before


async def test_where_roles_run_nothing_is_closed_and_where_it_is_closed_nobody_is_enrolled(ward: Ward) -> None:
    county, practice, administrator = ward.county, ward.practice, ward.county.administrator
    with pytest.raises(OrganisationInUse):
        await practice.execute(administrator, CloseOrganisation(organisation_id=county.clinic))
    end = EndRole(practitioner_id=himself(county.village_doctor), organisation_id=county.clinic, role="village_doctor")
    await practice.execute(administrator, end)
    await practice.execute(administrator, CloseOrganisation(organisation_id=county.clinic))
    with pytest.raises(OrganisationClosed):
        await practice.execute(administrator, CloseOrganisation(organisation_id=county.clinic))
    with pytest.raises(OrganisationClosed):
        await enrol(ward, county.clinic, "late", Role.SCHEDULER)
    with pytest.raises(OrganisationClosed):
        await practice.execute(
            administrator, GrantRole(practitioner_id=himself(county.village_doctor), organisation_id=county.clinic, role="village_doctor")
        )
    with pytest.raises(OrganisationClosed):
        await practice.execute(administrator, RenameOrganisation(organisation_id=county.clinic, full_name="旧卫生室"))


async def test_an_administrator_reaches_no_other_county(ward: Ward) -> None:
    county, practice, administrator = ward.county, ward.practice, ward.county.administrator
    elsewhere = RegisterOrganisation(full_name="外县人民医院", kind="county_hospital", region_code="520402")
    house = (await practice.execute(SYSTEM, elsewhere)).organisation_id
    for order in (
        RenameOrganisation(organisation_id=house, full_name="改个名字"), CloseOrganisation(organisation_id=house),
        MoveOrganisation(organisation_id=county.clinic, parent_id=None, region_code="520402101201"), clinic(region="520402101201"),
    ):
        with pytest.raises(NotAllowed):
            await practice.execute(administrator, order)
    with pytest.raises(OtherCounty):  # taken over from there
        await practice.execute(administrator, MoveOrganisation(organisation_id=house, parent_id=None, region_code="522727"))
    with pytest.raises(NotAllowed):
        await practice.ask(administrator, Organisations(region_code="520402"))


async def test_closed_and_given_a_role_at_once_one_of_both_holds(ward: Ward) -> None:
    county, practice, administrator = ward.county, ward.practice, ward.county.administrator
    for number in range(4):
        new = clinic(f"清水{number}村卫生室", f"52272710221{number}", county.township_centre)
        made = (await practice.execute(administrator, new)).organisation_id
        role = GrantRole(practitioner_id=himself(county.village_doctor), organisation_id=made, role="village_doctor")
        done = await asyncio.gather(
            practice.execute(administrator, CloseOrganisation(organisation_id=made)), practice.execute(administrator, role), return_exceptions=True
        )
        refused = [one for one in done if isinstance(one, BaseException)]
        assert len(refused) == 1, done
        assert isinstance(refused[0], Conflict)
