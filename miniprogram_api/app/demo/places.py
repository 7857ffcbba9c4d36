"""The houses: one provincial and one county hospital, six township centres, twenty village clinics. Names of places are real, the houses are not."""

from __future__ import annotations

from miniprogram_api.app.demo.plan import PlannedOrganisation

PROVINCIAL = "provincial"
COUNTY = "county"
TOWNSHIPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("塘边镇", ("新塘村", "清水村", "大井村", "谷硐村")),
    ("克度镇", ("金星村", "落良村", "光明村", "先进村")),
    ("大塘镇", ("里中村", "新场村", "西关村")),
    ("通州镇", ("平里河村", "丰收村", "翁片村")),
    ("牙舟镇", ("冗平村", "营盘村", "兴发村")),
    ("掌布镇", ("桃坡村", "翁腾村", "联合村")),
)


_SEAT = (25.8316, 107.3227)
_CENTRES = ((25.7205, 107.1302), (25.6612, 106.9894), (25.9384, 107.2011), (25.7698, 107.1876), (25.9420, 107.3105), (26.0218, 107.4402))
_AROUND = ((0.0231, 0.0124), (-0.0187, 0.0263), (0.0094, -0.0305), (-0.0262, -0.0171))
"""Degrees: about where the places are, and villages a few kilometres around their township. No house stands there; nobody surveyed them."""


def organisations() -> tuple[PlannedOrganisation, ...]:
    """All houses, parents before children."""
    made = [
        PlannedOrganisation(PROVINCIAL, "贵州省演示医院", "provincial_hospital", "520103", "贵阳市云岩区"),
        PlannedOrganisation(COUNTY, "平塘县演示医院", "county_hospital", "522727", "平塘县", None, *_SEAT),
    ]
    clinics: list[PlannedOrganisation] = []
    for number, (township, villages) in enumerate(TOWNSHIPS, 1):
        code = f"522727{100 + number}"
        key = f"township-{number:02d}"
        north, east = _CENTRES[number - 1]
        made.append(PlannedOrganisation(key, f"{township}演示卫生院", "township_centre", code, f"平塘县{township}", COUNTY, north, east))
        for place, village in enumerate(villages, 1):
            number_of_clinic = len(clinics) + 1
            region = f"平塘县{township}{village}"
            at = tuple(round(centre + step, 4) for centre, step in zip((north, east), _AROUND[place - 1], strict=True))
            clinics.append(PlannedOrganisation(
                f"clinic-{number_of_clinic:02d}", f"{village}演示卫生室", "village_clinic", f"{code}{200 + place}", region, key, *at
            ))
    return (*made, *clinics)
