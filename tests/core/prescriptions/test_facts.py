"""Safety facts: nobody wipes out unseen what another recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.consultations.commands import CompleteConsultation
from core.foundation.errors import NotAllowed
from core.foundation.practice import Practice
from core.prescriptions.commands import Revise
from core.prescriptions.commands_facts import FactsView, FillFact, ReadFacts, RecordFacts
from core.prescriptions.errors import FactKnown, FactsChanged, FactsClosed, PrescriptionBlocked, TooLateToPrescribe
from nlp.language.measures import PLAUSIBLE
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import Pharmacy, item, open_pharmacy
from tests.support.county import NUMBER_WITH_WECHAT

pytestmark = pytest.mark.storage


@pytest.fixture
async def pharmacy(practice: Practice) -> Pharmacy:
    return await open_pharmacy(await open_ward(practice, hearts=3))


async def read(pharmacy: Pharmacy, consultation_id: str | None = None) -> FactsView:
    view: FactsView = await pharmacy.ask(pharmacy.doctor, ReadFacts(consultation_id=consultation_id or pharmacy.consultation_id))
    return view


def order(pharmacy: Pharmacy, version: int = 0, **facts: Any) -> RecordFacts:
    known: dict[str, Any] = {"consultation_id": pharmacy.consultation_id, "allergies_asked": True}
    return RecordFacts.model_validate(known | facts | {"version": version})


async def test_the_expert_cannot_wipe_out_an_allergy_that_he_has_not_read(pharmacy: Pharmacy) -> None:
    unread = await read(pharmacy)
    assert (unread.version, unread.recorded_at) == (0, None)
    await pharmacy.give(pharmacy.doctor, order(pharmacy, allergies=("penicillin",)))
    for version in (0, 2, 99):
        with pytest.raises(FactsChanged) as refused:
            await pharmacy.give(pharmacy.expert, order(pharmacy, version))
        assert "最新" in refused.value.message
    known = await read(pharmacy)
    assert known.recorded.allergies == ("penicillin",)
    changed = await pharmacy.give(pharmacy.expert, order(pharmacy, known.version, allergies=("penicillin",), conditions=("asthma",)))
    assert (changed.recorded.allergies, changed.recorded.conditions) == (("penicillin",), ("asthma",))
    assert changed.version > known.version


async def test_recorded_twice_at_once_one_holds(pharmacy: Pharmacy) -> None:
    for version in (0, 1):
        orders = [order(pharmacy, version, allergy_words=words) for words in ("花生", "牛奶", "鸡蛋")]
        outcomes = await asyncio.gather(*(pharmacy.give(pharmacy.doctor, one) for one in orders), return_exceptions=True)
        assert sum(isinstance(one, FactsView) for one in outcomes) == 1, outcomes
        assert all(isinstance(one, FactsView | FactsChanged) for one in outcomes), outcomes


async def again_after(pharmacy: Pharmacy, line: str, **delta: float) -> str:
    """The same patient is presented once more, with other words."""
    pharmacy.ward.clock.advance(**delta)
    asked = await pharmacy.ward.request(line, number=NUMBER_WITH_WECHAT)
    return asked.consultation_id


async def test_a_pressure_of_last_season_hides_nothing_of_today(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(systolic=130, heart_rate=72)
    later = await again_after(pharmacy, "胸痛 出冷汗 血压70/40", days=90)
    view = await read(pharmacy, later)
    assert (view.facts.systolic, view.facts.heart_rate, view.recorded.systolic) == (70, None, None)
    assert set(view.outdated) == {"systolic", "heart_rate", "pregnancy"}
    assert view.facts.allergies_asked


async def test_a_pressure_measured_since_the_request_replaces_that_of_the_request(pharmacy: Pharmacy) -> None:
    later = await again_after(pharmacy, "胸痛 出冷汗 血压70/40", hours=1)
    view = await read(pharmacy, later)
    assert (view.facts.systolic, view.recorded.systolic) == (70, None)
    pharmacy.ward.clock.advance(minutes=20)
    await pharmacy.give(pharmacy.doctor, order(pharmacy, view.version, consultation_id=later, systolic=105))
    assert (await read(pharmacy, later)).facts.systolic == 105


async def test_who_saves_a_form_does_not_freeze_what_was_computed(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(creatinine=75)
    view = await read(pharmacy)
    assert (view.recorded.egfr, view.facts.egfr is not None) == (None, True)
    sent = view.recorded.model_dump(mode="json") | {"creatinine": "400"}
    changed = await pharmacy.give(pharmacy.doctor, order(pharmacy, view.version, **sent))
    assert changed.facts.egfr < 15


async def test_what_was_recorded_long_ago_is_asked_again_but_its_danger_stays(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(creatinine=250, potassium="4.1", weight_kg=60, guardian_present=True)
    read_later = await read(pharmacy, await again_after(pharmacy, "头晕 不急", days=29))
    assert read_later.outdated == ("systolic", "guardian_present")
    months_later = await again_after(pharmacy, "头晕 不急", days=170)
    view = await read(pharmacy, months_later)
    assert set(view.outdated) == {"systolic", "guardian_present", "pregnancy", "weight_kg", "creatinine", "potassium"}
    assert (view.facts.pregnancy, view.facts.weight_kg, view.facts.guardian_present, view.facts.potassium) == ("unknown", None, False, None)
    assert view.facts.egfr is not None
    assert view.facts.egfr < 30
    saved = await pharmacy.give(pharmacy.doctor, order(pharmacy, view.version, consultation_id=months_later))
    assert saved.facts.egfr == view.facts.egfr
    better = await pharmacy.give(pharmacy.doctor, order(pharmacy, saved.version, consultation_id=months_later, creatinine=75))
    assert better.facts.egfr > 60


async def test_what_is_sent_again_unchanged_grows_no_younger(pharmacy: Pharmacy) -> None:
    await pharmacy.facts(weight_kg=60)
    for days in (100, 79):
        later = await again_after(pharmacy, "头晕 不急", days=days)
        view = await read(pharmacy, later)
        assert view.recorded.weight_kg == 60
        await pharmacy.give(pharmacy.doctor, order(pharmacy, view.version, consultation_id=later, **view.recorded.model_dump(mode="json")))
    assert "weight_kg" in (await read(pharmacy, await again_after(pharmacy, "头晕 不急", days=2))).outdated


async def test_an_old_button_fills_what_is_not_known_and_never_changes_what_is(pharmacy: Pharmacy) -> None:
    one = pharmacy.consultation_id
    filled = await pharmacy.give(pharmacy.doctor, FillFact(consultation_id=one, fact="not_pregnant"))
    assert (filled.recorded.pregnancy, filled.recorded.allergies_asked, filled.version) == ("no", False, 1)
    again = await pharmacy.give(pharmacy.doctor, FillFact(consultation_id=one, fact="not_pregnant"))
    assert again.version == 1
    for pregnancy in ("yes", "may_conceive"):
        await pharmacy.facts(allergies=("penicillin",), pregnancy=pregnancy, creatinine=75)
        for fact in ("not_pregnant", "no_allergy"):
            with pytest.raises(FactKnown) as refused:
                await pharmacy.give(pharmacy.doctor, FillFact.model_validate({"consultation_id": one, "fact": fact}))
            assert "没有改动" in refused.value.message
        known = (await read(pharmacy)).recorded
        assert (known.pregnancy, known.allergies, known.egfr) == (pregnancy, ("penicillin",), None)
    for actor in (pharmacy.expert, pharmacy.pharmacist, pharmacy.ward.county.woman_account, pharmacy.ward.county.stranger):
        with pytest.raises(NotAllowed):
            await pharmacy.give(actor, FillFact(consultation_id=one, fact="not_pregnant"))


async def test_a_button_and_a_page_at_once_lose_nothing(pharmacy: Pharmacy) -> None:
    one = pharmacy.consultation_id
    outcomes = await asyncio.gather(
        pharmacy.give(pharmacy.doctor, FillFact(consultation_id=one, fact="not_pregnant")),
        pharmacy.give(pharmacy.doctor, order(pharmacy, pregnancy="yes")),
        pharmacy.give(pharmacy.expert, order(pharmacy, pregnancy="yes", allergies=("penicillin",))),
        return_exceptions=True,
    )
    assert all(isinstance(each, FactsView | FactsChanged | FactKnown) for each in outcomes), outcomes
    recorded = [each for each in outcomes[1:] if isinstance(each, FactsView)]
    assert (await read(pharmacy)).recorded.pregnancy == ("yes" if recorded else "no")


async def test_what_a_line_may_say_may_be_recorded(pharmacy: Pharmacy) -> None:
    """The bounds of what is understood of a line are those of the order: a baby's heart may beat 320 times a minute."""
    for name in ("systolic", "heart_rate"):
        for value in (int(bound) for bound in PLAUSIBLE[name]):
            view = await read(pharmacy)
            changed = await pharmacy.give(pharmacy.doctor, order(pharmacy, view.version, **{name: value}))
            assert getattr(changed.recorded, name) == value


async def complete(pharmacy: Pharmacy) -> None:
    await pharmacy.decide()
    await pharmacy.give(pharmacy.doctor, CompleteConsultation(consultation_id=pharmacy.consultation_id, without="急救在先"))


async def test_facts_are_recorded_after_the_end_as_long_as_drugs_may_come_of_it(pharmacy: Pharmacy) -> None:
    one, amlodipine = pharmacy.consultation_id, item("amlodipine", "5")
    await complete(pharmacy)
    pharmacy.ward.clock.advance(days=13)
    view = await pharmacy.propose(amlodipine)
    with pytest.raises(PrescriptionBlocked):
        await pharmacy.sign(view)
    pharmacy.ward.clock.advance(days=2)
    assert (await read(pharmacy)).open
    await pharmacy.facts()
    with pytest.raises(TooLateToPrescribe):
        await pharmacy.propose(item("metformin", "500"))
    with pytest.raises(TooLateToPrescribe):
        await pharmacy.give(pharmacy.expert, Revise(prescription_id=view.prescription_id, diagnosis="高血压", items=(item("metformin", "500"),)))
    await pharmacy.sign(view)
    await pharmacy.ward.pass_time(days=4)
    known = await read(pharmacy)
    assert not known.open
    for closed in (order(pharmacy, known.version, allergies=("penicillin",)), FillFact(consultation_id=one, fact="not_pregnant")):
        with pytest.raises(FactsClosed):
            await pharmacy.give(pharmacy.doctor, closed)
    assert (await read(pharmacy)).version == known.version
