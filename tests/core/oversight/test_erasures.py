"""Who wants to be erased is, at once as far as the law allows, in old backups too; what it keeps is named, locked, and opened with a reason."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.outgoing import Text
from bot.sending.notice import CardChange, Notice
from bot.sending.notices import render
from core.consultations.models import Consultation
from core.conversations.models import Conversation, Message
from core.conversations.words import words_key
from core.dispatch.commands import RequestConsultation
from core.followups.commands import StartPlan
from core.followups.models import FollowupPlan
from core.foundation.actor import Actor
from core.foundation.keyring.models import KeyRenewal, KeyringEdition, WrappedKey
from core.foundation.keys import KeyRing, MasterKeys, SubjectErased, SubjectLocked
from core.foundation.models import AuditEntry
from core.foundation.practice import Practice
from core.notifications.models import Notification
from core.oversight import erasures
from core.oversight.commands import BreakTheGlass
from core.oversight.commands_disposals import REASONS
from core.oversight.commands_erasures import EraseMine, ErasurePreview, ErasureRequests, SettleErasure, UnlockRecord
from core.oversight.errors import CaseUnderWay, ErasureSettled, InquiryOfLocked, NotYours
from core.oversight.models import Disposal, ErasureRequest
from core.people.commands import EnsureAccount, VerifyPhone
from core.people.commands_sessions import OpenSession
from core.people.commands_views import Me, MyPatientList
from core.people.models import Account, CareRelation, Consent, Identity, Patient
from core.people.service import actor_for
from core.people.sessions import session_actor
from core.practice_rooms import load_rooms
from miniprogram_api.backups.key_lines import erased_now, export_keys, import_keys
from tests.core.dispatch.ward import Ward, open_ward
from tests.core.oversight.ended import SYSTEM, said, talked, told, with_a_case
from tests.support.county import NUMBER_WITH_WECHAT, OFFICIAL_ACCOUNT

load_rooms()
pytestmark = pytest.mark.storage
ERASE = EraseMine(confirm=True)


@pytest.fixture
async def ward(practice: Practice) -> Ward:
    return await open_ward(practice)


async def newcomer(ward: Ward) -> Actor:
    account = await ward.practice.execute(SYSTEM, EnsureAccount(app=OFFICIAL_ACCOUNT, subject="o-new", unionid="u-new"))
    await ward.practice.execute(SYSTEM, VerifyPhone(account_id=account.account_id, phone="19900000031"))
    return await actor_for(account.account_id, "mini_program", ward.clock.now())


async def with_chat(ward: Ward, account_id: str) -> str:
    chat_id = ward.practice.ids.new()
    sealer = await ward.practice.keys.sealer("account", account_id)
    await Conversation.create(
        id=chat_id, channel="official_account", app=OFFICIAL_ACCOUNT, chat_blind=ward.practice.keys.blind("chat", account_id),
        chat=sealer.seal("conversation", "chat", chat_id, "o-new"), account_id=account_id, created_at=ward.clock.now(),
    )  # fmt: skip
    return chat_id


async def opens(practice: Practice, subject: str) -> bool:
    kind, _, subject_id = subject.partition(":")
    try:
        await practice.keys.sealer(kind, subject_id)
    except SubjectErased:
        return False
    return True


async def restored_from(practice: Practice, tmp_path: Path) -> Practice:
    """The key ring of the old backup in ``tmp_path``, with what was destroyed since replayed, as a restore does."""
    destroyed = await erased_now()
    for model in (WrappedKey, KeyringEdition, KeyRenewal):
        await model.all().delete()
    await import_keys((tmp_path / "keys.jsonl").read_bytes(), destroyed)
    keys = KeyRing(MasterKeys.load(tmp_path / "keyring.key"), practice.clock)
    return Practice(practice.clock, practice.ids, practice.rng, keys, practice.blobs, practice.signals, demo=True)


async def test_who_was_never_treated_is_gone_at_once_and_in_the_backup_of_yesterday(ward: Ward, tmp_path: Path) -> None:
    practice, actor = ward.practice, await newcomer(ward)
    account = actor.account_id
    await with_chat(ward, account)
    word, notice = await said(ward, account, days=3), await told(ward, account, days=3)
    talk = await talked(ward, account, days=3)
    other = await said(ward, ward.county.stranger.account_id, days=3)
    session = await practice.execute(SYSTEM, OpenSession(account_id=account, kind="mini_program"))
    month = words_key(account, (await Message.get(id=word)).received_at)
    subjects = [f"account:{account}", f"intake:{talk}", f"words:{month}"]
    await export_keys(tmp_path / "keys.jsonl")
    seen = await practice.ask(actor, ErasurePreview())
    assert (seen.state, seen.stays) == ("possible", ())
    assert all([await opens(practice, one) for one in subjects])

    done = await practice.execute(actor, ERASE)
    assert (done.state, done.goes, done.stays) == ("done", seen.goes, ())
    assert {one.id for one in await Message.all()} == {other}
    assert (await Notification.get(id=notice)).words is None
    assert not await Conversation.filter(account_id=account).exists()
    assert not await Identity.filter(account_id=account).exists()
    assert await session_actor(session.token, "mini_program", practice.clock.real_now(), practice.clock.now()) is None
    entry = await AuditEntry.get(action="oversight.erase_mine", outcome="done")
    assert (entry.subject_kind, entry.subject_id) == ("account", account)
    again = await practice.execute(SYSTEM, EnsureAccount(app=OFFICIAL_ACCOUNT, subject="o-new", unionid="u-new"))
    assert again.account_id != account, "who comes again is somebody new"
    restored = await restored_from(practice, tmp_path)
    assert not any([await opens(restored, one) for one in subjects])
    assert await opens(restored, f"words:{words_key(ward.county.stranger.account_id, (await Message.get(id=other)).received_at)}")


async def test_what_the_law_keeps_is_named_locked_and_opened_only_with_a_reason(ward: Ward) -> None:
    practice, county, actor = ward.practice, ward.county, ward.county.woman_account
    await with_a_case(ward, county.woman, state="COMPLETED")
    now = ward.clock.now()
    await Consultation.filter(patient_id=county.woman).update(created_at=now, closed_at=now)
    await Account.filter(id=actor.account_id).update(created_at=now - timedelta(days=300))
    await said(ward, actor.account_id, days=200)
    of_the_case = await said(ward, actor.account_id, days=0)
    done = await practice.execute(actor, ERASE)
    assert await AuditEntry.filter(action="oversight.erase_mine", subject_kind="patient", subject_id=county.woman).exists()
    (record, words) = done.stays
    assert "第二十九条" in record.rule
    assert record.until is not None
    assert record.until.year == now.year + 15
    assert "互联网诊疗监管细则" in words.rule
    assert [one.id for one in await Message.all()] == [of_the_case]
    assert not await opens(practice, f"account:{actor.account_id}")
    assert not await Consent.filter(patient_id=county.woman, withdrawn_at__isnull=True).exists()

    listed = await practice.ask(county.village_doctor, MyPatientList())
    assert county.woman not in {one.patient_id for one in listed.patients}
    assert [(one.id, one.reason) for one in listed.withheld if one.reason == "locked"] != []
    with pytest.raises(SubjectLocked):
        await practice.execute(county.village_doctor, StartPlan(patient_id=county.woman, template="hypertension"))
    assert not await FollowupPlan.filter(patient_id=county.woman).exists()
    with pytest.raises(SubjectLocked):
        await practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITH_WECHAT, text="头晕 不急"))
    asks = BreakTheGlass(patient_id=county.old_man, reason="inquiry", words="县卫健局来函要求查阅这次诊疗")
    with pytest.raises(InquiryOfLocked):
        await practice.execute(county.duty_doctor, asks)
    opened = await practice.execute(county.duty_doctor, asks.model_copy(update={"patient_id": county.woman}))
    assert opened.live
    assert county.woman not in {one.patient_id for one in (await practice.ask(county.village_doctor, MyPatientList())).patients}
    await practice.execute(county.village_doctor, UnlockRecord(patient_id=county.woman, confirm=True))
    assert county.woman in {one.patient_id for one in (await practice.ask(county.village_doctor, MyPatientList())).patients}
    assert await AuditEntry.filter(action="oversight.unlock_record", subject_id=county.woman, outcome="done").exists()


async def test_in_the_middle_of_a_case_nothing_goes(ward: Ward) -> None:
    practice, actor = ward.practice, ward.county.woman_account
    await with_a_case(ward, ward.county.woman, state="PENDING")
    word = await said(ward, actor.account_id, days=3)
    with pytest.raises(CaseUnderWay):
        await practice.execute(actor, ERASE)
    assert await Message.filter(id=word).exists()
    assert await opens(practice, f"account:{actor.account_id}")
    assert await Consent.filter(patient_id=ward.county.woman, withdrawn_at__isnull=True).exists()
    assert [one.patient_id for one in (await practice.ask(actor, Me())).patients] == [ward.county.woman]


async def disputed(ward: Ward) -> str:
    now = ward.clock.now()
    await Disposal.create(
        id=ward.practice.ids.new(), kind="record", subject_id=ward.county.woman, state="held", reason="dispute", announced_at=now, due_at=now
    )
    asked = await ward.practice.execute(ward.county.woman_account, ERASE)
    assert asked.state == "asked"
    assert asked.question
    (waiting,) = (await ward.practice.ask(ward.county.administrator, ErasureRequests())).requests
    return str(waiting.request_id)


async def test_a_dispute_is_an_administrators_to_decide_once(ward: Ward) -> None:
    practice, county = ward.practice, ward.county
    request_id = await disputed(ward)
    await practice.execute(county.woman_account, ERASE)
    assert await ErasureRequest.all().count() == 1, "asked once"
    assert await Notification.filter(kind="erasure.asked", account_id=county.administrator.account_id).count() == 1
    orders = [SettleErasure(request_id=request_id, decision="erase", reason="settled")] * 10
    outcomes = await asyncio.gather(*(practice.execute(county.administrator, one) for one in orders), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["ErasureRequestView"] + [ErasureSettled.__name__] * 9
    assert not await opens(practice, f"account:{county.woman_account.account_id}")
    assert not await opens(practice, f"patient:{county.woman}"), "nobody ever treated her"


async def test_who_keeps_his_account_is_told_that_his_record_is_gone_and_what_was_decided(ward: Ward) -> None:
    practice, county, actor = ward.practice, ward.county, ward.county.woman_account
    now = ward.clock.now()
    await Disposal.create(
        id=practice.ids.new(), kind="record", subject_id=county.woman, state="held", reason="inquiry", announced_at=now, due_at=now
    )
    await practice.execute(actor, EraseMine(patient_id=county.woman, confirm=True))
    (waiting,) = (await practice.ask(county.administrator, ErasureRequests())).requests
    assert waiting.kind == "record"
    asked = await Notification.get(kind="erasure.asked", account_id=county.administrator.account_id)
    assert "到期资料" in in_words(await render(practice, asked))
    await practice.execute(county.administrator, SettleErasure(request_id=waiting.request_id, decision="erase", reason="settled"))
    assert await opens(practice, f"account:{actor.account_id}"), "only the record was asked for"
    assert not await opens(practice, f"patient:{county.woman}")
    told = await Notification.get(kind="erasure.done")
    assert (told.account_id, told.ids) == (actor.account_id, {"request_id": waiting.request_id})
    assert "已经删除" in in_words(await render(practice, told))


def in_words(told: Notice | CardChange) -> str:
    assert isinstance(told, Notice)
    (text,) = told.shapes
    assert isinstance(text, Text)
    return text.text


async def test_what_an_administrator_keeps_stays_and_the_person_is_told(ward: Ward) -> None:
    request_id = await disputed(ward)
    await ward.practice.execute(ward.county.administrator, SettleErasure(request_id=request_id, decision="keep", reason="dispute"))
    assert await opens(ward.practice, f"patient:{ward.county.woman}")
    kept = await Notification.get(kind="erasure.kept", account_id=ward.county.woman_account.account_id)
    assert REASONS["dispute"] in in_words(await render(ward.practice, kept))


async def test_a_guardian_decides_for_the_child_and_who_only_helps_does_not(ward: Ward) -> None:
    practice, county, actor = ward.practice, ward.county, ward.county.stranger
    row = await CareRelation.create(
        id=practice.ids.new(), account_id=actor.account_id, patient_id=county.woman, relation="mother", guardian=False,
        created_at=ward.clock.now(),
    )  # fmt: skip
    order = EraseMine(patient_id=county.woman, confirm=True)
    with pytest.raises(NotYours):
        await practice.execute(actor, order)
    with pytest.raises(NotYours):
        await practice.ask(actor, ErasurePreview(patient_id=practice.ids.new()))
    sealer = await practice.keys.sealer("patient", county.woman)
    minor = sealer.seal("patient", "birth_date", county.woman, f"{ward.clock.now().year - 6}-01-02")
    await Patient.filter(id=county.woman).update(birth_date=minor)
    await row.change(relation="child", guardian=True)
    await practice.execute(actor, order)
    assert not await opens(practice, f"patient:{county.woman}")
    assert await opens(practice, f"account:{actor.account_id}"), "the guardian's own account goes on"


async def test_pressed_many_times_at_once_it_is_done_once(ward: Ward) -> None:
    practice, actor = ward.practice, await newcomer(ward)
    await said(ward, actor.account_id, days=3)
    outcomes = await asyncio.gather(*(practice.execute(actor, ERASE) for _ in range(6)), return_exceptions=True)
    assert any(not isinstance(one, BaseException) for one in outcomes)
    assert not await opens(practice, f"account:{actor.account_id}")
    assert not await Message.all().exists()


async def test_who_fails_before_the_keys_has_lost_nothing_and_can_do_it_again(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    practice, actor = ward.practice, await newcomer(ward)
    word = await said(ward, actor.account_id, days=3)

    async def breaks(*_: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(erasures, "erase_with_commit", breaks)
        with pytest.raises(RuntimeError):
            await practice.execute(actor, ERASE)
    assert await Message.filter(id=word).exists()
    assert await opens(practice, f"account:{actor.account_id}")
    await practice.execute(actor, ERASE)
    assert not await opens(practice, f"account:{actor.account_id}")


async def test_a_lock_is_known_in_every_process(ward: Ward, tmp_path: Path) -> None:
    practice, county = ward.practice, ward.county
    other = KeyRing(MasterKeys.load(tmp_path / "keyring.key"), practice.clock)
    assert not (await other.sealer("patient", county.woman)).locked
    await with_a_case(ward, county.woman, state="COMPLETED")
    await practice.execute(county.woman_account, ERASE)
    await other.look()
    assert (await other.sealer("patient", county.woman)).locked
