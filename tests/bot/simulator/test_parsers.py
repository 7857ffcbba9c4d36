"""Whatever a developer's server answers, the simulator takes it or says why not."""

import contextlib
import json
import random
import time
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.simulator import cards
from bot.simulator.answers import Expected, InvalidAnswer, read_robot, read_xml
from bot.simulator.conditions import NAMES as NAMES_OF_FAULTS
from bot.simulator.conditions import Conditions, ConditionsError, checked
from bot.simulator.crypto import CallbackCipher
from bot.simulator.example import example
from bot.simulator.platform_api import APIS
from bot.simulator.settings import SettingsError
from bot.simulator.standalone import load
from bot.simulator.xmltext import XmlError, parse, render

from .conftest import key43
from .test_wecom import card

OTHERS = (
    "title desc type key text style option_list question_key id url msgtype stream finish content msg_item image template_card response_type userids"
)
NAMES = st.sampled_from(sorted(cards.FIELDS | set(OTHERS.split())))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from([*cards.KINDS, "stream", "text", "s1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=6)


def expected(cipher: CallbackCipher, kind: str = "message") -> Expected:
    return Expected(cipher, "oPatient1", "gh_official", lambda media: media == "known", kind, task_id="t1")


@settings(max_examples=300, deadline=None)
@given(OBJECTS, st.booleans())
def test_any_object_is_a_card_or_is_refused(wanted: dict[str, Any], whole: bool) -> None:
    candidate = {**card(), **wanted} if whole else wanted
    with contextlib.suppress(cards.CardError):
        cards.check(candidate)
        cards.tap_keys(candidate)
        cards.questions(candidate)


@settings(max_examples=300, deadline=None)
@given(OBJECTS, st.sampled_from(["message", "enter", "card_click", "stream"]), st.sampled_from(["stream", "template_card", "text", ""]))
def test_any_json_is_an_answer_of_the_robot_or_is_refused(wanted: dict[str, Any], kind: str, msgtype: str) -> None:
    cipher = CallbackCipher("t", key43(), "")
    if msgtype:
        wanted = {"msgtype": msgtype, msgtype: wanted}
    sealed = cipher.seal(json.dumps(wanted).encode())
    body = {"encrypt": sealed, "msgsignature": cipher.sign("1795170645", "n", sealed), "timestamp": 1795170645, "nonce": "n"}
    with contextlib.suppress(InvalidAnswer):
        read_robot(json.dumps(body).encode(), expected(cipher, kind))
    with contextlib.suppress(InvalidAnswer):
        read_robot(json.dumps(wanted).encode(), expected(cipher, kind))


FAULT_NAMES = st.sampled_from([*NAMES_OF_FAULTS, "weather"])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(FAULT_NAMES, VALUES | st.sampled_from([40001, 42001, 45047, "http", ["*"], 0.5, True]), max_size=4))
def test_any_wish_for_faults_is_taken_or_refused(wanted: dict[str, Any]) -> None:
    with contextlib.suppress(ConditionsError):
        taken = checked(wanted, Conditions(), APIS)
        taken.begin()
        assert taken.as_json() == {**Conditions().as_json(), **wanted}
        assert json.loads(json.dumps(taken.as_json())) == taken.as_json()


def test_any_config_is_taken_or_refused(tmp_path: Path) -> None:
    dice = random.Random(20261123)
    whole = example()
    path = tmp_path / "sim.toml"
    taken = 0
    for _ in range(400):
        lines = whole.replace("# [[", "[[").replace("# key", "key").replace("# name", "name").replace("# chatid", "chatid").splitlines()
        for _ in range(dice.randrange(4)):
            at = dice.randrange(len(lines))
            line, value = lines[at], dice.choice(["1", '""', '"x"', "[]", "{}", "true", "1.5", "-1", '"\u0000"', "[[1]]", "2020-01-01", "inf"])
            name = line.split("=")[0]
            lines[at : at + 1] = dice.choice([[], [line, line], [f"{name}= {value}"], [line[: dice.randrange(len(line) + 1)]], ["[x]", line]])
        path.write_bytes("\n".join(lines).encode() if dice.random() < 0.95 else dice.randbytes(60))
        with contextlib.suppress(SettingsError):
            load(path, APIS)
            taken += 1
    assert 20 < taken < 400


def test_mutated_xml_is_an_answer_or_is_refused() -> None:
    dice = random.Random(20261122)
    cipher = CallbackCipher("t", key43(), "wx1")
    head = {"ToUserName": "oPatient1", "FromUserName": "gh_official", "CreateTime": int(time.time())}
    samples = [
        {"MsgType": "text", "Content": "好 ]]> <b>"},
        {"MsgType": "image", "Image": {"MediaId": "known"}},
        {"MsgType": "news", "ArticleCount": 1, "Articles": {"item": {"Title": "t", "Description": "d", "PicUrl": "", "Url": "http://a"}}},
        {"MsgType": "update_template_card", "TemplateCard": {"CardType": "button_interaction", "MainTitle": {"Title": "x"}, "ButtonList": [
            {"Text": "a", "Style": 1, "Key": "k"}, {"Text": "b", "Style": 2, "Key": "l"}]}},
    ]  # fmt: skip
    taken = 0
    for _ in range(1500):
        sample = dice.choice(samples)
        text = render({**head, **sample})
        for _ in range(dice.randrange(3)):
            at, length = dice.randrange(len(text)), dice.randrange(6)
            text = text[:at] + dice.choice(["", "<", ">", "]]>", "&", "\u0000", "x", text[at : at + 20], "<a/>"]) + text[at + length :]
        sealed = cipher.seal(text.encode())
        stamp = str(int(time.time()))
        envelope = render({"Encrypt": sealed, "MsgSignature": cipher.sign(stamp, "n", sealed), "TimeStamp": int(stamp), "Nonce": "n"}).encode()
        if dice.random() < 0.2:
            at = dice.randrange(len(envelope))
            envelope = envelope[:at] + dice.randbytes(2) + envelope[at + 2 :]
        kind = "card_click" if "TemplateCard" in sample else "message"
        with contextlib.suppress(InvalidAnswer):
            answer = read_xml(envelope, expected(cipher, kind), wecom="TemplateCard" in sample)
            taken += bool(answer.messages or answer.card)
    assert taken > 200


def test_what_is_rendered_is_read_back() -> None:
    dice = random.Random(7)
    alphabet = "a<>&]]>'\"[CDATA 好😷\n\t"
    for _ in range(300):
        text = "".join(dice.choice(alphabet) for _ in range(dice.randrange(30)))
        found = parse(render({"Content": text})).find("Content")
        assert found is not None
        assert (found.text or "") == text
    deep = "<xml>" + "<a>" * 20_000 + "</a>" * 20_000 + "</xml>"
    with contextlib.suppress(XmlError):
        parse(deep)
