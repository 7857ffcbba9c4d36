"""From one message to one reply: danger first, then the open question, then phrases, then the pre-consultation (or, for staff, help)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import get_args

from pydantic import ValidationError

from bot.channels.message import Incoming, Kind
from bot.channels.outgoing import CardUpdate, Text
from bot.dialogue import (
    answers_to_offers,
    booking,
    cases,
    deciding,
    emergency_dose,
    families,
    files,
    following,
    followups,
    helping,
    opinions,
    own_prescriptions,
    patients,
    prescribing,
    ranking,
    reviewing,
    safety_facts,
    signing,
)
from bot.dialogue.answering import picked
from bot.dialogue.danger import NOTHING, Heard, heard
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.inbox.shapes import read
from bot.phrases.guidance import GUIDANCE, guidance_for
from bot.phrases.help import help_text
from bot.phrases.measured import read_measured
from bot.phrases.reader import Said, phrase_of_others, read_phrase
from bot.phrases.text import tidy
from core.conversations import reading
from core.conversations.models import Message
from core.dispatch.commands import DeclineReason
from core.foundation.actor import ROLE_LABELS, Role
from core.foundation.errors import DomainError, Invalid, Unavailable
from core.notifications.commands import ResumeReminders, StopReminders
from core.people.commands import Me, MeView

_OLD = "这个按钮是前面的,已经过去了。请看最新一条,或者直接说。"
_AGAIN = "刚才那条可能没有送到您那里,再发一次:"
_NOT_STAFF = "您还没有登记为医务人员,请联系管理员登记。"
_STAFF_GREETING = "您好,我是会诊助手。发「帮助」看看可以说什么。"


async def reply_to(turn: Turn) -> Reply:
    """The reply to a message. What a person did wrong becomes its sentence; what is only away for a moment is raised, to be tried again."""
    try:
        return await _reply(turn)
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
            return await _located(turn)
        case Kind.TEXT | Kind.VOICE | Kind.LINK:
            text = incoming.text.strip()
            if text:
                return await _text(turn, text)
            return turn.say("语音没有听清。请打字告诉我,或者再说一遍。" if incoming.kind is Kind.VOICE else "我在,请说。")
        case _:
            return turn.say("这个我还看不懂。请用文字告诉我,好吗?")


async def _greeting(turn: Turn) -> Reply:
    if turn.incoming.kind is Kind.ENTER and not await reading.is_first(turn.message_id, turn.conversation_id):
        return Reply((), turn.state)  # WeCom tells each time the chat is opened; once is a greeting, always is a nuisance.
    if turn.staff:
        return turn.say(_STAFF_GREETING)
    return turn.say(patients.GREETING)


async def _text(turn: Turn, text: str) -> Reply:
    if turn.group and not turn.staff:
        return turn.say(_NOT_STAFF)
    asked = turn.state.asked
    in_question = asked is not None and asked.kind == "intake"
    if not turn.staff and not in_question and (value := read_measured(text)) is not None:
        # Before danger: a dangerous value has its own advice, and the village doctor is told at once.
        recorded = await followups.measured(turn, value)
        if recorded is not None:
            return recorded
    hearing = NOTHING if turn.staff else await heard(turn.engine, text)
    if hearing.danger:
        return await _danger(turn, text, hearing)
    if asked is not None and (code := picked(asked, text)) is not None:
        return await (_once_more(turn, asked) if turn.unseen else _answered(turn, asked.kind, code, text))
    said = read_phrase(text, turn.actor, staff=turn.staff)
    if asked is not None and asked.kind in _REASONS and (said is None or _only_words(said)):
        return await (_once_more(turn, asked) if turn.unseen else _REASONS[asked.kind](turn, asked, text))
    if said is not None:
        return await _said(turn, said)
    if asked is not None and asked.kind == "worse":
        return await followups.tell_worse(turn, asked.ref, text)
    if not turn.staff and (topic := guidance_for(text)) is not None:
        return await helping.ask(turn, topic)
    if turn.staff:
        return await _staff_text(turn, text)
    if not hearing.says_something and (courtesy := _courtesy(text)):
        return turn.say(courtesy)
    if asked is not None and turn.unseen:
        if not hearing.says_something:
            return await _once_more(turn, asked)
        turn.state = turn.state.asking(None)
    return await patients.hear(turn, text, hearing)


_REASONS: dict[str, Callable[[Turn, Asked, str], Awaitable[Reply]]] = {
    deciding.REASON: deciding.reason_given, signing.REASON: signing.reason_given, reviewing.REASON: reviewing.reason_given,
}  # fmt: skip
"""Questions that are answered with a sentence."""


def _only_words(said: Said) -> bool:
    """退回 剂量不对 where a reason is awaited: a sentence that begins like a phrase. One that names something (a code, a number) is a phrase."""
    return bool(said.arguments) and set(said.arguments) <= {"words", "reason"}


async def _danger(turn: Turn, text: str, hearing: Heard) -> Reply:
    """An emergency. Said as 加重, or where that was asked about, the village doctor who follows the patient hears of it too."""
    said, asked = read_phrase(text, turn.actor, staff=turn.staff), turn.state.asked
    reply = None
    if said is not None and said.phrase.key == "worse":
        reply = await followups.worse_in_danger(turn, said.arguments.get("words", text))
    elif said is None and asked is not None and asked.kind == "worse":
        reply = await followups.tell_worse(turn, asked.ref, text)
    return reply or await patients.hear(turn, text, hearing)


async def _once_more(turn: Turn, asked: Asked) -> Reply:
    """The open question never arrived: it is asked again, and what was said is not taken for its answer."""
    message = await Message.get_or_none(id=asked.message_id, conversation_id=turn.conversation_id)
    unseen = () if message is None else read(await reading.opened(turn.practice, message, "reply"))
    shapes = tuple(shape for shape in unseen if not isinstance(shape, CardUpdate))
    state = turn.state.asking(asked.model_copy(update={"message_id": turn.message_id}))
    return Reply((Text(text=_AGAIN), *shapes), state)


_GREETINGS = frozenset({"你好", "您好", "在吗", "在不在", "有人吗", "hi", "hello", "喂", "早上好", "上午好", "下午好", "晚上好", "医生你好"})
_THANKS = frozenset({"谢谢", "谢谢你", "谢谢您", "感谢", "多谢", "辛苦了", "再见", "拜拜", "好的谢谢", "好,谢谢", "没事了"})


def _courtesy(text: str) -> str:
    """The answer to a greeting or to thanks; empty for everything else."""
    said = tidy(text).lower()
    if said in _GREETINGS:
        return patients.GREETING
    return "不客气。有不舒服随时说;变重了不要等,马上打 **120**。" if said in _THANKS else ""


async def _answered(turn: Turn, kind: str, code: str, text: str) -> Reply:
    """The open question's option ``code`` was chosen, by tap or number."""
    if kind == "whose":
        return await patients.whose_answered(turn, code)
    if kind == "intake":
        return await patients.tell(turn, text, choice=code, subject=turn.state.subject)
    return await _button(turn, code)


async def _tapped(turn: Turn) -> Reply:
    tap = turn.incoming.tap
    if tap is None:
        return turn.say(_OLD)
    if ":" in tap.key or tap.key in _ALONE:
        return await _button(turn, tap.key)
    asked = turn.state.asked
    if asked is not None and tap.menu_id == asked.menu_id and tap.key in asked.options:
        return await _answered(turn, asked.kind, tap.key, turn.incoming.text)
    if asked is not None and turn.unseen:
        return await _once_more(turn, asked)
    # WeChat gives back the label of what was tapped: read as words, it may still answer.
    return Reply((*cases.tapped(turn, "这个按钮已经过去了"), Text(text=_OLD)), turn.state)


_ALONE = frozenset({"no_signs", "why", "correct", "change_subject", "help", "human", "village_doctor"})


async def _button(turn: Turn, key: str) -> Reply:
    """A button that acts by itself: a verb and its arguments. What it may do is decided by the order's access entry."""
    verb, *rest = key.split(":")
    first, second, third = (*rest, "", "", "")[:3]
    match verb:
        case "accept" | "defer":
            return await answers_to_offers.answer(turn, verb, offer_id=_id(first))
        case "decline":
            return await answers_to_offers.answer(turn, verb, offer_id=_id(first), reason=_reason(second))
        case "acknowledge":
            return await answers_to_offers.acknowledge(turn, _id(first))
        case "ask":
            return await ranking.ask(turn, _id(first), _id(second))
        case "todo":
            return await cases.todo(turn, _id(first))
        case "progress":
            return await cases.progress(turn, None)
        case "confirm":
            return await cases.confirm(turn, consultation_id=_id(first))
        case "no_material":
            return await cases.waive_material(turn, _id(first))
        case "cancel":
            return await cases.cancel(turn, consultation_id=_id(first), reason=second)
        case "sign_opinion":
            return await opinions.signed(turn, _id(first), _id(second))
        case "sign_decision":
            return await opinions.decided(turn, _id(first), _id(second), _id(third))
        case "decide":
            return await deciding.chosen(turn, first, _id(second), _id(third))
        case "sign_agree":
            return await deciding.signed(turn, "agree", _id(first), _id(second))
        case "sign_partly" | "sign_disagree":
            return await deciding.signed(turn, "partly" if verb == "sign_partly" else "disagree", _id(first), _id(third), _id(second))
        case "complete":
            return await opinions.completed(turn, _id(first))
        case "dose" | "dose_clear" | "dose_hit" | "dose_skip" | "sign_dose" | "dose_seen":
            return await _dose(turn, verb, first, second)
        case "propose":
            return await prescribing.proposed(turn, _id(first), _id(second))
        case "revise":
            return await prescribing.revised(turn, _id(first), _id(second))
        case "fact":
            return await safety_facts.recorded(turn, first, _id(second))
        case "rx_sign" | "rx_refer" | "sign_rx" | "rx_pass" | "rx_back" | "rx_release":
            return await _prescription(turn, verb, _id(first), second)
        case "follow":
            return await following.start(turn, _id(first), second, _id(third) if third else None)
        case "visit":
            return await following.visited(turn, _id(first))
        case "end_follow":
            return await following.end(turn, _id(first), second)
        case "pickup":
            return await own_prescriptions.pickup(turn, _id(first))
        case "cost":
            return await own_prescriptions.cost(turn, _id(first))
        case "slots":
            return await booking.slots(turn, first, second or "-")
        case "book":
            return await booking.book(turn, _id(first), second or "-", third or None)
        case "cancel_appointment":
            return await booking.cancel(turn, appointment_id=_id(first))
        case "signs":
            return followups.where(turn, _id(first))
        case "no_signs":
            return followups.no_signs(turn)
        case "why":
            return await patients.why(turn)
        case "correct":
            return await patients.put_away(turn, "wrong")
        case "change_subject":
            return await patients.put_away(turn, "changed_subject")
        case "help":
            return await _help(turn)
        case _ if verb in GUIDANCE:
            return await helping.ask(turn, verb)
        case _:
            return turn.say(_OLD)


async def _dose(turn: Turn, verb: str, first: str, second: str) -> Reply:
    """The buttons of an emergency dose."""
    match verb:
        case "dose":
            return await emergency_dose.look(turn, first, _id(second))
        case "dose_clear":
            return await emergency_dose.cleared(turn, first, _id(second))
        case "dose_hit":
            return emergency_dose.hit(turn)
        case "dose_skip":
            return emergency_dose.skipped(turn, _id(first))
        case "dose_seen":
            return await emergency_dose.seen(turn, _id(first))
        case _:
            return await emergency_dose.signed(turn, first, _id(second))


async def _prescription(turn: Turn, verb: str, prescription_id: str, revision: str) -> Reply:
    """The buttons of signing and reviewing."""
    match verb:
        case "rx_sign":
            return await signing.begin(turn, prescription_id, _number(revision))
        case "rx_refer":
            return await signing.refer(turn, prescription_id)
        case "sign_rx":
            return await signing.signed(turn, prescription_id, _number(revision))
        case "rx_pass":
            return await reviewing.may_pass(turn, prescription_id)
        case "rx_back":
            return await reviewing.ask_reason(turn, prescription_id)
        case _:
            return await reviewing.released(turn, prescription_id, _number(revision))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Invalid
    return int(text)


def _id(text: str) -> str:
    if len(text) != 26 or not text.isalnum():
        raise Invalid
    return text


def _reason(text: str) -> DeclineReason | None:
    return next((reason for reason in get_args(DeclineReason) if reason == text), None)


async def _said(turn: Turn, said: Said) -> Reply:
    """A phrase."""
    arguments = said.arguments
    code: str | None = arguments.get("code")
    match said.phrase.key:
        case "help":
            return await _help(turn)
        case "consult":
            return await cases.request(turn, arguments, said.missing)
        case "progress":
            return await cases.progress(turn, code)
        case "patients":
            return await cases.patients(turn)
        case "confirm_account":
            return await families.confirm_account(turn, arguments.get("number"), arguments.get("claim_code", ""))
        case "confirm":
            return await cases.confirm(turn, code=code)
        case "no_material":
            return await cases.waive(turn, code)
        case "cancel":
            return await cases.cancel(turn, code=code, reason=arguments.get("reason", ""))
        case "offers":
            return await answers_to_offers.open_offers(turn)
        case "accept" | "decline" | "defer":
            return await answers_to_offers.answer(turn, said.phrase.key, code=code, reason=arguments.get("reason"))
        case "opinion":
            return await opinions.write(turn, arguments)
        case "agree" | "partly" | "disagree":
            return await opinions.decide(turn, said.phrase.key, arguments)
        case "complete":
            return await opinions.complete(turn, code)
        case "give_back":
            return await opinions.give_back(turn, arguments)
        case "dose":
            return await emergency_dose.in_words(turn, code, arguments.get("words", ""))
        case "propose":
            return await prescribing.propose_in_words(turn, code, arguments.get("words", ""))
        case "revise":
            return await prescribing.revise_in_words(turn, code, arguments.get("words", ""))
        case "sign":
            return await signing.in_words(turn, code)
        case "refer":
            return await signing.refer_in_words(turn, code)
        case "review":
            return await reviewing.waiting(turn, code)
        case "release":
            return await reviewing.release_in_words(turn, code)
        case "return":
            return await reviewing.return_in_words(turn, code, arguments.get("words", ""))
        case "dispense":
            return await reviewing.dispense(turn, code, arguments.get("words", ""))
        case "rate":
            return await opinions.rate(turn, arguments)
        case "acknowledge":
            return await answers_to_offers.acknowledge(turn, None)
        case "ranking":
            return await ranking.ranking(turn, code)
        case "ask_expert":
            return await ranking.ask_by_place(turn, code, arguments.get("place"))
        case "follow" | "visit" | "end_follow":
            in_words = {"follow": following.start_in_words, "visit": following.visit_in_words, "end_follow": following.end_in_words}
            return await in_words[said.phrase.key](turn, arguments.get("number"), arguments.get("template"))
        case "prescriptions":
            return await own_prescriptions.mine(turn)
        case "cost" | "pickup":
            return await own_prescriptions.in_words(turn, said.phrase.key, code)
        case "slots":
            return await booking.slots(turn, arguments.get("department"), unknown=arguments.get("unknown_department", ""))
        case "appointments":
            return await booking.mine(turn)
        case "cancel_appointment":
            return await booking.cancel(turn, code=code)
        case "worse":
            return await followups.worse(turn, arguments.get("words", ""))
        case "stop_reminders":
            await turn.execute(StopReminders())
            return turn.say("好的,**全部提醒已停**(紧急情况仍会告诉您)。想恢复,说「恢复提醒」。")
        case "resume_reminders":
            await turn.execute(ResumeReminders())
            return turn.say("好的,提醒已恢复。不想收了,说「停止提醒」。")
        case "why":
            return await patients.why(turn)
        case "change_subject":
            return await patients.put_away(turn, "changed_subject")
        case _:
            return await patients.put_away(turn, "wrong")


async def _help(turn: Turn) -> Reply:
    roles: tuple[str, ...] = ()
    if turn.staff:
        me: MeView = await turn.ask(Me())
        roles = tuple(dict.fromkeys(held.label for held in me.roles)) or tuple(ROLE_LABELS[held.role] for held in turn.actor.roles)
    elif turn.incoming.channel.value.startswith("wecom"):
        return turn.say(_NOT_STAFF, help_text(turn.actor, staff=False, group=turn.group))
    return turn.say(help_text(turn.actor, staff=turn.staff, group=turn.group, roles=roles))


async def _staff_text(turn: Turn, text: str) -> Reply:
    """A text of a member of staff that is no command: danger still comes first, then the way to say it."""
    hearing = await _read_if_possible(turn, text)
    asked = turn.state.asked
    if asked is not None and asked.kind == "cancel_reason":
        return await cases.cancel(turn, consultation_id=asked.ref, reason=text[:200])
    if tidy(text).lower() in _GREETINGS:
        return turn.say(_STAFF_GREETING)
    lines = []
    others = phrase_of_others(text)
    if hearing.danger:
        lines.append("**病人情况危急的话:先打 120 并准备转运。**")
    if turn.actor.holds(Role.VILLAGE_DOCTOR) and hearing.says_something:
        lines.append("要请专家,请在前面写「会诊」和病人编号,比如:\n会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急")
    elif others is not None:
        lines.append(f"「{others[0]}」由{'、'.join(ROLE_LABELS[role] for role in others[1])}来做。发「帮助」看看您可以说什么。")
    else:
        lines.append("这句我没听懂。发「帮助」看看可以说什么,或者直接点按钮。")
    return turn.say("\n".join(lines))


async def _read_if_possible(turn: Turn, text: str) -> Heard:
    return await heard(turn.engine, text) if turn.practice.engines.clinical is not None else NOTHING


async def _located(turn: Turn) -> Reply:
    """A point on the map: where the patient is, when that was asked."""
    place = turn.incoming.place
    label = place.label if place is not None else ""
    if turn.staff or not label or not turn.state.in_danger:
        return turn.say("位置收到了。要叫救护车请打 120,把位置告诉他们。哪里不舒服,请直接说。")
    return await patients.tell(turn, label, subject=turn.state.subject)


def incoming_of(body: str) -> Incoming:
    """The message as it was stored."""
    return Incoming.model_validate_json(body)
