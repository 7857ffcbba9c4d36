"""Orders of the administrator: organisations, practitioners, their licences and the roles they hold, each within the county."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.clock import Moment
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result
from core.people.commands import Sex
from core.people.practitioners import Scope

ADMINISTRATION = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR, "same_county"))

OrganisationKind = Literal["provincial_hospital", "county_hospital", "township_centre", "village_clinic"]

HeldByPeople = Literal["village_doctor", "duty_doctor", "expert", "pharmacist", "scheduler", "administrator", "auditor"]


Latitude = Annotated[float, Field(ge=3, le=54, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=73, le=136, allow_inf_nan=False)]
"""Degrees GCJ-02, as WeChat's maps take them, within the country."""
HousePhone = Annotated[str, Field(pattern=r"^([0-9]{3,4}-?[0-9]{7,8}|1[0-9]{10}|[0-9]{5,8})?$")]
"""With its area code; "" for none."""


class OrganisationRef(Result):
    organisation_id: Id


class RegisterOrganisation(Command):
    name = "people.register_organisation"
    title = "登记机构"
    access = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR, "same_county"))
    gives = OrganisationRef
    full_name: str = Field(min_length=2, max_length=60)
    kind: Literal["provincial_hospital", "county_hospital", "township_centre", "village_clinic"]
    parent_id: Id | None = None
    region_code: str = Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")
    region_name: str = Field(default="", max_length=60)
    """As people say it: 平塘县, 平塘县塘边镇."""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    phone: HousePhone = ""


class PractitionerRef(Result):
    practitioner_id: Id
    account_id: Id


class RegisterPractitioner(Command):
    """A practitioner with licence and expertise, his WeCom identity and the roles he holds at ``organisation_id``."""

    name = "people.register_practitioner"
    title = "登记医务人员"
    access = (Grant(Role.SYSTEM), Grant(Role.ADMINISTRATOR, "same_county"))
    gives = PractitionerRef
    organisation_id: Id
    full_name: str = Field(min_length=2, max_length=30)
    sex: Sex
    title_name: str = Field(max_length=20)
    """职称: 主任医师, 副主任医师, 主治医师, 执业助理医师, 乡村医生, 主管药师 …"""
    licence_number: str = Field(max_length=30)
    """Empty for those whose work needs none (scheduler, administrator, auditor)."""
    licence_valid_until: date
    scope: Scope | None = None
    """执业范围; without it, what the title says."""
    department_code: str | None = Field(default=None, max_length=10)
    expertise: tuple[Annotated[str, Field(max_length=7)], ...] = Field(default=(), max_length=40)
    """ICD-10 three-character categories or ranges ("I20-I25", "J44")."""
    years_of_practice: int = Field(ge=0, le=60)
    roles: tuple[Role, ...]
    app: str | None = Field(default=None, min_length=1, max_length=64)
    """The WeCom in which he is ``subject``; without it, the administrator's own."""
    subject: str = Field(min_length=1, max_length=64)


class OrganisationView(Result):
    organisation_id: Id
    full_name: str
    kind: str
    parent_id: Id | None
    region_code: str
    region_name: str
    latitude: float | None = None
    longitude: float | None = None
    phone: str = ""
    closed_at: datetime | None


class OrganisationsView(Result):
    organisations: tuple[OrganisationView, ...]


class Organisations(Query):
    """The organisations of a county, from above to below. ``region_code``: the county's six digits."""

    name = "people.organisations"
    title = "机构名单"
    access = (*ADMINISTRATION, Grant(Role.AUDITOR, "same_county"))
    gives = OrganisationsView
    region_code: str = Field(pattern=r"^[0-9]{6}$")


class RenameOrganisation(Command):
    name = "people.rename_organisation"
    title = "机构改名"
    access = ADMINISTRATION
    gives = OrganisationView
    organisation_id: Id
    full_name: str = Field(min_length=2, max_length=60)


class MoveOrganisation(Command):
    """Below another organisation, or to another region. What lies below it must lie in the new region too."""

    name = "people.move_organisation"
    title = "机构改隶属"
    access = ADMINISTRATION
    gives = OrganisationView
    organisation_id: Id
    parent_id: Id | None
    region_code: str = Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")
    region_name: str = Field(default="", max_length=60)


class CloseOrganisation(Command):
    """Closed for good: nobody is enrolled or given a role there any more; what it recorded stays. Not while roles run there or below."""

    name = "people.close_organisation"
    title = "关闭机构"
    access = ADMINISTRATION
    gives = OrganisationView
    organisation_id: Id


class RoleView(Result):
    """``running``: it counts now as far as its dates go; ``withheld``: why it does not all the same (a sentence), else empty."""

    role: str
    label: str
    organisation_id: Id
    organisation: str
    granted_at: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    ended_at: datetime | None
    running: bool
    withheld: str


class PractitionerView(Result):
    practitioner_id: Id
    full_name: str
    title_name: str
    scope: str | None
    scope_label: str
    organisation_id: Id
    organisation: str
    licence_valid_until: date
    licensed: bool
    active: bool
    has_second_factor: bool
    roles: tuple[RoleView, ...]


class PractitionersView(Result):
    practitioners: tuple[PractitionerView, ...]


class ViewPractitioner(Query):
    name = "people.practitioner"
    title = "医务人员"
    access = ADMINISTRATION
    gives = PractitionerView
    practitioner_id: Id


class Practitioners(Query):
    """Those whose house is this organisation."""

    name = "people.practitioners"
    title = "机构的医务人员"
    access = ADMINISTRATION
    gives = PractitionersView
    organisation_id: Id


class ChangeLicence(Command):
    """What the licence says now. What is None stays as it is."""

    name = "people.change_licence"
    title = "更新执业证书"
    access = ADMINISTRATION
    gives = PractitionerView
    practitioner_id: Id
    licence_valid_until: date
    licence_number: str | None = Field(default=None, min_length=1, max_length=30)
    title_name: str | None = Field(default=None, max_length=20)
    scope: Scope | None = None


class GrantRole(Command):
    """A role at an organisation, from ``valid_from`` (at once without it) until ``valid_until`` (for good without it)."""

    name = "people.grant_role"
    title = "授予岗位"
    access = ADMINISTRATION
    gives = PractitionerView
    practitioner_id: Id
    organisation_id: Id
    role: HeldByPeople
    valid_from: Moment | None = None
    valid_until: Moment | None = None


class EndRole(Command):
    """It ends now: the next order is already refused."""

    name = "people.end_role"
    title = "结束岗位"
    access = ADMINISTRATION
    gives = PractitionerView
    practitioner_id: Id
    organisation_id: Id
    role: HeldByPeople


class DeactivatePractitioner(Command):
    """None of his roles counts until he is active again."""

    name = "people.deactivate_practitioner"
    title = "停用医务人员"
    access = ADMINISTRATION
    gives = PractitionerView
    practitioner_id: Id


class ActivatePractitioner(Command):
    name = "people.activate_practitioner"
    title = "恢复医务人员"
    access = ADMINISTRATION
    gives = PractitionerView
    practitioner_id: Id


class ReviewLicence(Command):
    """Thirty days before a licence runs out. ``step``: the day that was on record when this was put down; nothing for another one."""

    name = "people.review_licence"
    title = "执业证书到期提醒"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    practitioner_id: Id
    step: str


class InviteAdministrator(Command):
    """The one-time code for the first administrator of a house that has none."""

    name = "people.invite_administrator"
    title = "邀请首位管理员"
    access = (Grant(Role.SYSTEM),)
    organisation_id: Id
    full_name: str = Field(min_length=2, max_length=30)
    phone: str = Field(pattern=r"^1[0-9]{10}$")


class AdministratorInvited(Result):
    code: str
    expires_at: datetime


InviteAdministrator.gives = AdministratorInvited


class RedeemInvitation(Command):
    """Whoever sends the code from WeCom is the administrator from then on."""

    name = "people.redeem_invitation"
    title = "绑定首位管理员"
    access = (Grant(Role.VISITOR),)
    no_relation = "凭一次性的邀请码"
    invitation_code: str = Field(min_length=4, max_length=40)


class AdministratorView(Result):
    practitioner_id: Id
    full_name: str
    organisation: str
    since: datetime
    valid_until: datetime | None
    counts: bool


class AdministratorsView(Result):
    administrators: tuple[AdministratorView, ...]


class Administrators(Query):
    name = "people.administrators"
    title = "管理员名单"
    access = (Grant(Role.SYSTEM),)
    gives = AdministratorsView
