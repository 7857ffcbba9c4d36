"""tus over HTTP: broken off, gone on with, sent by two at once, checked, called off, left lying; and the same content is one image."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image as PilImage
from tortoise.exceptions import OperationalError

from core.consultations.models import Consultation
from core.dispatch.commands import RequestConsultation
from core.foundation.due import tick
from core.foundation.events import IMAGE_LANE
from core.foundation.models import Blob
from core.imaging.commands import TransferView
from core.imaging.models import Instance, Transfer, TransferPiece, Upload
from core.imaging.transfers import keep_piece
from media.imaging import build
from miniprogram_api.http import uploads
from tests.core.dispatch.line_engine import LineEngine
from tests.media.test_check import named, small_ct
from tests.miniprogram_api.http.conftest import Face
from tests.miniprogram_api.http.test_images import lanes
from tests.support.county import NUMBER_WITH_WECHAT, NUMBER_WITHOUT_WECHAT, SmallCounty, seed_small

pytestmark = pytest.mark.storage
PHOTO = b"\xff\xd8\xff a paper, signed" * 100
FILE = named("CT_small.dcm")


def coded(**metadata: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Sender:
    """A tus client by hand."""

    def __init__(self, face: Face, headers: dict[str, str], consultation_id: str) -> None:
        self.face, self.headers, self.consultation_id = face, {**headers, "Tus-Resumable": "1.0.0"}, consultation_id

    async def begin(self, length: int, kind: str = "image", **metadata: str) -> httpx.Response:
        headers = {**self.headers, "Upload-Length": str(length), "Upload-Metadata": coded(kind=kind, **metadata)}
        return await self.face.client.post(f"/v1/consultations/{self.consultation_id}/uploads", headers=headers)

    async def begun(self, length: int, kind: str = "image", **metadata: str) -> str:
        answer = await self.begin(length, kind, **metadata)
        assert answer.status_code == 201, answer.text
        assert answer.headers["tus-resumable"] == "1.0.0"
        return str(answer.headers["location"])

    async def send(self, place: str, offset: int, data: Any, **more: str) -> httpx.Response:
        headers = {**self.headers, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream", **more}
        return await self.face.client.patch(place, content=data, headers=headers)

    async def where(self, place: str) -> int:
        answer = await self.face.client.head(place, headers=self.headers)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["upload-offset"])

    async def verdict(self, place: str) -> dict[str, Any]:
        for _ in range(100):
            view: dict[str, Any] = (await self.face.client.get(place, headers=self.headers)).json()
            if view["state"] in ("accepted", "refused"):
                return view
            await asyncio.sleep(0.05)
        raise AssertionError("no verdict")


@pytest.fixture
async def county(face: Face) -> SmallCounty:
    return await seed_small(face.practice)


@pytest.fixture
async def sender(face: Face, county: SmallCounty) -> Sender:
    face.practice.engines.clinical, face.practice.engines.imaging = LineEngine(), build()
    asked = await face.practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITHOUT_WECHAT, text="咳嗽 三天"))
    return Sender(face, await face.bearer(county.village_doctor.account_id), asked.consultation_id)


def kept(folder: Path) -> int:
    return len([path for path in (folder / "blobs").rglob("*") if path.is_file()])


async def test_a_file_in_pieces_becomes_an_image(face: Face, sender: Sender, tmp_path: Path) -> None:
    place = await sender.begun(len(FILE), sha256=digest(FILE))
    cuts = sorted(random.Random(4).sample(range(1, len(FILE)), 5))
    for start, end in zip([0, *cuts], [*cuts, len(FILE)], strict=True):
        answer = await sender.send(place, start, FILE[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert await sender.where(place) == end
    async with lanes(face, IMAGE_LANE):
        view = await sender.verdict(place)
        for _ in range(100):
            if not await TransferPiece.all().exists() and kept(tmp_path) == 1:
                break
            await asyncio.sleep(0.05)
    assert (view["state"], view["sha256"]) == ("accepted", digest(FILE))
    instance = await Instance.get(id=view["instance_id"])
    assert await face.practice.blobs.get(instance.blob_id, "patient", instance.patient_id) == FILE
    assert kept(tmp_path) == 1
    assert (await Upload.get(id=view["upload_id"])).sha256 == digest(FILE)


async def test_what_came_before_the_line_broke_is_kept(face: Face, sender: Sender) -> None:
    place = await sender.begun(len(FILE))

    async def weak() -> Any:
        yield FILE[:10_000]
        await asyncio.sleep(0.3)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await sender.send(place, 0, weak(), **{"Content-Length": str(len(FILE))})
    for _ in range(100):
        if (come := await sender.where(place)) > 0:
            break
        await asyncio.sleep(0.05)
    assert come == 10_000
    assert (await sender.send(place, come, FILE[come:])).status_code == 204
    async with lanes(face, IMAGE_LANE):
        assert (await sender.verdict(place))["sha256"] == digest(FILE)


async def test_what_trickles_in_is_stored_while_it_does(face: Face, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FLUSH_S", 0.05)
    place = await sender.begun(300)
    go_on = asyncio.Event()

    async def slow() -> Any:
        yield b"a" * 100
        await go_on.wait()
        yield b"b" * 200

    sending = asyncio.create_task(sender.send(place, 0, slow(), **{"Content-Length": "300"}))
    for _ in range(200):
        if await sender.where(place) == 100:
            break
        await asyncio.sleep(0.05)
    assert await sender.where(place) == 100
    go_on.set()
    assert (await sending).status_code == 204
    assert await sender.where(place) == 300


async def test_two_who_send_at_once_lose_nothing_and_store_nothing_twice(sender: Sender) -> None:
    place = await sender.begun(len(FILE))
    answers = await asyncio.gather(*(sender.send(place, 0, FILE[:5000]) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 409, 409, 409]
    late = next(answer for answer in answers if answer.status_code == 409)
    assert (late.headers["upload-offset"], late.json()["code"]) == ("5000", "upload.offset")
    assert await sender.where(place) == 5000
    assert await TransferPiece.all().count() == 1
    assert (await sender.send(place, 4000, FILE[4000:])).status_code == 409


async def test_a_piece_that_changed_on_the_way_is_not_kept(sender: Sender) -> None:
    place = await sender.begun(1000)
    right = base64.b64encode(hashlib.sha256(b"x" * 500).digest()).decode()
    answer = await sender.send(place, 0, b"y" * 500, **{"Upload-Checksum": f"sha256 {right}"})
    assert (answer.status_code, answer.json()["code"]) == (460, "upload.checksum")
    assert await sender.where(place) == 0
    assert (await sender.send(place, 0, b"x" * 500, **{"Upload-Checksum": f"sha256 {right}"})).status_code == 204
    for header in ("md5 abc", "sha256 ???", "sha256 YWJj", "sha256"):
        assert (await sender.send(place, 500, b"x", **{"Upload-Checksum": header})).status_code == 400


async def test_a_whole_that_is_not_what_was_announced_is_refused(face: Face, sender: Sender, tmp_path: Path) -> None:
    place = await sender.begun(len(FILE), sha256=digest(FILE))
    assert (await sender.send(place, 0, FILE[:-1] + b"?")).status_code == 204
    async with lanes(face, IMAGE_LANE):
        view = await sender.verdict(place)
        for _ in range(100):
            if kept(tmp_path) == 0:
                break
            await asyncio.sleep(0.05)
    assert (view["state"], view["refusal_code"]) == ("refused", "upload.checksum")
    assert kept(tmp_path) == 0
    assert not await Upload.all().exists()


async def test_the_same_content_is_recognised_before_and_after(face: Face, sender: Sender) -> None:
    async with lanes(face, IMAGE_LANE):
        first = await sender.begun(len(FILE))
        await sender.send(first, 0, FILE)
        view = await sender.verdict(first)
        announced = await sender.begin(len(FILE), sha256=digest(FILE))
        assert (announced.status_code, announced.headers["upload-offset"]) == (201, str(len(FILE)))
        again = await sender.verdict(announced.headers["location"])
        silent = await sender.begun(len(FILE))
        await sender.send(silent, 0, FILE)
        third = await sender.verdict(silent)
    assert view["instance_id"] == again["instance_id"] == third["instance_id"]
    assert (again["state"], third["state"]) == ("accepted", "accepted")
    assert await Instance.all().count() == 1
    assert await Upload.all().count() == 1


async def test_a_consent_comes_in_pieces_too(face: Face, sender: Sender) -> None:
    async with lanes(face, IMAGE_LANE):
        place = await sender.begun(len(PHOTO), "consent")
        await sender.send(place, 0, PHOTO)
        assert (await sender.verdict(place))["state"] == "accepted"
        assert (await Consultation.get(id=sender.consultation_id)).consented_at is not None
        other = await sender.begun(5, "consent")
        await sender.send(other, 0, b"hello")
        view = await sender.verdict(other)
    assert (view["state"], view["refusal_code"]) == ("refused", "upload.photo_expected")


async def test_a_broken_file_is_refused_as_ever(face: Face, sender: Sender) -> None:
    data = small_ct()[:-30]
    async with lanes(face, IMAGE_LANE):
        place = await sender.begun(len(data))
        await sender.send(place, 0, data)
        view = await sender.verdict(place)
    assert (view["state"], view["refusal_code"]) == ("refused", "dicom.truncated")


async def test_called_off_or_left_lying_nothing_stays(face: Face, sender: Sender, tmp_path: Path) -> None:
    first, second = await sender.begun(1000), await sender.begun(1000)
    for place in (first, second):
        assert (await sender.send(place, 0, b"x" * 400)).status_code == 204
    assert (await face.client.delete(first, headers=sender.headers)).status_code == 204
    assert (await face.client.head(first, headers=sender.headers)).status_code == 410
    assert (await sender.send(first, 400, b"x")).status_code == 410
    clock: Any = face.practice.clock
    clock.advance(hours=25)
    while (await tick(face.practice)).done:
        pass
    sender.headers |= await face.bearer((await Transfer.all().order_by("id"))[0].account_id)
    assert (await face.client.head(second, headers=sender.headers)).status_code == 410
    async with lanes(face, IMAGE_LANE):
        for _ in range(100):
            if kept(tmp_path) == 0:
                break
            await asyncio.sleep(0.05)
    assert kept(tmp_path) == 0
    assert not await TransferPiece.all().exists()
    assert not await Blob.all().exists()


async def test_whose_upload_it_is_nobody_else_touches(face: Face, sender: Sender, county: SmallCounty) -> None:
    place = await sender.begun(1000)
    stranger = Sender(face, await face.bearer(county.stranger.account_id), sender.consultation_id)
    assert (await stranger.begin(10)).status_code == 403
    assert (await face.client.head(place, headers=stranger.headers)).status_code == 403
    assert (await stranger.send(place, 0, b"x")).status_code == 403
    assert (await face.client.delete(place, headers=stranger.headers)).status_code == 403
    assert (await face.client.get(place, headers=stranger.headers)).status_code == 403
    nobody = Sender(face, {}, sender.consultation_id)
    assert (await nobody.send(place, 0, b"x")).status_code == 401


async def test_what_is_asked_wrongly_is_answered_clearly(face: Face, sender: Sender) -> None:
    place = await sender.begun(1000)
    offer = await face.client.options(place)
    assert (offer.status_code, offer.headers["tus-version"]) == (204, "1.0.0")
    assert set(offer.headers["tus-extension"].split(",")) == {"creation", "checksum", "termination", "expiration"}
    path = f"/v1/consultations/{sender.consultation_id}/uploads"
    assert (await face.client.post(path, headers={**sender.headers, "Tus-Resumable": "0.2.2", "Upload-Length": "5"})).status_code == 412
    for length, status in (("", 400), ("-1", 400), ("1e3", 400), ("0", 422), ("99999999999999999999", 400), (str(1 << 39), 413)):
        assert (await face.client.post(path, headers={**sender.headers, "Upload-Length": length})).status_code == status, length
    assert (await sender.begin(uploads.imaging.MAX_PHOTO + 1, "consent")).status_code == 413
    assert (await sender.begin(5, "song")).status_code == 422
    assert (await sender.begin(5, sha256="abc")).status_code == 422
    wrong = await face.client.post(path, headers={**sender.headers, "Upload-Length": "5", "Upload-Metadata": "kind ???"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "upload.header")
    assert (await sender.send(place, 0, b"x", **{"Content-Type": "text/plain"})).status_code == 415
    assert (await sender.send(place, 0, b"x" * 1001)).status_code == 413
    assert await sender.where(place) == 0
    missing = f"/v1/uploads/{face.practice.ids.new()}"
    assert (await face.client.head(missing, headers=sender.headers)).status_code in (403, 404)


async def test_bad_headers_are_never_more_than_a_refusal(face: Face, sender: Sender) -> None:
    chance = random.Random(20261120)
    place = await sender.begun(1000)
    path = f"/v1/consultations/{sender.consultation_id}/uploads"
    pieces = ("kind", " ", ",", "a2luZA==", "aW1hZ2U=", "sha256", "=", "\t", "0", "9" * 30, "-", "1.0.0", "é")
    for _ in range(120):
        text = "".join(chance.choice(pieces) for _ in range(chance.randrange(6))).encode("utf-8")
        name = chance.choice(("Upload-Length", "Upload-Metadata", "Upload-Offset", "Upload-Checksum", "Tus-Resumable", "Content-Type"))
        base = [(key.encode(), value.encode()) for key, value in {**sender.headers, "Content-Type": "application/offset+octet-stream"}.items()]
        base += [(b"Upload-Offset", b"0"), (b"Upload-Length", b"10")]
        headers = [(key, value) for key, value in base if key != name.encode()] + [(name.encode(), text.strip())]
        method = chance.choice(("POST", "PATCH", "HEAD"))
        answer = await face.client.request(method, path if method == "POST" else place, headers=headers, content=b"" if method == "HEAD" else b"z")
        assert answer.status_code < 500, (method, name, text)


async def test_nobody_fills_the_disk_with_beginnings(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.imaging import transfers

    monkeypatch.setattr(transfers, "MOST_UNFINISHED", 2)
    await sender.begun(10)
    await sender.begun(10)
    assert (await sender.begin(10)).status_code == 429


def id_of(place: str) -> str:
    return place.rsplit("/", 1)[1]


def view_of(row: Transfer) -> TransferView:
    return TransferView(
        upload_id=row.id, consultation_id=row.consultation_id, patient_id=row.patient_id, kind="image", length=row.length, received=row.received,
        expected_sha256="", state="receiving", expires_at=row.expires_at,
    )  # fmt: skip


async def test_a_piece_that_no_row_holds_does_not_stay(sender: Sender, face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = await sender.begun(1000)
    view = view_of(await Transfer.get(id=id_of(place)))

    async def away(**values: object) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(TransferPiece, "create", away)
        with pytest.raises(OperationalError):
            await keep_piece(face.practice, view, 0, b"x" * 400)
    assert kept(tmp_path) == 0
    assert await sender.where(place) == 0
    assert (await sender.send(place, 0, b"x" * 400)).status_code == 204


async def test_a_moved_clock_ends_no_file_on_its_way(sender: Sender, face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """The practice's time goes on by a month, the sender's by an hour."""
    clock: Any = face.practice.clock
    place = await sender.begun(1000)
    begun = clock.real_now()
    with monkeypatch.context() as patch:
        patch.setattr(clock, "real_now", lambda: begun + timedelta(hours=1))
        clock.advance(days=30)
        while (await tick(face.practice)).done:
            pass
        sender.headers |= await face.bearer((await Transfer.get(id=id_of(place))).account_id)
        assert await sender.where(place) == 0
        assert (await sender.send(place, 0, b"x" * 400)).status_code == 204
        patch.setattr(clock, "real_now", lambda: begun + timedelta(hours=25))
        clock.advance(hours=24)
        while (await tick(face.practice)).done:
            pass
    assert (await Transfer.get(id=id_of(place))).state == "ended"


async def test_a_process_that_died_over_the_last_byte_is_made_up_for(face: Face, sender: Sender) -> None:
    """The bytes are there, nobody said so: the next question does."""
    place = await sender.begun(len(FILE))
    view = view_of(await Transfer.get(id=id_of(place)))
    await keep_piece(face.practice, view, 0, FILE)
    assert await sender.where(place) == len(FILE)
    async with lanes(face, IMAGE_LANE):
        assert (await sender.verdict(place))["state"] == "accepted"


async def test_a_patient_sends_a_picture_in_pieces_and_nothing_else_and_nobody_else_does(face: Face, county: SmallCounty) -> None:
    face.practice.engines.clinical, face.practice.engines.imaging = LineEngine(), build()
    asked = await face.practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITH_WECHAT, text="咳嗽 三天"))
    made = io.BytesIO()
    PilImage.new("RGB", (64, 48), "red").save(made, "JPEG")
    data = made.getvalue()

    async def of(account_id: str) -> Sender:
        return Sender(face, await face.bearer(account_id), asked.consultation_id)

    woman = await of(county.woman_account.account_id)
    doctor, expert, stranger = [await of(one.account_id) for one in (county.village_doctor, county.experts[0], county.stranger)]
    for who, kind in ((woman, "image"), (woman, "consent"), (doctor, "picture"), (expert, "picture"), (stranger, "picture")):
        assert (await who.begin(len(data), kind)).status_code == 403
    assert (await woman.begin((10 << 20) + 1, "picture")).status_code == 413
    place = await woman.begun(len(data), "picture", sha256=digest(data))
    for other in (doctor, expert, stranger):
        assert (await other.face.client.head(place, headers=other.headers)).status_code == 403
        assert (await other.send(place, 0, data[:9])).status_code == 403
    assert (await woman.send(place, 0, data[:100])).status_code == 204
    assert (await woman.send(place, 100, data[100:])).status_code == 204
    async with lanes(face, IMAGE_LANE):
        view = await woman.verdict(place)
    assert (view["state"], view["sha256"]) == ("accepted", digest(data))
    listed = (await face.client.get(f"/v1/consultations/{asked.consultation_id}/images", headers=doctor.headers)).json()["images"]
    assert [(one["instance_id"], one["sent_by"]) for one in listed] == [(view["instance_id"], "patient")]
    no_photo = await woman.begun(len(FILE), "picture")
    await woman.send(no_photo, 0, FILE)
    async with lanes(face, IMAGE_LANE):
        refused = await woman.verdict(no_photo)
    assert (refused["state"], refused["refusal"]) == ("refused", "发来的不是照片,没有收下。请拍照片(JPEG 或 PNG)再发。")
