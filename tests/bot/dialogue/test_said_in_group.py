"""Whatever is said in a group, by whomever: no name, no phone, no number of a patient in what the group reads, also while cases run."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from bot.channels.message import ChannelName, Incoming, Kind
from bot.dialogue import dialogue
from bot.dialogue.state import DialogueState
from bot.dialogue.turn import Turn
from bot.phrases.definitions import PHRASES
from core.consultations.commands_arranging import RequestMaterial
from core.followups.commands import StartPlan
from core.foundation.clock import ManualClock
from core.foundation.practice import Practice
from tests.conftest import START
from tests.core.dispatch.ward import CRITICAL, URGENT, Ward, open_ward
from tests.support.county import NUMBER_WITH_WECHAT, id_number

IDENTITY = ("罗大山", "李秀英", "19900000011", id_number(date(1968, 3, 9), 11), id_number(date(1975, 7, 1), 22))
ROLES = ("village_doctor", "duty_doctor", "scheduler", "administrator", "pharmacist", "auditor")


class _Spoken(Turn):
    """A turn without a stored message behind it."""

    async def settle(self, key: str, look_up: Any) -> Any:
        return await look_up()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice, hearts=3)


async def running(ward: Ward) -> str:
    """One case that an expert took and asks material for, one that waits, a plan; the code of the first."""
    asked = await ward.request(CRITICAL, number=NUMBER_WITH_WECHAT)
    offer = (await ward.offers(asked.consultation_id))[0]
    await ward.accept(offer)
    await ward.practice.execute(ward.who(offer), RequestMaterial(consultation_id=asked.consultation_id, wanted="心电图"))
    await ward.request(URGENT)
    await ward.practice.execute(ward.county.village_doctor, StartPlan(patient_id=ward.county.woman, template="hypertension"))
    return asked.code


async def test_no_phrase_names_a_patient_in_a_group(ward: Ward) -> None:
    code = await running(ward)
    people = {role: getattr(ward.county, role) for role in ROLES}
    people |= {f"expert{place}": one for place, one in enumerate((*ward.hearts, *ward.county.experts))}
    heard = 0
    for role, actor in people.items():
        for phrase in PHRASES:
            if phrase.key == "consult":
                continue  # makes a case of whatever is said: walked in test_doctors.py
            for text in dict.fromkeys((phrase.example.replace("C-7K2M", code), phrase.names[0], f"{phrase.names[0]} {code}")):
                said = await in_group(ward, actor, text)
                heard += 1
                assert not [one for one in IDENTITY if one in said], (role, text, said)
    assert heard > 1000


async def in_group(ward: Ward, actor: Any, text: str) -> str:
    """What the group reads when ``actor`` says it there; what goes to his own chat is his."""
    incoming = Incoming.model_construct(
        channel=ChannelName.WECOM_ROBOT, kind=Kind.TEXT, text=text, group=True, tap=None, media=(), place=None, sender="x", message_id="m"
    )
    turn = _Spoken(ward.practice, actor, incoming, ward.practice.ids.new(), ward.practice.ids.new(), DialogueState())
    reply = await dialogue.reply_to(turn)
    return json.dumps([shape.model_dump(mode="json") for shape in reply.shapes], ensure_ascii=False)
