"""A county that issues: a woman of age who is insured, her child, and what a verifier without an account does.

The county's CL keys are taken from a file: looking for two safe primes takes from two to some twenty seconds. They sign nothing but tests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.coverage.commands import EnrolMember, RecordMembership
from core.credentials.attributes import Attribute
from core.credentials.commands import CheckOpened, IssueCredential, OfferProof, OpenCheck, Published, ShowProof
from core.credentials.predicates import Definition
from core.foundation.actor import Actor
from core.foundation.events import SEND_LANE
from core.foundation.outbox import OutboxWorker
from core.foundation.practice import Practice
from core.people.commands import EnlistPatient
from tests.support.county import SYSTEM, SmallCounty, id_number, seed_small

COUNTY = "522727"
MEMBER, OTHER_MEMBER = "GZ520000112233", "GZ520000445566"
PHARMACY = "https://pharmacy.example/check"
_KEYS = Path(__file__).with_name(f"county_keys_{COUNTY}.json")


def county_keys(county: str = COUNTY) -> Definition:
    """Keys made once, for ``predicates.set_up``."""
    assert county == COUNTY
    return Definition(**json.loads(_KEYS.read_text("utf-8")))


@dataclass
class Holder:
    practice: Practice
    county: SmallCounty

    @property
    def woman(self) -> str:
        return self.county.woman

    @property
    def actor(self) -> Actor:
        return self.county.woman_account

    async def work(self) -> None:
        """What a worker does with the events that wait."""
        worker = OutboxWorker(self.practice, SEND_LANE, "test")
        while await worker.work_once():
            pass

    async def obtain(self, attribute: Attribute) -> None:
        await self.practice.execute(self.actor, IssueCredential(patient_id=self.woman, attribute=attribute))
        await self.work()

    async def offer(self, attribute: Attribute) -> str:
        told = await self.practice.execute(self.actor, OfferProof(patient_id=self.woman, attribute=attribute))
        return str(told.code)

    async def ask(self) -> CheckOpened:
        opened: CheckOpened = await self.practice.execute(SYSTEM, OpenCheck(audience=PHARMACY))
        return opened

    async def fetch(self, code: str, nonce: str, audience: str = PHARMACY) -> str:
        told = await self.practice.execute(SYSTEM, ShowProof(code=code, nonce=nonce, audience=audience))
        return str(told.proof)

    async def published(self) -> dict[str, object]:
        view = await self.practice.ask(SYSTEM, Published(county=COUNTY))
        told: dict[str, object] = view.model_dump()
        return told

    async def child(self, birth: date) -> str:
        """A child of the woman's on the village doctor's list; she is no guardian yet."""
        doctor = self.county.village_doctor.practitioner_id or ""
        order = EnlistPatient(practitioner_id=doctor, number=9, full_name="李小明", id_number=id_number(birth, 31))
        return str((await self.practice.execute(SYSTEM, order)).patient_id)


async def enrol(practice: Practice, number: str, until: date = date(2027, 12, 31)) -> None:
    await practice.execute(SYSTEM, EnrolMember(scheme="residents", member_number=number, valid_from=date(2026, 1, 1), valid_until=until))


async def open_county(practice: Practice) -> Holder:
    county = await seed_small(practice)
    for number in (MEMBER, OTHER_MEMBER):
        await enrol(practice, number)
    await practice.execute(SYSTEM, RecordMembership(patient_id=county.woman, scheme="residents", member_number=MEMBER))
    return Holder(practice, county)


