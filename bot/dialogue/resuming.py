"""A question of hours or days ago: 问诊 goes on where it was left, an old answer is not taken for granted, and what is very old is put away.

Up to half a day nothing is special. Then a message that is no answer is met with what the talk was about and the question again; a direct answer
counts for a day; after that the question is shown once more before an answer counts. After two weeks the talk is put away with a word.
"""

from __future__ import annotations

from datetime import timedelta

from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue import intake_words as words
from bot.dialogue import patients, pointing, staff_danger
from bot.dialogue.again import asked_anew, shapes_before
from bot.dialogue.danger import Heard, heard, spoken_subject, subject_of
from bot.dialogue.state import Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.courtesy import courtesy
from core.foundation.clock import ago
from core.foundation.errors import NotFound
from core.intake.commands import CurrentIntake, IntakeView
from core.intake.rules import SILENT
from nlp.interface.reading import Person

ONE_DAY, TWO_WEEKS = timedelta(days=1), timedelta(days=14)
ANOTHER = Choice(code="change_subject", label="换一件事")
_TELL = "请说吧:哪里不舒服,多久了?比如「咳嗽三天,发烧38度5」。一句话说不清就点人体图。\n喘不上气、剧烈胸痛、叫不醒、大出血,马上打 **120**。"
_SENTENCES = frozenset({"decision_reason", "rx_reason", "return_reason", "cancel_reason", "second_factor"})
_LAPSE = frozenset({"whose", "who", "worse", "resume"})
"""What asks about one sentence: days later nobody remembers which."""


async def begin(turn: Turn) -> Reply:
    """问诊, said or clicked in the menu: the open question again where one is open."""
    asked = turn.state.asked
    if asked is not None and asked.kind == "intake":
        view = await _running(turn, asked)
        if view is not None and turn.practice.clock.now() - view.updated_at > SILENT:
            return _question_again(turn, asked, view)
        shapes = await shapes_before(turn, asked)
        if shapes:
            return asked_anew(turn, asked, shapes, Text(text="好的,接着刚才的:"))
    return Reply((Text(text=_TELL), pointing.PAGE), turn.state)


def is_old(turn: Turn, asked: Asked) -> bool:
    """Whether it was asked more than a day ago."""
    return asked.at is not None and turn.practice.clock.now() - asked.at > ONE_DAY


async def met(turn: Turn, text: str, hearing: Heard, *, code: str | None, command: bool) -> Reply | None:
    """What is said first where the open question is old; None where nothing is: then the message counts as any other.

    ``code``: the option that the message picks. ``command``: it is a phrase, which leaves the question open.
    """
    asked = turn.state.asked
    if asked is None or turn.unseen:
        return None
    age = timedelta() if asked.at is None else turn.practice.clock.now() - asked.at
    if asked.kind == "intake":
        return None if command or (asked.at is not None and age <= SILENT) else await _intake(turn, asked, text, hearing, code)
    if age <= ONE_DAY or command:
        return None
    if code is None and asked.kind in _LAPSE:
        turn.state = turn.state.asking(None)
        return None
    if code is None and asked.kind not in _SENTENCES:
        return None
    if code is None and turn.practice.engines.clinical is not None and (told := await heard(turn.engine, text)).danger:
        return await staff_danger.answered(turn, told)
    shapes = await shapes_before(turn, asked)
    if not shapes:
        turn.state = turn.state.asking(None)
        return turn.say("上次问您的已经过去了。发「帮助」看看可以说什么。")
    return asked_anew(turn, asked, shapes, Text(text=f"这是{ago(age)}问您的,请再看一眼再答:"))


async def _intake(turn: Turn, asked: Asked, text: str, hearing: Heard, code: str | None) -> Reply | None:
    view = await _running(turn, asked)
    if view is None:
        return None
    now = turn.practice.clock.now()
    age = min(now - view.updated_at, now - (asked.at or view.updated_at))
    if age <= SILENT:
        return None
    if age > TWO_WEEKS:
        await patients.close(turn, "changed_subject")
        turn.state = turn.state.asking(None)
        turn.first = f"上次说到{about(turn, view)}是{ago(age)}的事,那次没问完,先放下了。"
        return None
    if code is not None and age > ONE_DAY:
        return _question_again(turn, asked, view)
    if code is None and hearing.says_something:
        subject = subject_of(hearing.reading.person)
        # About somebody else it is another matter anyway.
        return None if subject not in (None, turn.state.subject) else _same_matter(turn, asked, view)
    if code is None and (age > ONE_DAY or hearing.reading.is_aside or courtesy(text)):
        return _question_again(turn, asked, view)
    turn.state = turn.state.asking(_resumed(asked))
    return None


async def _running(turn: Turn, asked: Asked) -> IntakeView | None:
    """The talk of which ``asked`` is a question, while it still waits for the answer."""
    try:
        view: IntakeView = await turn.ask(CurrentIntake())
    except NotFound:
        return None
    return view if view.intake_id == asked.ref and view.question is not None else None


def _resumed(asked: Asked) -> Asked:
    return asked.model_copy(update={"detail": {**asked.detail, patients.RESUMED: "yes"}})


def about(turn: Turn, view: IntakeView) -> str:
    """您的咳嗽、发烧."""
    who = "您" if turn.state.subject in (None, "self") else spoken_subject(turn.state.subject, Person())
    return f"{who}的{'、'.join(view.about)}" if view.about else f"{who}的情况"


def _danger(turn: Turn, view: IntakeView) -> tuple[Outgoing, ...]:
    """Whatever is resumed: 120 first where danger stood."""
    if not turn.state.in_danger or view.assessment is None:
        return ()
    first, _ = words.still_emergency(view, view.assessment)
    return Text(text=first), *words.calls(view.assessment)


def _question_again(turn: Turn, asked: Asked, view: IntakeView) -> Reply:
    """上次说到您的咳嗽(3 天前)。体温降了吗?【…】【换一件事】"""
    assert view.question is not None  # noqa: S101 - the caller has looked
    choices = (*words.choices_of(view.question), ANOTHER)
    head = f"上次说到{about(turn, view)}({ago(turn.practice.clock.now() - view.updated_at)})。\n{view.question.text}"
    menu = Menu(head=head, choices=choices, menu_id=turn.menu_id())
    again = _resumed(asked).model_copy(update={"options": tuple(choice.code for choice in choices), "menu_id": turn.menu_id(), "at": None})
    return Reply((*_danger(turn, view), menu), turn.state.asking(again))


def _same_matter(turn: Turn, asked: Asked, view: IntakeView) -> Reply:
    head = f"上次说到{about(turn, view)}({ago(turn.practice.clock.now() - view.updated_at)}),还没问完。\n您刚才说的,是接着上次的吗?"
    choices = (Choice(code="yes", label="接着上次的"), Choice(code="no", label="换一件事"))
    reply = turn.offer(head, choices, asked=Asked(kind="resume", ref=asked.ref, detail={"said": turn.message_id}))
    return Reply((*_danger(turn, view), *reply.shapes), reply.state)


async def answered(turn: Turn, answer: str, *, more: str = "") -> Reply:
    """【接着上次的】【换一件事】; who goes on telling (``more``) tells of something new."""
    asked = turn.state.asked
    said = await patients.said_before(turn, asked.detail.get("said", "")) if asked is not None else ""
    told = f"{said}。{more}" if said and more else said or more
    if answer != "yes":
        await patients.close(turn, "changed_subject")
        turn.state = turn.state.asking(None)
        return await patients.tell(turn, told) if told else turn.say(_TELL)
    # What was said days later is no answer to the question that stood open: that is asked again.
    return await patients.tell(turn, told, subject=turn.state.subject, goes_on=asked.ref if asked is not None else None)
