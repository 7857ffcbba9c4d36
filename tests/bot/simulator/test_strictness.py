"""What a forgiving imitation would let pass: the smaller allowance after a tap, the drop above a thousand an hour, a webhook's limits."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from .conftest import Stage
from .test_platform_api import kf
from .test_wecom import AGENT, APP, card

OA = "official_account"
GROUP = "group:village-doctors"


async def test_a_tap_on_a_menu_message_opens_three_replies_for_a_minute_and_no_more(stage: Stage) -> None:
    menu = {"head_content": "疼不疼?", "list": [{"id": "no", "content": "不疼"}], "tail_content": ""}
    await stage.post("patient-001/official-account/unfollow", {}, 200)
    await stage.post("patient-001/official-account/follow", {}, 200)
    assert (await stage.call("oa", "/cgi-bin/message/custom/send", {"touser": "oPatient1", "msgtype": "msgmenu", "msgmenu": menu}))["errcode"] == 0
    stage.shift = 120
    assert await kf(stage) == 45015, "the minute after following is over"
    (shown,) = [one for one in await stage.service("patient-001", OA) if one["type"] == "menu"]
    await stage.tap("patient-001", OA, shown["seq"], "no")
    assert [await kf(stage) for _ in range(4)] == [0, 0, 0, 45047]
    stage.shift = 240
    assert await kf(stage) == 45015


async def test_more_than_a_thousand_an_hour_is_dropped_without_an_error(stage: Stage) -> None:
    standing = stage.now()
    stage.world.now = lambda: standing
    stage.world.platform.wecom.app.messages_a_minute = 10_000
    for _ in range(999):
        stage.world.store.count("member:hour:wang01", standing, 3600)
    body = {"touser": "wang01", "agentid": AGENT, "msgtype": "text"}
    answers = [await stage.call("wecom", "/cgi-bin/message/send", {**body, "text": {"content": str(n)}}) for n in range(3)]
    assert [answer["errcode"] for answer in answers] == [0, 0, 0]
    assert [m["content"] for m in await stage.service("expert-001", APP)] == ["0"]
    sent = (await stage.client.get(f"{stage.origin}/simulator/outbox")).json()["sent"]
    assert "dropped" in sent[0]["warnings"][0], "who looks finds out why"


async def test_a_group_webhook_speaks_without_a_token_twenty_times_a_minute(stage: Stage) -> None:
    standing = stage.now()
    stage.world.now = lambda: standing
    stage.world.roster.groups[0].webhook = "hook-secret"

    async def hook(body: Any, key: str = "hook-secret") -> int:
        return (await stage.call("wecom", "/cgi-bin/webhook/send", body, token=None, key=key))["errcode"]

    text = {"msgtype": "text", "text": {"content": "编号 C-7K2M 有进展"}}
    picture = b"\x89PNG picture"
    image = {"base64": base64.b64encode(picture).decode(), "md5": hashlib.md5(picture).hexdigest()}  # noqa: S324 - the platform's own checksum
    assert await hook(text) == 0
    assert await hook({"msgtype": "image", "image": image}) == 0
    said, shown = await stage.service("village-doctor-02", GROUP)
    assert said["content"] == "编号 C-7K2M 有进展"
    assert (await stage.client.get(stage.origin + shown["url"])).content == picture
    for wrong, errcode in (
        ({"msgtype": "text", "text": {"content": "长" * 700}}, 45002),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "markdown", "markdown": {"content": "长" * 1400}}, 45002),
        ({"msgtype": "image", "image": {**image, "md5": "0"}}, 40058),
        ({"msgtype": "image", "image": {**image, "base64": "!"}}, 40058),
        ({"msgtype": "news", "news": {"articles": []}}, 40058),
        ({"msgtype": "template_card", "template_card": card()}, 40058),
        ({"msgtype": "dance"}, 40008),
    ):
        assert await hook(wrong) == errcode, wrong
    for key in ("", "other", "hook-secret2"):
        assert await hook(text, key) == 93000
    assert [await hook(text) for _ in range(19)] == [0] * 18 + [45009], "a refused call is not counted"
    row = stage.world.store.row("SELECT body FROM exchanges ORDER BY number DESC LIMIT 1")
    assert row
    assert "hook-secret" not in row["body"]


async def test_a_webhook_nobody_set_up_is_nobodys(stage: Stage) -> None:
    answer = await stage.call("wecom", "/cgi-bin/webhook/send", {"msgtype": "text", "text": {"content": "x"}}, token=None, key="")
    assert answer["errcode"] == 93000
