"""Whatever people do in whatever order: one expert at most, an unbroken timeline, and always a next step planned or a person alarmed."""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.consultations.commands import CancelConsultation, ConfirmPatient, WaiveMaterial
from core.dispatch.commands import AcceptOffer, AcknowledgeAlert, AskExpert, DeclineOffer, DeferOffer
from core.dispatch.models import DangerAlert, ExpertOffer, Search
from core.foundation.errors import DomainError
from core.foundation.models import DueWork
from core.foundation.practice import Practice
from tests.core.dispatch.ward import CRITICAL, EMERGENT, ROUTINE, URGENT, Ward, open_ward

SEEDS = 60 if os.environ.get("HUIZHEN_SOAK") == "1" or os.environ.get("HUIZHEN_TEST_SCALE") == "full" else 6
STEPS = 30


async def check(ward: Ward, consultation_id: str) -> None:
    row = await ward.row(consultation_id)
    await ward.timeline(consultation_id)
    accepted = await ward.offers(consultation_id, "accepted")
    running = await ExpertOffer.filter(consultation_id=consultation_id, state__in=("offered", "deferred")).count()
    search = await Search.get_or_none(consultation_id=consultation_id)
    assert len(accepted) == (1 if row.expert_id is not None else 0)
    assert row.busy_expert_id == (row.expert_id if row.state == "ASSIGNED" else None)
    if row.state != "PENDING":
        assert running == 0
        assert search is None or search.state == "ended"
        return
    assert search is not None
    if search.state == "running":
        assert await DueWork.filter(kind="dispatch.wave", ref=row.id, step=search.step, state="pending").count() == 1
    else:
        assert await DangerAlert.filter(source_id=row.id, state__in=("raised", "acknowledged")).count() == 1


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_any_order_of_steps_keeps_the_promises(practice: Practice, seed: int) -> None:
    rng = random.Random(seed)
    ward = await open_ward(practice, hearts=5)
    open_ones = [(await ward.request(rng.choice([CRITICAL, EMERGENT, URGENT, ROUTINE]), number=rng.choice([3, 5]))).consultation_id for _ in range(2)]
    for _ in range(STEPS):
        await _one_step(ward, rng, rng.choice(open_ones))
        for consultation_id in open_ones:
            await check(ward, consultation_id)


async def _one_step(ward: Ward, rng: random.Random, consultation_id: str) -> None:
    """Something that somebody may do; a domain refusal is a fine answer, anything else fails the test."""
    people, doctor = [*ward.hearts, *ward.county.experts], ward.county.village_doctor
    offers = await ExpertOffer.filter(consultation_id=consultation_id).order_by("id")
    alert = await DangerAlert.get_or_none(source_id=consultation_id)
    steps: list[Callable[[], Awaitable[Any]]] = [
        lambda: ward.pass_time(seconds=rng.choice([1, 30, 61, 125, 400])),
        lambda: ward.practice.execute(doctor, ConfirmPatient(consultation_id=consultation_id)),
        lambda: ward.practice.execute(doctor, WaiveMaterial(consultation_id=consultation_id)),
        lambda: ward.practice.execute(ward.county.scheduler, AskExpert(
            consultation_id=consultation_id, practitioner_id=str(rng.choice(people).practitioner_id)
        )),
    ]
    if rng.random() < 0.05:
        steps = [lambda: ward.practice.execute(doctor, CancelConsultation(consultation_id=consultation_id, reason="不用了"))]
    elif offers and rng.random() < 0.6:
        offer = rng.choice(offers)
        order = rng.choices([AcceptOffer, DeclineOffer, DeferOffer], weights=[1, 4, 3])[0]
        steps = [lambda: ward.practice.execute(ward.who(offer), order(offer_id=offer.id))]
    elif alert is not None and rng.random() < 0.3:
        steps = [lambda: ward.practice.execute(ward.county.scheduler, AcknowledgeAlert(alert_id=alert.id))]
    refused = None
    try:
        await rng.choice(steps)()
    except DomainError as refusal:
        refused = refusal
    if refused is not None:
        assert refused.code not in ("conflict", "unavailable", "error"), refused.code
        assert refused.message
