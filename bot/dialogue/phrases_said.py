"""What each phrase does, with the arguments that were read in it."""

from __future__ import annotations

from bot.dialogue import (
    absences,
    account_reviews,
    answers_to_offers,
    arranging,
    booking,
    booking_wishes,
    cases,
    consents,
    desk,
    devices,
    elder,
    emergency_access,
    emergency_dose,
    families,
    following,
    followups,
    helping,
    nearby,
    notices,
    opinions,
    own_case,
    own_prescriptions,
    patients,
    pointing,
    prescribing,
    ranking,
    resuming,
    reviewing,
    rights,
    rostering,
    signing,
)
from bot.dialogue.turn import Reply, Turn
from bot.phrases.reader import Said
from core.notifications.commands import ResumeReminders, StopReminders


async def answer(turn: Turn, said: Said) -> Reply:
    """A phrase."""
    arguments = said.arguments
    code: str | None = arguments.get("code")
    match said.phrase.key:
        case "help":
            return await helping.explained(turn)
        case "more":
            return await helping.explained(turn, everything=True)
        case "body_map":
            return pointing.shown(turn)
        case "tell":
            return await resuming.begin(turn)
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
            return await answers_to_offers.answer(turn, said.phrase.key, code=code, reason=arguments.get("reason"), words=arguments.get("words", ""))
        case "opinion":
            return await opinions.write(turn, arguments)
        case "agree" | "partly" | "disagree":
            return await opinions.decide(turn, said.phrase.key, arguments)
        case "complete":
            return await opinions.complete(turn, arguments)
        case "give_back":
            return await opinions.give_back(turn, arguments)
        case "break_glass":
            return await emergency_access.in_words(turn, code, arguments.get("words", ""))
        case "review_access":
            return await emergency_access.review(turn, code, arguments.get("words", ""))
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
            if "name" in arguments:
                return await ranking.ask_by_name(turn, code, arguments["name"])
            return await ranking.ask_by_place(turn, code, arguments.get("place"))
        case "upload":
            return await own_case.upload_in_words(turn, code)
        case "call_experts":
            return await own_case.call_in_words(turn, code)
        case "case":
            return await own_case.case_in_words(turn, code)
        case "change_time":
            return await arranging.time_in_words(turn, code, arguments.get("words", ""))
        case "ask_material":
            return await arranging.material_in_words(turn, code, arguments.get("words", ""))
        case "waiting":
            return await desk.waiting(turn)
        case "assign":
            return await desk.assign_in_words(turn, code, arguments.get("words", ""))
        case "reassign":
            return await desk.reassign_in_words(turn, code, arguments.get("words", ""))
        case "nudge":
            return await desk.nudge_in_words(turn, code)
        case "roster":
            return await rostering.in_words(turn, arguments.get("words", ""))
        case "leave":
            return await absences.leave_in_words(turn, arguments.get("words", ""))
        case "end_leave":
            return await absences.end_in_words(turn, arguments.get("words", ""))
        case "follow" | "visit" | "end_follow":
            in_words = {"follow": following.start_in_words, "visit": following.visit_in_words, "end_follow": following.end_in_words}
            return await in_words[said.phrase.key](turn, arguments.get("number"), arguments.get("template"))
        case "prescriptions":
            return await own_prescriptions.mine(turn)
        case "cost" | "pickup":
            return await own_prescriptions.in_words(turn, said.phrase.key, code)
        case "slots":
            if "wanted" in arguments:
                return await booking_wishes.found(turn, arguments.get("department"), arguments["wanted"])
            return await booking.slots(turn, arguments.get("department"), unknown=arguments.get("unknown_department", ""))
        case "nearby":
            return turn.say(nearby.HOW)
        case "appointments":
            return await booking.mine(turn)
        case "cancel_appointment":
            return await booking.cancel(turn, code=code)
        case "worse":
            return await followups.worse(turn, arguments.get("words", ""))
        case "stop_reminders":
            await turn.execute(StopReminders())
            return turn.say("好的,**全部提醒已停**(紧急情况仍会告诉您)。想恢复,说「恢复提醒」。")
        case "elder":
            return await elder.choose(turn, elder=True)
        case "plain_reading":
            return await elder.choose(turn, elder=False)
        case "consents":
            return await consents.mine(turn)
        case "withdraw":
            return await consents.withdraw(turn)
        case "rights":
            return rights.told(turn, None)
        case "join_reviews":
            return await account_reviews.listed(turn)
        case "devices":
            return await devices.mine(turn)
        case "close_others":
            return await devices.close_others(turn)
        case "notices":
            return await notices.mine(turn)
        case "resume_reminders":
            await turn.execute(ResumeReminders())
            return turn.say("好的,提醒已恢复。不想收了,说「停止提醒」。")
        case "why":
            return await patients.why(turn)
        case "mistaken":
            return await patients.mistaken(turn)
        case "change_subject":
            return await patients.put_away(turn, "changed_subject")
        case _:
            return await patients.put_away(turn, "wrong")
