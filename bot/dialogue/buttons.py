"""What each button does: a verb and its arguments. What it may do is decided by the access entry of the order it becomes."""

from __future__ import annotations

from typing import get_args

from bot.dialogue import (
    absences,
    account_reviews,
    answers_to_offers,
    arranging,
    booking,
    case_photos,
    cases,
    consents,
    deciding,
    desk,
    emergency_access,
    emergency_dose,
    following,
    followups,
    helping,
    opinions,
    own_case,
    own_prescriptions,
    patients,
    pictures,
    pointing,
    prescribing,
    ranking,
    reviewing,
    roster_pages,
    rostering,
    safety_facts,
    second_factor,
    signing,
    stopping,
)
from bot.dialogue.turn import Reply, Turn
from bot.phrases.guidance import GUIDANCE
from core.dispatch.commands import DeclineReason
from core.foundation.errors import Invalid
from core.people.errors_second_factor import SecondFactorMissing, SecondFactorNeeded

OLD = "这个按钮是前面的,已经过去了。请看最新一条,或者直接说。"
ALONE = frozenset({"no_signs", "why", "correct", "change_subject", "body_map", "help", "human", "village_doctor", "keep"})


async def press(turn: Turn, key: str) -> Reply:
    """A button that acts by itself, whenever it is tapped. One that signs waits for the 动态码 where that was not given lately."""
    try:
        return await _press(turn, key)
    except SecondFactorNeeded:
        return second_factor.needed(turn, key)
    except SecondFactorMissing as refusal:
        return second_factor.missing(turn, refusal)


async def _press(turn: Turn, key: str) -> Reply:
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
        case "upload":
            return await own_case.upload(turn, _id(first))
        case "call_experts":
            return await own_case.call(turn, _id(first))
        case "case":
            return await own_case.case(turn, _id(first))
        case "time_ok":
            return await arranging.agree(turn, _id(first), _id(second))
        case "time_to":
            return await arranging.propose_at(turn, _id(first), second)
        case "time_other":
            return await arranging.other_time(turn, _id(first))
        case "ask_material":
            return await arranging.ask_material(turn, _id(first))
        case "no_such":
            return await arranging.no_such(turn, _id(first), _id(second), third)
        case "assign":
            return await desk.assign(turn, _id(first), _id(second) if second else "")
        case "reassign":
            return await desk.reassign(turn, _id(first), _id(second) if second else "", _id(third) if third else "")
        case "nudge":
            return await desk.nudge(turn, _id(first))
        case "set_shift":
            return await rostering.set_shift(turn, _id(first), second, third)
        case "roster":
            return await roster_pages.turned(turn, first, second, third)
        case "leave":
            return await absences.leave(turn, _id(first), second, third)
        case "end_leave":
            return await absences.end(turn, _id(first))
        case "todo":
            return await cases.todo(turn, _id(first))
        case "progress":
            return await cases.progress(turn, None)
        case "confirm":
            return await cases.confirm(turn, consultation_id=_id(first))
        case "break_glass":
            return await emergency_access.opened(turn, _id(first))
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
            return await _dose(turn, verb, first, second, third)
        case "propose":
            return await prescribing.proposed(turn, _id(first), _id(second))
        case "revise":
            return await prescribing.revised(turn, _id(first), _id(second))
        case "fact":
            return await safety_facts.recorded(turn, first, _id(second))
        case "rx_sign" | "rx_refer" | "sign_rx" | "rx_pass" | "rx_back" | "rx_return" | "rx_release":
            return await _prescription(turn, verb, _id(first), second, third)
        case "follow":
            return await following.start(turn, _id(first), second, _id(third) if third else None)
        case "visit":
            return await following.visited(turn, _id(first), _id(second) if second else "")
        case "end_follow":
            return await following.end(turn, _id(first), second)
        case "pickup":
            return await own_prescriptions.pickup(turn, _id(first))
        case "cost":
            return await own_prescriptions.cost(turn, _id(first))
        case "withdraw":
            return await consents.withdrawn(turn, _id(first), second)
        case "join":
            return await account_reviews.settled(turn, _id(first), second)
        case "slots":
            return await booking.slots(turn, first, second or "-")
        case "book":
            return await booking.book(turn, _id(first), second or "-", third or None)
        case "picture":
            return await pictures.chosen(turn, _id(first), _id(second))
        case "pictures":
            return await pictures.put_in(turn, _id(first))
        case "photo_case":
            return await case_photos.case_chosen(turn, _id(first), _id(second))
        case "photo_consent":
            return await case_photos.is_consent(turn, _id(first), _id(second))
        case "photo_image" | "photo_other" | "not_consent":
            return await case_photos.is_image(turn, _id(first), _id(second))
        case "cancel_appointment":
            return await booking.cancel(turn, appointment_id=_id(first))
        case "signs":
            return followups.where(turn, _id(first))
        case "no_signs":
            return followups.no_signs(turn, first)
        case "why":
            return await patients.why(turn)
        case "correct":
            return await patients.put_away(turn, "wrong")
        case "change_subject":
            return await patients.put_away(turn, "changed_subject")
        case "body_map":
            return pointing.shown(turn)
        case "help":
            return await helping.explained(turn)
        case "keep":
            return stopping.kept(turn)
        case _ if verb in GUIDANCE:
            return await helping.ask(turn, verb)
        case _:
            return turn.say(OLD)


async def _dose(turn: Turn, verb: str, first: str, second: str, third: str) -> Reply:
    """The buttons of an emergency dose."""
    match verb:
        case "dose":
            return await emergency_dose.look(turn, first, _id(second))
        case "dose_clear":
            return await emergency_dose.cleared(turn, first, second, _id(third))
        case "dose_hit":
            return await emergency_dose.hit(turn, first, second, _id(third))
        case "dose_skip":
            return await emergency_dose.skipped(turn, first, _id(second))
        case "dose_seen":
            return await emergency_dose.seen(turn, _id(first))
        case _:
            return await emergency_dose.signed(turn, first, _id(second))


async def _prescription(turn: Turn, verb: str, prescription_id: str, revision: str, message_id: str) -> Reply:
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
            return await reviewing.ask_reason(turn, prescription_id, _number(revision) if revision else None)
        case "rx_return":
            return await reviewing.returned(turn, prescription_id, _number(revision), _id(message_id))
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
