"""What the insurance paid is told with its figures, also where the platform lets nothing but a template message through."""

from __future__ import annotations

from bot.channels.words import as_words
from bot.sending.notice import Notice
from bot.sending.notices import render
from core.foundation.practice import Practice
from core.notifications.models import Notification
from tests.core.coverage.test_prescriptions import insure, released, work_off
from tests.core.dispatch.ward import open_ward
from tests.core.prescriptions.pharmacy import item, open_pharmacy


async def test_a_settled_claim_is_told_in_words_and_as_a_template(practice: Practice) -> None:
    pharmacy = await open_pharmacy(await open_ward(practice, hearts=3))
    await insure(pharmacy)
    await pharmacy.dispense(await released(pharmacy, item("amlodipine", "5"), item("liquorice", "300", times=3, days=3)))
    for _ in range(3):
        await work_off(pharmacy)
    notice = await render(practice, await Notification.get(kind="claim.settled"))
    assert isinstance(notice, Notice)
    words = as_words(notice.shapes[0]) or ""
    assert "医保报 8.82 元" in words
    assert "甘草片:这个药不在医保目录内,由您自付。" in words
    assert notice.template is not None
    assert notice.template[1]["state"] == "已结算"
    assert notice.template[1]["text"] == "医保报 8.82,您付 9.58"
