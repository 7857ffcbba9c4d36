"""What tests of disposals begin with: what was long ago, what was said and told then, the daily round, a process that dies over it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from core.consultations.models import Consultation
from core.conversations.models import Message
from core.conversations.words import accounts_with_key, sealer_of, words_key
from core.foundation.actor import Actor
from core.foundation.due import tick
from core.foundation.events import IMAGE_LANE
from core.foundation.ids import Ids
from core.foundation.lifecycle import traces
from core.foundation.models import Blob
from core.foundation.outbox import OutboxWorker
from core.intake.models import Intake
from core.notifications.models import Notification
from core.oversight.commands_disposals import ReviewRetention
from core.oversight.models import Disposal
from core.people.models import Patient
from tests.conftest import START, DatabaseUrls
from tests.core.dispatch.ward import Ward
from tests.support.forked import Forked

SYSTEM = Actor.system("ticker")
LONG_AGO = 3 * 366 + 45
"""Days: words from then are over."""
SAID = '{"text": "胸口闷"}'


async def long_ago(ward: Ward, patient_id: str, *, years: float = 16) -> None:
    """As if everything of the patient had been so long ago."""
    then = ward.clock.now() - timedelta(days=366 * years)
    await Patient.filter(id=patient_id).update(created_at=then)
    for trace in traces().values():
        rows = trace.model.filter(patient_id=patient_id)
        await rows.update(**dict.fromkeys(trace.at, then))


async def with_files(ward: Ward, patient_id: str, count: int) -> list[str]:
    found = []
    for number in range(count):
        stored = await ward.practice.blobs.put(ward.practice.ids.new(), "patient", patient_id, b"file %d" % number)
        await Blob.create(
            id=stored.id, subject_kind="patient", subject_id=patient_id, media_type="image/png", size=stored.size, sha256=stored.sha256,
            created_at=ward.clock.now(),
        )  # fmt: skip
        found.append(stored.id)
    return found


async def reviewed(ward: Ward) -> list[Disposal]:
    await ward.practice.execute(SYSTEM, ReviewRetention())
    return await Disposal.all().order_by("id")


async def worked(ward: Ward) -> None:
    while (await tick(ward.practice)).more:
        pass
    while await OutboxWorker(ward.practice, IMAGE_LANE, "test").work_once():
        pass


async def with_a_case(ward: Ward, patient_id: str, *, state: str) -> None:
    model: Any = Consultation
    sealer = await ward.practice.keys.sealer("patient", patient_id)
    row_id = ward.practice.ids.new()
    await model.create(**example_case(ward, row_id, patient_id, state, sealer))


def example_case(ward: Ward, row_id: str, patient_id: str, state: str, sealer: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, field in Consultation._meta.fields_map.items():
        if field.null or field.default is not None or name in ("id", "version") or not field.required:
            continue
        kind = type(field).__name__
        values[name] = {
            "UtcDatetimeField": ward.clock.now() - timedelta(days=366 * 16), "IntField": 1, "BooleanField": False, "JSONField": [],
            "SealedColumn": sealer.seal("consultation", name, row_id, "{}"),
        }.get(kind, "x")
    return values | {
        "id": row_id, "patient_id": patient_id, "state": state, "organisation_id": ward.county.old_man, "code": "C-OLD1", "region_code": "522727",
        "village_doctor_id": ward.county.old_man, "urgency": "routine",
    }  # fmt: skip


async def said(ward: Ward, account_id: str, *, days: float, before_keys: bool = False) -> str:
    """Something said so many days ago; ``before_keys``: when words were still under their account's key."""
    at = ward.practice.clock.real_now() - timedelta(days=days)
    message_id = Ids(lambda: at, ward.practice.rng).new()
    key = None if before_keys else words_key(account_id, at)
    sealer = await sealer_of(ward.practice.keys, key, account_id)
    await Message.create(
        id=message_id, conversation_id=message_id, account_id=account_id, dedupe_key=message_id, kind="text", words_key=key,
        body=sealer.seal("message", "body", message_id, SAID), state="delivered", received_at=at,
    )  # fmt: skip
    return message_id


async def told(ward: Ward, account_id: str, *, days: float) -> str:
    """A notification whose words went out so many days ago, to somebody who said nothing."""
    at = ward.practice.clock.real_now() - timedelta(days=days)
    told_id, key = Ids(lambda: at, ward.practice.rng).new(), words_key(account_id, at)
    await Notification.create(
        id=told_id, account_id=account_id, kind="consultation.progress", state="sent", created_at=at, words_key=key,
        words=(await ward.practice.keys.sealer("words", key)).seal("notification", "words", told_id, SAID),
    )  # fmt: skip
    return told_id


async def talked(ward: Ward, account_id: str, *, days: float, patient_id: str | None = None) -> str:
    """A pre-consultation so many days ago."""
    at = ward.practice.clock.real_now() - timedelta(days=days)
    intake_id = Ids(lambda: at, ward.practice.rng).new()
    sealer = await ward.practice.keys.sealer("intake", intake_id)
    await Intake.create(
        id=intake_id, organisation_id="", account_id=account_id, sealed_under=account_id, own_key=intake_id, patient_id=patient_id, state="closed",
        facts=sealer.seal("intake", "facts", intake_id, "{}"), opened_at=at, updated_at=at, closed_at=at, level="routine",
    )  # fmt: skip
    return intake_id


async def month_of(ward: Ward, *days: float) -> Disposal:
    """The month in which somebody said something so many days ago, announced, its day come."""
    for each in days:
        await said(ward, ward.practice.ids.new(), days=each)
    (row,) = await reviewed(ward)
    ward.clock.advance(days=31)
    return row


async def keys_left(row: Disposal) -> set[str]:
    """Whose words of the month can be opened."""
    return set(await accounts_with_key(row.subject_id))


async def killed(ward: Ward, database: DatabaseUrls, tmp_path: Path, row: Disposal, when: str) -> int | None:
    """How a process ended that was to dispose of ``row``."""
    seconds = str((ward.clock.now() - START).total_seconds())
    module = "tests.core.oversight.disposing_process"
    return await (await Forked.begin(module, database.practice, database.keyring, str(tmp_path), seconds, row.id, when)).end()


