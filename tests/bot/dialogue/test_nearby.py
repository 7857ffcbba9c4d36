"""A place sent in the chat: the nearest houses, or in danger 120 first and the place to who was alerted. Links and films are answered kindly."""

from __future__ import annotations

import pytest

from bot.channels.message import Place
from bot.dialogue.nearby import said, spoken_km
from core.intake.models import Intake
from core.people.commands_nearby import PlaceOrganisation
from tests.bot.dialogue.stage import Stage
from tests.support.county import SYSTEM

OA, APP = "official_account", "wecom_app"
SLOW = 30
HERE = {"type": "location", "latitude": 25.72, "longitude": 107.13, "label": "平塘县塘边镇"}


async def placed(stage: Stage) -> None:
    for house, latitude, longitude, phone in (
        (stage.county.clinic, 25.73, 107.14, ""), (stage.county.township_centre, 25.7205, 107.1302, "0854-4821234"),
    ):
        order = PlaceOrganisation(organisation_id=house, latitude=latitude, longitude=longitude, phone=phone)
        await stage.practice.execute(SYSTEM, order)


@pytest.mark.parametrize(("person", "chat"), [("stranger", OA), ("village_doctor", APP)])
async def test_a_place_is_answered_with_the_nearest_houses(stage: Stage, person: str, chat: str) -> None:
    await placed(stage)
    await stage.say(person, chat, "附近的卫生院")
    await stage.hears(person, chat, "发送位置", "120", seconds=SLOW)
    await stage._post(person, chat, "messages", HERE)
    heard = await stage.hears(person, chat, "直线距离", seconds=SLOW)
    assert heard.index("塘边镇卫生院,约 100 米,电话 0854-4821234") < heard.index("新塘村卫生室,约 1.5 公里")
    assert "120" in heard
    if chat == OA:
        shown = str(await stage.messages(person, chat))
        assert "在地图上看 塘边镇卫生院" in shown
        assert "coord:25.720500,107.130200" in shown, "where the house is"
        assert "coord:25.72," not in shown


async def test_where_no_house_is_near_it_says_so(stage: Stage) -> None:
    await stage._post("stranger", OA, "messages", HERE)
    await stage.hears("stranger", OA, "没有登记了位置", "120", seconds=SLOW)


async def test_in_danger_120_comes_first_and_the_place_is_passed_on(stage: Stage) -> None:
    await placed(stage)
    await stage.say("stranger", OA, "我爸胸口剧烈疼痛,出冷汗,喘不上气")
    await stage.hears("stranger", OA, "120", seconds=SLOW)
    await stage._post("stranger", OA, "messages", HERE)
    heard = await stage.hears("stranger", OA, seconds=SLOW)
    assert "直线距离" not in heard
    assert (await Intake.get()).place is not None




def test_degrees_stand_for_a_place_without_a_label() -> None:
    assert said(Place(latitude=25.83012, longitude=107.32011, label=" ")) == "地图位置:北纬 25.83012,东经 107.32011"
    assert said(Place(latitude=25.83, longitude=107.32, label="新塘村三组")) == "新塘村三组"


def test_degrees_are_read_as_no_complaint(engine: object) -> None:
    for place in (Place(latitude=38.5, longitude=120.0), Place(latitude=25.83012, longitude=107.32011)):
        reading = engine.read(said(place))  # type: ignore[attr-defined]
        assert not reading.findings
        assert not reading.measurements


def test_distances_as_people_say_them() -> None:
    assert [spoken_km(km) for km in (0.01, 0.5, 0.94, 1.0, 9.94, 9.96, 23.4)] == [
        "100 米", "500 米", "900 米", "1.0 公里", "9.9 公里", "10 公里", "23 公里",
    ]
