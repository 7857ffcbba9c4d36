"""One codec for the pictures of a room that Janus carries, and who can do no other. What differs from test_codecs.py: nobody is shown pictures of the
new codec before he has published again."""

from __future__ import annotations

import pytest

from media.calls import descriptions
from media.calls.engine import MediaEvent
from media.calls.janus import JanusEngine
from tests.media.calls.clients import Client, all_decode_all, until
from tests.support.janus import Janus

pytestmark = pytest.mark.peer
OLD = ("H264",)


async def test_who_can_only_do_h264_makes_everybody_publish_again_and_is_seen(janus: Janus):
    told: list[MediaEvent] = []
    engine = JanusEngine(told.append, [janus.address])
    before = {"patient": Client("patient", 60), "expert": Client("expert", 200)}
    again = {"patient": Client("patient", 60), "expert": Client("expert", 200)}
    older = Client("village_doctor", 120, codecs=OLD)
    try:
        await engine.create_room("room", (*before, "village_doctor"))
        for one in before.values():
            await one.join(engine, "room")
        await until(all_decode_all(before))
        await older.join(engine, "room")
        await until(lambda: sorted(one.seat for one in told if one.kind == "renew") == ["expert", "patient"])
        await until(lambda: older.heard.get("patient", 0) > 5 and before["expert"].heard.get("village_doctor", 0) > 5)
        assert older.seen == {}
        for one in again.values():
            await one.join(engine, "room")
        await until(all_decode_all({**again, "village_doctor": older}), 60)  # five encoders in one process take their time
        assert abs(again["patient"].brightness["village_doctor"] - 120) < 15
        assert [one.kind for one in told if one.seat == "village_doctor"] == ["connected"]
    finally:
        for one in (*before.values(), *again.values(), older):
            await one.close()
        await engine.close()


async def test_who_can_do_no_picture_that_the_room_has_is_heard(janus: Janus):
    engine = JanusEngine(lambda event: None, [janus.address])
    odd, expert = Client("patient", 60), Client("expert", 200)
    try:
        await engine.create_room("room", ("patient", "expert"))
        await expert.join(engine, "room")
        offer = (await odd.offer()).replace(" VP8/90000", " VP9/90000").replace(" H264/90000", " AV1/90000")
        joined = await engine.join("room", "patient", "patient", offer)
        assert joined.answer.split("\nm=video ")[1].startswith("0 ")
        # His browser knows what a refused section is; the test's client is shown one that is there and silent.
        shown = descriptions.hide_picture(joined.answer)
        answer = await odd.take(shown, joined.offer, {slot.stream: slot.seat for slot in joined.slots})
        await engine.accept("room", "patient", descriptions.refuse_picture(answer, joined.offer))
        await until(lambda: odd.heard.get("expert", 0) > 5 and expert.heard.get("patient", 0) > 5)
        assert odd.seen == expert.seen == {}
    finally:
        await odd.close()
        await expert.close()
        await engine.close()
