"""请假 and 销假: an expert's own, or by the desk for somebody of the county. What will be set is read back first; one is ended by a tap."""

from __future__ import annotations

from datetime import datetime

from bot.channels.outgoing import Choice, Text
from bot.dialogue.cases import tapped
from bot.dialogue.rostering import named
from bot.dialogue.turn import Reply, Turn
from bot.phrases.text import tidy
from bot.phrases.when import Ambiguous, When, take_when
from core.appointments.commands import AbsenceView, EndAbsence, MyRoster, RosterView, SetAbsence
from core.foundation.actor import Role
from core.foundation.clock import SHANGHAI, shanghai, spoken
from core.foundation.errors import Invalid

ALONE = "请假请在单独会话里说。"
_HOW = "比如:请假 明天下午,或 请假 周三 14:00-18:00。"
_STAMP = "%Y%m%d%H%M"


async def leave_in_words(turn: Turn, words: str) -> Reply:
    """请假 明天下午; at the desk 请假 王主任 明天下午."""
    if turn.group:
        return turn.say(ALONE)
    when, rest = take_when(words, turn.practice.clock.now())
    meant = await _whose(turn, rest if when is not None or rest != tidy(words) else words)
    if isinstance(meant, Reply):
        return meant
    practitioner_id, who = meant
    spans = [one for one in (when.choices if isinstance(when, Ambiguous) else (when,)) if isinstance(one, When) and not one.exact]
    if not spans:
        return turn.say(f"请写从什么时候到什么时候。{_HOW}")
    keys = [f"leave:{practitioner_id}:{shanghai(one.start):{_STAMP}}:{shanghai(one.end):{_STAMP}}" for one in spans]
    labels = ["确认请假"] if len(spans) == 1 else [one.spoken for one in spans]
    choices = tuple(Choice(code=key, label=label) for key, label in zip(keys, labels, strict=True))
    lines = [f"{who}请假:{spoken(one.start)} 到 {spoken(one.end)}" for one in spans]
    return turn.offer("\n".join(["请确认。", *lines, "这段时间不派会诊,没约出去的号会关掉;已经约好的号还在,请另外安排。"]), choices)


async def _whose(turn: Turn, words: str) -> tuple[str, str] | Reply:
    """Id and how he is called: the one who is named, at the desk; else the person himself."""
    if words.strip() and turn.actor.holds(Role.SCHEDULER):
        found = await named(turn, words)
        return found if isinstance(found, Reply) else (found[0].practitioner_id, found[0].who)
    if turn.actor.practitioner_id is None or not turn.actor.holds(Role.EXPERT):
        return turn.say("请写是谁,比如:请假 王主任 明天下午。")
    return turn.actor.practitioner_id, "您"


async def leave(turn: Turn, practitioner_id: str, starts: str, ends: str) -> Reply:
    """【确认请假】."""
    starts_at, ends_at = _moment(starts), _moment(ends)
    await turn.execute(SetAbsence(practitioner_id=practitioner_id, starts_at=starts_at, ends_at=ends_at))
    text = f"记下了,请假:{spoken(starts_at)} 到 {spoken(ends_at)}。提前回来发「销假」。"
    return Reply((*tapped(turn, "已请假"), Text(text=text)), turn.state.asking(None))


def _moment(stamp: str) -> datetime:
    """A local time to the minute, as a button carries it."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) == 12):
        raise Invalid
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Invalid from None


async def end_in_words(turn: Turn, words: str) -> Reply:
    """销假; at the desk 销假 王主任."""
    if turn.group:
        return turn.say(ALONE)
    absences: tuple[AbsenceView, ...]
    if words.strip() and turn.actor.holds(Role.SCHEDULER):
        found = await named(turn, words)
        if isinstance(found, Reply):
            return found
        absences, who = found[0].absences, found[0].who
    elif turn.actor.holds(Role.EXPERT):
        own: RosterView = await turn.ask(MyRoster())
        absences, who = own.absences, "您"
    else:
        return turn.say("请写是谁,比如:销假 王主任。")
    if not absences:
        return turn.say(f"{who}现在没有请假。")
    times = [f"{spoken(one.starts_at)} 到 {spoken(one.ends_at)}{'(进行中)' if one.running else ''}" for one in absences[:6]]
    lines = [f"{place}. {time}" for place, time in enumerate(times, 1)]
    choices = tuple(Choice(code=f"end_leave:{one.absence_id}", label=f"销假 {place}") for place, one in enumerate(absences[:6], 1))
    return turn.offer("\n".join([f"{who}的请假,要结束哪一个?", *lines]), choices)


async def end(turn: Turn, absence_id: str) -> Reply:
    """【销假】."""
    await turn.execute(EndAbsence(absence_id=absence_id))
    return Reply((*tapped(turn, "已销假"), Text(text="销假了,可以派会诊。请假时关掉的号要另外开放。")), turn.state.asking(None))
