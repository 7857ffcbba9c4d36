"""The people's side: the roster, the stream of events, conditions, and no input that breaks it."""

import asyncio
import json
import random
from typing import Any

from .conftest import Stage, until
from .receiver import xml_text

OA = "official_account"


async def test_the_roster_lists_everyones_chats(stage: Stage) -> None:
    people = {p["key"]: p for p in (await stage.client.get(f"{stage.origin}/simulator/people")).json()["people"]}
    chats = {key: [(c["id"], c["title"]) for c in person["chats"]] for key, person in people.items()}
    assert chats["patient-001"] == [(OA, "会诊服务号"), ("mini_program", "会诊小程序")]
    assert chats["village-doctor-01"] == [("wecom_app", "会诊工作台"), ("wecom_robot", "会诊助手"), ("group:village-doctors", "村医会诊群")]
    assert people["patient-001"]["chats"][0]["following"] is True
    assert people["patient-001"]["chats"][0]["last"] is None
    assert "oPatient1" not in json.dumps(people)
    assert "1990000" not in json.dumps(people)


class Watching:
    def __init__(self, stage: Stage, person: str = "") -> None:
        self.stage, self.person = stage, person
        self.events: list[dict[str, Any]] = []

    async def __aenter__(self) -> list[dict[str, Any]]:
        started = asyncio.Event()
        self.task = asyncio.create_task(self._read(started))
        await asyncio.wait_for(started.wait(), 5)
        return self.events

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _read(self, started: asyncio.Event) -> None:
        query = {"person": self.person} if self.person else {}
        async with self.stage.client.stream("GET", f"{self.stage.origin}/simulator/events", params=query, timeout=None) as response:
            async for line in response.aiter_lines():
                started.set()
                if line.startswith("data: "):
                    self.events.append(json.loads(line.removeprefix("data: ")))


async def test_events_as_they_happen(stage: Stage) -> None:
    stage.receiver.answering = lambda channel, m: xml_text(m, "好") if channel == OA else None
    async with Watching(stage) as everything, Watching(stage, "village-doctor-02") as hers:
        await stage.say("patient-001", OA, "你好")
        await stage.say("village-doctor-01", "group:village-doctors", "大家好")
        await until(lambda: len(everything) == 4)
        seen = [(e["person"], e["chat"], e["message"]["from"]) for e in everything]
        assert {("patient-001", OA, "person"), ("patient-001", OA, "service"), ("village-doctor-01", "group:village-doctors", "person"),
                ("village-doctor-02", "group:village-doctors", "member")} == set(seen)  # fmt: skip
        assert [e["message"]["content"] for e in hers] == ["大家好"]
    await until(lambda: not stage.world._watchers)


async def test_a_changing_message_is_announced_as_an_update(stage: Stage) -> None:
    stage.receiver.answering = lambda c, m: {"msgtype": "stream", "stream": {"id": "s", "finish": m["msgtype"] == "stream", "content": m["msgtype"]}}
    async with Watching(stage) as events:
        await stage.say("village-doctor-01", "wecom_robot", "会诊")
        await until(lambda: any("update" in e for e in events))
        (update,) = [e for e in events if "update" in e]
        assert update["update"]["finished"] is True
        assert update["update"]["content"] == "stream"


async def test_messages_after_a_number(stage: Stage) -> None:
    for number in range(3):
        await stage.say("village-doctor-01", "group:village-doctors", str(number))
    everything = await stage.messages("village-doctor-01", "group:village-doctors")
    assert [m["content"] for m in await stage.messages("village-doctor-01", "group:village-doctors", everything[0]["seq"])] == ["1", "2"]
    with stage.world.store.transaction():
        for number in range(600):
            stage.world.post("group:village-doctors", "person", "village-doctor-01", {"type": "text", "content": f"n{number}"})
    latest = await stage.messages("village-doctor-01", "group:village-doctors")
    assert (len(latest), latest[-1]["content"]) == (500, "n599"), "who has nothing gets the end of the chat"
    following = await stage.messages("village-doctor-01", "group:village-doctors", everything[-1]["seq"])
    assert (len(following), following[0]["content"]) == (500, "n0")
    for wrong in ("x", "-1", "9" * 30, "1.5", "²"):
        response = await stage.client.get(f"{stage.origin}/simulator/people/village-doctor-01/chats/wecom_app/messages", params={"after": wrong})
        assert response.status_code == 422
        assert response.json()["error"] == "after.invalid"


async def test_unknown_people_chats_and_addresses(stage: Stage) -> None:
    for path, error in (
        ("people/nobody/chats/wecom_app/messages", "person.unknown"),
        ("people/patient-001/chats/wecom_app/messages", "chat.unknown"),
        ("people/patient-001/chats/group:village-doctors/messages", "chat.unknown"),
        ("exchanges/none", "exchange.unknown"),
        ("media/none", "media.unknown"),
        ("media/..%2F..%2Fstate.sqlite3", "media.unknown"),
        ("static/..%2Fapp.py", "page.unknown"),
        ("static/../app.py", "http.404"),
        ("nothing", "http.404"),
    ):
        response = await stage.client.get(f"{stage.origin}/simulator/{path}")
        assert response.status_code == 404
        assert response.json()["error"] in (error, "http.404"), path
        assert response.json()["message"]


async def test_nonsense_gets_one_clear_error_and_changes_nothing(stage: Stage) -> None:
    dice = random.Random(20261121)
    odd: list[Any] = [
        None,
        True,
        0,
        -5,
        1.5,
        2**80,
        "",
        " ",
        "x" * 3000,
        "\u0000",
        "AA==",
        "!!",
        [],
        {},
        [1],
        {"a": 1},
        "text",
        "image",
        "voice",
        10**400,
        "\ud800",
    ]
    names = [
        "type",
        "content",
        "recognition",
        "name",
        "data_base64",
        "latitude",
        "longitude",
        "label",
        "quote",
        "seq",
        "key",
        "selected",
        "scene",
        "templates",
        "zz",
    ]
    paths = [f"{p}/chats/{c}/{what}" for p, c in (("patient-001", OA), ("patient-001", "mini_program"), ("village-doctor-01", "wecom_app"),
             ("village-doctor-01", "wecom_robot"), ("village-doctor-01", "group:village-doctors")) for what in ("messages", "taps")]  # fmt: skip
    paths += ["patient-001/official-account/follow", "patient-001/mini-program/subscribe"]
    for _ in range(400):
        path = dice.choice(paths)
        if dice.random() < 0.2:
            content = dice.randbytes(dice.randrange(30))
        else:
            content = json.dumps({name: dice.choice(odd) for name in dice.sample(names, dice.randrange(1, 5))}).encode()
        response = await stage.client.post(f"{stage.origin}/simulator/people/{path}", content=content)
        assert response.status_code in (200, 201, 400, 404, 409, 413, 422), (path, content, response.text)
        if response.status_code >= 400:
            assert set(response.json()) == {"error", "message"}
            assert response.json()["message"]
    for body in (b"[]", b"{", b"[" * 100_000, b'"x"', b"\xff"):
        response = await stage.client.post(f"{stage.origin}/simulator/people/patient-001/chats/{OA}/messages", content=body)
        assert (response.status_code, response.json()["error"]) == (400, "body.invalid")


async def test_the_page_is_served_from_its_folder(stage: Stage) -> None:
    response = await stage.client.get(f"{stage.origin}/")
    assert response.status_code == 200
    assert "text/html" in response.headers["content-type"]


async def test_a_chat_is_found_however_its_address_is_written(stage: Stage) -> None:
    await stage.say("village-doctor-01", "group:village-doctors", "大家好")
    for written in ("group:village-doctors", "group%3Avillage-doctors", "group%3avillage%2Ddoctors"):
        found = await stage.messages("village-doctor%2D01", written)
        assert [m["content"] for m in found] == ["大家好"], written
