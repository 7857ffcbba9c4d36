"""Files over HTTP: they come as files, a repetition is no error, and what is refused is not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.consultations.models import Consultation
from core.dispatch.commands import RequestConsultation
from core.foundation.models import Blob
from core.foundation.objects.bucket import BucketObjects, BucketSettings
from tests.core.dispatch.line_engine import LineEngine
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import NUMBER_WITHOUT_WECHAT, SmallCounty, seed_small

pytestmark = pytest.mark.storage
PHOTO = b"\xff\xd8\xff a paper, signed"


@pytest.fixture
async def county(face: Face) -> SmallCounty:
    return await seed_small(face.practice)


@pytest.fixture
async def consultation_id(face: Face, county: SmallCounty) -> str:
    face.practice.engines.clinical = LineEngine()
    order = RequestConsultation(number=NUMBER_WITHOUT_WECHAT, text="咳嗽 三天")
    return str((await face.practice.execute(county.village_doctor, order)).consultation_id)


def kept(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


async def test_nobody_vouches_for_a_file_that_he_did_not_send(face: Face, county: SmallCounty, consultation_id: str) -> None:
    headers = await face.bearer(county.village_doctor.account_id)
    file = {"consultation_id": consultation_id, "blob_id": face.practice.ids.new(), "size": 1, "sha256": "0" * 64}
    for command, arguments in (("consultations.attach_consent", {**file, "media_type": "image/jpeg"}), ("imaging.receive_upload", file)):
        answer = await face.client.post("/v1/commands", json={"command": command, "arguments": arguments}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "command.needs_file")
        huge = {**arguments, "size": 10**30}
        answer = await face.client.post("/v1/commands", json={"command": command, "arguments": huge}, headers=headers)
        assert answer.status_code == 422
    assert await Blob.all().count() == 0
    assert (await Consultation.get(id=consultation_id)).consented_at is None


async def test_a_photo_sent_twice_by_a_weak_link_is_accepted_twice_and_kept_once(
    face: Face, county: SmallCounty, consultation_id: str, tmp_path: Path
) -> None:
    headers = {**await face.bearer(county.village_doctor.account_id), "Idempotency-Key": "photo-1"}
    for _ in range(2):
        answer = await face.client.post(f"/v1/consultations/{consultation_id}/consent", content=PHOTO, headers=headers)
        assert answer.status_code == 201, answer.text
    assert await Blob.all().count() == 1
    assert len(kept(tmp_path)) == 1


async def test_what_is_refused_is_not_kept(face: Face, county: SmallCounty, consultation_id: str, tmp_path: Path) -> None:
    headers = await face.bearer(county.village_doctor.account_id)
    cancelled = await face.client.post(f"/v1/consultations/{consultation_id}/cancel", json={"reason": "好转"}, headers=headers)
    assert cancelled.status_code == 200
    for path, data, status in (("consent", b"hello", 415), ("consent", b"", 422), ("consent", PHOTO, 409), ("images", b"DICM", 409)):
        answer = await face.client.post(f"/v1/consultations/{consultation_id}/{path}", content=data, headers=headers)
        assert answer.status_code == status, answer.text
    assert kept(tmp_path) == []


async def test_a_store_that_is_away_is_503_and_nothing_is_recorded(face: Face, county: SmallCounty, consultation_id: str, tmp_path: Path) -> None:
    folder, nowhere = face.practice.blobs.objects, BucketSettings("files", "http://127.0.0.1:9", "us-east-1", "files", "id", "secret")
    headers = await face.bearer(county.village_doctor.account_id)
    face.practice.blobs.objects = BucketObjects(nowhere)
    answer = await face.client.post(f"/v1/consultations/{consultation_id}/consent", content=PHOTO, headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "files.away", "10"), answer.text
    assert await Blob.all().count() == 0
    face.practice.blobs.objects = folder
    answer = await face.client.post(f"/v1/consultations/{consultation_id}/consent", content=PHOTO, headers=headers)
    assert answer.status_code == 201
