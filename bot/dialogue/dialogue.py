"""From one message to one reply: danger first, then the open question, then phrases, then the pre-consultation (or, for staff, help)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from bot.channels.message import ChannelName, Incoming, Kind
from bot.channels.outgoing import Text
from bot.dialogue import (
    answers_to_offers,
    arranging,
    between,
    binding,
    booking,
    booking_wishes,
    buttons,
    by_label,
    cases,
    deciding,
    desk,
    elder,
    files,
    followups,
    helping,
    nearby,
    patients,
    phrases_said,
    pictures,
    resuming,
    reviewing,
    rights,
    second_factor,
    signing,
    speech,
    staff_danger,
    stopping,
)
from bot.dialogue import intake_words as words
from bot.dialogue.again import asked_anew, shapes_before
from bot.dialogue.answering import picked
from bot.dialogue.danger import NOTHING, Heard, heard
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.courtesy import GREETING, GREETINGS, courtesy
from bot.phrases.guidance import guidance_for
from bot.phrases.measured import read_measured
from bot.phrases.reader import Said, clicked, phrase_of_others, read_phrase
from bot.phrases.reasons import called_off, marked_reason
from bot.phrases.rights import right_asked
from bot.phrases.stopping import Stop, stop_said
from bot.phrases.text import tidy
from bot.phrases.wanted import Wanted, read_wanted
from core.conversations import reading
from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.errors import DomainError, Invalid, Unavailable

_AGAIN = "刚才那条可能没有送到您那里,再发一次:"
_VIDEO = "视频我看不了,也没有存。请截一张图、拍张照片发来,或者用文字告诉我:哪里不舒服、多久了。"
_LINK = "链接和小程序卡片我打不开。哪里不舒服、多久了,请直接用文字告诉我。"
_STAFF_GREETING = "您好,我是会诊助手。发「帮助」看看可以说什么。"


async def reply_to(turn: Turn) -> Reply:
    """The reply to a message, in 长辈模式 in shorter sentences."""
    return elder.said_to(turn, await _replied(turn))


async def _replied(turn: Turn) -> Reply:
    """What a person did wrong becomes its sentence; what is only away for a moment is raised, to be tried again."""
    try:
        reply = await elder.fewer(turn, await _reply(turn))
        return Reply((Text(text=turn.first), *reply.shapes), reply.state, reply.aside) if turn.first else reply
    except Unavailable:
        raise
    except DomainError as refusal:
        return turn.say(refusal.message)
    except ValidationError:
        # A button or a text that makes no order: whoever altered it gets the sentence, not the fields.
        return turn.say(Invalid().message)


async def _reply(turn: Turn) -> Reply:
    incoming = turn.incoming
    match incoming.kind:
        case Kind.SUBSCRIBE | Kind.SCAN | Kind.ENTER:
            return await _greeting(turn)
        case Kind.TAP:
            return await _tapped(turn)
        case Kind.IMAGE | Kind.FILE:
            return await files.received(turn)
        case Kind.LOCATION:
            return await nearby.located(turn)
        case Kind.VOICE:
            return await _voice(turn)
        case Kind.TEXT:
            text = incoming.text.strip()
            return await _text(turn, text) if text else turn.say("我在,请说。")
        case Kind.VIDEO:
            return turn.say(*_first_in_danger(turn), _VIDEO)
        case Kind.LINK:
            # Somebody else's headline: taken for what the person feels, it would call help for nobody.
            return turn.say(*_first_in_danger(turn), _LINK)
        case _:
            return turn.say(*_first_in_danger(turn), "这个我还看不懂。请用文字告诉我,好吗?")


def _first_in_danger(turn: Turn) -> tuple[str, ...]:
    return (pictures.DANGER,) if turn.state.in_danger else ()


async def _greeting(turn: Turn) -> Reply:
    if turn.incoming.kind is Kind.ENTER and not await reading.is_first(turn.message_id, turn.conversation_id):
        return Reply((), turn.state)  # WeCom tells each time the chat is opened; once is a greeting, always is a nuisance.
    if turn.staff:
        return turn.say(_STAFF_GREETING)
    return turn.say(GREETING)


async def _voice(turn: Turn) -> Reply:
    """Spoken: with the platform's words as if typed; without them, what a recogniser hears."""
    if not turn.incoming.text.strip() and (why := await speech.listened(turn)):
        return turn.say(why)
    text = turn.incoming.text.strip()
    if not speech.is_uncertain(turn):
        return await _text(turn, text)
    hearing = await _read_if_possible(turn, text)
    urgent = hearing.danger or hearing.red_flag
    return speech.told(turn, await _uncertain(turn, text, hearing), danger=urgent)


async def _uncertain(turn: Turn, text: str, hearing: Heard) -> Reply:
    """Words that may have been misheard: danger counts at once, what changes something is asked back."""
    asked = turn.state.asked
    if turn.staff and hearing.danger:
        first = "\n".join(await staff_danger.now(turn, hearing))
        return speech.asked_back(turn, first) if speech.would_change(turn, text) else await _text(turn, text)
    measured = not turn.staff and read_measured(text) is not None and not (asked is not None and asked.kind == "intake")
    if not (hearing.danger or hearing.red_flag or turn.withheld) and (measured or speech.would_change(turn, text)):
        return speech.asked_back(turn)
    return await _text(turn, text)


async def _text(turn: Turn, text: str) -> Reply:
    if turn.group and not turn.staff:
        return turn.say(turn.withheld or helping.NOT_STAFF)
    asked = turn.state.asked
    in_question = asked is not None and asked.kind == "intake"
    value = None if turn.staff else read_measured(text)
    if value is not None:
        # Before danger: a dangerous value of who is followed has its own advice, and the village doctor is told at once.
        recorded = None if in_question else await followups.measured(turn, value)
        if recorded is not None:
            return recorded
        text = followups.plainly(value)
    hearing = NOTHING if turn.staff else await heard(turn.engine, text)
    if hearing.danger or hearing.red_flag:
        return await _danger(turn, text, hearing)
    if turn.withheld:
        return turn.say(turn.withheld)
    if not turn.staff and (invitation := binding.code_in(text)) is not None:
        return await binding.bind(turn, invitation)
    factor = asked is not None and asked.kind == second_factor.KIND and not resuming.is_old(turn, asked)
    if asked is not None and factor and (digits := second_factor.code_in(text)) is not None:
        return await buttons.press(turn, await second_factor.given(turn, asked, digits))
    if (stop := stop_said(text)) is not None:
        return await stopping.stopped(turn, stop)
    code = picked(asked, text) if asked is not None else None
    said = read_phrase(text, turn.actor, staff=turn.staff) if code is None else None
    if asked is not None and code is None and said is None and not hearing.says_something:
        named = await by_label.named(turn, asked, text)
        if isinstance(named, Reply):
            return named
        code = named
    if said is None and code is None and asked is not None and (wish := _wish(asked, text)) is not None:
        return await booking_wishes.found(turn, wish.department or asked.detail[booking.DEPARTMENT], wish.words)
    if (first := await resuming.met(turn, text, hearing, code=code, command=said is not None)) is not None:
        return first
    asked = turn.state.asked
    if asked is not None and code is not None and not turn.unseen and (which := await between.which(turn, asked, code, text)) is not None:
        return which
    if asked is not None and code is not None:
        return await (_once_more(turn, asked) if turn.unseen else _answered(turn, asked.kind, code, text))
    if asked is not None and asked.kind in _REASONS and (said is None or _only_words(asked, said)):
        return await (_once_more(turn, asked) if turn.unseen else _sentence(turn, asked, text))
    if said is not None:
        return await phrases_said.answer(turn, said)
    if asked is not None and asked.kind == "worse":
        return await followups.tell_worse(turn, asked.ref, text)
    if not turn.staff and (topic := guidance_for(text)) is not None:
        return await helping.ask(turn, topic)
    if not turn.staff and not hearing.says_something and (right := right_asked(text)) is not None:
        return rights.told(turn, right)
    if turn.staff:
        return await _staff_text(turn, text)
    if not hearing.says_something and (polite := courtesy(text)):
        return turn.say(polite)
    if asked is not None and turn.unseen:
        if not hearing.says_something:
            return await _once_more(turn, asked)
        turn.state = turn.state.asking(None)
    if asked is not None and asked.kind == "resume" and not turn.unseen:
        return await resuming.answered(turn, "no", more=text)
    return await patients.hear(turn, text, hearing)


async def _why_cancelled(turn: Turn, asked: Asked, words: str) -> Reply:
    return await cases.cancel(turn, consultation_id=asked.ref, reason=words[:200])


_REASONS: dict[str, Callable[[Turn, Asked, str], Awaitable[Reply]]] = {
    deciding.REASON: deciding.reason_given, signing.REASON: signing.reason_given, reviewing.REASON: reviewing.reason_given,
    "cancel_reason": _why_cancelled, desk.REASON: desk.reason_given,
    arranging.NO_SUCH: arranging.no_such_reason, "decline_reason": answers_to_offers.reason_given,
}  # fmt: skip
"""Questions that are answered with a sentence."""
_ABOUT = {deciding.REASON: ("agree", "partly", "disagree"), reviewing.REASON: ("return",), "cancel_reason": ("cancel",),
    "decline_reason": ("decline",),
}  # fmt: skip
"""What those questions are about: 退回 剂量不对 is the reason of a return, 急用一剂 阿司匹林 is not."""


def _wish(asked: Asked, text: str) -> Wanted | None:
    """明天下午, 王主任 where free times are on the screen and none of them was named."""
    return read_wanted(text) if asked.kind == "actions" and booking.DEPARTMENT in asked.detail else None


def _only_words(asked: Asked, said: Said) -> bool:
    """A sentence that begins like the phrase that is being asked about. One that names something (a code) is the phrase."""
    return said.phrase.key in _ABOUT.get(asked.kind, ()) and bool(said.arguments) and set(said.arguments) <= {"words", "reason"}


async def _sentence(turn: Turn, asked: Asked, text: str) -> Reply:
    """A sentence where one was asked for. What tells of danger is none, unless 理由: stands before it."""
    if called_off(text):
        return _nothing_done(turn)
    words = marked_reason(text)
    if words is None and (hearing := await _read_if_possible(turn, text)).danger:
        return await staff_danger.answered(turn, hearing)
    return await _REASONS[asked.kind](turn, asked, words or text)


def _nothing_done(turn: Turn) -> Reply:
    return Reply((Text(text="好的,没有办。要办时再点按钮,或者发「帮助」看怎么说。"),), turn.state.asking(None))


async def _danger(turn: Turn, text: str, hearing: Heard) -> Reply:
    """An emergency, or a red flag. Said as 加重, or where that was asked about, the village doctor who follows the patient hears of it too."""
    said, asked = read_phrase(text, turn.actor, staff=turn.staff), turn.state.asked
    reply = None
    if said is not None and said.phrase.key == "worse":
        reply = await followups.worse_in_danger(turn, said.arguments.get("words", text))
    elif said is None and asked is not None and asked.kind == "worse":
        reply = await followups.tell_worse(turn, asked.ref, text)
    return reply or await patients.hear(turn, text, hearing)


async def _once_more(turn: Turn, asked: Asked) -> Reply:
    """The open question never arrived: it is asked again, and what was said is not taken for its answer."""
    return asked_anew(turn, asked, await shapes_before(turn, asked), Text(text=_AGAIN))


async def _answered(turn: Turn, kind: str, code: str, text: str) -> Reply:
    """The open question's option ``code`` was chosen, by tap or number."""
    if kind == "whose":
        return await patients.whose_answered(turn, code)
    if kind == speech.KIND and turn.state.asked is not None:
        return await speech.answered(turn, turn.state.asked, code, _text)
    if kind == between.KIND:
        meant = between.chosen(turn, code)
        return await (buttons.press(turn, meant[1]) if meant[0] is None else _answered(turn, meant[0], meant[1], text))
    asked = turn.state.asked
    if kind == booking_wishes.KIND and asked is not None:
        return await booking_wishes.chosen(turn, asked, code, await patients.said_before(turn, asked.detail.get("said", "")))
    if kind == "resume":
        return await resuming.answered(turn, code)
    if code == words.BACK.code:
        return await stopping.stopped(turn, Stop.BACK)
    if code == elder.OTHERS.code and asked is not None:
        return await elder.others(turn, asked)
    if code == resuming.ANOTHER.code:
        return await buttons.press(turn, code)
    if kind == "intake":
        return await patients.tell(turn, text, choice=code, subject=turn.state.subject)
    return await buttons.press(turn, code)


async def _tapped(turn: Turn) -> Reply:
    tap = turn.incoming.tap
    if tap is None:
        return turn.say(buttons.OLD)
    if tap.source == "menu":
        return await _clicked(turn, tap.key)
    if ":" in tap.key or tap.key in buttons.ALONE:
        return await buttons.press(turn, tap.key)
    asked = turn.state.asked
    # The API gives back what was offered by its code alone, and may name a phrase as the menus do.
    by_code = turn.incoming.channel is ChannelName.TERMINAL and not tap.menu_id
    if asked is not None and (by_code or tap.menu_id == asked.menu_id) and tap.key in asked.options:
        old = await resuming.met(turn, turn.incoming.text, NOTHING, code=tap.key, command=False)
        return old or await _answered(turn, asked.kind, tap.key, turn.incoming.text)
    if by_code and (said := clicked(tap.key, turn.actor, staff=turn.staff)) is not None:
        return await phrases_said.answer(turn, said)
    if asked is not None and turn.unseen:
        return await _once_more(turn, asked)
    # WeChat gives back the label of what was tapped: read as words, it may still answer.
    return Reply((*cases.tapped(turn, "这个按钮已经过去了"), Text(text=buttons.OLD)), turn.state)


async def _clicked(turn: Turn, key: str) -> Reply:
    """A click in the account's own menu says a phrase. One that is not his to say, or of an older menu, leads to help."""
    if turn.withheld:
        return turn.say(turn.withheld)
    said = clicked(key, turn.actor, staff=turn.staff)
    if said is not None:
        return await phrases_said.answer(turn, said)
    if not turn.staff and turn.incoming.channel.value.startswith("wecom"):
        return turn.say(helping.NOT_STAFF)
    return turn.say("这个菜单现在用不了。发「帮助」看看可以说什么。")


async def _staff_text(turn: Turn, text: str) -> Reply:
    """A text of a member of staff that is no command: danger still comes first, then the way to say it."""
    hearing = await _read_if_possible(turn, text)
    if hearing.danger:
        return await staff_danger.answered(turn, hearing)
    if turn.state.asked is not None and called_off(text):
        return _nothing_done(turn)
    if tidy(text).lower() in GREETINGS:
        return turn.say(_STAFF_GREETING)
    lines = []
    others = phrase_of_others(text)
    if turn.actor.holds(Role.VILLAGE_DOCTOR) and hearing.says_something:
        lines.append("要请专家,请在前面写「会诊」和病人编号,比如:\n会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    elif others is not None:
        lines.append(f"「{others[0]}」由{'、'.join(ROLE_LABELS[role] for role in others[1])}来做。发「帮助」看看您可以说什么。")
    else:
        lines.append("这句我没听懂。发「帮助」看看可以说什么,或者直接点按钮。")
    return turn.say("\n".join(lines))


async def _read_if_possible(turn: Turn, text: str) -> Heard:
    return await heard(turn.engine, text) if turn.practice.engines.clinical is not None else NOTHING


def incoming_of(body: str) -> Incoming:
    """The message as it was stored."""
    return Incoming.model_validate_json(body)
