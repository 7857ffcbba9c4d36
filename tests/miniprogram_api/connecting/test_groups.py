"""`huizhen wechat setup` and the groups of the WeCom app: made once, kept as the operator wrote them, staff alone, no word sent."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.api.account import Group
from bot.channels.settings import ChannelSettings
from core.foundation.practice import Practice
from core.people.models import Identity, Practitioner
from miniprogram_api.connecting.findings import Finding, Mark, status_of
from miniprogram_api.connecting.groups import Staff, change_to, mistakes
from miniprogram_api.connecting.setup import Setup
from miniprogram_api.connecting.staff import staff_of
from tests.miniprogram_api.connecting.accounts import PAGES, calls, changed, credentials, left_behind, settings_of, write_platform
from tests.support.county import CORP, seed_small
from tests.support.simulated import simulated_platform

GET, CREATE, UPDATE = (f"/cgi-bin/appchat/{what}" for what in ("get", "create", "update"))
USERIDS = ("wu01", "zhou02", "wang01", "li02")
STAFF = Staff(frozenset(USERIDS))
FULL: dict[str, Any] = {"chatid": "doctors1", "name": "会诊通知", "owner": "wu01", "members": ["wu01", "zhou02", "wang01"]}
WANTED = Group("doctors1", "会诊通知", "wu01", ("wu01", "zhou02", "wang01"))
PEOPLE = {
    "people": [{"key": userid, "name": userid, "role": "village_doctor", "userid": userid, "groups": ["robots"]} for userid in USERIDS],
    "groups": [{"chatid": "robots", "name": "村医群", "members": list(USERIDS)}],
}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[tuple[Path, str]]:
    """Its folder and its origin."""
    folder = tmp_path / "platform" / "simulator"
    write_platform(folder, credentials())
    (folder / "people.json").write_text(json.dumps(PEOPLE), "utf-8")
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with simulated_platform(folder.parent, listening):
        yield folder, origin


async def setup(origin: str, group: Any, *, dry_run: bool = False, staff: Staff | None = STAFF) -> list[Finding]:
    """What is told of the groups."""
    ours = changed(credentials(), "wecom", "app_groups", to={"robots": group})
    (section,) = await Setup(settings_of(ours, origin), PAGES, dry_run, staff).run("wecom")
    told = [one for one in section.findings if one.what.startswith(("群「", "建群「", "改群「", "没有应用建的群"))]
    assert status_of([section]) == (2 if any(one.bad for one in told) else 0)
    return told


async def there(origin: str) -> tuple[str, str, list[str]] | None:
    """The group as the platform has it."""
    app = credentials()["wecom"]
    async with httpx.AsyncClient(base_url=f"{origin}/simulator/qyapi.weixin.qq.com/cgi-bin") as client:
        got = (await client.get("/gettoken", params={"corpid": app["corpid"], "corpsecret": app["app"]["secret"]})).json()
        answer = (await client.get("/appchat/get", params={"access_token": got["access_token"], "chatid": "doctors1"})).json()
    info = answer.get("chat_info")
    return (info["name"], info["owner"], sorted(info["userlist"])) if info else None


async def test_the_first_run_makes_the_group_and_the_second_finds_it(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    (would,) = await setup(origin, FULL, dry_run=True)
    assert (would.mark, would.what) == (Mark.WOULD, "建群「会诊通知」,3 人,群主 wu01")
    assert await there(origin) is None
    (made,) = await setup(origin, FULL)
    assert (made.mark, made.what) == (Mark.DONE, "群「会诊通知」已建,3 人,群主 wu01")
    assert await there(origin) == ("会诊通知", "wu01", ["wang01", "wu01", "zhou02"])
    # WeCom makes no difference between WU01 and wu01.
    for again in (FULL, {**FULL, "owner": "WU01", "members": ["WU01", "Zhou02", "wang01", "wu01"]}):
        (found,) = await setup(origin, again)
        assert (found.mark, found.what) == (Mark.ALREADY, "群「会诊通知」已有,3 人")
    assert calls(folder)[CREATE] == 1
    assert UPDATE not in calls(folder)
    assert left_behind(folder) == 0, "no word is sent into it"


async def test_a_group_that_differs_is_told_and_put_right(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    await setup(origin, FULL)
    new = {"chatid": "doctors1", "name": "村医通知", "owner": "li02", "members": ["zhou02", "wang01", "li02"]}
    told = "少了 li02,加进来;多了 wu01,移出去;群名换成「村医通知」;群主换成 li02"
    (would,) = await setup(origin, new, dry_run=True)
    assert (would.mark, would.what) == (Mark.WOULD, f"改群「村医通知」:{told}")
    assert UPDATE not in calls(folder)
    (done,) = await setup(origin, new)
    assert (done.mark, done.what) == (Mark.DONE, f"群「村医通知」已改:{told}")
    assert await there(origin) == ("村医通知", "li02", ["li02", "wang01", "zhou02"])
    (found,) = await setup(origin, new)
    assert found.mark is Mark.ALREADY
    assert calls(folder)[UPDATE] == 1


async def test_a_mere_chatid_is_looked_at_and_left_as_it_is(platform: tuple[Path, str]) -> None:
    folder, origin = platform
    (missing,) = await setup(origin, "doctors1", staff=None)
    assert (missing.mark, missing.what) == (Mark.MISSING, "没有应用建的群 doctors1")
    assert "members" in missing.then
    await setup(origin, FULL)
    (found,) = await setup(origin, "doctors1", staff=None)
    assert (found.mark, found.what) == (Mark.ALREADY, "群「会诊通知」已有,3 人")
    assert calls(folder)[CREATE] == 1
    # The group with the robot was made by people: the app may not send there.
    (refused,) = await setup(origin, "robots")
    assert (refused.mark, "errcode 86008" in refused.what) == (Mark.MISSING, True)


@pytest.mark.parametrize("staff", [None, Staff(frozenset({"wu01", "wang01"}))])
async def test_nobody_who_is_not_known_as_staff_is_put_into_a_group(platform: tuple[Path, str], staff: Staff | None) -> None:
    folder, origin = platform
    (refused,) = await setup(origin, FULL, staff=staff)
    assert refused.mark is Mark.MISSING
    assert refused.then
    assert "人员名册" in refused.what
    assert ("zhou02" in refused.what, "wang01" in refused.what) == (staff is not None, False)
    assert not {GET, CREATE} & set(calls(folder))
    await setup(origin, {**FULL, "members": ["wu01", "wang01"]})
    (refused,) = await setup(origin, FULL, staff=staff)
    assert refused.mark is Mark.MISSING
    assert await there(origin) == ("会诊通知", "wu01", ["wang01", "wu01"]), "nor brought in later"


async def test_what_the_platform_refuses_is_told_and_the_next_check_goes_on(platform: tuple[Path, str]) -> None:
    _, origin = platform
    ours = changed(credentials(), "wecom", "app_groups", to={"one": {**FULL, "members": ["wu01", "left09"]}, "two": {**FULL, "chatid": "doctors2"}})
    both = Staff(frozenset({*USERIDS, "left09"}))
    (section,) = await Setup(settings_of(ours, origin), PAGES, False, both).run("wecom")
    assert [(one.mark, "errcode 86216" in one.what) for one in section.findings[-3:-1]] == [(Mark.MISSING, True), (Mark.DONE, False)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"chatid": "doctors-1"}, "doctors-1"), ({"chatid": ""}, "群编号"), ({"chatid": "a" * 33}, "群编号"), ({"name": ""}, "群名"),
        ({"name": "通" * 51}, "群名"), ({"owner": "li02"}, "群主"), ({"members": ("wu01",)}, "1 人"),
        ({"members": tuple(f"wu{number}" for number in range(2001))}, "2001 人"),
    ],
)  # fmt: skip
def test_what_stands_wrong_in_the_file_is_told_before_the_platform_is_asked(wrong: dict[str, Any], said: str) -> None:
    group = Group(**{"chatid": "doctors1", "name": "会诊通知", "owner": "wu01", "members": ("wu01", "zhou02")} | wrong)
    found = list(mistakes(group, Staff(frozenset({*USERIDS, *group.members}))))
    assert any(said in what for what, _ in found)
    assert all(then.endswith("。") for _, then in found)


def test_a_group_as_large_as_the_platform_takes_is_no_mistake() -> None:
    many = tuple(f"wu{number}" for number in range(2000))
    assert list(mistakes(Group("a" * 32, "通" * 50, "wu7", many), Staff(frozenset(many)))) == []
    assert not change_to(WANTED, WANTED)


async def test_the_staff_are_who_stands_in_the_roster_and_has_not_left(practice: Practice) -> None:
    await seed_small(practice)
    everybody = {row.account_id: row.subject for row in await Identity.filter(app=CORP)}
    doctors = [row for row in await Practitioner.all() if row.account_id in everybody]
    assert doctors
    await Practitioner.filter(id=doctors[0].id).update(active=False)
    known = (await staff_of(CORP)).userids
    assert known == {everybody[row.account_id] for row in doctors[1:]}
    assert (await staff_of("ww-another")).userids == frozenset()


def test_the_document_shows_a_group_as_it_is_written() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "connect-wechat.md").read_text("utf-8")
    written = re.search(r'"app_groups": \{.+?\n?.+?\}\}', text)
    assert written is not None
    ours = changed(credentials(), "wecom", "app_groups", to=json.loads("{" + written.group() + "}")["app_groups"])
    wecom = ChannelSettings.model_validate(ours).wecom
    assert wecom is not None
    (group,) = wecom.app_groups.values()
    assert list(mistakes(Group(group.chatid, group.name, group.owner, group.members), Staff(frozenset(group.members)))) == []
