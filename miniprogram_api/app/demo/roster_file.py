"""The simulator's roster: everybody who has a phone in the demonstration, with the ids by which the platforms know him."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.foundation.actor import Role
from core.people.names import called, displayed
from core.people.rules import age_spoken
from miniprogram_api.app.demo.naming import platform_id
from miniprogram_api.app.demo.plan import CountyPlan, PlannedPatient, PlannedStaff
from nlp.interface.departments import department

GROUP = "village-doctors"
_SEX = {"male": "男", "female": "女"}
_DUTIES = {
    Role.DUTY_DOCTOR: "值班医生",
    Role.PHARMACIST: "药师",
    Role.SCHEDULER: "调度员",
    Role.ADMINISTRATOR: "管理员",
    Role.AUDITOR: "审计员",
}


def official_account_openid(seed: int, key: str) -> str:
    return platform_id("o", seed, f"official:{key}", 28)


def mini_program_openid(seed: int, key: str) -> str:
    return platform_id("m", seed, f"mini:{key}", 28)


def unionid(seed: int, key: str) -> str:
    return platform_id("u", seed, f"union:{key}", 28)


def roster(plan: CountyPlan, keys: Mapping[str, str]) -> dict[str, Any]:
    """People and groups as the simulator reads them; patients without WeChat have no phone here. ``keys``: what is in the authenticators."""
    doctors = [one.key for one in plan.of_role(Role.VILLAGE_DOCTOR)]
    return {
        "people": [
            *(_patient(plan, one) for one in plan.patients if one.account),
            *(_staff(plan, one, keys.get(one.key, "")) for one in plan.staff),
        ],
        "groups": [{"chatid": GROUP, "name": "村医会诊群", "members": doctors}],
    }


def lacks_keys(path: Path) -> bool:
    """Whether the roster is of a demonstration from before signatures took a second factor."""
    people = json.loads(path.read_text(encoding="utf-8"))["people"]
    return not any(one.get("authenticator") for one in people)


def write_roster(path: Path, plan: CountyPlan, keys: Mapping[str, str]) -> None:
    """Put the roster into ``path`` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(roster(plan, keys), ensure_ascii=False, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def _patient(plan: CountyPlan, one: PlannedPatient) -> dict[str, Any]:
    return {
        "key": one.key,
        "name": displayed(one.name, demonstration=True),
        "role": "patient",
        "title": f"{age_spoken(one.birth, plan.today).replace(' ', '')} {_SEX[one.sex]} {'已登记' if one.listed else '未登记'}",
        "place": one.village,
        "official_account_openid": official_account_openid(plan.seed, one.key),
        "mini_program_openid": mini_program_openid(plan.seed, one.key),
        "unionid": unionid(plan.seed, one.key),
        "phone": one.phone,
        "full_name": one.name,
        "id_number": one.id_number,
    }


def _staff(plan: CountyPlan, one: PlannedStaff, key: str) -> dict[str, Any]:
    house = plan.organisation(one.organisation)
    is_village_doctor = one.role is Role.VILLAGE_DOCTOR
    name = called(one.name, one.title_name) if is_village_doctor else one.name
    return {
        "key": one.key,
        "name": displayed(name, demonstration=True),
        "role": one.role.value,
        "userid": one.userid,
        "groups": [GROUP] if is_village_doctor else [],
        "title": _title(one),
        "place": house.region_name if is_village_doctor else house.name,
        "authenticator": key,
    }


def _title(one: PlannedStaff) -> str:
    if one.role is Role.EXPERT and one.department_code is not None:
        return f"{department(one.department_code).name} {one.title_name}"
    return _DUTIES.get(one.role, one.title_name)
