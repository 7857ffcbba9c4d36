"""The platforms' callback addresses over real HTTP, with callbacks built by a crypto that no one here wrote (wechatpy's).

What is not genuine gets one answer and leaves nothing; what is genuine has one effect, however often it is delivered.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import xmltodict
from wechatpy.crypto import PrpCrypto, _get_signature
from wechatpy.crypto.base import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder

from tests.journeys.people import roster, sign_in
from tests.support.demo import Demo

pytestmark = [pytest.mark.storage, pytest.mark.timeout(600)]
SCALE = 10 if os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 1
OUTER, INNER = 220 * SCALE, 80 * SCALE
TABLES = ("account", "identity", "conversation", "intake", "consultation", "appointment", "blob")
CHANNELS = ("official-account", "mini-program", "wecom-app", "wecom-robot")
SPLINTERS = (b"<!--", b"]]>", b"\x00", b"&#0;", b"<xml>", b'"', b"{}", "会".encode(), b"\xed\xa0\x80")
KINDS = ("application/json", "text/xml", "multipart/form-data", "application/x-www-form-urlencoded", "", "text/plain; charset=utf-16")
NAMES = ("Event", "EventKey", "MediaId", "Location_X", "CreateTime", "TaskId", "MsgId")
VALUES = ("", "x" * 300, "0", "-1", "1e9", "99999999999999999999", "null", "event", "<b>", "会\u0001诊", "\U0001f637" * 50, "../../x", "{{7*7}}")
Send = Callable[["Parcel"], Awaitable[httpx.Response]]
Counted = Callable[[], dict[str, int]]


@dataclass(frozen=True)
class Parcel:
    """One callback on its way."""

    path: str
    query: dict[str, str]
    body: bytes
    kind: str


class Platform:
    """What one platform does for one callback address; the keys are the demonstration's."""

    def __init__(self, demo: Demo, channel: str) -> None:
        channels = json.loads((demo.data_dir / "secrets" / "channels.json").read_text())
        wecom = channels["wecom"]
        self.channel = channel
        account, self.receive_id, self.to = {
            "official-account": (channels["official_account"], channels["official_account"]["appid"], channels["official_account"]["original_id"]),
            "mini-program": (channels["mini_program"], channels["mini_program"]["appid"], channels["mini_program"]["original_id"]),
            "wecom-app": (wecom["app"], wecom["corpid"], wecom["corpid"]),
            "wecom-robot": (wecom["robot"], "", wecom["robot"]["aibotid"]),
        }[channel]
        self.agentid = wecom["app"]["agentid"]
        self.token: str = account["token"]
        self.key = base64.b64decode(account["encoding_aes_key"] + "=")
        self.json = channel in ("mini-program", "wecom-robot")

    def text(self, sender: str, words: str, message_id: int, **more: Any) -> str:
        """The plain message: a text of ``sender``."""
        if self.channel == "wecom-robot":
            chat = {"chattype": "single", **more}
            said = {"msgid": str(message_id), "aibotid": self.to, "from": {"userid": sender}, "msgtype": "text", "text": {"content": words}}
            return json.dumps({**said, **chat}, ensure_ascii=False)
        fields = {"ToUserName": self.to, "FromUserName": sender, "CreateTime": int(time.time()), "MsgType": "text", "Content": words}
        fields |= {"MsgId": message_id}
        fields |= {"AgentID": self.agentid} if self.channel == "wecom-app" else {}
        return self.written({**fields, **more})

    def written(self, fields: dict[str, Any]) -> str:
        return json.dumps(fields, ensure_ascii=False) if self.json else xmltodict.unparse({"xml": fields}, full_document=False)

    def sealed(self, plain: str | bytes, receive_id: str | None = None) -> str:
        """``plain`` encrypted as the platform does."""
        sealed: bytes = PrpCrypto(self.key).encrypt(plain, self.receive_id if receive_id is None else receive_id)
        return sealed.decode()

    def raw(self, framed: bytes) -> str:
        """Bytes of a frame of our own (a multiple of 16), encrypted without any rule."""
        return base64.b64encode(WeChatCipher(self.key).encrypt(framed)).decode()

    def parcel(self, encrypted: str, *, at: float | None = None, nonce: str = "1372623149", token: str | None = None) -> Parcel:
        """An envelope around ``encrypted``, signed."""
        stamp = str(int(time.time() if at is None else at))
        signature = _get_signature(token or self.token, stamp, nonce, encrypted)
        query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
        if self.channel == "wecom-robot":
            body = json.dumps({"encrypt": encrypted})
        elif self.json:
            body = json.dumps({"ToUserName": self.to, "Encrypt": encrypted})
        else:
            body = xmltodict.unparse({"xml": {"ToUserName": self.to, "Encrypt": encrypted}}, full_document=False)
        return Parcel(f"/callback/{self.channel}", query, body.encode(), "application/json" if self.json else "text/xml")

    def opened(self, answer: bytes) -> str:
        """The words of an answer; "success" (or nothing) travels unencrypted."""
        if answer in (b"", b"success"):
            return answer.decode()
        if self.json:
            return str(PrpCrypto(self.key).decrypt(json.loads(answer)["encrypt"], self.receive_id))
        message = xmltodict.parse(PrpCrypto(self.key).decrypt(xmltodict.parse(answer)["xml"]["Encrypt"], self.receive_id))["xml"]
        return str(message["Content"])


@pytest.fixture
def counted(running_demo_house: Demo, on_mariadb: bool, request: pytest.FixtureRequest) -> Counted:
    """How many rows there are of what a message may leave; what the service says of itself is not counted."""
    statement = " UNION ALL ".join(
        [f"SELECT '{table}', COUNT(*) FROM `{table}`" for table in TABLES]  # noqa: S608 - names of ours
        + ["SELECT 'message', COUNT(*) FROM message WHERE direction = 'in'"]
    )
    if on_mariadb:
        server = request.getfixturevalue("mariadb")

        def counts() -> dict[str, int]:
            rows = server.sql(f"USE journey_practice; {statement}").split("\n")
            return {name: int(count) for name, _, count in (row.partition("\t") for row in rows if row)}

    else:
        file = running_demo_house.data_dir / "practice.sqlite3"

        def counts() -> dict[str, int]:
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
                return dict(database.execute(statement).fetchall())

    return counts


READ_AT_ALL = 1 << 20
"""A larger body is refused while it is still on its way; the reset of what was not read may overtake the answer (RFC 9112 section 9.6)."""


@pytest.fixture
async def send(running_demo: str) -> Any:
    """Each callback on a connection of its own, as platforms deliver: any web process may get it."""
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=16)
    async with httpx.AsyncClient(base_url=running_demo, timeout=60, trust_env=False, limits=limits) as client:

        async def post(parcel: Parcel) -> httpx.Response:
            return await client.post(parcel.path, params=parcel.query, content=parcel.body, headers={"Content-Type": parcel.kind})

        async def deliver(parcel: Parcel) -> httpx.Response:
            if len(parcel.body) <= READ_AT_ALL:
                return await post(parcel)
            for _ in range(20):
                with contextlib.suppress(httpx.ReadError, httpx.WriteError):
                    return await post(parcel)
            raise AssertionError("never answered")

        yield deliver


def somebody(demo: Demo, channel: str, place: int = 20) -> str:
    """A person of the demonstration as this channel knows him; ``place`` keeps tests out of each other's chats."""
    role = "patient" if channel in ("official-account", "mini-program") else "village_doctor"
    identity = {"official-account": "official_account_openid", "mini-program": "mini_program_openid"}.get(channel, "userid")
    return str([person for person in roster(demo) if person["role"] == role][place][identity])


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 400 and answer.content == b""


def forgeries(platform: Platform, sender: str) -> Iterator[tuple[str, Parcel]]:
    """What is wrong, and a callback with it. All but the named fault is right."""
    plain = platform.text(sender, "帮助", 990001)
    good = platform.parcel(platform.sealed(plain))
    yield "unsigned", replace(good, query={})
    for name in good.query:
        yield f"without {name}", replace(good, query={key: value for key, value in good.query.items() if key != name})
    yield "signed with another token", platform.parcel(platform.sealed(plain), token="another")
    yield "signature of the address check alone", replace(
        good, query={**good.query, "msg_signature": _get_signature(platform.token, good.query["timestamp"], good.query["nonce"], "")}
    )
    yield "another nonce", replace(good, query={**good.query, "nonce": "1"})
    yield "old", platform.parcel(platform.sealed(plain), at=time.time() - 3600)
    yield "from the future", platform.parcel(platform.sealed(plain), at=time.time() + 3600)
    yield "time that is none", replace(good, query={**good.query, "timestamp": "soon"})
    yield "for somebody else", platform.parcel(platform.sealed(plain, "wx0000000000000000"))
    yield "cut base64", platform.parcel(platform.sealed(plain)[:-3])
    yield "half of the cipher", platform.parcel(platform.sealed(plain)[:24])
    yield "no base64", platform.parcel("会诊" * 20)
    yield "nothing encrypted", platform.parcel("")
    yield "other key", platform.parcel(PrpCrypto(b"k" * 32).encrypt(plain, platform.receive_id).decode())
    yield "padding that lies", platform.parcel(platform.raw(b"r" * 16 + b"\0\0\0\4abcd" + b"\7" * 8))
    yield "length that lies", platform.parcel(platform.raw(PKCS7Encoder.encode(b"r" * 16 + b"\x7f\xff\xff\xff" + plain.encode())))
    yield "plain", replace(good, body=plain.encode())
    yield "empty", replace(good, body=b"")
    for name, inside in malformed(platform, sender):
        yield f"inside: {name}", platform.parcel(platform.sealed(inside))
    cut = good.body[: len(good.body) // 2]
    bomb = b'<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + good.body
    for name, body in (("cut", cut), ("no document", b"\xff\xfe\x00"), ("a list", b"[]"), ("DOCTYPE", bomb), ("deep", b"[" * 60000)):
        yield f"body: {name}", replace(good, body=body)
    for size in (64 << 10, 300 << 10, 2 << 20):
        yield f"{size >> 10} KiB", replace(good, body=good.body + b" " * size)


def malformed(platform: Platform, sender: str) -> Iterator[tuple[str, str | bytes]]:
    """Messages that are genuine and say nothing that can be understood."""
    plain = platform.text(sender, "帮助", 990001)
    yield "nothing", ""
    yield "cut", plain[: len(plain) // 2]
    yield "bytes", b"\xff\x00\xfe" * 9
    yield "a list", "[1]" if platform.json else "<list/>"
    yield "no sender", platform.text("", "帮助", 990001)
    if platform.json:
        yield "deep", "[" * 20000
        yield "not a number", '{"MsgId": NaN}'
    else:
        yield "DOCTYPE", '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + plain.replace("帮助", "&a;")
        yield "deep", "<xml>" * 50 + "</xml>" * 50
        yield "time that is none", plain.replace("<CreateTime>", "<CreateTime>x")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_what_is_not_genuine_gets_one_answer_and_leaves_nothing(
    running_demo_house: Demo, send: Send, counted: Counted, channel: str
) -> None:
    platform = Platform(running_demo_house, channel)
    before = counted()
    answers = {name: await send(parcel) for name, parcel in forgeries(platform, somebody(running_demo_house, channel))}
    assert len(answers) > 25
    assert {name: (answer.status_code, answer.text[:80]) for name, answer in answers.items() if not refused(answer)} == {}
    told = [{key: value for key, value in answer.headers.items() if key not in ("date", "connection")} for answer in answers.values()]
    assert all(headers == told[0] for headers in told)
    assert counted() == before


@pytest.mark.parametrize("channel", [*CHANNELS, "nobody"])
async def test_the_check_of_an_address_is_refused_without_detail(running_demo: str, channel: str) -> None:
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"echostr": "1"},
        {"signature": "0" * 40, "msg_signature": "0" * 40, "timestamp": "1", "nonce": "1", "echostr": "5"},
        {"signature": "会", "msg_signature": "诊", "timestamp": str(int(time.time())), "nonce": "x" * 200, "echostr": "<>"},
    )
    async with httpx.AsyncClient(base_url=running_demo, trust_env=False, timeout=30) as client:
        for query in wrong:
            assert refused(await client.get(f"/callback/{channel}", params=query))


@pytest.mark.parametrize("channel", ["wecom-app", "wecom-robot"])
async def test_the_check_of_an_address_gives_the_words_back(running_demo_house: Demo, channel: str) -> None:
    platform = Platform(running_demo_house, channel)
    sealed = platform.sealed("2938475610293847561")
    query = {**platform.parcel(sealed).query, "echostr": sealed}
    async with httpx.AsyncClient(base_url=running_demo_house.base_url, trust_env=False, timeout=30) as client:
        answer = await client.get(f"/callback/{channel}", params=query)
    assert (answer.status_code, answer.text) == (200, "2938475610293847561")


def _goes_on(begun: str, answer: str) -> bool:
    """Whether ``answer`` ends the stream that ``begun`` began: the robot's first answer left before the work was done."""
    if '"finish":false' not in begun or '"finish":true' not in answer:
        return False
    return bool(json.loads(begun)["stream"]["id"] == json.loads(answer)["stream"]["id"])


@pytest.mark.parametrize("channel", ["official-account", "wecom-app", "wecom-robot"])
async def test_a_message_that_comes_again_gets_the_stored_answer(
    running_demo_house: Demo, send: Send, counted: Counted, channel: str
) -> None:
    platform = Platform(running_demo_house, channel)
    sender = somebody(running_demo_house, channel)
    parcel = platform.parcel(platform.sealed(platform.text(sender, "帮助", random.getrandbits(48))))
    before = counted()
    first = await send(parcel)
    assert first.status_code == 200, first.text
    stored = platform.opened(first.content)
    for _ in range(3):
        again = await send(parcel)
        assert again.status_code == 200
        answer = platform.opened(again.content)
        if _goes_on(stored, answer):
            stored = answer
        assert answer in (stored, "success", "")
    # The platform signs each delivery anew; the message is the same.
    anew = await send(platform.parcel(platform.sealed(platform.text(sender, "帮助", 1)), nonce="77"))
    assert anew.status_code == 200
    after = counted()
    assert after["message"] == before["message"] + 2
    if channel != "wecom-robot":
        assert "可以说" in platform.opened(first.content)


async def test_three_deliveries_at_once_have_one_effect(running_demo_house: Demo, counted: Counted) -> None:
    """To both web processes: each delivery has a connection of its own, and the last message is delivered again until both have served."""
    demo = running_demo_house
    doctor = [person for person in roster(demo) if person["role"] == "village_doctor"][7]
    robot = Platform(demo, "wecom-robot")
    numbers = [patient["number"] for patient in sign_in(demo, doctor).get("/v1/patient-list").json()["patients"]]
    served_before = served(demo)

    async def three(plain: str) -> None:
        answers = await asyncio.gather(*(sent_and_seen(demo, robot.parcel(robot.sealed(plain), nonce=str(place))) for place in range(3)))
        assert [answer.status_code for answer in answers] == [200, 200, 200]

    for number in numbers[:3]:
        words = f"@会诊助手 会诊 {number}号 皮疹三天 普通"
        plain = robot.text(doctor["userid"], words, random.getrandbits(48), chattype="group", chatid="village-doctors")
        before = counted()
        await three(plain)
        after = counted()
        assert after["message"] - before["message"] == 1
        assert after["consultation"] - before["consultation"] <= 1
        # The answer may have been "at work"; the effect comes once, by the worker.
        await until(lambda then=before: counted()["consultation"] - then["consultation"] >= 1)
        await three(plain)
        assert counted()["consultation"] - before["consultation"] == 1
    # Which process takes a connection is the kernel's choice: on a busy machine one may take a dozen in a row.
    for _ in range(30):
        if all(count > served_before[name] for name, count in served(demo).items()):
            break
        await three(plain)
    assert all(count > served_before[name] for name, count in served(demo).items()), "one web process took everything"
    assert {name: counted()[name] - before[name] for name in ("message", "consultation")} == {"message": 1, "consultation": 1}


async def sent_and_seen(demo: Demo, parcel: Parcel) -> httpx.Response:
    """One delivery on a connection of its own. A good callback is not logged: a refused one after it, on the same connection, tells which process
    had it."""
    async with httpx.AsyncClient(base_url=demo.base_url, timeout=60, trust_env=False, limits=httpx.Limits(max_connections=1)) as client:
        answer = await client.post(parcel.path, params=parcel.query, content=parcel.body, headers={"Content-Type": parcel.kind})
        assert (await client.get("/callback/nobody")).status_code == 400
    return answer


def served(demo: Demo) -> Counter[str]:
    """Connections on which each web process was delivered something."""
    return Counter({name: (demo.data_dir / "logs" / f"{name}.log").read_text().count("GET /callback/") for name in ("web-1", "web-2")})


async def until(holds: Callable[[], bool], limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, "did not happen"
        await asyncio.sleep(0.1)


def mutated(parcel: Parcel, rng: random.Random) -> Parcel:
    """``parcel`` with one to three things changed on the way."""
    query, body = dict(parcel.query), bytearray(parcel.body)
    kind = parcel.kind
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(list(query) or ["nonce"])
        value = query.get(name, "")
        match rng.randrange(9):
            case 0:
                query.pop(name, None)
            case 1:
                query[name] = value[: rng.randrange(len(value) + 1)] + rng.choice("0aZ 会\x00%&=+") + value[rng.randrange(len(value) + 1) :]
            case 2:
                query[name] = rng.choice(["", "0", "-1", "9" * 30, "x" * 5000, "'; DROP TABLE message; --", "\ud7ff", "١٢٣"])
            case 3:
                query[rng.choice(["encrypt_type", "openid", "signature", "echostr", "msg_signature "])] = rng.choice(["raw", "aes", "1"])
            case 4 if body:
                body[rng.randrange(len(body))] = rng.randrange(256)
            case 5 if body:
                del body[rng.randrange(len(body)) :]
            case 6:
                place = rng.randrange(len(body) + 1)
                body[place:place] = rng.choice([*SPLINTERS, rng.randbytes(9)])
            case 7 if body:
                start = rng.randrange(len(body))
                body += body[start : start + rng.randrange(200)]
            case _:
                kind = rng.choice(KINDS)
    return Parcel(parcel.path, query, bytes(body), kind)


async def test_whatever_happens_on_the_way_it_is_refused_or_the_same_message(running_demo_house: Demo, send: Send, counted: Counted) -> None:
    rng = random.Random(1303)
    bases = []
    for channel in CHANNELS:
        platform = Platform(running_demo_house, channel)
        base = platform.parcel(platform.sealed(platform.text(somebody(running_demo_house, channel, 21), "帮助", random.getrandbits(48))))
        assert (await send(base)).status_code == 200
        bases.append(base)
    before = counted()
    for _ in range(OUTER // 20):
        parcels = [mutated(rng.choice(bases), rng) for _ in range(20)]
        for parcel, answer in zip(parcels, await asyncio.gather(*map(send, parcels)), strict=True):
            assert answer.status_code == 200 or refused(answer), (parcel, answer.status_code, answer.text)
    assert counted() == before


def strange(platform: Platform, sender: str, rng: random.Random) -> str | bytes:
    """A message that the platform could have signed, with fields nobody would expect."""
    plain = platform.text(sender, "帮助", rng.getrandbits(48))
    match rng.randrange(4):
        case 0:
            data = bytearray(plain.encode())
            for _ in range(rng.randint(1, 6)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            return bytes(data)
        case 1:
            return plain[: rng.randrange(len(plain))]
        case 2:
            more: dict[str, Any] = {"MsgType": rng.choice(["event", "image", "voice", "location", "link", "video", "new_kind", *VALUES])}
            more |= {name: rng.choice(VALUES) for name in rng.sample(NAMES, 3)}
            if platform.channel == "wecom-robot":
                more = {"msgtype": rng.choice(["event", "image", "mixed", "stream", *VALUES])}
                more |= {"event": rng.choice([None, {"eventtype": "x"}, [], 5]), "quote": rng.choice([None, 7, {"msgtype": "text"}])}
                more |= {"chatid": rng.choice(VALUES), "chattype": rng.choice(["group", "single", 3])}
            return platform.text(sender, rng.choice(VALUES), rng.getrandbits(48), **more)
        case _:
            return platform.text(rng.choice([sender, *VALUES]), rng.choice(["进度", *VALUES]), rng.getrandbits(48))


async def test_whatever_a_genuine_message_holds_nothing_breaks(running_demo_house: Demo, send: Send, counted: Counted) -> None:
    rng = random.Random(77)
    platforms = [Platform(running_demo_house, channel) for channel in CHANNELS]
    before = counted()["message"]
    taken = 0
    for _ in range(INNER // 8):
        parcels = []
        for place in range(8):
            platform = rng.choice(platforms)
            plain = strange(platform, somebody(running_demo_house, platform.channel, 22 + place % 4), rng)
            parcels.append(platform.parcel(platform.sealed(plain), nonce=str(place)))
        for parcel, answer in zip(parcels, await asyncio.gather(*map(send, parcels)), strict=True):
            assert answer.status_code == 200 or refused(answer), (parcel, answer.status_code, answer.text)
            taken += answer.status_code == 200
    assert taken > INNER // 10
    assert counted()["message"] - before <= taken
