"""How often what may be asked: by person, address and action, over all web processes; with and without Redis; and who is believed about addresses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from limits import RateLimitItemPerSecond

from core.foundation import rates
from core.foundation.rates import RateStore, Taken
from miniprogram_api.app.redis_server import redis_process
from miniprogram_api.http import limits as table
from miniprogram_api.http.client_address import client_address, counted_as, is_loopback
from miniprogram_api.http.limits import LIMITS, Counts, Limit, Per
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import seed_small

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}


def narrow(monkeypatch: pytest.MonkeyPatch, *limits: Limit) -> None:
    monkeypatch.setattr(table, "LIMITS", limits)


def test_the_table_names_routes_that_exist(face_routes: set[str]) -> None:
    named = {route for limit in LIMITS for route in (*limit.routes, *limit.unless)}
    assert named - face_routes == set()
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)


@pytest.fixture
def face_routes(tmp_path: Path) -> set[str]:
    from miniprogram_api.app.settings import Settings
    from miniprogram_api.app.web import build_app

    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "demo.secret").write_text("secret")
    app = build_app(Settings(demo=True, data_dir=tmp_path, port=8000), f"limits-{random.getrandbits(40)}")
    app.router.finalize()
    return {f"{method} {route.path}" for route in app.router.routes for method in route.methods}


@pytest.mark.storage
async def test_one_person_is_stopped_and_another_goes_on(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    county = await seed_small(face.practice)
    narrow(monkeypatch, Limit("account", Per.ACCOUNT, 3, 60))
    hers, his = await face.bearer(county.woman_account.account_id), await face.bearer(county.village_doctor.account_id)
    assert [(await face.client.get("/v1/me", headers=hers)).status_code for _ in range(3)] == [200] * 3
    stopped = await face.client.get("/v1/me", headers=hers)
    assert (stopped.status_code, stopped.json()["code"]) == (429, "request.too_many")
    assert 1 <= int(stopped.headers["retry-after"]) <= 60
    assert "再试" in stopped.json()["detail"]
    assert (await face.client.get("/v1/me", headers=his)).status_code == 200


@pytest.mark.storage
async def test_who_guesses_wrong_is_locked_out_and_who_is_right_is_not(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    county = await seed_small(face.practice)
    narrow(monkeypatch, Limit("wrong", Per.ACCOUNT, 3, 600, routes=("POST v1/patients",), counts=Counts.REFUSED))
    hers = await face.bearer(county.woman_account.account_id)
    wrong = {"full_name": "王小梅", "id_number": "522727199005170441", "relation": "mother"}
    answers = [(await face.client.post("/v1/patients", json=wrong, headers=hers)).status_code for _ in range(4)]
    assert answers[:3] == [422] * 3
    assert answers[3] == 429
    # Reading goes on.
    assert (await face.client.get("/v1/me", headers=hers)).status_code == 200


@pytest.mark.storage
async def test_sign_ins_are_locked_by_address_outside_the_demonstration_s_own_machine(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch, Limit("wrong", Per.ADDRESS, 2, 600, routes=table._SIGN_INS, counts=Counts.REFUSED))
    codes = [(await face.client.post("/v1/sessions/refresh", json={"refresh_token": "x" * 60})).status_code for _ in range(4)]
    assert codes == [401] * 4  # loopback, in the demonstration
    # A header that no trusted proxy wrote says nothing.
    codes = [(await face.client.post("/v1/sessions/refresh", json={"refresh_token": "x" * 60}, headers=ELSEWHERE)).status_code for _ in range(3)]
    assert codes == [401] * 3
    face.app.ctx.demo = False
    codes = [(await face.client.post("/v1/sessions/refresh", json={"refresh_token": "x" * 60})).status_code for _ in range(3)]
    assert codes == [401, 401, 429]
    # A browser gets a page to read.
    page = await face.client.get("/h5/oauth/wecom")
    assert page.status_code == 429
    assert page.headers["content-type"].startswith("text/html")
    assert int(page.headers["retry-after"]) >= 1
    assert "再试" in page.text


def test_nobody_locks_the_renewing_of_sign_ins_for_all_behind_his_address() -> None:
    tokens = ("POST v1/sessions/refresh", "POST v1/mini-program/hand-over/redeem")
    assert not [limit for limit in table.LIMITS if limit.counts is Counts.REFUSED and set(tokens) & set(limit.routes)]


async def test_callbacks_are_never_counted_by_address(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch, Limit("address", Per.ADDRESS, 1, 60))
    face.app.ctx.demo = False
    codes = {(await face.client.post("/callback/wecom-app", content=b"<xml/>")).status_code for _ in range(4)}
    assert 429 not in codes
    assert [(await face.client.get("/v1/me")).status_code for _ in range(2)] == [401, 429]


@pytest.mark.parametrize(("peer", "forwarded_for", "address"), [
    ("203.0.113.9", "", "203.0.113.9"),
    ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
    ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
    ("10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.2"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("fd00::1", "2001:db8:1:2::5", "2001:db8:1:2::5"),
    ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ("", "198.51.100.1", ""),
])
def test_only_a_trusted_proxy_says_for_whom_it_asks(peer: str, forwarded_for: str, address: str) -> None:
    assert client_address(peer, forwarded_for, TRUSTED) == address


def test_addresses_from_anywhere_never_fail() -> None:
    rng = random.Random(6)
    pieces = ["10.0.0.1", "::1", "[2001:db8::1]:80", ",", " ", "%eth0", "999.1.1.1", "é", "\x00", "fe80::1%x", "127.0.0.1", "unknown", "_x"]
    for _ in range(2000):
        text = "".join(rng.choice(pieces) for _ in range(rng.randrange(8)))
        found = client_address(rng.choice(pieces), text, TRUSTED)
        assert counted_as(found)
        is_loopback(found)
    assert counted_as("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[str]:
    spec, address = redis_process(folder)
    process = await asyncio.create_subprocess_exec(*spec.argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(30):
            while spec.probe is None or not await spec.probe():  # noqa: ASYNC110 - asked from outside, as the supervisor does
                await asyncio.sleep(0.05)
        yield address
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_two_processes_count_together_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ANSWER_S", 10.0)  # a busy machine is not an absent Redis
    item = RateLimitItemPerSecond(25, 600)
    async with redis_server(tmp_path) as address:
        stores = [RateStore(address) for _ in range(2)]
        taken = await asyncio.gather(*(stores[number % 2].take(item, "a") for number in range(60)))
        assert sum(one.allowed for one in taken) == 25
        assert not (await stores[0].look(item, "a")).allowed
        assert (await stores[0].take(item, "b")).allowed
        for store in stores:
            await store.close()


async def test_without_redis_each_process_counts_for_itself_and_nothing_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "ANSWER_S", 10.0)
    item = RateLimitItemPerSecond(5, 600)
    async with redis_server(tmp_path) as address:
        store = RateStore(address)
        assert (await store.take(item, "a")).allowed
    # Redis is gone with its socket: from here on this process counts alone.
    taken = [await store.take(item, "a") for _ in range(7)]
    assert [one.allowed for one in taken] == [True] * 5 + [False] * 2
    assert 1 <= taken[-1].wait_s <= 600
    await store.close()


async def test_a_redis_that_accepts_and_never_answers_holds_nobody_up(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_unix_server(silent, str(tmp_path / "r.sock"))
    store = RateStore(f"unix://{tmp_path}/r.sock")
    async with asyncio.timeout(10):
        taken = [await store.take(RateLimitItemPerSecond(2, 600), "a") for _ in range(40)]
    assert sum(one.allowed for one in taken) == 2
    await store.close()
    server.close()


async def test_what_was_taken_comes_back_with_time() -> None:
    store = RateStore()
    item = RateLimitItemPerSecond(1, 1)
    assert await store.take(item, "a") == Taken(True)
    assert not (await store.take(item, "a")).allowed
    for _ in range(100):
        await asyncio.sleep(0.1)
        if (await store.take(item, "a")).allowed:
            break
    else:
        pytest.fail("never again")
