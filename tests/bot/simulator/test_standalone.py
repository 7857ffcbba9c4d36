"""The simulator alone, from one TOML file: what it says of a wrong one, whom it makes up, and its plain and compatible modes."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto

from bot.simulator.example import example
from bot.simulator.platform_api import APIS
from bot.simulator.settings import SettingsError
from bot.simulator.standalone import Setup, load
from bot.simulator.world import Timing, World
from miniprogram_api.cli.main import main

from .alone import Alone, started
from .conftest import Stage, credentials, key43, platform, until
from .receiver import Receiver, xml_text

__all__ = ["started"]

ROOT = Path(__file__).resolve().parents[3]
OA = "official_account"
ACCOUNT = '[official_account]\nappid = "wx1"\nsecret = "hush-hush"\n'


def read(tmp_path: Path, text: str) -> Setup:
    (tmp_path / "sim.toml").write_text(text)
    return load(tmp_path / "sim.toml", APIS)


def test_the_example_is_a_config_with_keys_of_its_own(tmp_path: Path) -> None:
    first, second = example(), example()
    setup = read(tmp_path, first)
    assert setup.port == 8090
    assert [person.key for person in setup.roster.people] == ["person-1", "person-2", "person-3", "person-4"]
    assert all(person.name.endswith("(演示)") and person.official_account_openid and person.userid for person in setup.roster.people)
    assert [group.name for group in setup.roster.groups] == ["演示群"]
    assert read(tmp_path, first).roster == setup.roster, "the same ids at each start"
    keys = [tomllib.loads(one)["official_account"]["encoding_aes_key"] for one in (first, second)]
    assert keys[0] != keys[1]
    assert setup.platform.official_account.encoding_aes_key == keys[0]


def test_any_subset_of_the_accounts_will_do(tmp_path: Path) -> None:
    setup = read(tmp_path, ACCOUNT + 'security = "plain"\n[[people]]\nkey = "a"\nname = "甲(演示)"\nofficial_account_openid = "oA"\n')
    (person,) = setup.roster.people
    assert (person.official_account_openid, person.mini_program_openid, person.userid) == ("oA", "", "")
    world = World(tmp_path, setup=(setup.platform, setup.roster))
    assert [chat.id for chat in world.chats(person)] == [OA]
    world.store.close()
    robot = f'[wecom]\ncorpid = "ww1"\n[wecom.robot]\naibotid = "b"\ntoken = "t"\nencoding_aes_key = "{key43()}"\ncallback_url = "http://a/b"\n'
    setup = read(tmp_path, "people_count = 14\n" + robot)
    assert len({person.name for person in setup.roster.people}) == 14
    (tmp_path / "robot").mkdir()
    world = World(tmp_path / "robot", setup=(setup.platform, setup.roster))
    assert [chat.id for chat in world.chats(setup.roster.people[0])] == ["wecom_robot", "group:demo-group"]
    world.store.close()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "at least one"),
        ("port = 70000\n" + ACCOUNT, "port"),
        ("[official_account", "TOML"),
        ('[official_account]\nappid = "wx1"\n', "official_account.secret"),
        (ACCOUNT + 'colour = "red"\n', "official_account.colour"),
        (ACCOUNT + 'callback_url = "ftp://a"\n', "official_account.callback_url"),
        (ACCOUNT + 'callback_url = "http://a"\n', "official_account.token"),
        (ACCOUNT + 'callback_url = "http://a"\ntoken = "t"\n', "official_account.encoding_aes_key"),
        (ACCOUNT + 'encoding_aes_key = "hush-short"\n', "official_account.encoding_aes_key"),
        (ACCOUNT + 'security = "none"\n', "official_account.security"),
        (ACCOUNT + '[[people]]\nkey = "a b"\nname = "x"\n', "people.1.key"),
        (ACCOUNT + '[[people]]\nkey = "a"\nname = "x"\n[[people]]\nkey = "a"\nname = "y"\n', "the same key"),
        (ACCOUNT + '[[people]]\nkey = "a"\nname = "x"\n[[groups]]\nchatid = "g"\nname = "g"\nmembers = ["b"]\n', "groups.g"),
        (ACCOUNT + "[faults]\nweather = 1\n", "no such fault"),
        (ACCOUNT + '[faults]\nexhausted_apis = ["/dance"]\n', "exhausted_apis"),
        (ACCOUNT + '[mini_program]\nappid = "wx1"\nsecret = "s"\n', "mini_program.appid"),
    ],
)
def test_a_wrong_config_says_in_two_languages_what_to_change(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    said = str(refused.value)
    assert named in said
    assert "hush" not in said
    for line in said.splitlines():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in line), line
        assert " / " in line, line


def config_for(receiver: Receiver, more: str = "") -> str:
    account: dict[str, Any] = platform(receiver.port)[OA]
    receiver.credentials = {OA: (account["token"], account["encoding_aes_key"], account["appid"])}
    fields = "".join(f'{name} = "{account[name]}"\n' for name in ("original_id", "appid", "secret", "token", "encoding_aes_key", "callback_url"))
    return f"people_count = 2\n[official_account]\n{fields}{more}"


async def test_it_runs_alone_with_faults_from_the_start(tmp_path: Path, started: list[Alone]) -> None:
    receiver = Receiver({})
    await receiver.start()
    receiver.answering = lambda channel, m: xml_text(m, f"听到了:{m['Content']}") if m["MsgType"] == "text" else None
    simulator = Alone(tmp_path, config_for(receiver, "[faults]\nduplicate_callbacks = true\n"))
    started.append(simulator)
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        listed = (await client.get(f"{simulator.origin}/simulator/people")).json()
        assert listed["alone"] is True
        assert [chat["id"] for chat in listed["people"][0]["chats"]] == [OA]
        chat = f"{simulator.origin}/simulator/people/person-1/chats/{OA}/messages"
        assert (await client.post(chat, json={"type": "text", "content": "你好"})).status_code == 201

        async def answered() -> Any:
            return [m["content"] for m in (await client.get(chat)).json() if m["from"] == "service"]

        assert await until(answered, 30) == ["听到了:你好"]
        await until(lambda: len(receiver.of(OA, "text")) == 2, 30)
        authorise = f"{simulator.origin}/simulator/open.weixin.qq.com/connect/oauth2/authorize"
        query = {"appid": "wxofficial", "redirect_uri": f"http://127.0.0.1:{receiver.port}/page", "response_type": "code", "scope": "snsapi_base"}
        asked = await client.get(authorise, params=query)
        assert "演示" in asked.text
        assert "as=person-2" in asked.text
        gone = await client.get(authorise, params={**query, "as": "person-2"})
        assert gone.status_code == 302
        assert gone.headers["location"].startswith(f"http://127.0.0.1:{receiver.port}/page?code=")
    await receiver.stop()
    assert receiver.errors == []


def test_the_command_without_a_config_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulator"]) == 2
    assert "--example" in capsys.readouterr().out


def test_a_config_that_is_not_there_or_wrong_ends_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "sim.toml").write_text(ACCOUNT + 'colour = "red"\n')
    for name, words in (("none.toml", "cannot be read"), ("sim.toml", "official_account.colour")):
        command = [sys.executable, "-m", "bot.simulator", "--config", str(tmp_path / name)]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert run.returncode == 2
        assert words in run.stderr
        assert "Traceback" not in run.stderr


class Plain(Receiver):
    """A server that reads what is readable and answers in the open, or sealed where the person asks for it."""

    async def _answer(self, channel: str, query: dict[str, str], raw: bytes) -> tuple[int, bytes]:
        message = xmltodict.parse(raw.decode())["xml"]
        self.received.append((channel, {**message, "query": query}))
        reply = xml_text(message, "听到了")
        if message["Content"] == "sealed":
            token, key, receive_id = self.credentials[channel]
            reply = WeChatCrypto(token, key, receive_id).encrypt_message(reply, "n", "1795170645")
        return 200, reply.encode()


async def test_plain_and_compatible_mode(tmp_path: Path) -> None:
    plain = Plain({})
    await plain.start()
    config = platform(plain.port)
    plain.credentials = credentials(config)
    config[OA]["security"] = "plain"
    stage = Stage(tmp_path, plain, config)
    await stage.start(Timing(retry=0.05, refresh=0.05))

    async def outcome(words: str) -> str:
        said = await stage.say("patient-001", OA, words)
        return (await stage.exchange(said["exchange"]))["outcome"]

    try:
        assert await outcome("plain ]]> <&>") == "answered"
        assert await outcome("sealed") == "invalid", "nothing sealed belongs to plain mode"
        stage.world.platform.official_account.security = "compatible"
        assert await outcome("compatible ]]> <&>") == "answered"
        first, _, second = plain.of(OA)
        assert set(first["query"]) == {"signature", "timestamp", "nonce", "openid"}
        assert (first["Content"], "Encrypt" in first) == ("plain ]]> <&>", False)
        assert second["query"]["encrypt_type"] == "aes"
        opened = xmltodict.parse(stage.world.ciphers[OA].open(second["Encrypt"]).decode())["xml"]
        assert opened["Content"] == second["Content"] == "compatible ]]> <&>"
        checked = (await stage.client.post(f"{stage.origin}/simulator/verifications")).json()
        assert checked[OA]["ok"]
    finally:
        await stage.stop()
        await plain.stop()


async def test_compatible_mode_takes_a_sealed_answer_and_plain_mode_does_not(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, "密文")
    stage.world.platform.official_account.security = "compatible"
    said = await stage.say("patient-001", OA, "你好")
    assert (await stage.exchange(said["exchange"]))["outcome"] == "answered"


async def test_an_account_without_an_address_delivers_nothing(stage: Stage) -> None:
    stage.world.platform.mini_program.callback_url = ""
    said = await stage.say("patient-001", "mini_program", "在吗")
    record = await stage.exchange(said["exchange"])
    assert (record["outcome"], record["attempts"]) == ("silent", [])
    assert "no callback address" in record["reason"]
