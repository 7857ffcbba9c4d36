"""A village doctor finds whom she has on her list by the whole name, phone or ID number, and nobody else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from core.foundation.encryption.reindexing import reindex
from core.foundation.errors import DomainError
from core.foundation.practice import Practice
from core.people.finding import FindOnMyList
from core.people.models import ListedPatient, Patient, Practitioner
from core.people.service import actor_for
from tests.support.county import id_number, seed_small

pytestmark = pytest.mark.storage


async def test_found_by_the_whole_value_on_her_own_list_only(practice: Practice) -> None:
    county = await seed_small(practice)
    listed = await ListedPatient.filter(patient_id=county.old_man).first()
    assert listed is not None
    doctor = await Practitioner.get(id=listed.practitioner_id)
    actor = await actor_for(doctor.account_id, "api", practice.clock.now())
    number = id_number(date(1968, 3, 9), 11)
    for asked in ({"full_name": "罗大山"}, {"full_name": " 罗 大山"}, {"id_number": number}):
        view = await practice.ask(actor, FindOnMyList(**asked))
        assert [(one.patient_id, one.number) for one in view.patients] == [(county.old_man, listed.number)]
    for asked in ({"full_name": "罗大"}, {"phone": "19999999999"}):
        assert (await practice.ask(actor, FindOnMyList(**asked))).patients == ()
    await ListedPatient.filter(id=listed.id).delete()
    assert (await practice.ask(actor, FindOnMyList(full_name="罗大山"))).patients == ()
    with pytest.raises(DomainError):
        await practice.ask(actor, FindOnMyList(full_name="ab"))
    for wrong in ({}, {"full_name": "罗大山", "phone": "19999999999"}, {"phone": "1"}):
        with pytest.raises(ValidationError):
            FindOnMyList(**wrong)


async def test_rows_older_than_the_index_are_found_once_it_is_made_anew(practice: Practice) -> None:
    county = await seed_small(practice)
    await Patient.all().update(full_name_blind=None)
    await reindex(practice, overlap=timedelta(0))
    assert await Patient.filter(full_name_blind=practice.keys.blind("name", "罗大山")).values_list("id", flat=True) == [county.old_man]
