"""From a text to a phrase with its arguments: strict about what it takes for a command, patient about how it is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from bot.phrases.definitions import PHRASES
from bot.phrases.phrase import Phrase
from bot.phrases.text import NUMBER, number, tidy, without_courtesy
from bot.phrases.wanted import read_wanted
from bot.phrases.who import take_who
from core.dispatch.commands import DeclineReason
from core.foundation.actor import Actor, HeldRole, Role
from nlp.interface.departments import department_named

CODE = re.compile(r"(?<![0-9A-Za-z])([A-Za-z])\s?[--–—_ ]?\s?([0-9A-Za-z]{4,6})(?![0-9A-Za-z])")
_STOPS = " ,。.;:、!"
"""What may stand between the parts of a line, once it is in half width."""
_BETWEEN = r"[\s,。.;:、!]"
_PATIENT = r"(?:病人|患者)"
_BED = r"(?:号床?|床)"
"""3床 is 3号 of the doctor's list: beds are stored nowhere (``bot.phrases.place``), and the answer says so."""
_CONSULTATION = re.compile(
    rf"^(?:(?:给|为|把)?{_PATIENT}?\s*第?\s*(?P<a>{NUMBER})\s*{_BED}\s*(?:的)?{_PATIENT}?|{_PATIENT}?\s*(?P<b>\d{{1,4}})\s*{_PATIENT}?(?={_BETWEEN}|$))"
    rf"{_BETWEEN}*(?P<text>.*)$",
    re.DOTALL,
)
_AT_BACK = re.compile(
    rf"^(?:给|为|请给|请为)?\s*第?\s*(?P<a>{NUMBER})\s*{_BED}\s*(?:的)?{_PATIENT}?\s*(?:请|申请|要|发起)?会诊{_BETWEEN}*(?P<text>.*)$",
    re.DOTALL,
)
_CLAIM = re.compile(
    rf"{_PATIENT}?\s*第?\s*(?:(?P<a>{NUMBER})\s*号\s*(?:的)?{_PATIENT}?(?:的)?(?:家人)?{_BETWEEN}*|(?P<b>\d{{1,4}}){_BETWEEN}+)"
    rf"(?:确认码)?{_BETWEEN}*(?P<code>[0-9A-Za-z]{{6}})"
)
_TEMPLATES = {"高血压": "hypertension", "血压": "hypertension", "糖尿病": "diabetes", "血糖": "diabetes"}
_FOLLOWED = re.compile(
    rf"(?:{_PATIENT}?\s*第?\s*(?P<number>{NUMBER})\s*{_BED}?\s*(?:的)?{_PATIENT}?)?{_BETWEEN}*(?P<illness>高血压|糖尿病|血压|血糖)?(?:随访)?"
)
_NAME = re.compile(r"(?:专家)?[\u3400-\u9fff]{2,4}")
_DEPARTMENTS = re.compile(r"专家|医生|[\s,的]|[\u3400-\u9fff]{1,8}(?:科|医院|省医)")
_PLACE = re.compile(rf"第?\s*({NUMBER})\s*(?:位|名|号|个)?(?:专家)?")
_MENTION = re.compile("^[@\uff20]\\S+\\s*")
_FILLER = re.compile(r"^(?:吧|呀|啊|了|一下|一个|一次|下|的|我|请|谢谢|的事|那个|这个)+|(?:吧|呀|啊|呢|了|一下|谢谢|吗|么|嘛)+$")
_DECLINE: dict[str, DeclineReason] = {
    "没空": "no_time", "没时间": "no_time", "忙": "no_time", "手术": "no_time", "在手术": "no_time", "走不开": "no_time",
    "不是我的专业": "not_my_field", "专业不对": "not_my_field", "不对口": "not_my_field", "不是我专业": "not_my_field",
    "认识患者": "knows_patient", "认识病人": "knows_patient", "熟人": "knows_patient", "亲戚": "knows_patient",
}  # fmt: skip
_PLAINLY = frozenset({"婉拒", "谢绝", "请转别人"})
"""Names of declining that are no part of other sentences: whatever follows is the reason."""
_BARE = frozenset({"完成"})
"""Short names that a sentence may begin with: nothing but a code may follow."""
_STARS = re.compile(r"^([1-5一二三四五])\s*(?:颗星|星|分)?(?!\d)")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase that was said. ``missing`` names what it lacks: ``number`` or ``text`` of a consultation."""

    phrase: Phrase
    arguments: dict[str, Any] = field(default_factory=dict)
    missing: str = ""


def read_phrase(text: str, actor: Actor, *, staff: bool) -> Said | None:
    """What ``text`` means as a command for ``actor``; None when it is no command, or none that he may give. Never raises."""
    said = tidy(_MENTION.sub("", text.strip()))
    if not said:
        return Said(_named("help"), {}) if text.strip() in ("?", "\uff1f") else None
    usable = [phrase for phrase in PHRASES if phrase.audience != ("patient" if staff else "staff") and phrase.may_be_said_by(actor)]
    for reading in dict.fromkeys((said, without_courtesy(said))):
        found = _consultation(reading, usable) or _longest(reading, usable)
        if found is not None:
            return found
    return None


def clicked(key: str, actor: Actor, *, staff: bool) -> Said | None:
    """The phrase that a menu's click with ``key`` says, without arguments; None when it is none, or none that he may say."""
    phrase = next((phrase for phrase in PHRASES if phrase.menu_key == key), None)
    if phrase is None or phrase.audience == ("patient" if staff else "staff") or not phrase.may_be_said_by(actor):
        return None
    return Said(phrase, {"text": ""}, "number") if phrase.argument == "consultation" else Said(phrase)


_EVERYBODY = Actor("", tuple(HeldRole(role, "") for role in Role if role not in (Role.SYSTEM, Role.VISITOR)), "", None)


def phrase_of_others(text: str) -> tuple[str, tuple[Role, ...]] | None:
    """How a phrase is called and who may say it, where a member of staff said one that is not his."""
    said = read_phrase(text, _EVERYBODY, staff=True)
    if said is None:
        return None
    roles = dict.fromkeys(grant.role for grant in said.phrase.order.access if grant.role not in (Role.SYSTEM, Role.VISITOR))
    return said.phrase.names[0], tuple(roles)


def _named(key: str) -> Phrase:
    return next(phrase for phrase in PHRASES if phrase.key == key)


def _longest(said: str, usable: list[Phrase]) -> Said | None:
    """The phrase with the longest name that the text begins with and whose remainder makes sense."""
    candidates = sorted(
        ((name, phrase) for phrase in usable for name in phrase.names if _key(said).startswith(_key(name))),
        key=lambda candidate: -len(_key(candidate[0])),
    )
    for name, phrase in candidates:
        arguments = _arguments(phrase, _after(said, name), name)
        if arguments is not None and arguments.get("code", phrase.letter).startswith(phrase.letter):
            return Said(phrase, arguments)
    return None


def _key(text: str) -> str:
    """For comparing names: without blanks and punctuation, lower case."""
    return re.sub(r"[\s,。.、!]+", "", text).lower()


def _after(said: str, name: str) -> str:
    """What follows ``name`` in ``said``, however either is spaced."""
    left = len(_key(name))
    for index, letter in enumerate(said):
        if left == 0:
            return said[index:].strip(_STOPS)
        if _key(letter):
            left -= 1
    return ""


def _arguments(phrase: Phrase, rest: str, name: str) -> dict[str, Any] | None:
    """The arguments in what follows the name, or None when it is about something else."""
    bare = _FILLER.sub("", tidy(rest)).strip()
    match phrase.argument:
        case "code_words":
            return None if name in _BARE and rest and CODE.match(rest) is None else _words(rest)
        case "rating":
            return _rating(bare)
        case "none":
            return {} if not bare else None
        case "code":
            return _code(bare)
        case "code_reason":
            return _code_and(bare, "reason")
        case "decline":
            return _declined(rest, bare, plainly=name in _PLAINLY)
        case "department":
            return _department(bare)
        case "code_rank":
            return _code_rank(bare)
        case "claim":
            return _claim(bare)
        case "follow":
            return _followed(bare)
        case "consultation":
            return None
    return None


def _code(rest: str) -> dict[str, Any] | None:
    if not rest:
        return {}
    found = CODE.fullmatch(rest)
    return None if found is None else {"code": spelled(found)}


def _code_rank(rest: str) -> dict[str, Any] | None:
    """The consultation's code and a place in the list, in either order; each may be missing."""
    found = CODE.search(rest)
    left = rest if found is None else tidy(rest[: found.start()] + " " + rest[found.end() :])
    arguments: dict[str, Any] = {} if found is None else {"code": spelled(found)}
    if not left:
        return arguments
    place = _PLACE.fullmatch(left)
    value = None if place is None else number(place[1])
    if value is not None:
        return arguments | {"place": value} if 1 <= value <= 99 else None
    who = take_who(left, ())
    return arguments | {"name": left} if _NAME.fullmatch(left) or (who.said and not _DEPARTMENTS.sub("", who.rest)) else None


def _claim(rest: str) -> dict[str, Any] | None:
    """The doctor's number of the patient and the code on somebody's screen; nothing when either is not there."""
    found = _CLAIM.fullmatch(rest)
    value = None if found is None else number(found["a"] or found["b"])
    if found is None or value is None or not 1 <= value <= 9999:
        return {} if len(rest) <= _LONGEST else None
    return {"number": value, "claim_code": found["code"].upper()}


def _code_and(rest: str, name: str) -> dict[str, Any] | None:
    found = CODE.search(rest)
    if found is None:
        return ({name: rest} if rest else {}) if len(rest) <= _LONGEST else None
    left = tidy(rest[: found.start()] + " " + rest[found.end() :])
    return {"code": spelled(found)} | ({name: left[:200]} if left else {})


def _followed(rest: str) -> dict[str, Any] | None:
    """3号 高血压: the number, the illness, both or neither; None for a sentence about something else."""
    found = _FOLLOWED.fullmatch(rest)
    if found is None:
        return None
    value = None if found["number"] is None else number(found["number"])
    if found["number"] is not None and (value is None or not 1 <= value <= 9999):
        return None
    template = _TEMPLATES.get(found["illness"] or "")
    return ({} if value is None else {"number": value}) | ({} if template is None else {"template": template})


def _words(rest: str) -> dict[str, Any] | None:
    """A code at the front, if there is one, and words that are kept as they were written: they are shown and signed."""
    found = CODE.match(rest)
    left = rest if found is None else rest[found.end() :].strip(_STOPS)
    return ({} if found is None else {"code": spelled(found)}) | ({"words": left[:4000]} if left else {})


def _rating(rest: str) -> dict[str, Any] | None:
    """C-7K2M 5星 很好: a code, one to five stars, words, each if it is there. A sentence about something else has no stars and no code."""
    found = CODE.search(rest)
    left = rest if found is None else tidy(rest[: found.start()] + " " + rest[found.end() :])
    stars = _STARS.match(left)
    if stars is None:
        return None if left else ({} if found is None else {"code": spelled(found)})
    words = left[stars.end() :].strip(_STOPS)
    given = {"stars": number(stars[1])} | ({"words": words} if words else {})
    return given if found is None else {"code": spelled(found)} | given


def _declined(rest: str, bare: str, *, plainly: bool) -> dict[str, Any] | None:
    """A code and a reason, each if it is there. Other words are kept where it can be nothing else: 婉拒 …, or with a code."""
    if plainly or CODE.match(rest) is not None:
        given = _words(rest) or {}
        words = given.pop("words", "")[:200]
        return given | ({"reason": declined_because(words) or "other", "words": words} if words else {})
    arguments = _code_and(bare, "why")
    if arguments is None:
        return None
    why = arguments.pop("why", "")
    reason = declined_because(why)
    return arguments if not why else None if reason is None else arguments | {"reason": reason}


def declined_because(words: str) -> DeclineReason | None:
    """The reason of the list that these words give, None where they give none of it."""
    return next((code for said, code in _DECLINE.items() if said in words), None)


def _department(rest: str) -> dict[str, Any] | None:
    if not rest:
        return {}
    entry = department_named(rest) or department_named(rest.removesuffix("的号").removesuffix("号"))
    if entry is not None:
        return {"department": entry.code}
    wanted = read_wanted(rest)
    if wanted is not None:
        return {"wanted": wanted.words} | ({} if wanted.department is None else {"department": wanted.department})
    # 预约 followed by a department we do not have is still the wish to book; a whole sentence is not.
    return {"unknown_department": rest} if len(rest) <= 8 and rest.endswith("科") else None


def _consultation(said: str, usable: list[Phrase]) -> Said | None:
    phrase = next((phrase for phrase in usable if phrase.key == "consult"), None)
    if phrase is None:
        return None
    behind = _AT_BACK.match(said)
    if behind is not None:
        return _asked(phrase, behind["a"], behind["text"], bed="床" in said[: behind.start("text")])
    name = max((name for name in phrase.names if said.startswith(name)), key=len, default=None)
    if name is None:
        return None
    rest = said[len(name) :].lstrip(_STOPS)
    if rest.startswith(("进度", "进展", "邀请", "取消", "记录", "意见", "完成", "结束")):
        return None
    found = _CONSULTATION.match(rest)
    return Said(phrase, {"text": rest}, "number") if found is None else _asked(
        phrase, found["a"] or found["b"], found["text"], bed="床" in rest[: found.start("text")]
    )


def _asked(phrase: Phrase, digits: str, text: str, *, bed: bool) -> Said:
    value = number(digits)
    arguments: dict[str, Any] = {"text": text.strip()[:2000]} | ({"bed": True} if bed else {})
    if value is None or not 1 <= value <= 9999:
        return Said(phrase, arguments, "number")
    arguments["number"] = value
    return Said(phrase, arguments, "" if len(arguments["text"]) >= 2 else "text")


def spelled(found: re.Match[str]) -> str:
    """A code as it is kept: C-7K2M."""
    return f"{found[1].upper()}-{found[2].upper()}"


def code_in(text: str) -> str | None:
    """The first code in a text."""
    found = CODE.search(tidy(text))
    return None if found is None else spelled(found)
