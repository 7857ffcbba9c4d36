"""/v1/consultations: where they stand, and the files that come in for them (raw bodies, so that a phone can show progress)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json as json_response

from core.candidates import commands as candidates
from core.consultations import commands as consultations
from core.consultations import commands_case as cases
from core.consultations import commands_opinions as opinions
from core.consultations import commands_ratings as ratings
from core.dispatch import commands as dispatch
from core.foundation.errors import DomainError
from core.foundation.orders import Command
from core.foundation.practice import Practice
from core.imaging import commands as imaging
from core.imaging.commands import MAX_IMAGE, MAX_PHOTO
from core.imaging.errors import FileEmpty, FileTooLarge, PhotoExpected
from media.imaging.photos import photo_type
from miniprogram_api.http.api import actor_of, by_order, carry_out, dumps, order_route, practice_of, problem

blueprint = Blueprint("consultations", url_prefix="/v1")

order_route(blueprint, "GET", "/consultations", consultations.Progress)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/timeline", cases.Timeline)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/case", cases.Case)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/confirm-patient", consultations.ConfirmPatient)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/cancel", consultations.CancelConsultation)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/begin", consultations.BeginConsultation)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/return", consultations.ReturnConsultation)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/opinion", opinions.ReadOpinion)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/opinion", opinions.GiveOpinion, status=201)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/decision", opinions.Decide, status=201)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/complete", consultations.CompleteConsultation)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/candidates", candidates.CaseCandidates)
order_route(blueprint, "PUT", "/consultations/<consultation_id:str>/values", candidates.RecordValues)
order_route(blueprint, "GET", "/diagnoses", opinions.SearchDiagnoses)
order_route(blueprint, "GET", "/models", candidates.ModelStatus)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/rating", ratings.ReadRating)
order_route(blueprint, "POST", "/consultations/<consultation_id:str>/rating", ratings.RateConsultation, status=201)
order_route(blueprint, "GET", "/patients/<patient_id:str>/consultations", cases.PatientConsultations)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/images", imaging.Images)
order_route(blueprint, "GET", "/consultations/<consultation_id:str>/ranking", dispatch.Ranking)
order_route(blueprint, "GET", "/uploads/<upload_id:str>", imaging.Upload)

CHECK_WAIT_S = 20.0
"""How long an upload waits for the worker's verdict before the caller is told to ask again."""

class Received:
    """A request body as it arrives, counted (a streaming route has no limit of its own) and remembered by its first bytes."""

    HEAD: ClassVar[int] = 16

    def __init__(self, request: Request, limit: int) -> None:
        self._stream: Any = request.stream
        self._limit = limit
        self.size = 0
        self.head = b""

    async def pieces(self) -> AsyncIterator[bytes]:
        while (piece := await self._stream.read()) is not None:
            self.size += len(piece)
            if self.size > self._limit:
                raise FileTooLarge(limit=self._limit >> 20)
            if len(self.head) < self.HEAD:
                self.head += piece[: self.HEAD - len(self.head)]
            yield piece


async def store_photo(request: Request, patient_id: str) -> tuple[Any, str]:
    """The body as a photo in the blob store under the patient's key, with its media type. Whether the person may has been asked before."""
    blob, received = await _store(request, patient_id, MAX_PHOTO)
    kind = photo_type(received.head)
    if kind is None:
        await practice_of(request).blobs.delete(blob.id)
        raise PhotoExpected
    return blob, kind


async def _store(request: Request, patient_id: str, limit: int) -> tuple[Any, Received]:
    practice = practice_of(request)
    received = Received(request, limit)
    blob = await practice.blobs.put(practice.ids.new(), "patient", patient_id, received.pieces())
    if received.size == 0:
        await practice.blobs.delete(blob.id)
        raise FileEmpty
    return blob, received


async def _target(request: Request, consultation_id: str) -> str:
    """The patient under whose key a file of this consultation goes, for a person who may add to it."""
    target = await practice_of(request).ask(actor_of(request), consultations.UploadTarget(consultation_id=consultation_id))
    return str(target.patient_id)


async def give_file(request: Request, order: Command, blob_id: str) -> Any:
    """Carry out the order of a file that has come. What it did not record (refused, or there already) is not kept."""
    blobs = practice_of(request).blobs
    try:
        result = await carry_out(request, order, keyed=False)
    except DomainError:
        await blobs.drop_unrecorded(blob_id)
        raise
    await blobs.drop_unrecorded(blob_id)
    return result


@blueprint.post("/consultations/<consultation_id:str>/consent", stream=True)
@by_order(consultations.AttachConsent)
async def attach_consent(request: Request, consultation_id: str) -> HTTPResponse:
    blob, kind = await store_photo(request, await _target(request, consultation_id))
    order = consultations.AttachConsent(
        consultation_id=consultation_id, blob_id=blob.id, media_type=kind, size=blob.size, sha256=blob.sha256
    )
    return json_response((await give_file(request, order, blob.id)).model_dump(mode="json"), 201, dumps=dumps)


@blueprint.post("/consultations/<consultation_id:str>/images", stream=True)
@by_order(imaging.ReceiveUpload)
async def upload_image(request: Request, consultation_id: str) -> HTTPResponse:
    """201 when the worker accepted the file, 422 with the reason when it refused it, 202 when its verdict takes longer (ask /v1/uploads/{id})."""
    practice = practice_of(request)
    blob, _ = await _store(request, await _target(request, consultation_id), MAX_IMAGE)
    order = imaging.ReceiveUpload(consultation_id=consultation_id, blob_id=blob.id, size=blob.size, sha256=blob.sha256)
    upload = await give_file(request, order, blob.id)
    verdict = await _verdict(practice, request, upload.upload_id)
    if verdict.state == "refused":
        return problem(422, verdict.refusal_code or "image.refused", verdict.refusal or "", {"upload_id": verdict.upload_id})
    return json_response(verdict.model_dump(mode="json"), 201 if verdict.state == "accepted" else 202, dumps=dumps)


async def _verdict(practice: Practice, request: Request, upload_id: str) -> Any:
    deadline = asyncio.get_running_loop().time() + CHECK_WAIT_S
    with practice.signals.listen(f"upload:{upload_id}") as bell:
        while True:
            upload = await practice.ask(actor_of(request), imaging.Upload(upload_id=upload_id))
            left = deadline - asyncio.get_running_loop().time()
            if upload.state != "received" or left <= 0:
                return upload
            await bell.wait(min(0.5, left))
