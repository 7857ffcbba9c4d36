"""What can be asked of dispatch: call for a consultation, answer an offer, acknowledge an alert; and what the system does by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from core.foundation.actor import Role
from core.foundation.ids import Id
from core.foundation.orders import Command, Done, Grant, Query, Result
from core.foundation.withheld import WithWithheld

DeclineReason = Literal["no_time", "not_my_field", "knows_patient", "other"]


class ConsultationRequested(Result):
    """``do_now`` comes first in every answer when it is not empty. ``asked``: experts called in the first wave (0 when dispatch waits for
    ``missing``, or when nobody could be asked and the desk was called instead)."""

    consultation_id: Id
    code: str
    urgency: str
    urgency_label: str
    do_now: tuple[str, ...]
    reasons: tuple[str, ...]
    department: str
    asked: int
    offer_s: int
    desk_called: bool
    missing: tuple[str, ...]
    rules_signed: bool


class RequestConsultation(Command):
    """会诊 3号 胸痛2小时 出冷汗 血压90/60 紧急: ``number`` is the doctor's own number of the patient, ``text`` the rest of the line.

    Critical and emergent: the first wave goes out in this transaction, with the emergency as the recorded reason; lower levels wait for
    patient, consent and material.
    """

    name = "dispatch.request_consultation"
    title = "会诊"
    access = (Grant(Role.VILLAGE_DOCTOR),)
    no_relation = "只能写他自己名单上的编号"
    gives = ConsultationRequested
    needs_engine = True
    number: int = Field(ge=1, le=9999)
    text: str = Field(min_length=2, max_length=2000)
    conversation_id: Id | None = None
    message_id: Id | None = None
    """Where it was asked, so that the group can be told."""


class HelperAsked(Result):
    """``told``: the village doctor who is told, as she is called; None when nobody is on record for the actor. ``waits``: told in the morning."""

    told: str | None
    waits: bool


class AskHelper(Command):
    """A visitor asks for a person: the village doctor on whose list he, or somebody for whom he speaks, stands."""

    name = "dispatch.ask_helper"
    title = "请村医联系"
    access = (Grant(Role.VISITOR),)
    no_relation = "只请他自己家人的村医"
    gives = HelperAsked


class OfferAnswer(Result):
    consultation_id: Id
    code: str
    state: Literal["accepted", "declined", "deferred"]
    next: str


class AcceptOffer(Command):
    """接诊: the first wins; a later one gets OfferTaken with who has it, an expired or withdrawn offer its own error."""

    name = "dispatch.accept_offer"
    title = "接诊"
    access = (Grant(Role.EXPERT, "offered"),)
    gives = OfferAnswer
    offer_id: Id


class DeclineOffer(Command):
    name = "dispatch.decline_offer"
    title = "请转别人"
    access = (Grant(Role.EXPERT, "offered"),)
    gives = OfferAnswer
    offer_id: Id
    reason: DeclineReason | None = None
    """None at the first press: the offer is given on at once and the reason asked; a second order records it."""
    words: str = Field(default="", max_length=200)
    """What he writes beside it: kept with the case, for the desk and those who treat."""


class DeferOffer(Command):
    """5分钟后: he would take it in five minutes; the next is asked meanwhile, and he stays among those who may accept."""

    name = "dispatch.defer_offer"
    title = "5分钟后"
    access = (Grant(Role.EXPERT, "offered"),)
    gives = OfferAnswer
    offer_id: Id


class OfferView(Result):
    """What the push card shows; no name, no number of the patient, and nothing clinical once the offer is over for the expert who asks.
    ``taken_by``: who has the consultation now."""

    offer_id: Id
    consultation_id: Id
    code: str
    state: Literal["offered", "deferred", "accepted", "declined", "expired", "withdrawn"]
    urgency: str
    urgency_label: str
    headline: str
    """"胸痛 2 小时"."""
    patient: str
    """"58 岁 男"."""
    place: str
    """"平塘县 · 村医 吴医生"."""
    vitals: str
    material: str
    why_you: str
    expires_at: datetime
    taken_by: str | None
    do_now: tuple[str, ...]


class Offer(Query):
    name = "dispatch.offer"
    title = "会诊邀请"
    access = (Grant(Role.EXPERT, "offered"), Grant(Role.SYSTEM))
    gives = OfferView
    audited = True
    offer_id: Id


class OffersView(WithWithheld):
    offers: tuple[OfferView, ...]


class MyOffers(Query):
    """Open offers of the expert, most urgent first."""

    name = "dispatch.my_offers"
    title = "我的会诊邀请"
    access = (Grant(Role.EXPERT),)
    no_relation = "只有他自己的"
    gives = OffersView
    audited = True


class ExpertCase(Result):
    """A consultation that the expert took, as a line of his desk. ``decision``: what the inviting side decided on his latest opinion."""

    consultation_id: Id
    code: str
    state: Literal["DRAFT", "PENDING", "ASSIGNED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]
    state_label: str
    urgency: str
    urgency_label: str
    headline: str
    patient: str
    """"李秀英 女 51 岁"."""
    place: str
    next: str
    requested_at: datetime
    assigned_at: datetime | None
    closed_at: datetime | None
    opinion_revision: int
    """0: none has been given."""
    decision: str | None


class DeskFigures(Result):
    """The expert's own month. ``cases``: consultations he took since ``since`` and did not give back. ``median_answer_s``: of ``answered``
    invitations of that time, the middle one's seconds from invitation to answer; None without any."""

    since: datetime
    cases: int
    answered: int
    median_answer_s: int | None


class ExpertDeskView(WithWithheld):
    """``offers``: most urgent first, then the one that runs out first. ``now``: domain time, which the clocks of a page run by."""

    now: datetime
    offers: tuple[OfferView, ...]
    cases: tuple[ExpertCase, ...]
    finished: tuple[ExpertCase, ...]
    figures: DeskFigures


class ExpertDesk(Query):
    """What waits for the expert, what he has taken, and what was finished lately."""

    name = "dispatch.expert_desk"
    title = "专家工作台"
    access = (Grant(Role.EXPERT),)
    no_relation = "只有他自己的"
    gives = ExpertDeskView
    audited = True


class RankedExpert(Result):
    practitioner_id: Id
    expert: str
    score: float
    reasons: tuple[str, ...]
    excluded: str | None
    full_name: str = ""
    title_name: str = ""
    department: str = ""
    organisation: str = ""


class RankingView(Result):
    experts: tuple[RankedExpert, ...]


class Ranking(Query):
    """Who was ranked how for a consultation, with every reason and every exclusion, as computed for its latest wave."""

    name = "dispatch.ranking"
    title = "专家匹配说明"
    access = (Grant(Role.SCHEDULER, "same_county"), Grant(Role.ADMINISTRATOR, "same_county"), Grant(Role.AUDITOR, "same_county"))
    gives = RankingView
    audited = True
    consultation_id: Id


class AskExpert(Command):
    """请某位专家: the desk asks one expert by name, also one who did not answer or declined before, or who is off duty. ExpertExcluded when he
    must not be asked (knows the patient, licence, busy, not his field). ``done`` False: he is being asked already."""

    name = "dispatch.ask_expert"
    title = "请专家"
    access = (Grant(Role.SCHEDULER, "same_county"),)
    gives = Done
    consultation_id: Id
    practitioner_id: Id


class AlertView(Result):
    """An alert as its receiver sees it."""

    alert_id: Id
    state: Literal["raised", "acknowledged", "closed"]
    urgency_label: str
    suspected: str
    said: str
    """The patient's words, for those who are alerted."""
    where: str
    """As far as known."""
    raised_at: datetime
    taken_by: str | None
    taken_by_account: Id | None = None
    critical: bool = True
    """Life is in danger and 120 was named; else he was told to be seen now."""
    intake_id: Id | None = None
    """The pre-consultation it came from, to be read in full."""
    consultation_id: Id | None = None
    """The consultation that found no expert."""


class Alert(Query):
    name = "dispatch.alert"
    title = "危急提醒"
    access = (
        Grant(Role.DUTY_DOCTOR, "alerted"), Grant(Role.SCHEDULER, "alerted"), Grant(Role.ADMINISTRATOR, "alerted"), Grant(Role.SYSTEM),
    )
    gives = AlertView
    audited = True
    alert_id: Id


class DeskCaseView(Result):
    """What the duty desk needs at a glance; no name, no number of the patient. ``doctor``: whom to ring."""

    code: str
    urgency_label: str
    headline: str
    """"胸痛 2 小时"."""
    patient: str
    """"58 岁 男"."""
    vitals: str
    place: str
    doctor: str
    next: str


class DeskCase(Query):
    """A consultation as the card for the duty desk shows it."""

    name = "dispatch.desk_case"
    title = "值班台会诊卡"
    access = (Grant(Role.SYSTEM),)
    gives = DeskCaseView
    audited = True
    consultation_id: Id


class AcknowledgeAlert(Command):
    """已接手: the first wins, the others are told who has it."""

    name = "dispatch.acknowledge_alert"
    title = "已接手"
    access = (Grant(Role.DUTY_DOCTOR, "alerted"), Grant(Role.SCHEDULER, "alerted"), Grant(Role.ADMINISTRATOR, "alerted"))
    gives = AlertView
    alert_id: Id


class ExpireWave(Command):
    """The system: the offers of ``step`` have run out; ask the next, or alarm the scheduler."""

    name = "dispatch.expire_wave"
    title = "邀请到时"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    consultation_id: Id
    step: str


class EscalateAlert(Command):
    """The system: nobody acknowledged the alert in time; it goes on by itself."""

    name = "dispatch.escalate_alert"
    title = "提醒升级"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    alert_id: Id
    step: str


class RemindDeferred(Command):
    """The system: the five minutes an expert asked for are over; if nobody has taken it, he is shown the card again."""

    name = "dispatch.remind_deferred"
    title = "5分钟到"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    offer_id: Id


class AuditSearch(Command):
    """The system: confirm that a running search has its next step planned; plan it and call the desk if not."""

    name = "dispatch.audit"
    title = "检查会诊呼叫"
    access = (Grant(Role.SYSTEM),)
    gives = Done
    consultation_id: Id
