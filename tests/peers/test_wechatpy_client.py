"""wechatpy's own API clients, which no one here wrote, talk to the simulator: Official Account and WeCom.

They are pointed at it as wechat-facts 5.1 says: the base of the calls, and the address of the token, which is written into a method.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from wechatpy.client import WeChatClient
from wechatpy.enterprise import WeChatClient as WecomClient
from wechatpy.exceptions import WeChatClientException

from tests.bot.simulator.alone import Alone
from tests.bot.simulator.conftest import PEOPLE, platform
from tests.bot.simulator.test_wecom import card

pytestmark = pytest.mark.peer
MENU = {"button": [{"type": "click", "name": "问诊", "key": "ask"}, {"name": "我的", "sub_button": [
    {"type": "view", "name": "预约", "url": "http://127.0.0.1/h5", "sub_button": []}]}]}  # fmt: skip


def config() -> str:
    """One account of each kind; nobody listens for callbacks."""
    whole = platform(9)
    oa, app = whole["official_account"], whole["wecom"]["app"]
    people = "".join(
        f'[[people]]\nkey = "{one["key"]}"\nname = "{one["name"]}"\n'
        + "".join(f'{field} = "{one[field]}"\n' for field in ("official_account_openid", "unionid", "userid") if field in one)
        for one in PEOPLE["people"]
    )
    return (
        f'[official_account]\noriginal_id = "{oa["original_id"]}"\nappid = "{oa["appid"]}"\nsecret = "{oa["secret"]}"\n'
        'templates = { progress = "TPL-1" }\n'
        f'[wecom]\ncorpid = "ww0001"\n[wecom.app]\nagentid = 1000002\nsecret = "{app["secret"]}"\n{people}'
    )


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    alone = Alone(Path(tmp_path_factory.mktemp("sim")), config())
    yield alone.origin
    alone.child.terminate()
    alone.child.wait(20)


def official(simulator: str, **more: Any) -> WeChatClient:
    base = f"{simulator}/simulator/api.weixin.qq.com/cgi-bin/"

    class Client(WeChatClient):
        API_BASE_URL = base

        def fetch_access_token(self) -> Any:
            query = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(url=f"{base}token", params=query)

    client = Client("wxofficial", "secret-official", timeout=20, auto_retry=False, **more)
    client._http.trust_env = False
    return client


def wecom(simulator: str) -> WecomClient:
    base = f"{simulator}/simulator/qyapi.weixin.qq.com/cgi-bin/"

    class Client(WecomClient):
        API_BASE_URL = base

        def fetch_access_token(self) -> Any:
            return self._fetch_access_token(url=f"{base}gettoken", params={"corpid": self.corp_id, "corpsecret": self.secret})

    client = Client("ww0001", "secret-app", timeout=20, auto_retry=False)
    client._http.trust_env = False
    return client


class People:
    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.client = httpx.Client(trust_env=False, timeout=20)

    def say(self, person: str, content: str) -> None:
        path = f"{self.origin}/simulator/people/{person}/chats/official_account/messages"
        assert self.client.post(path, json={"type": "text", "content": content}).status_code == 201

    def seen(self, person: str, chat: str) -> list[dict[str, Any]]:
        found = self.client.get(f"{self.origin}/simulator/people/{person}/chats/{chat}/messages").json()
        return [message for message in found if message["from"] == "service" and message["type"] != "notice"]


@pytest.fixture
def people(simulator: str) -> Iterator[People]:
    people = People(simulator)
    yield people
    people.client.close()


def refused(call: Any) -> int:
    with pytest.raises(WeChatClientException) as raised:
        call()
    return int(raised.value.errcode)


def test_a_later_token_ends_the_earlier_one(simulator: str) -> None:
    first, second = official(simulator), official(simulator)
    assert first.user.get("oPatient1")["subscribe"] == 1
    assert second.user.get("oPatient1")["unionid"] == "uPatient1"
    assert refused(lambda: first.user.get("oPatient1")) == 40001, "/token of the second ended the first one's"
    first.fetch_access_token()
    assert first.user.get("oPatient1")["openid"] == "oPatient1"
    wrong = official(simulator)
    wrong.secret = "wrong"
    assert refused(lambda: wrong.user.get("oPatient1")) == 40125


def test_text_menu_template_and_pictures(simulator: str, people: People) -> None:
    client = official(simulator)
    assert refused(lambda: client.message.send_text("oPatient1", "太早")) == 45015
    people.say("patient-001", "你好")
    assert client.message.send_text("oPatient1", "请坐好,慢慢说 <&> ]]>")["errcode"] == 0
    menu = {"head_content": "疼不疼?", "list": [{"id": "q1:no", "content": "都没有"}, {"id": "q1:yes", "content": "有"}], "tail_content": ""}
    assert client.message.send_msg_menu("oPatient1", menu)["errcode"] == 0
    sent = client.message.send_template("oPatient1", "TPL-1", {"thing1": {"value": "王主任已接诊"}}, url="http://127.0.0.1/h5/c")
    assert sent["msgid"] > 0
    uploaded = client.media.upload("image", ("b.png", io.BytesIO(b"\x89PNG picture"), "image/png"))
    assert client.message.send_image("oPatient1", uploaded["media_id"])["errcode"] == 0
    assert client.media.download(uploaded["media_id"]).content == b"\x89PNG picture"
    text, asked, template, image = people.seen("patient-001", "official_account")
    assert text["content"] == "请坐好,慢慢说 <&> ]]>"
    assert [item["content"] for item in asked["items"]] == ["都没有", "有"]
    assert template["data"] == {"thing1": "王主任已接诊"}
    assert image["type"] == "image"
    assert refused(lambda: client.message.send_template("oPatient1", "TPL-9", {"thing1": {"value": "x"}})) == 40037
    assert refused(lambda: client.media.download("nothing")) == 40007


def test_the_accounts_menu(simulator: str) -> None:
    client = official(simulator)
    assert client.menu.create(MENU)["errcode"] == 0
    assert client.menu.get()["menu"] == MENU
    assert client.menu.delete()["errcode"] == 0
    assert client.menu.get() is None, "46003, which wechatpy takes for no menu"


def test_a_wecom_app_sends_texts_and_cards(simulator: str, people: People) -> None:
    client = wecom(simulator)
    assert client.message.send_text(1000002, ["wang01", "nobody"], "您有 1 个会诊")["invaliduser"] == "nobody"
    wanted = {"msgtype": "template_card", "template_card": card("offer-wechatpy")}
    sent = client.message.send(1000002, "wang01", msg=dict(wanted))
    assert sent["response_code"]
    assert refused(lambda: client.message.send(1000002, "wang01", msg=json.loads(json.dumps(wanted)))) == 42014, "a task id is used once"
    change = {"userids": ["wang01"], "agentid": 1000002, "response_code": sent["response_code"], "button": {"replace_name": "已接诊"}}
    assert client.post("message/update_template_card", data=change)["errcode"] == 0
    assert refused(lambda: client.post("message/update_template_card", data=change)) == 42016, "a response_code works once"
    text, shown = people.seen("expert-001", "wecom_app")
    assert text["content"] == "您有 1 个会诊"
    assert shown["card"]["replaced"] == "已接诊"
    assert client.user.get("wang01")["name"] == "王主任(演示)"
    assert refused(lambda: client.user.get("nobody")) == 60111


def test_a_lasting_loss_of_tokens_is_seen_as_an_error_code(simulator: str, people: People) -> None:
    conditions = f"{simulator}/simulator/conditions"
    assert people.client.put(conditions, json={"lost_tokens": 42001}).status_code == 200
    try:
        assert refused(lambda: official(simulator).user.get("oPatient1")) == 42001
    finally:
        people.client.put(conditions, json={"lost_tokens": None})
    assert official(simulator).user.get("oPatient1")["subscribe"] == 1
