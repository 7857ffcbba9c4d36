"""What a followed patient sends: a value he measured, that it is worse, whether there are signs of danger."""

from __future__ import annotations

from bot.channels.outgoing import Choice
from bot.dialogue import patients
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.measured import Said
from core.followups.advice import ADVICE, Meaning
from core.followups.commands import MyPlans, PlansView, ReadingRecorded, RecordReading, ReportWorse
from core.followups.readings import danger_said
from core.followups.rules import BloodPressure, Glucose

_SEVERAL = "您名下有几位家人在随访,请在小程序「我的随访」里选好是谁再记,免得记错人。"
_WHERE = "哪里不舒服?从什么时候开始的?直接说就行。喘不上气、剧烈胸痛、手脚没力,请马上打 **120**。"


async def followed(turn: Turn) -> list[str]:
    """The patients of this account who are followed; of several, those whose answer is awaited."""
    view: PlansView = await turn.ask(MyPlans())
    everybody = list(dict.fromkeys(plan.patient_id for plan in view.plans))
    awaited = list(dict.fromkeys(plan.patient_id for plan in view.plans if any(due.state == "reminded" for due in plan.due)))
    return awaited if len(awaited) == 1 else everybody


async def measured(turn: Turn, said: Said) -> Reply | None:
    """Record the value; None when nobody of this account is followed (then it is a sentence like any other)."""
    whom: list[str] = await turn.settle("followed", lambda: followed(turn))
    if not whom:
        return None
    if len(whom) > 1:
        value = Glucose(said.glucose) if said.glucose is not None else BloodPressure(said.systolic or 0, said.diastolic or 0)
        # Whose it is can be asked later; what to do cannot.
        return turn.say("\n".join(filter(None, (danger_said(value), _SEVERAL))))
    order = RecordReading(patient_id=whom[0], systolic=said.systolic, diastolic=said.diastolic, glucose=said.glucose)
    recorded: ReadingRecorded = await turn.execute(order)
    return _recorded(turn, whom[0], recorded)


def plainly(said: Said) -> str:
    """The value as the engine reads it, however it was written: who is not followed must be heard too."""
    return f"血糖{said.glucose:f}" if said.glucose is not None else f"血压{said.systolic}/{said.diastolic}"


def _recorded(turn: Turn, patient_id: str, recorded: ReadingRecorded) -> Reply:
    reading = recorded.reading
    danger = reading.level == "danger"
    often = f",这周第 {recorded.highs_in_week} 次偏高" if reading.level == "high" and recorded.highs_in_week > 1 else f",{reading.level_label}"
    told = f"我告诉{recorded.told}了,他会联系您。" if recorded.told else ""
    head = f"记下了:**{reading.said}**{often}。{told}"
    text = f"{recorded.advice}\n{head}" if danger else f"{head}{recorded.advice.removeprefix(reading.level_label + '。')}"
    if not recorded.ask_danger_signs:
        return turn.say(text)
    choices = (Choice(code=f"no_signs:{reading.level}", label="没有"), Choice(code=f"signs:{patient_id}", label="有"))
    return turn.offer(f"{text}\n{recorded.signs}", choices)


def no_signs(turn: Turn, level: str) -> Reply:
    turn.state = turn.state.asking(None)
    return turn.say(ADVICE[Meaning.VERY_HIGH_PRESSURE if level == "danger" else Meaning.HIGH_PRESSURE].if_not)


def where(turn: Turn, patient_id: str) -> Reply:
    """有, or 加重 alone: ask what; the next sentence goes to the pre-consultation."""
    turn.state = turn.state.asking(Asked(kind="worse", ref=patient_id))
    return turn.say(_WHERE)


async def worse(turn: Turn, words: str) -> Reply:
    """加重 …: into the pre-consultation, and the village doctor hears of it. Who is not followed just tells it."""
    whom: list[str] = await turn.settle("followed", lambda: followed(turn))
    if len(whom) != 1:
        return await patients.tell(turn, words, subject=turn.state.subject) if words else turn.say(_WHERE)
    return await tell_worse(turn, whom[0], f"加重了,{words}") if words else where(turn, whom[0])


async def worse_in_danger(turn: Turn, words: str) -> Reply | None:
    """加重 with words that tell of an emergency; None when it is not of one followed patient."""
    whom: list[str] = await turn.settle("followed", lambda: followed(turn))
    return await tell_worse(turn, whom[0], f"加重了,{words}") if len(whom) == 1 else None


async def tell_worse(turn: Turn, patient_id: str, words: str) -> Reply:
    """What is worse, as the pre-consultation takes it up."""
    return await patients.tell(turn, words, subject="self", command=ReportWorse(patient_id=patient_id, text=words[:2000]))
