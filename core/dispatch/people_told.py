"""Who sits at the desk and who has duty: the links of an alert's chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.appointments.roster import on_duty
from core.foundation.actor import Role
from core.foundation.work import Work
from core.people.models import Organisation, Practitioner, RoleHeld
from core.people.roles import running
from core.people.rules import local_date
from core.people.service import practitioner_card

EVERYWHERE = ""
"""A region code that every region begins with."""


@dataclass(frozen=True, slots=True)
class Link:
    """Accounts told at once. ``who`` "值班医生 张医生", ``place`` "塘边镇卫生院"."""

    who: str
    place: str
    accounts: tuple[str, ...]

    def stored(self) -> dict[str, Any]:
        return {"who": self.who, "place": self.place, "accounts": list(self.accounts)}

    @staticmethod
    def restored(data: dict[str, Any]) -> Link:
        return Link(data["who"], data["place"], tuple(data["accounts"]))


async def duty_doctors(work: Work, organisation: Organisation) -> Link | None:
    """Those on duty at one organisation now, None when nobody is."""
    return await _link(work, "值班医生", organisation.name, await _doctors_on_duty(work, [organisation.id]))


async def _doctors_on_duty(work: Work, organisation_ids: list[str]) -> list[str]:
    """Those on the roster who still hold the role: another one could not take the danger over."""
    ids = await on_duty("duty_doctor", work.now, organisation_ids)
    held = await RoleHeld.filter(running(work.now), role=Role.DUTY_DOCTOR.value).values_list("account_id", flat=True)
    return [one.id for one in await Practitioner.filter(
        id__in=ids, account_id__in=list(held), active=True, licence_valid_until__gte=local_date(work.now)
    ).order_by("id")]


async def desk(work: Work, region_code: str) -> Link | None:
    """The county's duty desk: its schedulers on duty, or all of them when the roster names nobody."""
    return await _county_link(work, region_code, Role.SCHEDULER, "scheduler", "县值班台")


async def county_desk(work: Work, region_code: str) -> Link | None:
    """The desk for a danger: the county hospital's doctors on duty, and with them the schedulers of the desk."""
    hospitals = await Organisation.filter(kind="county_hospital", region_code__startswith=region_code).order_by("id")
    ids = await _doctors_on_duty(work, [one.id for one in hospitals])
    doctors = await _link(work, "县值班台", hospitals[0].name if hospitals else "", ids)
    schedulers = await desk(work, region_code)
    if doctors is None or schedulers is None:
        return doctors or schedulers
    return Link(doctors.who, doctors.place, (*doctors.accounts, *schedulers.accounts))


async def administrators(work: Work, region_code: str) -> Link | None:
    return await _county_link(work, region_code, Role.ADMINISTRATOR, None, "管理员")


async def _county_link(work: Work, region_code: str, role: Role, duty: str | None, title: str) -> Link | None:
    organisations = await Organisation.filter(region_code__startswith=region_code).order_by("id")
    held = await RoleHeld.filter(
        running(work.now), role=role.value, organisation_id__in=[one.id for one in organisations]
    ).order_by("id")
    people = await Practitioner.filter(account_id__in=[one.account_id for one in held], active=True).order_by("id")
    ids = [one.id for one in people]
    if duty is not None:
        rostered = set(await on_duty(duty, work.now, [one.id for one in organisations]))
        ids = [one for one in ids if one in rostered] or ids
    if not ids:
        return None
    first = await practitioner_card(work, ids[0])
    return await _link(work, title, first.organisation, ids)


async def _link(work: Work, title: str, place: str, practitioner_ids: list[str]) -> Link | None:
    if not practitioner_ids:
        return None
    cards = [await practitioner_card(work, one) for one in practitioner_ids]
    return Link(f"{title} {'、'.join(card.called for card in cards[:2])}", place, tuple(card.account_id for card in cards))


async def county_desk_region() -> str:
    """The county of the first county hospital on record: who has no place yet belongs there."""
    hospital = await Organisation.filter(kind="county_hospital").order_by("id").first()
    return "" if hospital is None else hospital.region_code[:6]
