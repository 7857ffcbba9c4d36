"""The push card, the list of open offers, and the ranking with all its reasons."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Literal, cast

from tortoise.expressions import Q

from core.consultations.models import Consultation
from core.consultations.picture import Picture
from core.consultations.service import consultation_of, picture_opened
from core.consultations.workflow import State
from core.dispatch.commands import MyOffers, Offer, OffersView, OfferView, RankedExpert, Ranking, RankingView
from core.dispatch.errors import OfferUnknown
from core.dispatch.models import ExpertOffer, RankingRecord
from core.dispatch.offers import OPEN
from core.foundation.actor import Role
from core.foundation.orders import answers
from core.foundation.withheld import Withheld, shown
from core.foundation.work import Work
from core.intake.urgency import urgency
from core.people.cards import PatientCard, PractitionerCard, patient_cards, practitioner_cards
from core.people.models import Organisation

OfferState = Literal["offered", "deferred", "accepted", "declined", "expired", "withdrawn"]
WHY_SHOWN = 3
"""How many reasons a card has room for."""
_NOTHING_CLINICAL = {"headline": "", "patient": "", "vitals": "", "material": "", "why_you": "", "do_now": ()}


@answers(Offer)
async def offer(work: Work, order: Offer) -> OfferView:
    row = await ExpertOffer.get_or_none(id=order.offer_id)
    if row is None:
        raise OfferUnknown
    consultation = await consultation_of(row.consultation_id)
    work.concerns("patient", consultation.patient_id, consultation=consultation.code)
    view = await offer_view(work, row, consultation)
    # The system may still have to redraw a card; the expert has no part in the case any more.
    return view if work.role is Role.SYSTEM or not _is_over(row, consultation) else view.model_copy(update=_NOTHING_CLINICAL)


def _is_over(row: ExpertOffer, consultation: Consultation) -> bool:
    """That the expert gave it on, or that it went to somebody else or was called off."""
    over = row.state in ("declined", "withdrawn") or row.replaced_by_id is not None
    return over or (row.state != "accepted" and consultation.state != State.PENDING)


@answers(MyOffers)
async def my_offers(work: Work, order: MyOffers) -> OffersView:
    work.concerns("practitioner", work.actor.practitioner_id or "")
    lines, withheld = await open_offers(work)
    return OffersView(offers=tuple(sorted(lines, key=lambda view: -urgency(view.urgency).code.severity)), withheld=withheld)


async def open_offers(work: Work) -> tuple[tuple[OfferView, ...], tuple[Withheld, ...]]:
    """What the actor is being asked now, in the order in which he was asked."""
    rows = await ExpertOffer.filter(practitioner_id=work.actor.practitioner_id, state__in=OPEN).order_by("id")
    consultations = {one.id: one for one in await Consultation.filter(id__in=[row.consultation_id for row in rows], state=State.PENDING.value)}
    asked = [(row, consultations[row.consultation_id]) for row in rows if row.consultation_id in consultations]
    return await shown(work, asked, partial(_offer_views, work), name=itemgetter(1))


async def offer_view(work: Work, row: ExpertOffer, consultation: Consultation) -> OfferView:
    """What the card says; no name, no number of the patient."""
    return (await _offer_views(work, [(row, consultation)]))[0]


async def _offer_views(work: Work, asked: list[tuple[ExpertOffer, Consultation]]) -> list[OfferView]:
    """One an offer, in their order; with as many statements for many as for one."""
    cases = [consultation for _, consultation in asked]
    people = {one.village_doctor_id for one in cases} | {one.expert_id for one in cases if one.expert_id is not None}
    practitioners = await practitioner_cards(work, people) if people else {}
    patients = await patient_cards(work, {one.patient_id for one in cases}) if cases else {}
    places = await region_names({one.region_code for one in cases})
    return [
        _offer_view(
            row, consultation, await picture_opened(work, consultation), practitioners, patients[consultation.patient_id],
            places[consultation.region_code],
        )
        for row, consultation in asked
    ]


def _offer_view(
    row: ExpertOffer, consultation: Consultation, picture: Picture, practitioners: dict[str, PractitionerCard], patient: PatientCard, place: str
) -> OfferView:
    return OfferView(
        offer_id=row.id,
        consultation_id=consultation.id,
        code=consultation.code,
        state=cast(OfferState, row.state),
        urgency=consultation.urgency,
        urgency_label=urgency(consultation.urgency).label,
        headline=picture.headline,
        patient=f"{patient.age_spoken} {patient.sex_label}",
        place=f"{place} · 村医 {practitioners[consultation.village_doctor_id].called}",
        vitals=" ".join(f"{label} {value}" for label, value in picture.vitals),
        material=_material(consultation),
        why_you=",".join(row.reasons[:WHY_SHOWN]),
        expires_at=row.expires_at,
        taken_by=None if consultation.expert_id is None else practitioners[consultation.expert_id].introduced,
        do_now=picture.do_now,
    )


def _material(consultation: Consultation) -> str:
    if consultation.material_count:
        return f"影像 {consultation.material_count} 份"
    return "影像还没到" if consultation.material_at is None else "没有影像"


async def region_name(consultation: Consultation) -> str:
    """The county as people say it: the shortest name among the places of that county."""
    return (await region_names({consultation.region_code}))[consultation.region_code]


async def region_names(counties: set[str]) -> dict[str, str]:
    """The same of several counties, by region code."""
    if not counties:
        return {}
    places = Organisation.filter(Q(*(Q(region_code__startswith=one) for one in counties), join_type="OR"))
    found = [(str(code), str(name)) for code, name in await places.values_list("region_code", "region_name") if name]
    return {one: min((name for code, name in found if code.startswith(one)), key=len, default="本县") for one in counties}


def _of(card: PractitionerCard) -> dict[str, str]:
    """By which he may be asked for in words."""
    return {"full_name": card.full_name, "title_name": card.title_name, "department": card.department, "organisation": card.organisation}


@answers(Ranking)
async def ranking(work: Work, order: Ranking) -> RankingView:
    consultation = await consultation_of(order.consultation_id)
    work.concerns("patient", consultation.patient_id, consultation=consultation.code)
    record = await RankingRecord.filter(consultation_id=order.consultation_id).order_by("-wave", "-id").first()
    if record is None:
        return RankingView(experts=())
    cards = await practitioner_cards(work, [entry["practitioner_id"] for entry in record.entries])
    return RankingView(
        experts=tuple(
            RankedExpert(
                practitioner_id=entry["practitioner_id"], expert=cards[entry["practitioner_id"]].introduced, score=entry["score"],
                reasons=tuple(entry["reasons"]), excluded=entry["excluded"], **_of(cards[entry["practitioner_id"]]),
            )
            for entry in record.entries
        )
    )
