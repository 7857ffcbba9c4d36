"""One codec for the pictures of a room that Janus carries, and who can do no other."""

from __future__ import annotations

import pytest
from aiortc import RTCRtpSender

from media.calls.descriptions import hide_refused_pictures
from media.calls.engine import MediaEvent
from media.calls.janus import JanusEngine
from tests.media.calls.clients import Client, all_decode_all, until
from tests.support.janus import Janus

pytestmark = pytest.mark.peer


class Only(Client):
    """Can do one codec for pictures alone."""

    def __init__(self, seat: str, grey: int, codec: str) -> None:
        super().__init__(seat, grey)
        self.codec, self.refused = codec, False

    def _prefer(self, connection: object) -> None:
        codecs = [one for one in RTCRtpSender.getCapabilities("video").codecs if one.name in (self.codec, "rtx")]
        for transceiver in connection.getTransceivers():  # type: ignore[attr-defined]
            if transceiver.kind == "video":
                transceiver.setCodecPreferences(codecs)

    async def offer(self) -> str:
        plain = self.sending.createOffer

        async def create() -> object:
            self._prefer(self.sending)
            return await plain()

        self.sending.createOffer = create  # type: ignore[method-assign]
        return await super().offer()

    async def take(self, answer: str, offer: str, streams: dict[str, str]) -> str:
        """A browser reads a picture that is refused; aiortc wants one that can be read and is not sent."""
        plain, ours = "a=rtpmap:96 VP8/90000", "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f"
        if "\nm=video 0 " in answer:
            self.refused = True
            answer = hide_refused_pictures(answer).replace(plain, ours if self.codec == "H264" else plain)
        return await super().take(answer, offer, streams)


async def test_who_can_only_do_h264_makes_everybody_publish_again_and_is_seen(janus: Janus):
    told: list[MediaEvent] = []
    engine = JanusEngine(told.append, [janus.address])
    people = {"patient": Client("patient", 60), "expert": Client("expert", 200)}
    older = Only("village_doctor", 120, "H264")
    extra: list[Client] = []
    try:
        await engine.create_room("room", (*people, "village_doctor"))
        for one in people.values():
            await one.join(engine, "room")
        await until(all_decode_all(people))
        await older.join(engine, "room")
        await until(lambda: sorted(one.seat for one in told if one.kind == "renew") == ["expert", "patient"])
        await until(lambda: older.heard.get("patient", 0) > 5 and people["expert"].heard.get("village_doctor", 0) > 5)
        assert older.seen == {}
        again = {"patient": Client("patient", 60), "expert": Client("expert", 200)}
        extra += people.values()
        for seat, one in again.items():
            await one.join(engine, "room", seat)
        people = {**again, "village_doctor": older}
        await until(all_decode_all(people))
        assert abs(again["patient"].brightness["village_doctor"] - 120) < 12
    finally:
        for one in (*people.values(), *extra, older):
            await one.close()
        await engine.close()


async def test_who_has_no_codec_in_common_with_the_others_is_heard(janus: Janus):
    engine = JanusEngine(lambda event: None, [janus.address])
    first, second = Only("patient", 60, "VP8"), Only("expert", 200, "H264")
    try:
        await engine.create_room("room", ("patient", "expert"))
        await first.join(engine, "room")
        await second.join(engine, "room")
        await until(lambda: first.heard.get("expert", 0) > 5 and second.heard.get("patient", 0) > 5)
        assert first.seen == {}
        assert (first.refused, second.refused) == (False, True)
    finally:
        await first.close()
        await second.close()
        await engine.close()
