"""Where the houses are: set by the administrator, found from a place. Distances are straight lines on a sphere; what is asked is not kept."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from core.foundation.orders import answers, handles
from core.foundation.work import Work
from core.people.commands_nearby import MOST, NearestHouses, NearestHousesView, NearHouse, PlaceOrganisation
from core.people.commands_staff import OrganisationView
from core.people.models import Organisation
from core.people.organisations import open_organisation, view_of

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""
KIND_LABELS = {"village_clinic": "村卫生室", "township_centre": "乡镇卫生院", "county_hospital": "县级医院"}
"""Where one may simply go. A provincial hospital is where a doctor sends one."""
BOXES = (0.25, 1.0)
"""Half of a side in degrees of latitude: some 28 and 111 km. What is farther is no help to who asks on foot."""


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The great-circle distance of two points in degrees, by the haversine formula (R. W. Sinnott 1984), which is exact for near ones too."""
    north, to_north = radians(latitude), radians(to_latitude)
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin(radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


@answers(NearestHouses)
async def nearest_houses(work: Work, order: NearestHouses) -> NearestHousesView:
    found: list[NearHouse] = []
    for half in BOXES:
        wide = min(180.0, half / max(0.05, cos(radians(order.latitude))))
        rows = await Organisation.filter(
            kind__in=list(KIND_LABELS), closed_at__isnull=True, latitude__gte=order.latitude - half, latitude__lte=order.latitude + half,
            longitude__gte=order.longitude - wide, longitude__lte=order.longitude + wide,
        ).order_by("id")
        # In the corners of the box stands what is farther than what may stand just outside it.
        reach = distance_km(order.latitude, order.longitude, order.latitude + half, order.longitude)
        found = [one for one in (_near(order, row) for row in rows) if one is not None and one.km <= reach]
        if len(found) >= MOST:
            break
    return NearestHousesView(houses=tuple(sorted(found, key=lambda one: (one.km, one.organisation_id))[:MOST]))


def _near(order: NearestHouses, row: Organisation) -> NearHouse | None:
    if row.latitude is None or row.longitude is None:
        return None
    km = distance_km(order.latitude, order.longitude, row.latitude, row.longitude)
    return NearHouse(
        organisation_id=row.id, full_name=row.name, kind=row.kind, kind_label=KIND_LABELS[row.kind], region_name=row.region_name,
        latitude=row.latitude, longitude=row.longitude, phone=row.phone, km=km,
    )


@handles(PlaceOrganisation)
async def place_organisation(work: Work, order: PlaceOrganisation) -> OrganisationView:
    row = await open_organisation(order.organisation_id)
    await row.change(latitude=order.latitude, longitude=order.longitude, phone=order.phone)
    work.concerns("organisation", row.id)
    return view_of(row)
