"""A patient, or somebody about one, says what is wrong; the question of whom it is about; 为什么, 换一件事, 说错了."""

from __future__ import annotations

from bot.channels.message import Incoming
from bot.channels.outgoing import Choice, Menu, Outgoing, Text
from bot.dialogue import intake_words as words
from bot.dialogue import pointing
from bot.dialogue.danger import Heard, spoken_subject, subject_of
from bot.dialogue.state import FLAG, Asked
from bot.dialogue.turn import Reply, Turn
from bot.phrases.after_advice import After, after_advice
from core.conversations import reading
from core.conversations.models import Message
from core.foundation.errors import NotFound
from core.foundation.orders import Command
from core.intake.commands import CloseIntake, CurrentIntake, IntakeView, Say
from core.intake.errors import IntakeClosed, IntakeUnknown
from nlp.interface.assessment import Assessment
from nlp.interface.reading import Person
from nlp.interface.urgency import Urgency

RESUMED = "resumed"
"""In the detail of a question of days ago that was asked once more: the answer goes on with that intake."""
_COMPLAINT = "complaint"
"""The question that asks where it is."""

async def hear(turn: Turn, text: str, heard: Heard) -> Reply:
    """A sentence about symptoms. Before anything else: whom is it about, unless there is danger."""
    subject = subject_of(heard.reading.person)
    if heard.danger or heard.red_flag:
        if _another(turn, subject):
            await close(turn, "changed_subject")
        return await tell(turn, text, subject=subject)
    if turn.state.in_danger:
        return await tell(turn, text, subject=turn.state.subject)
    waiting = turn.state.asked
    if waiting is not None and waiting.kind == "who":
        return await tell(turn, f"{text}。{await said_before(turn, waiting.ref)}", subject=subject or "other")
    if waiting is not None and waiting.kind == "whose":
        if heard.reading.is_aside:
            # A curse or a question of another kind says nothing about whom it is about.
            return _whose(turn, waiting.detail.get("subject", "other"), heard.reading.person, about=waiting.ref)
        # He went on telling instead of answering: that is a yes.
        return await whose_answered(turn, "yes", more=text)
    if subject is not None and heard.says_something and (_another(turn, subject) or (subject == "child" and turn.state.intake_id is None)):
        return _whose(turn, subject, heard.reading.person)
    return await tell(turn, text, subject=subject)


def _another(turn: Turn, subject: str | None) -> bool:
    running = turn.state.subject
    return turn.state.intake_id is not None and subject is not None and running is not None and subject != running


def _whose(turn: Turn, subject: str, person: Person, *, about: str = "") -> Reply:
    """``about``: the message whose subject is asked for, this one unless an earlier one is asked about again."""
    asked = Asked(kind="whose", ref=about or turn.message_id, detail={"subject": subject})
    head = f"是问**{spoken_subject(subject, person)}**,对吗?"
    return turn.offer(head, (Choice(code="yes", label="是"), Choice(code="no", label="不是")), asked=asked)


async def whose_answered(turn: Turn, answer: str, *, more: str = "") -> Reply:
    """是 or 不是 to "是问8个月的宝宝,对吗?"."""
    asked = turn.state.asked
    if asked is None:
        return turn.say(words.NOT_UNDERSTOOD)
    before = await said_before(turn, asked.ref)
    running = turn.state.intake_id is not None
    if answer == "yes":
        if running:
            await close(turn, "changed_subject")
        return await tell(turn, f"{before}。{more}" if more else before, subject=asked.detail.get("subject"))
    if running:
        return await tell(turn, before, subject=turn.state.subject)
    state = turn.state.asking(Asked(kind="who", ref=asked.ref, detail=asked.detail))
    return Reply((Text(text="那是替谁问的?比如:我自己、我爹、孩子 5 岁。"),), state)


async def tell(
    turn: Turn, text: str, *, choice: str | None = None, subject: str | None = None, command: Command | None = None, goes_on: str | None = None
) -> Reply:
    """Give the sentence (or the tapped choice) to the intake, by ``command`` where another order gives it, and say what came of it.

    ``goes_on``: the intake that it goes on with, however long that was silent; what is said is then no answer to its open question.
    """
    waiting = turn.state.asked
    resumed = waiting.ref if waiting is not None and waiting.kind == "intake" and waiting.detail.get(RESUMED) else None
    first = turn.state.intake_id is None
    answers = choice is not None or command is not None or (turn.state.asked is not None and turn.state.asked.kind == "intake")
    say = Say(intake_id=goes_on or resumed, text=text[:5000], choice=choice, question_unseen=turn.unseen or goes_on is not None)
    try:
        view: IntakeView = await turn.execute(command or say)
    except (IntakeClosed, IntakeUnknown):
        # What was resumed was put away meanwhile, on another way: what is said begins anew.
        turn.state = turn.state.model_copy(update={"asked": None, "intake_id": None, "danger": None})
        if choice is not None:
            return turn.say("上次的已经放下了。请重新说:哪里不舒服,多久了?")
        view = await turn.execute(Say(text=text[:5000]))
    fresh = first or view.intake_id != turn.state.intake_id
    state = turn.state.model_copy(
        update={"intake_id": view.intake_id, "subject": subject or (None if fresh else turn.state.subject) or "self", "asked": None}
    )
    turn.state = state
    assessment = view.assessment
    if assessment is not None and (assessment.emergency is not None or assessment.level is Urgency.CRITICAL):
        return emergency_of(turn, view, text)
    heard = words.understood(view, first=fresh)
    if view.question is not None:
        return question_of(turn, view, heard, back=not fresh)
    if assessment is not None and assessment.level is not None:
        if not (fresh or answers or view.understood):
            return _after_result(turn, view, assessment, text)
        return result_of(turn, view, assessment, heard)
    if view.not_understood or not heard:
        return turn.offer(words.NOT_UNDERSTOOD, (pointing.SHOW, Choice(code="help", label="帮助"), Choice(code="human", label="转人工")))
    return turn.say(heard, "还有哪里不舒服吗?多久了?")


def result_of(turn: Turn, view: IntakeView, assessment: Assessment, heard: str) -> Reply:
    said = words.assessed(assessment, signed=view.rules_signed, to_child=view.child_speaking, alert=view.alert, brief=turn.elder)
    return turn.offer(f"{heard}\n{said}" if heard else said, words.next_steps(view, assessment))


_AFTER = {After.HEARD: words.HEARD_AFTER_RESULT, After.MORE: words.LISTENING_AFTER_RESULT}


def _after_result(turn: Turn, view: IntakeView, assessment: Assessment, text: str) -> Reply:
    """The result stands above: 好的, 那怎么办, and what was not understood never lead nowhere."""
    wants = after_advice(text)
    if wants is After.WHAT_NOW and not view.remark:
        return result_of(turn, view, assessment, "")
    said = view.remark or (words.UNCLEAR_AFTER_RESULT if wants is None else _AFTER[wants])
    return turn.offer(said, words.steps_again(view, assessment))


def emergency_of(turn: Turn, view: IntakeView, text_said: str = "") -> Reply:
    assert view.assessment is not None  # noqa: S101 - the caller has looked
    danger = view.assessment.emergency
    told = f"{view.intake_id}:{danger.rule if danger is not None else 'critical'}"
    if danger is not None:  # who is alone, or may have wanted to die, is told other things: said once in full
        told += f"{'+alone' if danger.alone else ''}{'+purpose' if danger.comfort else ''}"
    again = turn.state.danger == told and after_advice(text_said) is not After.WHAT_NOW
    first, text = words.still_emergency(view, view.assessment) if again else words.emergency(view, view.assessment)
    call: tuple[Outgoing, ...] = (Text(text=first), *words.calls(view.assessment))
    turn.state = turn.state.model_copy(update={"danger": told})
    if view.question is None:
        return Reply((*call, Text(text=text)), turn.state)
    choices = words.choices_of(view.question)
    asked = Asked(kind="intake", ref=view.intake_id, options=tuple(choice.code for choice in choices), menu_id=turn.menu_id())
    if not choices:
        return Reply((*call, Text(text=text)), turn.state.asking(asked))
    return Reply((*call, Menu(head=text, choices=choices, menu_id=turn.menu_id())), turn.state.asking(asked))


def _red_flag(turn: Turn, view: IntakeView, assessment: Assessment, heard: str) -> list[Outgoing]:
    """What to do now and 120 to tap, once for each red flag; after that only what was taken down."""
    told = f"{FLAG}{view.intake_id}:{assessment.red_flag}"
    if turn.state.danger == told:
        return [Text(text=heard)] if heard else []
    turn.state = turn.state.model_copy(update={"danger": told})
    if not view.child_speaking:
        heard = words.understood(view, first=False)
    return [Text(text=words.red_flag(view, assessment)), words.CALL_120, Text(text=f"{heard}{words.AT_THE_SAME_TIME}")]


def question_of(turn: Turn, view: IntakeView, heard: str, *, back: bool) -> Reply:
    """``back``: an answer was given before, which 返回 takes back."""
    assert view.question is not None  # noqa: S101 - the caller has looked
    choices = words.choices_of(view.question)
    choices = (*choices, words.BACK) if choices and back else choices
    if view.not_understood:
        heard = "我没完全听懂。"
    asked = Asked(kind="intake", ref=view.intake_id, options=tuple(choice.code for choice in choices), menu_id=turn.menu_id())
    shapes: list[Outgoing] = [Text(text=heard)] if heard else []
    if view.assessment is not None and view.assessment.red_flag:
        shapes = _red_flag(turn, view, view.assessment, heard)
    if choices:
        shapes.append(Menu(head=view.question.text, choices=choices, menu_id=turn.menu_id()))
    else:
        shapes.append(Text(text=view.question.text))
    if view.question.code == _COMPLAINT:
        shapes.append(pointing.PAGE)
    return Reply(tuple(shapes), turn.state.asking(asked))


async def why(turn: Turn) -> Reply:
    try:
        view: IntakeView = await turn.ask(CurrentIntake())
    except NotFound:
        return turn.say("您还没有说过哪里不舒服。直接说就行,比如「咳嗽三天,发烧38度5」。")
    return turn.say(words.why(view.assessment, signed=view.rules_signed))


async def mistaken(turn: Turn) -> Reply:
    """不对,我说错了: only he knows what was wrong. One thing can be said right, or all of it anew."""
    try:
        view: IntakeView = await turn.ask(CurrentIntake())
    except NotFound:
        return turn.say("好的,请说对的:哪里不舒服,多久了?")
    if view.state == "closed":
        return turn.say("好的,请说对的:哪里不舒服,多久了?")
    return turn.offer(words.WHAT_IS_WRONG, words.AFTER_MISTAKE)


async def put_away(turn: Turn, reason: str) -> Reply:
    """换一件事, 说错了,改一改."""
    await close(turn, reason)
    turn.state = turn.state.asking(None)
    if reason == "wrong":
        return turn.say("好的,刚才的不算。请重新说一遍:哪里不舒服,多久了?")
    return turn.say("好的,刚才那件先放下。请说吧,这次是什么事?是您自己,还是家里人?")


async def close(turn: Turn, reason: str) -> None:
    """Put the running intake away."""
    async def running() -> str:
        try:
            view: IntakeView = await turn.ask(CurrentIntake())
        except NotFound:
            return ""
        return view.intake_id if view.state != "closed" else ""

    intake_id = await turn.settle("close_intake", running)
    if intake_id:
        await turn.execute(CloseIntake.model_validate({"intake_id": intake_id, "reason": reason}))
    turn.state = turn.state.model_copy(update={"intake_id": None, "subject": None, "danger": None})


async def said_before(turn: Turn, message_id: str) -> str:
    """The words of an earlier message of this person."""
    message = await Message.get_or_none(id=message_id, conversation_id=turn.conversation_id)
    if message is None:
        return ""
    return Incoming.model_validate_json(await reading.opened(turn.practice, message, "body")).text
