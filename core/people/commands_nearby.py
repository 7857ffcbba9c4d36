"""Where a house stands and how it is called by telephone; which houses are near a place."""

from __future__ import annotations

from pydantic import Field, model_validator

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Grant, Query, Result
from core.people.commands_staff import ADMINISTRATION, HousePhone, Latitude, Longitude, OrganisationView

MOST = 3


class PlaceOrganisation(Command):
    """Where the house stands and its telephone, for anybody who looks for one near him. Both degrees or neither."""

    name = "people.place_organisation"
    title = "机构位置和电话"
    access = ADMINISTRATION
    gives = OrganisationView
    organisation_id: Id
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    phone: HousePhone = ""

    @model_validator(mode="after")
    def _both(self) -> PlaceOrganisation:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude belong together")
        return self


class NearHouse(Result):
    """``km``: in a straight line. ``phone``: "" where none is known."""

    organisation_id: Id
    full_name: str
    kind: str
    kind_label: str
    region_name: str
    latitude: float
    longitude: float
    phone: str
    km: float


class NearestHousesView(Result):
    """The nearest first, at most three; none where none is near."""

    houses: tuple[NearHouse, ...]


class NearestHouses(Query):
    """The open clinics, township centres and county hospitals nearest to a place (degrees GCJ-02). The place is not kept."""

    name = "people.nearest_houses"
    title = "附近的卫生院"
    access = tuple(Grant(role) for role in Role if role is not Role.SYSTEM)
    no_relation = "只有机构的名称、位置和电话,不含病人资料,也不记问的人在哪里"
    gives = NearestHousesView
    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False, repr=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False, repr=False)
