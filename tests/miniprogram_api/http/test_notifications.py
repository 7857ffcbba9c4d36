"""What was sent to me, and what the mini program may send, over HTTP."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from core.foundation.practice import Practice
from core.foundation.work import Work
from core.notifications.commands import StopReminders
from core.notifications.models import Subscription
from core.notifications.service import mark_sent, tell
from core.people.commands import EnsureAccount
from core.people.commands_sessions import OpenSession
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage

ASK = "/v1/notifications/subscriptions"


async def somebody(face: Face, subject: str = "m-1") -> tuple[str, dict[str, str]]:
    """An account of the mini program, and its bearer."""
    appid = face.app.ctx.house.channel_settings.mini_program.appid
    account = await face.practice.execute(SYSTEM, EnsureAccount(app=appid, subject=subject))
    opened = await face.practice.execute(SYSTEM, OpenSession(account_id=account.account_id, kind="mini_program"))
    return account.account_id, {"Authorization": f"Bearer {opened.token}"}


async def told(practice: Practice, account_id: str, words: str) -> None:
    one = await tell(Work(practice, SYSTEM, StopReminders()), account_id, "consultation.progress_patient")
    await mark_sent(practice, one, channel="subscription", words=words)


async def test_leave_is_asked_for_and_the_answer_is_counted(face: Face) -> None:
    _, bearer = await somebody(face)
    offered = (await face.client.get(ASK, headers=bearer)).json()["templates"]
    assert [(one["open"], one["long_term"]) for one in offered] == [(False, False), (False, False), (False, True)]
    assert all(one["why"] for one in offered)
    words = dict(zip([one["template"] for one in offered], ("accept", "reject", "filter"), strict=True))
    answer = await face.client.post(ASK, json={"answers": words}, headers=bearer)
    assert (answer.status_code, answer.json()) == (200, {"done": True})
    assert [one["open"] for one in (await face.client.get(ASK, headers=bearer)).json()["templates"]] == [True, False, False]
    _, other = await somebody(face, "m-2")
    assert not any(one["open"] for one in (await face.client.get(ASK, headers=other)).json()["templates"]), "another's leave is not his"


async def test_bad_answers_get_one_sentence_and_change_nothing(face: Face) -> None:
    _, bearer = await somebody(face)
    template = (await face.client.get(ASK, headers=bearer)).json()["templates"][0]["template"]
    bodies: list[Any] = [
        {}, {"answers": {}}, {"answers": []}, {"answers": {template: "yes"}}, {"answers": {"not-ours": "accept"}}, {"answers": {template: 1}},
        {"answers": {str(place): "accept" for place in range(4)}}, {"answers": {template: "accept"}, "app": "wx"}, {"answers": {"": "accept"}},
        {"answers": {"x" * 65: "accept"}}, [], "x", None,
    ]  # fmt: skip
    chance = random.Random(3)
    bodies += [{"answers": {chance.choice(["", template, "\x00", "é", "1"]): chance.choice([None, [], "accept\n", {}, 2.5])}} for _ in range(40)]
    for body in bodies:
        refused = await face.client.post(ASK, content=json.dumps(body), headers=bearer)
        assert refused.status_code in (400, 422), (body, refused.text)
        assert refused.json()["detail"]
    assert not await Subscription.exists()
    assert (await face.client.post(ASK, json={"answers": {template: "accept"}})).status_code == 401


async def test_everybody_reads_what_he_was_sent_and_nobody_else(face: Face) -> None:
    mine, bearer = await somebody(face)
    for place in range(3):
        await told(face.practice, mine, f"第 {place} 条")
    _, other = await somebody(face, "m-2")
    first = (await face.client.get("/v1/notifications?limit=2", headers=bearer)).json()
    assert [one["words"] for one in first["notices"]] == ["第 2 条", "第 1 条"]
    rest = (await face.client.get(f"/v1/notifications?limit=2&before={first['more']}", headers=bearer)).json()
    assert ([one["words"] for one in rest["notices"]], rest["more"]) == (["第 0 条"], None)
    assert (await face.client.get("/v1/notifications", headers=other)).json() == {"notices": [], "more": None}
    assert (await face.client.get(f"/v1/notifications?account_id={mine}", headers=other)).status_code == 422
    assert (await face.client.get("/v1/notifications")).status_code == 401
    for query in ("limit=0", "limit=51", "limit=x", "before=x", "before=" + "0" * 26 + "1"):
        assert (await face.client.get(f"/v1/notifications?{query}", headers=bearer)).status_code == 422
