"""A case that an expert took, and its three people in the call: real WebRTC over the real signalling socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.journeys.people import Somebody, roster, sign_in
from tests.media.calls.clients import Client
from tests.support.demo import Demo

LINE = "胸痛2小时 出冷汗 血压90/60 危急"
PATIENT_NUMBERS = range(1, 40)


@dataclass
class Case:
    """``people``: who belongs on which seat, signed in."""

    consultation_id: str
    people: dict[str, Somebody]

    def ticket(self, seat: str) -> str:
        answer = self.people[seat].post(f"/v1/consultations/{self.consultation_id}/call", {})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ticket"])

    def timeline(self) -> list[str]:
        answer = self.people["village_doctor"].get(f"/v1/consultations/{self.consultation_id}/timeline")
        return [entry["kind"] for entry in answer.json()["entries"]]


def open_case(demo: Demo, doctor_index: int = 0, skip: int = 0) -> Case:
    """The village doctor asks about a patient of hers who has WeChat, and the first expert who is asked accepts. ``skip``: patients to pass over."""
    people = roster(demo)
    doctor = sign_in(demo, [person for person in people if person["role"] == "village_doctor"][doctor_index])
    named = {person["name"]: person for person in people if person["role"] == "patient" and person.get("official_account_openid")}
    listed = doctor.get("/v1/patient-list").json()["patients"]
    patient = [one for one in listed if one["full_name"] in named][skip]
    said = doctor.post("/v1/commands", {"text": f"会诊 {patient['number']}号 {LINE}"})
    assert said.status_code == 200, said.text
    consultation_id = doctor.get("/v1/consultations").json()["consultations"][0]["consultation_id"]
    expert = _accept(demo, consultation_id)
    return Case(consultation_id, {"patient": sign_in(demo, named[patient["full_name"]]), "village_doctor": doctor, "expert": expert})


def _accept(demo: Demo, consultation_id: str) -> Somebody:
    experts = [sign_in(demo, person) for person in roster(demo) if person["role"] == "expert"]
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for expert in experts:
            for offer in expert.get("/v1/offers").json()["offers"]:
                if offer["state"] == "offered" and offer["consultation_id"] == consultation_id:
                    answer = expert.post(f"/v1/offers/{offer['offer_id']}/accept")
                    if answer.status_code == 200:
                        return expert
        time.sleep(0.2)
    raise AssertionError("no expert was asked")


class Caller:
    """One person on the signalling socket with an aiortc client, doing what the page does: publishes again when the media is lost."""

    def __init__(self, case: Case, seat: str, grey: int) -> None:
        self.case, self.seat, self.grey = case, seat, grey
        self.client = Client(seat, grey)
        self.messages: list[dict[str, Any]] = []
        self.closed: dict[str, Any] | None = None
        self.lost = 0
        self._old: list[Client] = []
        self._socket: ClientConnection | None = None
        self._following: asyncio.Task[None] | None = None

    async def join(self, ticket: str | None = None) -> Caller:
        ticket = ticket or await asyncio.to_thread(self.case.ticket, self.seat)
        somebody = self.case.people[self.seat]
        address = somebody.base_url.replace("http", "ws") + "/v1/realtime/call"
        self._socket = await connect(address, additional_headers=somebody.headers, proxy=None)
        await self.send({"type": "hello", "ticket": ticket})
        self._following = asyncio.create_task(self._follow())
        return self

    async def send(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps(message))

    async def _publish(self) -> None:
        await self.send({"type": "publish", "sdp": await self.client.offer()})

    async def _follow(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(ConnectionClosed):
            async for data in self._socket:
                message = json.loads(data)
                self.messages.append(message)
                if message["type"] == "welcome":
                    await self._publish()
                elif message["type"] == "media":
                    streams = {slot["stream"]: slot["seat"] for slot in message["slots"]}
                    await self.send({"type": "answer", "sdp": await self.client.take(message["answer"], message["offer"], streams)})
                elif message["type"] == "media_lost":
                    self.lost += 1
                    self._old.append(self.client)
                    self.client = Client(self.seat, self.grey)
                    await asyncio.sleep(message["retry_ms"] / 1000)
                    await self._publish()
                elif message["type"] == "closed":
                    self.closed = message

    async def leave(self) -> None:
        await self.send({"type": "leave"})
        assert self._following is not None
        await self._following

    async def drop(self) -> None:
        """The phone is gone from one moment to the next."""
        assert self._socket is not None
        self._socket.transport.abort()
        await self.close()

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
        if self._socket is not None:
            await self._socket.close()
        for client in (*self._old, self.client):
            await client.close()
