"""A voice without words from the platform: recognised and answered as if typed; what changes something is asked back; danger counts at once."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis

from bot.channels.api.speech import WORDS_LIMIT, HttpRecogniser, _words
from bot.channels.settings import SpeechSettings
from bot.dialogue.amr import amr_seconds
from core.consultations.models import Consultation
from core.conversations.models import Message
from core.dispatch.models import DangerAlert
from core.foundation.practice import Practice
from core.notifications.models import ReminderChoice
from tests.bot.dialogue.recogniser import KEY, Recogniser, recogniser
from tests.bot.dialogue.stage import Stage, open_stage
from tests.support.county import seed_small

OA, APP = "official_account", "wecom_app"
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 100
SLOW = 30
"""Seconds that a test waits at most; how fast this machine is, is not tested."""


@dataclass
class Spoken:
    stage: Stage
    ear: Recogniser

    async def speak(self, person: str, chat: str, audio: bytes = AMR) -> None:
        body = {"type": "voice", "data_base64": base64.b64encode(audio).decode()}
        await self.stage._post(person, chat, "messages", body)


@pytest.fixture
async def spoken(practice: Practice, engine: Any, redis: Redis, tmp_path: Path) -> AsyncIterator[Spoken]:
    practice.engines.clinical = engine
    county = await seed_small(practice)
    async with recogniser() as ear, open_stage(practice, county, redis, tmp_path, more=ear.settings) as stage:
        yield Spoken(stage, ear)


async def test_what_was_said_goes_on_as_if_typed_and_is_kept_once(spoken: Spoken, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    spoken.ear.answers = ["咳嗽三天,发烧38度5"]
    await spoken.speak("stranger", OA)
    heard = await spoken.stage.hears("stranger", OA, "听到:「咳嗽三天,发烧38度5」", "听到了:", seconds=SLOW)
    assert heard.startswith("听到:")
    assert spoken.ear.files == [("voice.amr", "audio/amr", AMR)]
    message = await Message.get(direction="in", kind="voice")
    assert message.settled["heard"] == "words"
    assert "咳嗽三天".encode() not in bytes(message.body)
    assert not [line for line in caplog.messages if "咳嗽" in line or KEY in line]


async def test_a_slow_recogniser_is_waited_for_by_nobody_else(spoken: Spoken) -> None:
    spoken.ear.answers, spoken.ear.seconds = ["头痛三天了"], 6.0
    await spoken.speak("stranger", OA)
    await spoken.stage.say("woman", OA, "帮助")
    await spoken.stage.hears("woman", OA, "预约", seconds=SLOW)
    assert (await Message.get(kind="voice")).state == "received", "somebody else was answered while it was being listened to"
    await spoken.stage.hears("stranger", OA, "听到:「头痛三天了」", seconds=SLOW)
    exchanges = (await spoken.stage.http.get(f"{spoken.stage.base}/exchanges")).json()
    callbacks = [(await spoken.stage.http.get(f"{spoken.stage.base}/exchanges/{one['id']}")).json() for one in exchanges if one["kind"] == "callback"]
    answers = [attempt["answer"]["raw"] for one in callbacks for attempt in one["attempts"] if "[voice]" in str(attempt) or "voice" in str(attempt)]
    assert answers == ["success"]
    message = await Message.get(kind="voice")
    assert (message.state, message.push) == ("late", "sent")
    assert spoken.ear.asked == 1


async def test_danger_in_a_voice_counts_at_once(spoken: Spoken) -> None:
    spoken.ear.answers = ["我爸胸口剧烈疼痛,出冷汗,喘不上气"]
    await spoken.speak("stranger", OA)
    heard = await spoken.stage.hears("stranger", OA, "120", seconds=SLOW)
    assert heard.index("120") < heard.index("听到:")
    assert await DangerAlert.all().exists()


async def test_a_command_is_asked_back_before_it_is_done(spoken: Spoken) -> None:
    spoken.ear.answers = ["停止提醒。"]
    await spoken.speak("woman", OA)
    await spoken.stage.hears("woman", OA, "听到:「停止提醒。」", "对,就这样办", seconds=SLOW)
    assert not await ReminderChoice.filter(stopped=True).exists()
    await spoken.stage.say("woman", OA, "不对")
    await spoken.stage.hears("woman", OA, "没有办", seconds=SLOW)
    assert not await ReminderChoice.filter(stopped=True).exists()
    await spoken.speak("woman", OA)
    await spoken.stage.hears("woman", OA, "对,就这样办", seconds=SLOW)
    await spoken.stage.tap("woman", OA, "对,就这样办")
    await spoken.stage.hears("woman", OA, "全部提醒已停", seconds=SLOW)
    assert await ReminderChoice.filter(stopped=True).count() == 1


async def test_a_doctors_request_is_asked_back_with_what_to_do_now_first(spoken: Spoken) -> None:
    spoken.ear.answers = ["会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急"]
    await spoken.speak("village_doctor", APP)
    await spoken.stage.hears("village_doctor", APP, "听到:", seconds=SLOW)
    heard = await spoken.stage.everything_heard("village_doctor", APP)
    assert heard.index("先打 120") < heard.index("听到:")
    assert not await Consultation.all().exists()
    await spoken.stage.press("village_doctor", APP, "对,就这样办", seconds=SLOW)
    await spoken.stage.hears("village_doctor", APP, "会诊", "已建", seconds=SLOW)
    assert await Consultation.all().count() == 1


@pytest.mark.parametrize(
    ("answer", "audio"),
    [
        ("", AMR), ((500, b"{}"), AMR), ((200, b"{"), AMR), ((200, b'{"text": 7}'), AMR), ((200, b'{"text": "' + b"x" * 70_000 + b'"}'), AMR),
        ((302, b""), AMR), ("你好", b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3100), ("你好", b"#!AMR\n" + bytes(3 << 20)), ("你好", b"RIFF no amr"),
    ],
)  # fmt: skip
async def test_what_is_not_heard_is_asked_for_again_kindly(spoken: Spoken, answer: Any, audio: bytes) -> None:
    spoken.ear.answers = [answer]
    await spoken.speak("stranger", OA, audio)
    heard = await spoken.stage.hears("stranger", OA, "打字", "120", seconds=SLOW)
    assert "听到:" not in heard
    assert (await Message.get(kind="voice")).settled["heard"] == "nothing"


async def test_without_a_recogniser_the_person_is_asked_to_type(stage: Stage) -> None:
    await stage._post("stranger", OA, "messages", {"type": "voice"})
    await stage.hears("stranger", OA, "请打字告诉我", "120", seconds=SLOW)


async def test_the_time_limit_is_the_adapters_own() -> None:
    async with recogniser() as ear:
        ear.seconds = 30
        adapter = HttpRecogniser(SpeechSettings(url=ear.url, model="small", key=SecretStr(KEY)), seconds=0.3)
        assert await adapter.recognise(AMR, "audio/amr", "amr") is None
        await adapter.close()
        away = HttpRecogniser(SpeechSettings(url="http://127.0.0.1:9", key=SecretStr("")))
        assert await away.recognise(AMR, "audio/amr", "amr") is None
        await away.close()


async def test_only_https_or_this_machine_and_the_key_is_not_shown() -> None:
    for url in ("http://asr.example.cn", "ftp://127.0.0.1", "https://u:p@asr.example.cn", "https://asr.example.cn/?k=1"):
        with pytest.raises(ValidationError):
            SpeechSettings(url=url)
    assert KEY not in repr(SpeechSettings(url="https://asr.example.cn", key=SecretStr(KEY)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_have_a_length_or_none(tail: bytes) -> None:
    assert amr_seconds(tail) is None or tail.startswith(b"#!AMR")
    for head in (b"#!AMR\n", b"#!AMR-WB\n"):
        found = amr_seconds(head + tail)
        assert found is not None
        assert 0 <= found <= 0.02 * len(tail) + 1e-9


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=60).map(lambda said: json.dumps({"text": said}).encode()), st.just(b"[" * 5000)))
def test_any_answer_is_words_or_none(answer: bytes) -> None:
    words = _words(answer)
    assert words is None or (words.isprintable() and len(words) <= WORDS_LIMIT and words == words.strip())


def test_a_minute_is_a_minute() -> None:
    assert amr_seconds(b"#!AMR\n" + (b"\x3c" + bytes(31)) * 3000) == pytest.approx(60)
    assert amr_seconds(b"#!AMR-WB\n" + (b"\x44" + bytes(60)) * 50) == pytest.approx(1)
