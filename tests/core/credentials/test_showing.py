"""From 办理 to the verifier's answer, and everything that must not work."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from datetime import date, timedelta

import pytest

from core.coverage.commands import RecordMembership
from core.credentials import predicates, reviewing
from core.credentials.attributes import Attribute
from core.credentials.commands import (
    AddRegistry,
    CheckProof,
    IssueCredential,
    MakeCredential,
    MakeIssuer,
    MyCredentials,
    OfferProof,
    ReviewAges,
    ShowProof,
    TakePlace,
    WithdrawCredential,
)
from core.credentials.errors import (
    BirthNotChecked,
    CredentialMissing,
    NonceUnknown,
    NonceUsed,
    NotInsured,
    NotOfAge,
    OfferUnknown,
    OfferUsed,
    ProofRefused,
)
from core.credentials.issuing import bring_about
from core.credentials.models import CountyIssuer, IssuedCredential, ProofCheck, ProofOffer, RevocationRegistry
from core.foundation.due import tick
from core.foundation.encryption.erasure import erase_subject
from core.foundation.errors import NotAllowed
from core.foundation.events import Event
from core.foundation.keys import SubjectErased
from core.foundation.orders import Done
from core.foundation.work import Work
from core.people.commands_real_name import CheckRealName
from core.people.models import CareRelation, ListedPatient, Patient
from core.people.real_name import Answered, RealName
from tests.core.credentials.people import COUNTY, MEMBER, OTHER_MEMBER, PHARMACY, enrol
from tests.support.county import SYSTEM

pytestmark = pytest.mark.storage

GONE = {Attribute.INSURED: "revoked", Attribute.OF_AGE: "moved"}
"""What a proof made before is found to be once its credential is revoked: the second kind does not say whose was."""

BOTH = pytest.mark.parametrize("attribute", list(Attribute))


async def shown(holder, attribute):
    """A nonce, a proof for it."""
    code = await holder.offer(attribute)
    asked = await holder.ask()
    return asked.nonce, await holder.fetch(code, asked.nonce)


async def refused(holder, nonce, proof):
    with pytest.raises(ProofRefused) as told:
        await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))
    return told.value.reason


async def born(holder, day):
    """Another birth date in the row, as by a correction."""
    sealer = await holder.practice.keys.sealer("patient", holder.woman)
    sealed = sealer.seal("patient", "birth_date", holder.woman, day.isoformat())
    await Patient.filter(id=holder.woman).update(birth_date=sealed)


@BOTH
async def test_a_proof_is_right_once_and_shows_nothing_else(holder, attribute):
    await holder.obtain(attribute)
    nonce, proof = await shown(holder, attribute)
    told = await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))
    assert told.result == {"insured": "在本县参保:是", "of_age": "已满 18 岁:是"}[attribute]
    assert (told.issuer, told.county) == ("平塘县人民医院", COUNTY)
    assert set(told.checked) == {"签名", "持有人绑定", "一次性随机数", "没有过期", "没有作废"}
    decoded = proof + "".join(
        urlsafe_b64decode(piece + "=" * (-len(piece) % 4)).decode("utf-8", "replace")
        for part in json.loads(proof)["presentation"].split("~") for piece in part.split(".")[:2]
    ) if attribute is Attribute.INSURED else proof
    for secret in ("19750701", "1975-07-01", "李秀英", MEMBER, holder.woman, "residents", "age_over_18", "member"):
        assert secret not in decoded
    assert ("birth" in decoded) == (attribute is Attribute.OF_AGE), "the name of what is compared is seen, never the date"
    with pytest.raises(NonceUsed):
        await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))
    mine = await holder.practice.ask(holder.actor, MyCredentials(patient_id=holder.woman))
    (line,) = mine.shown
    assert (line.attribute, line.audience, line.used_at is not None) == (attribute, PHARMACY, True)


async def test_what_is_kept_is_sealed_and_the_number_is_not_kept(holder):
    await holder.obtain(Attribute.OF_AGE)
    code = await holder.offer(Attribute.OF_AGE)
    row = await IssuedCredential.get()
    assert b"birth_date" not in bytes(row.credential)
    offer = await ProofOffer.get()
    assert code not in str(dict(offer))
    issuer = await CountyIssuer.get()
    assert b'"d"' not in bytes(issuer.signing_key)
    assert "d" not in issuer.public_key


@BOTH
async def test_a_number_is_good_once_and_for_two_minutes(holder, clock, attribute):
    await holder.obtain(attribute)
    code = await holder.offer(attribute)
    await holder.fetch(code, "1234567890")
    with pytest.raises(OfferUsed):
        await holder.fetch(code, "1234567891")
    code = await holder.offer(attribute)
    clock.advance(seconds=121)
    with pytest.raises(OfferUnknown):
        await holder.fetch(code, "1234567890")
    with pytest.raises(OfferUnknown):
        await holder.fetch("Z-00000000", "1234567890")


async def test_of_many_who_bring_one_number_or_one_nonce_one_is_served(holder):
    await holder.obtain(Attribute.INSURED)
    code, asked = await holder.offer(Attribute.INSURED), await holder.ask()
    order = ShowProof(code=code, nonce=asked.nonce, audience=PHARMACY)
    told = await asyncio.gather(*(holder.practice.execute(SYSTEM, order) for _ in range(6)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["OfferUsed"] * 5 + ["ProofShown"]
    proof = next(one.proof for one in told if not isinstance(one, Exception))
    check = CheckProof(nonce=asked.nonce, proof=proof)
    told = await asyncio.gather(*(holder.practice.execute(SYSTEM, check) for _ in range(6)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["CheckResult"] + ["NonceUsed"] * 5


@BOTH
async def test_a_proof_for_one_verifier_is_worth_nothing_to_another(holder, attribute):
    await holder.obtain(attribute)
    _, proof = await shown(holder, attribute)
    asked = await holder.ask()
    assert await refused(holder, asked.nonce, proof) in ("nonce", "signature")
    assert (await ProofCheck.get(nonce=asked.nonce)).outcome in ("nonce", "signature")
    with pytest.raises(NonceUsed):
        await holder.practice.execute(SYSTEM, CheckProof(nonce=asked.nonce, proof=proof))
    code, asked = await holder.offer(attribute), await holder.ask()
    proof = await holder.fetch(code, asked.nonce, audience="another")
    assert await refused(holder, asked.nonce, proof) in ("audience", "signature")


async def test_a_nonce_that_was_not_given_or_is_old_is_refused(holder, clock):
    await holder.obtain(Attribute.INSURED)
    nonce, proof = await shown(holder, Attribute.INSURED)
    with pytest.raises(NonceUnknown):
        await holder.practice.execute(SYSTEM, CheckProof(nonce="9" * 20, proof=proof))
    clock.advance(seconds=121)
    with pytest.raises(NonceUnknown):
        await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))


@BOTH
async def test_what_was_withdrawn_counts_nowhere_at_once(holder, attribute):
    await holder.obtain(attribute)
    nonce, proof = await shown(holder, attribute)
    code = await holder.offer(attribute)
    await holder.practice.execute(holder.actor, WithdrawCredential(patient_id=holder.woman, attribute=attribute))
    assert await refused(holder, nonce, proof) == GONE[attribute]
    with pytest.raises(OfferUnknown):
        await holder.fetch(code, "1234567890")
    with pytest.raises(CredentialMissing):
        await holder.offer(attribute)
    row = await IssuedCredential.get()
    assert (row.credential, row.secret, row.revoked_because) == (None, None, "holder")
    await holder.obtain(attribute)
    nonce, proof = await shown(holder, attribute)
    await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))


async def test_another_membership_ends_what_was_attested_of_the_first(holder):
    await holder.obtain(Attribute.INSURED)
    await holder.obtain(Attribute.OF_AGE)
    nonce, proof = await shown(holder, Attribute.INSURED)
    await holder.practice.execute(SYSTEM, RecordMembership(patient_id=holder.woman, scheme="residents", member_number=OTHER_MEMBER))
    await holder.work()
    assert await refused(holder, nonce, proof) == "revoked"
    assert (await IssuedCredential.get(attribute="of_age")).revoked_at is None


async def test_who_is_no_longer_insured_shows_nothing_and_loses_it(holder, clock):
    await holder.obtain(Attribute.INSURED)
    await enrol(holder.practice, MEMBER, until=date(2026, 11, 1))
    with pytest.raises(NotInsured):
        await holder.offer(Attribute.INSURED)
    assert (await IssuedCredential.get()).revoked_because == "not_insured"
    with pytest.raises(NotInsured):
        await holder.obtain(Attribute.INSURED)


async def test_a_credential_of_yesterday_is_made_anew(holder, clock):
    await holder.obtain(Attribute.INSURED)
    nonce, proof = await shown(holder, Attribute.INSURED)
    clock.advance(hours=25)
    with pytest.raises(CredentialMissing):
        await holder.offer(Attribute.INSURED)
    await ProofCheck.filter(nonce=nonce).update(expires_at=clock.real_now() + timedelta(minutes=1))
    assert await refused(holder, nonce, proof) == "expired"
    await holder.obtain(Attribute.INSURED)
    await holder.offer(Attribute.INSURED)


async def test_erasure_takes_credential_and_secret_and_says_so_in_the_lists(holder):
    await holder.obtain(Attribute.INSURED)
    await holder.obtain(Attribute.OF_AGE)
    proofs = [await shown(holder, attribute) for attribute in Attribute]
    order = WithdrawCredential(patient_id=holder.woman, attribute=Attribute.INSURED)

    async def erase(work: Work, order: WithdrawCredential) -> Done:
        await erase_subject(work, "patient", order.patient_id)
        return Done()

    work = Work(holder.practice, SYSTEM, order)
    await erase(work, order)
    for attribute, (nonce, proof) in zip(Attribute, proofs, strict=True):
        assert await refused(holder, nonce, proof) == GONE[attribute]
    assert {row.revoked_because for row in await IssuedCredential.all()} == {"erased"}
    with pytest.raises(SubjectErased):
        await work.sealer("patient", holder.woman)


async def test_only_he_himself_or_a_minors_guardian_holds_it(holder):
    county, practice = holder.county, holder.practice
    order = IssueCredential(patient_id=holder.woman, attribute=Attribute.OF_AGE)
    kin = await CareRelation.create(
        id=practice.ids.new(), account_id=county.stranger.account_id, patient_id=holder.woman, relation="mother",
        created_at=practice.clock.now(),
    )
    for actor in (county.stranger, county.village_doctor, county.administrator, county.pharmacist):
        for one in (order, OfferProof(**dict(order)), WithdrawCredential(**dict(order))):
            with pytest.raises(NotAllowed):
                await practice.execute(actor, one)
        with pytest.raises(NotAllowed):
            await practice.ask(actor, MyCredentials(patient_id=holder.woman))
    child = await holder.child(date(2012, 5, 1))
    await kin.change(patient_id=child, relation="child", guardian=True)
    with pytest.raises(NotAllowed):
        await practice.execute(holder.actor, IssueCredential(patient_id=child, attribute=Attribute.OF_AGE))
    with pytest.raises(NotOfAge):
        await practice.execute(county.stranger, IssueCredential(patient_id=child, attribute=Attribute.OF_AGE))
    assert not await IssuedCredential.exists(patient_id=child)
    lines = (await practice.ask(county.stranger, MyCredentials(patient_id=child))).lines
    assert [line.why_not for line in lines] == ["", NotOfAge.sentence]


async def test_who_is_found_to_be_a_minor_before_it_is_signed_gets_none(holder, monkeypatch):
    """The birth date was put right between the asking and the signing."""
    order = IssueCredential(patient_id=holder.woman, attribute=Attribute.OF_AGE)
    await holder.practice.execute(holder.actor, order)
    monkeypatch.setattr("core.credentials.facts.youngest_adult", lambda today: date(1975, 6, 30))
    await holder.work()
    row = await IssuedCredential.get()
    assert (row.credential, row.live_for, row.revoked_because) == (None, None, "not_so")


async def test_of_age_goes_when_the_check_of_the_name_says_that_it_is_another_s_number(holder, monkeypatch):
    """Enlisted by his ID card while the provider was away: what the county attested then is worth nothing now."""
    await Patient.filter(id=holder.woman).update(real_name_state="away")
    for attribute in Attribute:
        await holder.obtain(attribute)
    nonce, proof = await shown(holder, Attribute.OF_AGE)
    code = await holder.offer(Attribute.OF_AGE)

    async def another_s(practice, name, number, today):
        return Answered(RealName.MISMATCH, "test")

    monkeypatch.setattr("core.people.real_name_again.ask_real_name", another_s)
    await holder.practice.execute(SYSTEM, CheckRealName(patient_id=holder.woman, step=1))
    await holder.work()
    assert await refused(holder, nonce, proof) == GONE[Attribute.OF_AGE]
    with pytest.raises(OfferUnknown):
        await holder.fetch(code, "1234567890")
    gone = await IssuedCredential.get(attribute="of_age")
    assert (gone.credential, gone.secret, gone.revoked_because) == (None, None, "not_so")
    assert (await IssuedCredential.get(attribute="insured")).revoked_at is None


async def test_of_age_goes_when_its_holder_shows_it_and_is_a_minor(holder):
    """A birth date put right where nobody told of it: refused there, and in the next list."""
    await holder.obtain(Attribute.OF_AGE)
    nonce, proof = await shown(holder, Attribute.OF_AGE)
    await born(holder, date(2012, 5, 1))
    with pytest.raises(NotOfAge):
        await holder.offer(Attribute.OF_AGE)
    assert await refused(holder, nonce, proof) == GONE[Attribute.OF_AGE]
    assert (await IssuedCredential.get()).revoked_because == "not_so"


async def test_of_age_of_a_minor_goes_within_a_day(holder, clock, monkeypatch):
    monkeypatch.setattr(reviewing, "BATCH", 1)
    await holder.obtain(Attribute.OF_AGE)
    await holder.practice.execute(SYSTEM, ReviewAges())
    assert (await IssuedCredential.get()).revoked_at is None
    await born(holder, date(2012, 5, 1))
    for seconds in (20, 86_400):  # the rest of this round, then the next
        clock.advance(seconds=seconds)
        await tick(holder.practice)
    assert (await IssuedCredential.get()).revoked_because == "not_so"


async def test_what_is_hidden_is_as_much_of_everybody(holder):
    """Whether somebody looked at the birth date is not to be counted from the digests."""
    sizes = []
    for state in ("match", "mismatch"):
        await Patient.filter(id=holder.woman).update(real_name_state=state)
        await holder.obtain(Attribute.INSURED)
        _, proof = await shown(holder, Attribute.INSURED)
        body = json.loads(proof)["presentation"].split("~")[0].split(".")[1]
        sizes.append(len(json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))["_sd"]))
        await holder.practice.execute(holder.actor, WithdrawCredential(patient_id=holder.woman, attribute=Attribute.INSURED))
    assert sizes == [3, 3]


async def test_a_birth_date_that_nobody_looked_at_is_not_attested(holder):
    await Patient.filter(id=holder.woman).update(real_name_state="away")
    await holder.obtain(Attribute.OF_AGE)
    assert (await IssuedCredential.get()).basis == "id_card"
    await holder.practice.execute(holder.actor, WithdrawCredential(patient_id=holder.woman, attribute=Attribute.OF_AGE))
    await ListedPatient.filter(patient_id=holder.woman).delete()
    with pytest.raises(BirthNotChecked):
        await holder.obtain(Attribute.OF_AGE)
    await Patient.filter(id=holder.woman).update(real_name_state="mismatch")
    with pytest.raises(BirthNotChecked):
        await holder.obtain(Attribute.OF_AGE)


async def test_at_once_there_is_one_credential_one_key_and_no_place_twice(holder):
    order = IssueCredential(patient_id=holder.woman, attribute=Attribute.OF_AGE)
    await asyncio.gather(*(holder.practice.execute(holder.actor, order) for _ in range(5)))
    assert await IssuedCredential.all().count() == 1
    await asyncio.gather(holder.work(), holder.work(), holder.work())
    assert (await CountyIssuer.all().count(), await RevocationRegistry.all().count()) == (1, 1)
    nonce, proof = await shown(holder, Attribute.OF_AGE)
    await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))


async def test_a_full_registry_is_followed_by_another(holder):
    for _ in range(predicates.CAPACITY - 1):
        await holder.obtain(Attribute.OF_AGE)
        assert (await IssuedCredential.get(live_for__isnull=False)).credential is not None
        await holder.practice.execute(holder.actor, WithdrawCredential(patient_id=holder.woman, attribute=Attribute.OF_AGE))
    await holder.obtain(Attribute.OF_AGE)
    row = await IssuedCredential.get(live_for__isnull=False)
    assert (row.registry, row.place) == (2, 1)
    nonce, proof = await shown(holder, Attribute.OF_AGE)
    await holder.practice.execute(SYSTEM, CheckProof(nonce=nonce, proof=proof))


async def test_a_credential_that_stopped_half_way_is_finished_once(holder):
    """A worker is killed after the place was taken: the event comes again, the place is kept, and a third time changes nothing."""
    order = IssueCredential(patient_id=holder.woman, attribute=Attribute.OF_AGE)
    await holder.practice.execute(holder.actor, order)
    row = await IssuedCredential.get()
    await holder.practice.execute(SYSTEM, MakeIssuer(county=COUNTY))
    await holder.practice.execute(SYSTEM, AddRegistry(county=COUNTY, after=0))
    await holder.practice.execute(SYSTEM, TakePlace(credential_id=row.id))
    await holder.work()
    made = await IssuedCredential.get()
    assert (made.registry, made.place, made.credential is not None) == (1, 1, True)
    await bring_about(holder.practice, Event("1", "credential.asked", row.id, {"credential_id": row.id}, 1))
    await holder.practice.execute(SYSTEM, MakeCredential(credential_id=row.id))
    assert (await IssuedCredential.get()).credential == made.credential
    await holder.practice.execute(holder.actor, order)
    assert await IssuedCredential.all().count() == 1
