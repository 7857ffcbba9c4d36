"""Redis holds nothing that matters: emptied, or killed with its files gone, it signs nobody out and loses no record."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from miniprogram_api.app.redis_server import socket_path
from tests.journeys.people import Somebody, roster, sign_in
from tests.support.demo import Demo


def people(demo: Demo) -> list[Somebody]:
    """One of each role that the demonstration knows, signed in before anything is lost."""
    by_role = {person["role"]: person for person in roster(demo)}
    return [sign_in(demo, person) for person in by_role.values()]


def told(somebody: Somebody) -> tuple[Any, Any]:
    """Who he is and which cases he sees, however long Redis takes to come back; 401 would mean signed out."""
    until = time.monotonic() + 30
    while True:
        me, cases = somebody.get("/v1/me"), somebody.get("/v1/consultations")
        assert 401 not in (me.status_code, cases.status_code), f"{somebody.key} was signed out"
        if me.status_code == 200 and cases.status_code in (200, 403):
            return me.json(), cases.json()
        assert 503 in (me.status_code, cases.status_code), (me.text, cases.text)
        assert time.monotonic() < until, "it did not recover"
        time.sleep(0.2)


def absences(expert: Somebody) -> set[str]:
    return {one["absence_id"] for one in expert.get("/v1/roster").json()["absences"]}


def absence(expert: Somebody, days: int) -> str:
    starts = datetime.now(UTC) + timedelta(days=days)
    before = absences(expert)
    who = expert.get("/v1/me").json()["practitioner_id"]
    times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat()}
    answer = expert.post("/v1/absences", {"practitioner_id": who, **times})
    assert answer.status_code == 201, answer.text
    (given,) = absences(expert) - before
    return given


def test_redis_loses_everything_twice_and_nobody_loses_anything(running_demo_house: Demo) -> None:
    demo = running_demo_house
    signed_in = people(demo)
    before = {one.key: told(one) for one in signed_in}
    expert = sign_in(demo, next(person for person in roster(demo) if person["role"] == "expert"))
    folder = demo.data_dir / "redis"
    kept = [absence(expert, 200)]

    with redis.Redis(unix_socket_path=str(socket_path(folder))) as client:
        client.flushall()
    assert {one.key: told(one) for one in signed_in} == before
    kept.append(absence(expert, 201))

    killed = demo.kill("redis")
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
    assert {one.key: told(one) for one in signed_in} == before
    demo.wait_serving("redis", 60, instead_of=killed)
    assert {one.key: told(one) for one in signed_in} == before
    kept.append(absence(expert, 202))

    assert set(kept) <= absences(expert)
    for absence_id in kept:
        assert expert.post(f"/v1/absences/{absence_id}/end").status_code == 200
