"""A frame over HTTP: the picture, or to come again, or why not; and nothing of it in the browser's cache."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from core.dispatch.commands import RequestConsultation
from core.foundation.events import IMAGE_LANE
from core.foundation.outbox import OutboxWorker
from core.imaging.models import ImageFrame
from media.imaging import build
from miniprogram_api.http import images
from tests.core.dispatch.line_engine import LineEngine
from tests.media.test_check import named, small_ct
from tests.miniprogram_api.http.conftest import Face
from tests.support.county import NUMBER_WITHOUT_WECHAT, SmallCounty, seed_small

pytestmark = pytest.mark.storage


@pytest.fixture
async def county(face: Face) -> SmallCounty:
    return await seed_small(face.practice)


@contextlib.asynccontextmanager
async def lanes(face: Face, *names: str) -> AsyncIterator[None]:
    """A worker beside the web application."""
    running = [asyncio.create_task(OutboxWorker(face.practice, name, "test").run()) for name in names]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def uploaded(face: Face, county: SmallCounty, headers: dict[str, str], data: bytes) -> str:
    face.practice.engines.clinical, face.practice.engines.imaging = LineEngine(), build()
    asked = await face.practice.execute(county.village_doctor, RequestConsultation(number=NUMBER_WITHOUT_WECHAT, text="咳嗽 三天"))
    async with lanes(face, IMAGE_LANE):
        answer = await face.client.post(f"/v1/consultations/{asked.consultation_id}/images", content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["instance_id"])


async def settled(face: Face, path: str, headers: dict[str, str], **query: str) -> httpx.Response:
    """Ask again, as a page does, while the worker is still drawing."""
    for _ in range(300):
        answer = await face.client.get(path, params=query, headers=headers)
        if answer.status_code != 202:
            return answer
        await asyncio.sleep(0.2)
    raise AssertionError("the frame was never drawn")


async def test_a_frame_comes_as_a_picture(face: Face, county: SmallCounty) -> None:
    headers = await face.bearer(county.village_doctor.account_id)
    image_id = await uploaded(face, county, headers, named("CT_small.dcm"))
    async with lanes(face, IMAGE_LANE):
        answer = await settled(face, f"/v1/images/{image_id}/frames/1", headers, window="bone", size="thumb")
        assert (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"]) == (200, "image/webp", "no-store")
        assert Image.open(BytesIO(answer.content)).size == (128, 128)
        for number, status in (("2", 404), ("0", 422), ("x", 422), ("99999999999", 422), ("-1", 422)):
            assert (await face.client.get(f"/v1/images/{image_id}/frames/{number}", headers=headers)).status_code == status
        for query in ({"size": "huge"}, {"window": "../../etc"}, {"colour": "red"}):
            assert (await face.client.get(f"/v1/images/{image_id}/frames/1", params=query, headers=headers)).status_code == 422
        assert (await face.client.get(f"/v1/images/{face.practice.ids.new()}/frames/1", headers=headers)).status_code in (403, 404)
    stranger = await face.bearer(county.stranger.account_id)
    assert (await face.client.get(f"/v1/images/{image_id}/frames/1", headers=stranger)).status_code == 403
    assert (await face.client.get(f"/v1/images/{image_id}/frames/1")).status_code == 401


@pytest.mark.parametrize("how", ["altered", "cut off", "away"])
async def test_a_kept_picture_that_cannot_be_read_is_drawn_anew(face: Face, county: SmallCounty, tmp_path: Path, how: str) -> None:
    headers = await face.bearer(county.village_doctor.account_id)
    image_id = await uploaded(face, county, headers, named("CT_small.dcm"))
    async with lanes(face, IMAGE_LANE):
        first = await settled(face, f"/v1/images/{image_id}/frames/1", headers)
        frame_id = (await ImageFrame.get()).id
        file = tmp_path / "blobs" / frame_id[-2:] / frame_id
        sealed = file.read_bytes()
        if how == "away":
            file.unlink()
        else:
            file.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]) if how == "altered" else sealed[:2])
        again = await settled(face, f"/v1/images/{image_id}/frames/1", headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content


async def test_without_a_worker_the_page_is_told_to_come_again(face: Face, county: SmallCounty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FRAME_WAIT_S", 0.05)
    headers = await face.bearer(county.village_doctor.account_id)
    image_id = await uploaded(face, county, headers, small_ct())
    answer = await face.client.get(f"/v1/images/{image_id}/frames/1", headers=headers)
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (202, "2", {"state": "asked"})


async def test_what_cannot_be_shown_is_said_in_a_sentence(face: Face, county: SmallCounty) -> None:
    headers = await face.bearer(county.village_doctor.account_id)
    image_id = await uploaded(face, county, headers, named("JPGExtended.dcm"))
    async with lanes(face, IMAGE_LANE):
        answer = await settled(face, f"/v1/images/{image_id}/frames/1", headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "dicom.not_shown")
    assert "请" in answer.json()["detail"]
