"""长辈模式 in the chat: at most four answers of a question at once, the others behind 其他, and shorter sentences (``bot.phrases.shorter``).
The pages take the same choice for larger letters.

A question that rules out a danger is shown whole: 都没有 must not deny what stood behind 其他.
"""

from __future__ import annotations

from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue import intake_words as words
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.shorter import shorter
from core.foundation.errors import NotFound
from core.intake.commands import CurrentIntake, IntakeView
from core.people.commands_reading import ChooseReading

MOST = 4
OTHERS = Choice(code="others", label="其他")
_ON = "好的,**长辈模式**打开了。\n小程序里的字大了,话短了,选项少了(问危险的除外)。\n想换回来,说「普通模式」。"
_OFF = "好的,换回普通模式。想看大字,说「长辈模式」。"


async def choose(turn: Turn, *, elder: bool) -> Reply:
    """长辈模式 or 普通模式; what was asked stays open."""
    await turn.execute(ChooseReading(elder=elder))
    return turn.say(_ON if elder else _OFF)


def in_short(shapes: tuple[Outgoing, ...]) -> tuple[Outgoing, ...]:
    """The same with every sentence in its shorter form, where it has one."""
    return tuple(_shorter(shape) for shape in shapes)


def _shorter(shape: Outgoing) -> Outgoing:
    if isinstance(shape, Text):
        return shape.model_copy(update={"text": shorter(shape.text)})
    if isinstance(shape, Menu):
        return shape.model_copy(update={"head": shorter(shape.head), "tail": shorter(shape.tail)})
    return shape


def said_to(turn: Turn, reply: Reply) -> Reply:
    """The reply in the words that he chose."""
    if not turn.elder or turn.staff:
        return reply
    return Reply(in_short(reply.shapes), reply.state, in_short(reply.aside))


async def fewer(turn: Turn, reply: Reply) -> Reply:
    """The reply with the first choices of the engine's question, where it has more than four and one and rules out no danger."""
    asked = reply.state.asked
    if not turn.elder or turn.staff or asked is None or asked.kind != "intake":
        return reply
    shapes = tuple(_cut(shape, asked) for shape in reply.shapes)
    if shapes == reply.shapes or await _rules_out_danger(turn, asked):
        return reply
    back = (words.BACK.code,) if words.BACK.code in asked.options else ()
    cut = asked.model_copy(update={"options": (*asked.options[:MOST], OTHERS.code, *back)})
    return Reply(shapes, reply.state.asking(cut), reply.aside)


async def _rules_out_danger(turn: Turn, asked: Asked) -> bool:
    """Whether the open question does; also where it cannot be told."""
    try:
        view: IntakeView = await turn.ask(CurrentIntake())
    except NotFound:
        return True
    return view.question is None or view.intake_id != asked.ref or view.question.rules_out_danger


def _cut(shape: Outgoing, asked: Asked) -> Outgoing:
    if not isinstance(shape, Menu) or tuple(choice.code for choice in shape.choices) != asked.options:
        return shape
    answers = tuple(choice for choice in shape.choices if choice != words.BACK)
    if len(answers) <= MOST + 1:
        return shape
    return shape.model_copy(update={"choices": (*answers[:MOST], OTHERS, *shape.choices[len(answers) :])})


async def others(turn: Turn, asked: Asked) -> Reply:
    """【其他】: what was not shown of the question."""
    try:
        view: IntakeView = await turn.ask(CurrentIntake())
    except NotFound:
        return turn.say(words.NOT_UNDERSTOOD)
    if view.question is None or view.intake_id != asked.ref:
        return turn.say(words.NOT_UNDERSTOOD)
    hidden = tuple(choice for choice in words.choices_of(view.question) if choice.code not in asked.options)
    again = asked.model_copy(update={"options": tuple(choice.code for choice in hidden), "menu_id": turn.menu_id()})
    return Reply((Menu(head=view.question.text, choices=hidden, menu_id=turn.menu_id()),), turn.state.asking(again))
