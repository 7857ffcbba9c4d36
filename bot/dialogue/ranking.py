"""匹配, 请专家: the desk reads why experts were ranked as they are, and asks one of them by his place in that list."""

from __future__ import annotations

from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue.cases import tapped
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.who import Named, take_who
from core.consultations.commands import Progress, StatusList
from core.dispatch.commands import AskExpert, RankedExpert, Ranking, RankingView
from core.foundation.actor import Role
from core.foundation.orders import Done

_ALONE = "匹配和请专家请在单独会话里做。"
_LINES, _BUTTONS = 12, 6


async def ranking(turn: Turn, code: str | None) -> Reply:
    """匹配 C-7K2M: everybody who was looked at, best first, with reasons; a number or a tap asks that one."""
    if turn.group:
        return turn.say(_ALONE)
    found = await _consultation(turn, code)
    if found is None:
        return turn.say(_not_found(code))
    consultation_id, spelled = found
    experts = await _ranked(turn, consultation_id)
    if not experts:
        return turn.say(f"会诊 {spelled} 还没有开始找专家。")
    shown = experts[:_LINES]
    lines = [f"会诊 **{spelled}** 的专家匹配:", *(_line(place, one) for place, one in enumerate(shown, 1))]
    if not turn.actor.holds(Role.SCHEDULER):
        return turn.say("\n".join(lines))
    lines.append(f"要请其中一位,点名字,或写:请专家 {spelled} 1")
    codes = tuple(f"ask:{consultation_id}:{one.practitioner_id}" for one in shown)
    # A number means the line, whichever of them have room for a button.
    named = [f"{place} {one.expert.partition('(')[0]}" for place, one in enumerate(shown, 1)]
    choices = tuple(Choice(code=key, label=label) for key, label in zip(codes, named, strict=True))
    asked = Asked(kind="ranking", ref=consultation_id, options=codes, menu_id=turn.menu_id())
    menu = Menu(head="请哪一位?", choices=choices[:_BUTTONS], menu_id=turn.menu_id())
    return Reply((Text(text="\n".join(lines)), menu), turn.state.asking(asked).showing("consultation", consultation_id))


def _line(place: int, one: RankedExpert) -> str:
    if one.excluded is not None:
        return f"{place}. {one.expert}:{one.excluded}"
    return f"{place}. {one.expert} {one.score:g} 分:{','.join(one.reasons)}"


async def ask_by_place(turn: Turn, code: str | None, place: int | None) -> Reply:
    """请专家 C-7K2M 2: the second of the list he was shown, or of the newest one."""
    if turn.group:
        return turn.say(_ALONE)
    if place is None:
        return await ranking(turn, code)

    async def look_up() -> list[str] | None:
        found = await _consultation(turn, code)
        if found is None:
            return None
        shown = turn.state.asked
        if shown is not None and shown.kind == "ranking" and shown.ref == found[0]:
            chosen = shown.options[place - 1 : place]
            return [found[0], chosen[0].split(":")[2] if chosen else ""]
        experts = await _ranked(turn, found[0])
        return [found[0], experts[place - 1].practitioner_id if place <= len(experts) else ""]

    meant: list[str] | None = await turn.settle("expert", look_up)
    if meant is None:
        return turn.say(_not_found(code))
    consultation_id, practitioner_id = meant
    if not practitioner_id:
        return turn.say(f"名单上没有第 {place} 位。发「匹配{' ' + code if code else ''}」看名单。")
    return await ask(turn, consultation_id, practitioner_id)


async def ask_by_name(turn: Turn, code: str | None, name: str) -> Reply:
    """请专家 王主任: the one of the list who is called so; of several, or where only the surname fits, it is asked back."""
    if turn.group:
        return turn.say(_ALONE)

    async def look_up() -> list[list[str]]:
        found = await _consultation(turn, code)
        if found is None:
            return []
        experts = await _ranked(turn, found[0])
        who = take_who(name, [_named(one) for one in experts])
        return [[found[0], "yes" if who.sure else ""], *([one.key, ""] for one in who.people)]

    meant: list[list[str]] = await turn.settle("expert_named", look_up)
    if not meant:
        return turn.say(_not_found(code))
    (consultation_id, *sure), people = meant[0], [one[0] for one in meant[1:]]
    if not people:
        return turn.say(f"名单上没有「{name[:20]}」。发「匹配{' ' + code if code else ''}」看名单。")
    if len(people) == 1 and any(sure):
        return await ask(turn, consultation_id, people[0])
    experts = {one.practitioner_id: one for one in await _ranked(turn, consultation_id)}
    labels = {key: f"{experts[key].full_name} {experts[key].expert}" for key in people[:_BUTTONS] if key in experts}
    choices = tuple(Choice(code=f"ask:{consultation_id}:{key}", label=label) for key, label in labels.items())
    return turn.offer("是请哪一位?" if len(choices) > 1 else "是请这一位吗?", choices)


def _named(one: RankedExpert) -> Named:
    return Named(one.practitioner_id, one.full_name, one.title_name, one.department, one.organisation)


async def ask(turn: Turn, consultation_id: str, practitioner_id: str) -> Reply:
    """Ask one expert; what forbids it is the practice's own answer."""
    done: Done = await turn.execute(AskExpert(consultation_id=consultation_id, practitioner_id=practitioner_id))
    who = next((one.expert for one in await _ranked(turn, consultation_id) if one.practitioner_id == practitioner_id), "这位专家")
    said = f"已经请{who},有答复马上告诉您。" if done.done else f"{who}已经在请了,还没有答复。"
    shapes: tuple[Outgoing, ...] = (*tapped(turn, f"已请{who}"), Text(text=said))
    return Reply(shapes, turn.state)


async def _ranked(turn: Turn, consultation_id: str) -> tuple[RankedExpert, ...]:
    found: RankingView = await turn.ask(Ranking(consultation_id=consultation_id))
    return found.experts


async def _consultation(turn: Turn, code: str | None) -> tuple[str, str] | None:
    """Id and code of the consultation with the code, of the one last shown, or of the only one that looks for an expert."""
    found: StatusList = await turn.ask(Progress(code=code))
    looking = [one for one in found.consultations if code is not None or one.state == "PENDING"]
    shown = [one for one in looking if one.consultation_id == turn.state.shown.get("consultation")]
    chosen = looking if len(looking) == 1 else shown
    return (chosen[0].consultation_id, chosen[0].code) if chosen else None


def _not_found(code: str | None) -> str:
    return "没有找到这份会诊,请核对编号。" if code else "请写会诊编号,比如:匹配 C-7K2M。不记得编号,发「进度」。"
