"""预约 呼吸内科 明天下午, 约下周三上午王主任: the free times that fit; where none does, the nearest ones."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.channels.outgoing import Choice
from bot.dialogue import booking
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.text import tidy
from bot.phrases.when import Ambiguous, When, take_when
from bot.phrases.who import Named, Who, take_who
from core.appointments.commands import DepartmentsView, DepartmentsWithSlots, FreeSlots, SlotsView, SlotView
from core.foundation.clock import SHANGHAI, shanghai, spoken
from nlp.interface.departments import department

KIND = "when"
_MOST_DEPARTMENTS = 10
_STAMP = "%Y%m%d%H%M"


async def found(turn: Turn, department_code: str | None, words: str) -> Reply:
    """``words``: the line that says time and doctor (``bot.phrases.wanted``)."""
    if department_code is not None and not department(department_code).bookable:
        return await booking.slots(turn, department_code)
    when, rest = take_when(words, turn.practice.clock.now())
    if isinstance(when, Ambiguous):
        return _which_time(turn, department_code, when)
    if when is None and rest != tidy(words):
        shown = await _shown(turn, department_code, rest, None)
        return turn.say("这个时间已经过去了,或者没有这一天。") if not shown.shapes else _with(shown, turn, "这个时间已经过去了,或者没有这一天。")
    return await _shown(turn, department_code, rest, when)


def _with(reply: Reply, turn: Turn, first: str) -> Reply:
    turn.first = first
    return reply


def _which_time(turn: Turn, department_code: str | None, when: Ambiguous) -> Reply:
    """是哪个时间?, with what else was said kept by the message in which it was said."""
    choices = tuple(
        Choice(code=f"{one.start.strftime(_STAMP)}-{one.end.strftime(_STAMP)}-{int(one.exact)}", label=one.spoken) for one in when.choices
    )
    detail = {"said": turn.message_id} | ({} if department_code is None else {booking.DEPARTMENT: department_code})
    return turn.offer("是哪个时间?" if len(choices) > 1 else "是这个时间吗?", choices, asked=Asked(kind=KIND, detail=detail))


async def chosen(turn: Turn, asked: Asked, code: str, words: str) -> Reply:
    """One of the times; ``words``: the line in which it was asked for."""
    start, end, exact = code.split("-")
    begins, ends = (datetime.strptime(one, _STAMP).replace(tzinfo=SHANGHAI) for one in (start, end))
    when = When(begins, ends, exact == "1", spoken(begins) if exact == "1" else _span(begins, ends))
    _, rest = take_when(words, turn.practice.clock.now())
    return await _shown(turn, asked.detail.get(booking.DEPARTMENT), rest, when)


def _span(begins: datetime, ends: datetime) -> str:
    day = spoken(begins).rsplit(" ", 1)[0]
    return day if ends - begins >= timedelta(days=1) else f"{day} {begins.hour}:{begins.minute:02d} 到 {ends.hour or 24}:{ends.minute:02d}"


async def _shown(turn: Turn, department_code: str | None, words: str, when: When | None) -> Reply:
    slots = await _free(turn, department_code)
    if not slots:
        return await booking.slots(turn, department_code)
    who = take_who(words, _people(slots))
    theirs = [slot for slot in slots if _key(slot) in {one.key for one in who.people}] if who.people else slots
    fitting = [slot for slot in theirs if when is None or when.holds(slot.starts_at)]
    if who.said and not who.people:
        fitting = []
    head = _head(department_code, when, who, bool(fitting))
    if not fitting:
        near = theirs if when is None else sorted(theirs, key=lambda slot: abs(slot.starts_at - when.start))
        fitting = sorted(near[: booking.SHOWN], key=lambda slot: slot.starts_at)
    return await _offered(turn, department_code, head, fitting[: booking.SHOWN])


async def _offered(turn: Turn, department_code: str | None, head: str, slots: list[SlotView]) -> Reply:
    intake_id = await booking.running_intake(turn)
    later = shanghai(slots[0].starts_at).date() > shanghai(turn.practice.clock.now()).date()
    if later and await booking.today_at_the_latest(turn, intake_id):
        head = f"**您的情况不要等到明天**:请今天就去最近的卫生院或医院。\n{head}"
    labels = [f"{spoken(slot.starts_at)} {'' if department_code else slot.department + ' '}{slot.practitioner} {slot.organisation}" for slot in slots]
    choices = tuple(Choice(code=f"book:{slot.slot_id}:{intake_id}", label=label) for slot, label in zip(slots, labels, strict=True))
    asked = Asked(kind="actions", detail={} if department_code is None else {booking.DEPARTMENT: department_code})
    return turn.offer(head, choices, tail=await booking.what_follows(turn), asked=asked)


def _head(department_code: str | None, when: When | None, who: Who, fits: bool) -> str:
    """What was looked for, as it was understood, and whether it is there."""
    name = "" if department_code is None else department(department_code).name
    time = "" if when is None else when.spoken
    looked = " ".join(filter(None, (name, who.said, time)))
    if fits:
        return f"{looked} 可以约的时间:"
    why = f"没有找到{who.said}" if who.said and not who.people else f"{looked} 没有空号"
    return f"{why}。最近能约的:"


async def _free(turn: Turn, department_code: str | None) -> list[SlotView]:
    if department_code is not None:
        codes = [department_code]
    else:
        open_: DepartmentsView = await turn.ask(DepartmentsWithSlots())
        codes = [code for code, _, _ in open_.departments[:_MOST_DEPARTMENTS]]
    slots: list[SlotView] = []
    for code in codes:
        view: SlotsView = await turn.ask(FreeSlots(department_code=code, limit=100))
        slots += view.slots
    return sorted(slots, key=lambda slot: slot.starts_at)


def _key(slot: SlotView) -> str:
    return f"{slot.practitioner}@{slot.organisation}"


def _people(slots: list[SlotView]) -> list[Named]:
    by_key = {_key(slot): Named(_key(slot), slot.practitioner, slot.title_name, slot.department, slot.organisation) for slot in slots}
    return list(by_key.values())
